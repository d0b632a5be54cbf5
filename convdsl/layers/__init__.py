"""One declaration for each layer: arguments, sizes, parameters, costs and documentation."""

from convdsl.layers.arguments import Argument, BadValue
from convdsl.layers.base import Layer, Reach, SizeError, formula_shape, show_shape
from convdsl.layers.registry import ACTIVATIONS, BY_NAME, COMBINATIONS, ELSEWHERE, LAYERS
from convdsl.layers.window import Axis, output_size

__all__ = [
    "ACTIVATIONS",
    "BY_NAME",
    "COMBINATIONS",
    "ELSEWHERE",
    "LAYERS",
    "Argument",
    "Axis",
    "BadValue",
    "Layer",
    "Reach",
    "SizeError",
    "formula_shape",
    "output_size",
    "show_shape",
]
