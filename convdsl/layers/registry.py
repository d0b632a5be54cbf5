"""All layers, by name: what the parser, `check`, completion and the docs look names up in."""

from __future__ import annotations

from convdsl.language.keywords import ACTIVATION_NAMES, BRACED, CALLS, EXAMPLES
from convdsl.language.options import fold
from convdsl.layers import (
    activation,
    combining,
    convolution,
    dense,
    filtering,
    normalization,
    pooling,
    rearranging,
    shaping,
)
from convdsl.layers.activation import Activation
from convdsl.layers.arguments import REQUIRED
from convdsl.layers.base import Layer
from convdsl.layers.combining import Combination


def _declared() -> list[type[Layer]]:
    rooms = (convolution, dense, pooling, activation, normalization, shaping, rearranging, combining, filtering)
    return [
        value
        for room in rooms
        for value in vars(room).values()
        if isinstance(value, type)
        and issubclass(value, Layer)
        and vars(value).get("name")
        and value.__module__ == room.__name__
    ]


LAYERS: tuple[type[Layer], ...] = tuple(_declared())
BY_NAME: dict[str, type[Layer]] = {name: layer for layer in LAYERS for name in (layer.name, *layer.aliases)}
ELSEWHERE: dict[str, type[Layer]] = {name: layer for layer in LAYERS for name in layer.elsewhere}
ACTIVATIONS: dict[str, type[Activation]] = {n: c for n, c in BY_NAME.items() if issubclass(c, Activation)}
COMBINATIONS: dict[str, type[Combination]] = {n: c for n, c in BY_NAME.items() if issubclass(c, Combination)}

for _layer in LAYERS:
    _needed = {name for name, argument in _layer.arguments.items() if argument.default is REQUIRED}
    _window = _needed == {"k"} and _layer.name != "upsample"
    _role = "count" if _needed and not _window else "k" if _window and "pool" in _layer.name else ""
    for _name in (_layer.name, *_layer.aliases, *_layer.elsewhere):
        EXAMPLES[fold(_name)] = (_layer.example, _role)
        _roles = _layer.frameworks.get(_name) or _layer.frameworks.get("")
        if _roles:
            CALLS[_name.replace("_", "")] = (_layer.name, *_roles)

ACTIVATION_NAMES.extend(ACTIVATIONS)
BRACED.update(COMBINATIONS)
