"""IDX files, the format of MNIST: two zero bytes, the type, the rank, the sizes (big-endian), then the numbers."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from pathlib import Path
from typing import IO

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options
from convdsl.datasets.memory import human, require
from convdsl.datasets.tree import READ_ERRORS, opened
from convdsl.files import opened as open_regular
from convdsl.messages import T, reason

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_DEFLATE_RATIO = 1032
"""Deflate cannot shrink better than this, so a header that claims more lies."""
_NAME = re.compile(r"(?P<set>.*?)(?P<part>train|t10k|test)-?(?P<what>images|labels)[-.]idx\d-\w+(\.gz)?", re.IGNORECASE)


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """The array in an IDX file, plain or gzipped, of any rank and of the type that its header says.

    `sha256` is of the uncompressed contents, header included. Raises DataError if the file is cut, too long, no IDX
    file or not the one with that sum.
    """
    try:
        with open_regular(path) as raw, opened(raw) as file:
            head, dtype, shape = _header(file, path)
            expected = math.prod(shape) * dtype.itemsize
            if expected > path.stat().st_size * (1 if file is raw else _DEFLATE_RATIO):
                raise _cut(path)
            require(expected, str(path))
            body = np.empty(expected, np.uint8)
            if _fill(file, body.data) < expected:
                raise _cut(path)
            if file.read(1):
                raise DataError(T("{path}: longer than the sizes in its header say.", path=path), _again())
    except EOFError:
        raise _cut(path) from None
    except READ_ERRORS as error:
        raise DataError(T("{path} cannot be read: {why}.", path=path, why=error), _again()) from None
    if sha256 and _digest(head, body) != sha256:
        raise DataError(
            T(
                "{path} is damaged, or is another file of the same name (its checksum is not the published one).",
                path=path,
            ),
            T("Remove it and get it again; to use other data give their path, not the name of a known data set."),
        )
    return body.view(dtype).reshape(shape)


def _header(file: IO[bytes], path: Path) -> tuple[bytes, np.dtype, tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4:
        raise _cut(path)
    if magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= 5:
        raise DataError(
            T("{path} is no IDX file: it begins with {bytes}.", path=path, bytes=magic.hex(" ")),
            T("IDX files begin with 00 00, the type of the numbers and how many sizes follow."),
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise _cut(path)
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
    return _NAME.fullmatch(path.name) is not None


def load_idx(path: Path, options: Options) -> Dataset:
    """The data set in a folder of IDX files, or the one that a single IDX file belongs to by its name."""
    folder = path if path.is_dir() else path.parent
    try:
        sets = _grouped(folder)
    except OSError as error:
        raise DataError(T("{path} cannot be read: {why}.", path=folder, why=reason(error))) from None
    if not path.is_dir():
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise DataError(T("{path}: what it belongs to does not show in its name.", path=path), _names())
        sets = {match["set"]: sets[match["set"]]}
    if len(sets) > 1:
        raise DataError(
            T("{folder} holds several data sets: {sets}.", folder=folder, sets=", ".join(sorted(sets))),
            T("Give the path of one of its files, such as {path}.", path=next(iter(sets[min(sets)].values()))),
        )
    name, files = sets.popitem()
    if missing := [f"train-{what}" for what in ("images", "labels") if ("train", what) not in files]:
        raise DataError(T("{folder}: there is no {missing} file.", folder=folder, missing=missing[0]), _names())
    train = read_idx(files["train", "images"]), read_idx(files["train", "labels"])
    test = None
    if ("test", "images") in files and ("test", "labels") in files:
        test = read_idx(files["test", "images"]), read_idx(files["test", "labels"])
    return assemble(name.strip("-_. ") or folder.name, str(path), train, test, seed=options.seed)


def _grouped(folder: Path) -> dict[str, dict[tuple[str, str], Path]]:
    sets: dict[str, dict[tuple[str, str], Path]] = {}
    for path in sorted(folder.iterdir(), reverse=True):  # of a plain and a gzipped copy the plain one stays
        if match := _NAME.fullmatch(path.name):
            part = "train" if match["part"].lower() == "train" else "test"
            sets.setdefault(match["set"], {})[part, match["what"].lower()] = path
    return sets


def _cut(path: Path) -> DataError:
    return DataError(
        T(
            "{path} ({size}) is cut short: it holds less than its header says.",
            path=path,
            size=human(path.stat().st_size),
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
