"""IDX files, the format of MNIST: two zero bytes, the type, the rank, the sizes (big-endian), then the numbers."""

from __future__ import annotations

import hashlib
import io
import math
import os
import re
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options, refused
from convdsl.datasets.memory import human, require
from convdsl.datasets.names import quoted
from convdsl.datasets.tree import READ_ERRORS, Tree, opened
from convdsl.files import opened as open_regular
from convdsl.messages import T, reason

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_DEFLATE_RATIO = 1032
"""Deflate cannot shrink better than this, so a header that claims more lies."""
_NAME = re.compile(r"(?P<set>.*?)(?P<part>train|t10k|test)-?(?P<what>images|labels)[-.]idx\d-\w+(\.gz)?", re.IGNORECASE)

_DEEPEST = 4
"""Folders that may lie around the files."""


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """The array in an IDX file, plain or gzipped, of any rank and of the type that its header says.

    `sha256` is of the uncompressed contents, header included. Raises DataError if the file is cut, too long, no IDX
    file or not the one with that sum.
    """
    return _read(path, lambda: open_regular(path), sha256)


def _read(path: Path, source: Callable[[], IO[bytes]], sha256: str | None = None) -> np.ndarray:
    """`read_idx` of what `source` opens, which is called `path`."""
    try:
        with source() as raw, opened(raw) as file:
            size = raw.seek(0, os.SEEK_END)
            raw.seek(0)
            head, dtype, shape = _header(file, path, size)
            expected = math.prod(shape) * dtype.itemsize
            if expected > size * (1 if file is raw else _DEFLATE_RATIO):
                raise _cut(path, size)
            require(expected, str(path))
            body = np.empty(expected, np.uint8)
            if _fill(file, body.data) < expected:
                raise _cut(path, size)
            if file.read(1):
                raise DataError(T("{path}: longer than the sizes in its header say.", path=path), _again())
    except EOFError:
        raise _cut(path, size) from None
    except READ_ERRORS as error:
        raise refused(path, error) or DataError(
            T("{path} cannot be read: {why}.", path=path, why=error), _again()
        ) from None
    if sha256 and _digest(head, body) != sha256:
        raise DataError(
            T(
                "{path} is damaged, or is another file of the same name (its checksum is not the published one).",
                path=path,
            ),
            T("Remove it and get it again; to use other data give their path, not the name of a known data set."),
        )
    return body.view(dtype).reshape(shape)


