"""Where data may lie on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from convdsl.datasets.registry import CIFAR10, CIFAR10_PLACES, Known
from convdsl.places import user_cache


def search_path() -> tuple[Path, ...]:
    """The folders that hold data sets, in the order in which they are searched.

    `CONVDSL_DATA` (one folder or several), the user's cache, the system's data folders (Debian's packages put
    Fashion-MNIST into /usr/share/datasets).
    """
    given = [Path(os.path.expanduser(part)) for part in os.environ.get("CONVDSL_DATA", "").split(os.pathsep) if part]
    shares = [Path(sys.prefix, "share"), Path("/usr/local/share"), Path("/usr/share")]
    return tuple(dict.fromkeys([*given, cache_folder(), *(share / "datasets" for share in shares)]))


def cache_folder() -> Path:
    """Where downloads go: below the user's cache folder (`XDG_CACHE_HOME` moves it on Linux)."""
    import platformdirs

    folder = platformdirs.user_cache_path("convdsl", appauthor=False)
    if not folder.is_absolute():  # the variable leads into whatever folder the user stands in
        folder = (user_cache() or Path(os.devnull)) / "convdsl"
    return folder / "data"


def folders_of(known: Known, roots: Sequence[Path]) -> Iterator[Path]:
    """The folders in which the files of `known` may lie: below each root, and the root itself."""
    for root in roots:
        for name in (*known.folders, "."):
            folder = root / name
            if folder.is_dir():
                yield folder


def copies(folders: Sequence[Path], name: str) -> Iterator[Path]:
    """The files in `folders` that are called `name`, with `.gz` or without, and `-idx` written `.idx` as some do."""
    plain = name.removesuffix(".gz")
    for folder in folders:
        for called in (plain, plain + ".gz", plain.replace("-idx", ".idx"), plain.replace("-idx", ".idx") + ".gz"):
            path = folder / called
            if path.is_file():
                yield path


def cifar10_copies(folders: Sequence[Path]) -> Iterator[Path]:
    """The archives and folders in `folders` that hold CIFAR-10 in one of its versions."""
    for folder in folders:
        if any((folder / batch).is_file() for batch in ("data_batch_1.bin", "data_batch_1")):
            yield folder
        for called in CIFAR10_PLACES:
            if (folder / called).exists():
                yield folder / called
        if folder.name in CIFAR10.folders and (folder / "train").is_dir() and (folder / "test").is_dir():
            yield folder
