"""Where images come from: data sets with a name, folders of pictures, archives, `.npz` and IDX files.

    data = convdsl.datasets.load("fashion-mini")
    data.train_images, data.train_labels  # (6000, 28, 28, 1) uint8, (6000,) int64

`load` is the way in, `available` lists what has a name; both fail with `DataError` only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convdsl.datasets.dataset import DataError, Dataset, DataWarning, Pictures, Progress, Unavailable
    from convdsl.datasets.known import Available, available
    from convdsl.datasets.loading import load
    from convdsl.datasets.places import cache_folder, search_path

__all__ = [
    "Available",
    "DataError",
    "DataWarning",
    "Dataset",
    "Pictures",
    "Progress",
    "Unavailable",
    "available",
    "cache_folder",
    "load",
    "search_path",
]

_FILES = {
    "Available": "known",
    "available": "known",
    "load": "loading",
    "cache_folder": "places",
    "search_path": "places",
}


def __getattr__(name: str) -> Any:
    """Loads the readers of files when one is asked for: a step on arrays does without them."""
    if name not in __all__:
        raise AttributeError(f"module 'convdsl.datasets' has no attribute {name!r}")
    return getattr(import_module(f"convdsl.datasets.{_FILES.get(name, 'dataset')}"), name)