def _header(file: IO[bytes], path: Path, size: int) -> tuple[bytes, np.dtype, tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4:
        raise _cut(path, size)
    if magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= 5:
        raise DataError(
            T("{path} is no IDX file: it begins with {bytes}.", path=path, bytes=magic.hex(" ")),
            T("IDX files begin with 00 00, the type of the numbers and how many sizes follow."),
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise _cut(path, size)
    return magic + sizes, np.dtype(_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def _fill(file: IO[bytes], room: memoryview) -> int:
    done = 0
    while done < len(room) and (got := file.readinto(room[done:])):  # type: ignore[attr-defined]
        done += got
    return done


def _digest(head: bytes, body: np.ndarray) -> str:
    digest = hashlib.sha256(head)
    digest.update(body.data)
    return digest.hexdigest()


def is_idx(path: Path) -> bool:
    """Whether a file is called like those of MNIST (`train-images-idx3-ubyte.gz`)."""
    return _NAME.fullmatch(path.name) is not None and path.is_file()


def holds_idx(folder: Path) -> bool:
    """Whether IDX files lie in a folder or a little below it: `MNIST/raw`, or each in a folder of its own."""
    return any(True for _ in _files(folder))


def load_idx(path: Path, options: Options) -> Dataset:
    """The data set of IDX files in or below a folder, or the one that a single IDX file belongs to by its name."""
    folder = path if path.is_dir() else path.parent
    try:
        sets = _grouped(folder)
    except OSError as error:
        raise DataError(T("{path} cannot be read: {why}.", path=path, why=reason(error))) from None
    if not path.is_dir():
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise DataError(T("{path}: what it belongs to does not show in its name.", path=path), _names())
        sets = {key: files for key, files in sets.items() if key.name == match["set"] and path in files.values()}
    nearest = min(len(key.folder.parts) for key in sets)
    sets = {key: files for key, files in sets.items() if len(key.folder.parts) == nearest}
    if len(sets) > 1:
        names = sorted(key.name or str(key.folder.relative_to(folder)) for key in sets)
        raise DataError(
            T("{folder} holds several data sets: {sets}.", folder=folder, sets=", ".join(map(quoted, names))),
            T("Give the path of one of its files, such as {path}.", path=next(iter(sets[min(sets)].values()))),
        )
    key, files = sets.popitem()
    return _assembled(key, {what: partial(read_idx, file) for what, file in files.items()}, path, options)


def idx_in(name: str) -> bool:
    """Whether a file with this path in an archive is called like those of MNIST."""
    return _NAME.fullmatch(name.rpartition("/")[2]) is not None


def idx_of(tree: Tree, path: Path, options: Options) -> Dataset:
    """The data set of the IDX files in an archive."""
    found = ((PurePosixPath(file.path), file) for file in tree.files if idx_in(file.path))
    sets: dict[str, dict[tuple[str, str], Callable[[], np.ndarray]]] = {}
    for place, file in sorted(
        found, key=lambda f: (len(f[0].parts), f[0].name), reverse=True
    ):  # the nearest, plain one stays
        match = _NAME.fullmatch(place.name)
        assert match is not None
        read = partial(_read, path / place, lambda file=file: io.BytesIO(file.read()))  # type: ignore[misc]
        sets.setdefault(match["set"], {})[_what(match)] = read
    if len(sets) > 1:
        raise DataError(
            T("{folder} holds several data sets: {sets}.", folder=path, sets=", ".join(map(quoted, sorted(sets)))),
            T("Unpack it, and give the path of one of its files."),
        )
    name, files = sets.popitem()
    return _assembled(_Key(Path(path.name.split(".")[0]), name), files, path, options)


def _assembled(
    key: _Key, files: dict[tuple[str, str], Callable[[], np.ndarray]], path: Path, options: Options
) -> Dataset:
    if missing := [f"train-{what}" for what in ("images", "labels") if ("train", what) not in files]:
        place = key.folder if path.is_dir() else path
        raise DataError(T("{folder}: there is no {missing} file.", folder=place, missing=missing[0]), _names())
    train = files["train", "images"](), files["train", "labels"]()
    test = None
    if ("test", "images") in files and ("test", "labels") in files:
        test = files["test", "images"](), files["test", "labels"]()
    name = key.name.strip("-_. ") or (key.folder.parent if key.folder.name == "raw" else key.folder).name
    return assemble(name, str(path), train, test, seed=options.seed, labels_from=options.labels_from)


def _what(match: re.Match[str]) -> tuple[str, str]:
    return "train" if match["part"].lower() == "train" else "test", match["what"].lower()


class _Key(NamedTuple):
    """A data set: where it lies, and what stands before the names of its files."""

    folder: Path
    name: str


def _grouped(folder: Path) -> dict[_Key, dict[tuple[str, str], Path]]:
    """The files of each data set. Files that lie alone, each in a folder of its own, belong together."""
    here: dict[Path, list[tuple[Path, re.Match[str]]]] = {}
    for path, match in _files(folder):
        here.setdefault(path.parent, []).append((path, match))
    sets: dict[_Key, dict[tuple[str, str], Path]] = {}
    for parent, found in sorted(here.items()):
        place = parent.parent if len(found) == 1 and parent != folder else parent
        for path, match in sorted(found, key=lambda f: f[0], reverse=True):  # the plain one of a gzipped copy stays
            what = _what(match)
            files = sets.setdefault(_Key(place, match["set"]), {})
            if what not in files or files[what].parent == parent:
                files[what] = path
    return sets


def _files(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    """IDX files by their names, not deeper than `_DEEPEST` folders below."""
    depth = len(folder.parts)
    for where, folders, names in os.walk(folder):
        if len(Path(where).parts) - depth >= _DEEPEST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if match := _NAME.fullmatch(name):
                yield Path(where, name), match


def _cut(path: Path, size: int) -> DataError:
    return DataError(
        T(
            "{path} ({size}) is cut short: it holds less than its header says.",
            path=path,
            size=human(size),
        ),
        _again(),
    )


def _again() -> T:
    return T("Copy or download the file again.")


def _names() -> T:
    return T(
        "Files are expected to be called like those of MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or as .gz."
    )
