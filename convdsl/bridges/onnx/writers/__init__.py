"""How each layer of the language is written as ONNX; every room registers its own."""

from convdsl.bridges.onnx.writers import activations, joining, normalising, pooling, shapes, weighted
from convdsl.bridges.onnx.writing import Layers

__all__ = ["Layers", "activations", "joining", "normalising", "pooling", "shapes", "weighted"]
