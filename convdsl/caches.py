"""What is kept in the user's cache so that it need not be made again, and when it is not trusted.

An entry begins with a sum over its name and its content. An entry that is damaged, that was copied from another name,
that belongs to another user or that others may have written is as good as none: it is made again, and `told` has a
line that says so. The same goes for a whole folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from convdsl import files, places
from convdsl.messages import T, reason

_spoilt: list[Path] = []
_folders: dict[Path, T | str] = {}


def folder(*names: str) -> Path:
    """The folder of the user's own for one kind of entries, in `CONVDSL_CACHE` or the user's cache; a private one that
    is removed at the end where that cannot be used."""
    try:
        found = _found(*names)
        if not os.access(found, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(found))
        return found
    except OSError as error:
        _folders[Path(error.filename or "~")] = reason(error)
    try:
        return places.passing()
    except OSError:  # not even that: nothing is kept
        return Path(os.devnull, "none")


def grammar_folder() -> Path | None:
    """The folder for the tables of the grammar, which are quickly made again: None where there is no such folder."""
    try:
        return _found("grammar")
    except files.Refused as error:
        _folders[Path(error.filename)] = reason(error)
    except OSError:
        pass
    return None


def _found(*names: str) -> Path:
    """The folder as the user's own. Raises OSError."""
    given = os.environ.get("CONVDSL_CACHE", "")
    base = Path(given) if given else places.user_cache()
    if base is None:
        raise files.Refused(T("there is no folder for the user's caches"), "~")
    if not base.is_absolute():
        raise files.Refused(T("`CONVDSL_CACHE` takes an absolute path"), given)
    root = base if given else base / "convdsl"
    inner = [root.joinpath(*names[: n + 1]) for n in range(len(names))]
    places.own(*([] if given else [root]), *inner)
    return inner[-1]


def load(path: Path, most: int, *, quick: bool = False) -> bytes | None:
    """The content of an entry of at most `most` bytes; None where there is none that can be trusted. `quick`: with a
    short sum, which finds damage and costs no time when the program starts."""
    try:
        whole = memoryview(files.read(path, most, own=True))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        _spoilt.append(path)
        return None
    size = 4 if quick else 32
    content = bytes(whole[size:])
    if _sum(path, content, quick) != whole[:size]:
        _spoilt.append(path)
        return None
    return content


def keep(path: Path, content: bytes, *, quick: bool = False) -> None:
    """Writes an entry. Where that cannot be, the next run makes it again."""
    with suppress(OSError):
        files.write(path, (_sum(path, content, quick), content), lasting=False, private=True)


def _sum(path: Path, content: bytes, quick: bool) -> bytes:
    name = path.name.encode() + b"\0"
    if quick:
        from zlib import crc32

        return crc32(content, crc32(name)).to_bytes(4, "little")
    from hashlib import sha256

    return sha256(name + content).digest()


def told() -> Iterator[T]:
    """What there is to say since the last time: folders that are not used, entries that were made again."""
    for path, why in list(_folders.items()):
        yield T("The cache {folder} is not used: {reason}. What is missing is made anew.", folder=path, reason=why)
    _folders.clear()
    if _spoilt:
        names = sorted({path.name for path in _spoilt})
        yield T(
            "In the cache {folder} an entry was damaged or not the user's own, and is made again: {names}.",
            "In the cache {folder} {n} entries were damaged or not the user's own, and are made again: {names}.",
            n=len(names),
            folder=_spoilt[0].parent,
            names=", ".join(names[:3]) + (" …" if len(names) > 3 else ""),
        )
        _spoilt.clear()
