"""What was handed in: the files of a folder or an archive, as Moodle and people make them. Nothing is unpacked to disk.

Of each file so much is read as an answer may have, and no more, whatever a zip says about its size. Links, names that
lead out of the archive, and files that are no text are named, not followed and not opened.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from convdsl import files
from convdsl.messages import T, reason
from convdsl.teaching.reading.html import text_of_html
from convdsl.teaching.sheets.texts import NoText, text_of

LARGEST = 200_000
"""Bytes of a file that are read."""
MOST_FILES = 20_000
MOST_BYTES = 500_000_000
"""What is read of an archive in all."""
_INNER = 20_000_000
"""Bytes of an archive inside an archive or a folder that are read."""
_MOODLE = re.compile(r"(?P<name>.*)_(?P<number>\d{1,12})_assignsubmission_(?P<kind>file|onlinetext)_(?P<rest>.*)", re.S)
_LITTER = {"__macosx", "thumbs.db", "desktop.ini"}
_PACKED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class Handed(NamedTuple):
    """One file: where it was found, its text or why there is none, when it was written, and whose Moodle says it is.

    `number` is Moodle's number of the participant, `person` the name in front of it."""

    place: str
    text: str = ""
    problem: T | None = None
    when: datetime | None = None
    number: str = ""
    person: str = ""

    @property
    def stem(self) -> str:
        """The file's name without folders and suffix."""
        return PurePosixPath(self.place).stem

    @property
    def folder(self) -> str:
        """The name of the folder it lies in."""
        return PurePosixPath(self.place).parent.name


class NothingThere(Exception):
    """A folder or an archive that cannot be entered; `message` says why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


def handed_in(paths: Sequence[Path], without: Sequence[Path] = ()) -> list[Handed]:
    """All files below some paths, in the order of their names; `without` are files of the lecturer's among them.
    Raises NothingThere."""
    found: list[Handed] = []
    own = {os.path.realpath(p) for p in without}
    for path in paths:
        if path.is_dir():
            found += _folder(path, own)
        elif not path.exists():
            raise NothingThere(T("there is no file {name}.", name=path))
        elif path.suffix.lower() == ".zip":
            found += _archive_file(path)
        elif os.path.realpath(path) not in own:
            found.append(_file(path, str(path)))
        if len(found) > MOST_FILES:
            raise NothingThere(T("{name} has more than {n} files in it.", name=path, n=MOST_FILES))
    return found


def _folder(folder: Path, own: set[str]) -> Iterator[Handed]:
    def fails(error: OSError) -> None:
        raise NothingThere(T("{name} cannot be read: {reason}.", name=error.filename, reason=reason(error))) from None

    count = 0
    for top, inner, names in os.walk(folder, onerror=fails):
        inner[:] = sorted(n for n in inner if not _is_litter(n))
        for name in [*inner, *sorted(names)]:
            path = Path(top, name)
            place = path.relative_to(folder).as_posix()
            if path.is_symlink():
                yield _owned(Handed(place, problem=T("This is a link; it is not followed.")))
            elif name in inner or _is_litter(name) or os.path.realpath(path) in own:
                continue
            elif path.suffix.lower() == ".zip":
                yield from _inner_archive(path, place)
            else:
                yield _file(path, place)
            count += 1
            if count > MOST_FILES:
                raise NothingThere(T("{name} has more than {n} files in it.", name=folder, n=MOST_FILES))


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.startswith("~$") or name.lower() in _LITTER


def _file(path: Path, place: str) -> Handed:
    try:
        with files.opened(path) as file:
            data = file.read(LARGEST + 1) or b""  # nothing: one of the system's own that would let us wait
            when = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime)
    except (OSError, ValueError, OverflowError) as error:
        return _owned(Handed(place, problem=T("It cannot be read: {reason}.", reason=reason(error))))
    return _read(place, data, when)


def _read(place: str, data: bytes, when: datetime | None) -> Handed:
    found = _owned(Handed(place, when=when))
    if len(data) > LARGEST:
        return found._replace(problem=T("It has more than {n} bytes.", n=LARGEST))
    try:
        text = text_of(data).text
    except NoText as error:
        return found._replace(problem=error.message)
    return found._replace(text=text_of_html(text) if place.lower().endswith((".html", ".htm")) else text)


def _owned(handed: Handed) -> Handed:
    """The file with what Moodle's folders say about its owner: `Ana Ruiz_10001_assignsubmission_file_`."""
    for part in PurePosixPath(handed.place).parts:
        match = _MOODLE.fullmatch(part)
        if match:
            return handed._replace(number=match["number"].lstrip("0") or "0", person=match["name"])
    return handed


# Archives.


def _archive_file(path: Path) -> Iterator[Handed]:
    try:
        with files.opened(path) as file, zipfile.ZipFile(file) as archive:
            yield from _archive(archive, "", str(path))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise NothingThere(
            T("{name} is no zip archive, or a damaged one: {reason}.", name=path, reason=error)
        ) from None
    except OSError as error:
        raise NothingThere(T("{name} cannot be read: {reason}.", name=path, reason=reason(error))) from None


def _inner_archive(path: Path, place: str) -> Iterator[Handed]:
    try:
        yield from _packed(files.read(path, _INNER), place)
    except OSError as error:
        yield _owned(Handed(place, problem=T("It cannot be read: {reason}.", reason=reason(error))))


def _packed(data: bytes, place: str) -> Iterator[Handed]:
    """The files in a student's own archive; archives in it stay closed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = list(_archive(archive, place, place, inner=True))
        yield from found or [_owned(Handed(place, problem=T("Nothing is in this archive.")))]
    except _PACKED:
        yield _owned(Handed(place, problem=T("This is no zip archive, or a damaged one.")))


def _archive(archive: zipfile.ZipFile, prefix: str, name: str, inner: bool = False) -> Iterator[Handed]:
    members = [m for m in archive.infolist() if not m.is_dir()]
    if len(members) > MOST_FILES:
        raise NothingThere(T("{name} has more than {n} files in it.", name=name, n=MOST_FILES))
    left = _INNER if inner else MOST_BYTES
    for member in sorted(members, key=lambda m: m.filename):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        place = (PurePosixPath(prefix) / path.as_posix().lstrip("/")).as_posix()
        if any(_is_litter(part) for part in path.parts if part not in ("..", ".")):
            continue
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", path.as_posix()):
            yield _owned(Handed(place, problem=T("Its name leads out of the archive; it is not used.")))
        elif stat.S_ISLNK(member.external_attr >> 16):
            yield _owned(Handed(place, problem=T("This is a link; it is not followed.")))
        elif left <= 0:
            yield _owned(Handed(place, problem=T("The archive unpacks to too much; this file was not read.")))
        else:
            packed = path.suffix.lower() == ".zip" and not inner
            data, problem = _member(archive, member, _INNER if packed else LARGEST)
            left -= len(data)
            if problem is not None:
                yield _owned(Handed(place, problem=problem))
            elif packed:
                yield from _packed(data, place)
            else:
                yield _read(place, data, _date(member))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> tuple[bytes, T | None]:
    """At most so many bytes of a file in an archive and one more, however large it says it is."""
    if member.flag_bits & 1:
        return b"", T("It is locked with a password.")
    try:
        with archive.open(member) as file:
            return file.read(most + 1), None
    except _PACKED:
        return b"", T("It is damaged and cannot be unpacked.")


def _date(member: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*member.date_time) if member.date_time > (1980, 1, 1, 0, 0, 0) else None
    except ValueError:
        return None
