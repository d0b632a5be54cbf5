"""The files of a folder, a tar or a zip archive, seen in the same way. Nothing is ever unpacked to the disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from convdsl.datasets import memory
from convdsl.datasets.dataset import DataError, Text, refused
from convdsl.datasets.names import ending, quoted
from convdsl.files import opened as open_regular
from convdsl.messages import T

LARGEST = 256 << 20
"""Bytes that one file may have: far more than any picture or batch, little enough to be read whole."""
NO_FILE = "?"
"""Stands for the ending of what is no file: a pipe, a device, a link to nowhere."""
AGAIN = "??"
"""Stands for the ending of a link to a folder that is reached another way too."""
_MOST_FILES = 3_000_000
_IGNORED = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information", "lost+found",
            "#recycle"}  # fmt: skip
"""What systems put beside the files, in small letters."""
READ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What the standard library raises for a damaged archive."""


@dataclass(frozen=True)
class File:
    """One file: its path below the root, with `/`, and the way to its contents (which may raise OSError)."""

    path: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Placed(File):
    """A picture as if it lay in the folder of its class; `of` is the picture where it lies."""

    of: File


@dataclass(frozen=True)
class Tree:
    """`files` in the order of their paths, and all `folders`, empty ones too. `left` counts the files that were not
    wanted, by folder and ending."""

    files: tuple[File, ...]
    folders: frozenset[str]
    notes: tuple[Text, ...] = ()
    left: Mapping[tuple[str, str], int] = field(default_factory=dict)


def read_tree(path: Path, wanted: Callable[[str], bool]) -> Tree:
    """The files below `path`, a folder or an archive, whose path is `wanted`. Hidden files and folders are left out.

    The files of an archive are held in memory, compressed as they are; those of a folder are read when they are asked
    for. Raises DataError for a damaged archive, for one with paths that lead outside, and for too much of anything.
    """
    files: list[File] = []
    folders: set[str] = set()
    notes: list[Text] = []
    left: Counter[tuple[str, str]] = Counter()
    room = memory.available()
    try:
        for count, (name, size, read) in enumerate(_walk(path, notes)):
            if count > _MOST_FILES:
                raise DataError(
                    T("{path} holds more than {count} files.", path=path, count=_MOST_FILES),
                    T("Give the folder that holds the class folders, and nothing above it."),
                )
            parts = [part for part in name.split("/") if part not in ("", ".")]
            if any(part[0] == "." or part.casefold() in _IGNORED for part in parts):
                continue
            name = "/".join(parts)
            if size < 0:
                left[name.rpartition("/")[0], AGAIN if size == _AGAIN else NO_FILE] += 1
                continue
            if read is None:
                folders.add(name)
                continue
            folders.update(_above(name, folders))
            if not wanted(name):
                left[name.rpartition("/")[0], ending(name)] += 1
                continue
            if size > LARGEST:
                raise DataError(
                    T("{path}: {name} has {size}.", path=path, name=quoted(name), size=memory.human(size)),
                    T("That is too large for one image or batch."),
                )
            if not path.is_dir():
                contents = read()
                room = None if room is None else room - len(contents)
                if room is not None and room < 0:
                    raise DataError(
                        T("{path} does not fit into the memory.", path=path),
                        T("Unpack it, and give the path of the folder."),
                    )
                read = _kept(contents)
            files.append(File(name, read))
    except READ_ERRORS as error:
        raise refused(path, error) or DataError(
            T("{path} is damaged or cut short: {why}.", path=path, why=error), T("Copy or download it again.")
        ) from None
    return Tree(tuple(sorted(files, key=lambda file: file.path)), frozenset(folders), tuple(notes), left)


def _above(name: str, known: set[str]) -> Iterator[str]:
    """The folders that lead to `name`, up to the first that is known."""
    while (name := name.rpartition("/")[0]) and name not in known:
        yield name


