"""What each operator of ONNX is in the language; every room registers its own."""

from convdsl.bridges.onnx.operators import activations, joining, normalising, pooling, shapes, weighted

__all__ = ["activations", "joining", "normalising", "pooling", "shapes", "weighted"]