_Walk = Iterator[tuple[str, int, Callable[[], bytes] | None]]  # path, size, contents (None: a folder)
_NO_FILE, _AGAIN = -1, -2
"""Sizes of what is neither a file nor a folder of its own."""


def is_archive(path: Path) -> bool:
    """Whether a path is called like an archive of pictures."""
    return path.is_file() and (path.suffix.lower() in (".zip", ".tar", ".tgz") or ".tar" in path.suffixes)


def _walk(path: Path, notes: list[Text]) -> _Walk:
    if path.is_dir():
        return _folder(path)
    with open_regular(path) as file:
        zipped = file.read(2) == b"PK"
    return _zip(path) if zipped else _tar(path, notes)


def _folder(root: Path) -> _Walk:
    if (whole := root.resolve()) == whole.parent:
        raise DataError(T("{path} is a whole disk.", path=root), T("Give the path of the folder with the images."))
    seen: set[tuple[int, int]] = set()  # folders, so that a link back up does not lead round and round
    stack = [""]
    while stack:
        below = stack.pop()
        here = root / below
        status = here.stat()
        if (status.st_dev, status.st_ino) in seen and status.st_ino:
            yield below, _AGAIN, None
            continue
        seen.add((status.st_dev, status.st_ino))
        if below:
            yield below, 0, None
        with os.scandir(here) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
                name = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir():
                    if entry.name.startswith("."):
                        continue
                    if entry.is_symlink():  # where a folder is here under its own name, that one counts
                        stack.insert(0, name)
                    else:
                        stack.append(name)
                elif entry.is_file():
                    yield name, entry.stat().st_size, Path(entry.path).read_bytes
                else:  # a pipe, a device, a link to nowhere
                    yield name, _NO_FILE, None


def _zip(path: Path) -> _Walk:
    with open_regular(path) as raw, zipfile.ZipFile(raw) as archive:
        for info in archive.infolist():
            name = _inside(info.filename, path)
            if info.is_dir():
                yield name, 0, None
            else:
                yield name, info.file_size, lambda info=info: archive.read(info)  # type: ignore[misc]


def _tar(path: Path, notes: list[Text]) -> _Walk:
    room = memory.available()
    with open_regular(path) as raw:
        stream = _Guarded(opened(raw))
        with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
            for member in archive:
                if room is not None and member.offset_data + member.size > 4 * room:
                    raise DataError(
                        T("{path} unpacks to more than {size}.", path=path, size=memory.human(member.offset_data)),
                        T("Unpack it where there is room for it, and give the path of the folder."),
                    )
                name = _inside(member.name, path)
                if member.isdir():
                    yield name, 0, None
                elif member.isreg():
                    yield name, member.size, lambda member=member: archive.extractfile(member).read()  # type: ignore
                archive.members.clear()
        if stream.last.strip(b"\0") or not stream.last:
            notes.append(T("{path} has no end mark: files at its end may be missing.", path=path))


class _Guarded:
    """A file for tarfile, which reads as much at once as a header claims: no more than a file may have.

    `last` is what was read last: in a whole archive a block of zeros, the end mark.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last = b""
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST:
            raise ValueError(f"{size} bytes in one piece")
        self.last = self._file.read(size)
        return self.last


def opened(raw: IO[bytes]) -> IO[bytes]:
    """`raw`, uncompressed if it begins like a gzip, bzip2 or xz file."""
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if magic.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(raw)
    return raw


def _inside(name: str, archive: Path) -> str:
    plain = name.replace("\\", "/")
    if plain.startswith("/") or ".." in plain.split("/") or plain[1:2] == ":":
        raise DataError(
            T("{path} holds a file whose path leads outside: {name}.", path=archive, name=repr(name)),
            T("An honest archive holds none; get it from its publisher again."),
        )
    return plain


def _kept(contents: bytes) -> Callable[[], bytes]:
    return lambda: contents
