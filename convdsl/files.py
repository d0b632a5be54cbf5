"""The one way to write a file, and the one way to open a file that somebody else may have made.

Written is beside the target under a name of its own, flushed to the disk, and moved into place: whatever happens on the
way, there is the old content or the new one. Only a regular file that belongs to the user is written over, or a new
name taken; a link, a device and a pipe are refused, and so is a file that was changed outside since it was read.

Opened are regular files only, so that nobody waits for a pipe or reads a device without end; and `read` asks for the
size before it takes anything into memory.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from io import BufferedRandom, BufferedReader
from os import PathLike

from convdsl.messages import T

PART = ".part"
"""How the names end under which files are written; a process that is killed leaves one."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)
_OPEN = os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0)
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""What systems answer that cannot flush."""


class Refused(OSError):
    """A file that is not read or not written for a reason of ours: `strerror` says it, in the language in use."""

    def __init__(self, reason: T, path: str | PathLike[str]) -> None:
        super().__init__(0, reason, os.fspath(path))


class ChangedOutside(Refused):
    """A file has another content than when it was read."""

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(T("it was changed outside since it was read"), path)


# Writing.


def write(
    path: str | PathLike[str],
    parts: Iterable[bytes | memoryview],
    *,
    new: bool = False,
    seen: bytes | None = None,
    lasting: bool = True,
    private: bool = False,
) -> None:
    """Writes a file whole, or leaves everything as it was.

    `new`: nothing may have the name yet. `seen` is the `digest` of what was read from the file: raises ChangedOutside
    if there is something else now. Without `lasting` a power cut may spoil it, which is good enough for caches that
    carry a sum. `private` is for folders of the user's own: nobody else may read the file, and whatever has its name
    makes room. An old file's permissions and owner stay otherwise. Raises OSError, for which `messages.reason` has words.
    """
    path = os.fspath(path)
    before = None if private else _target(path)
    if new and before is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".convdsl-{os.urandom(8).hex()}{PART}")
    try:
        handle = os.open(temporary, _CREATE, 0o600 if private else 0o666)
    except OSError as error:
        error.filename = path  # what was asked for, and not the file beside it
        raise
    try:
        try:
            for part in parts:
                _write_all(handle, part)
            if lasting:
                _flush(handle)
        finally:
            os.close(handle)
        if before is not None:
            _like(temporary, before)
        if seen is not None and _digest_of(path) not in (seen, None):
            raise ChangedOutside(path)
        _move(temporary, path, new)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if lasting and os.name != "nt":
        _flush_folder(folder or ".")


def give_second_name(path: str | PathLike[str], other: str | PathLike[str]) -> None:
    """Lets a file of ours be found as `other` too, whatever happens to `path` then; an older `other` makes room. Where
    there are no links, `path` is moved. Raises OSError."""
    path, other = os.fspath(path), os.fspath(other)
    if _target(path) is None:
        return
    _target(other)
    temporary = os.path.join(os.path.dirname(path), f".convdsl-{os.urandom(8).hex()}{PART}")
    try:
        os.link(path, temporary)
    except OSError:
        os.replace(path, other)
        return
    try:
        os.replace(temporary, other)  # which does nothing where both are one file already
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def growing(path: str | PathLike[str]) -> BufferedRandom:
    """A file that comes piece by piece, as from the network, open to be read and added to; `settled` gives it its name at
    the end. Raises OSError where there is something else than a file of ours."""
    path = os.fspath(path)
    _target(path)
    file = open(path, "a+b", opener=lambda name, mode: os.open(name, mode | _NO_LINK | _NO_WAIT, 0o666))  # noqa: SIM115
    try:
        _check_regular(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return file


def settled(file: BufferedRandom, path: str | PathLike[str]) -> None:
    """Flushes a file that has grown to its end, closes it and moves it to its name, over nothing but a file of ours.
    Raises OSError."""
    path = os.fspath(path)
    _target(path)
    file.flush()
    _flush(file.fileno())
    if os.name == "nt":
        file.close()  # no open file is moved there
    os.replace(file.name, path)
    file.close()
    if os.name != "nt":
        _flush_folder(os.path.dirname(path) or ".")


def set_aside(path: str | PathLike[str]) -> str:
    """Moves a file that cannot be used to a name that is free: `a.json` to `a.damaged-1.json`. Raises OSError."""
    path = os.fspath(path)
    stem, suffix = os.path.splitext(path)
    number = 1
    while os.path.lexists(aside := f"{stem}.damaged-{number}{suffix}"):
        number += 1
    os.replace(path, aside)
    return aside


def digest(content: bytes) -> bytes:
    """What `seen` compares: the sum of a file's content."""
    from hashlib import sha256

    return sha256(content).digest()


def _target(path: str) -> os.stat_result | None:
    """What is there now; None for a new name. Raises Refused where it must not be written over."""
    _check_name(path)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        raise Refused(T("it is a link; name the file itself"), path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise Refused(_NO_FILE, path)
    if hasattr(os, "geteuid") and os.geteuid() not in (0, status.st_uid):
        raise Refused(T("it belongs to another user"), path)
    if not status.st_mode & stat.S_IWUSR:
        raise Refused(T("it is write-protected"), path)
    return status


def _write_all(handle: int, part: bytes | memoryview) -> None:
    view = memoryview(part).cast("B")
    while view.nbytes:
        view = view[os.write(handle, view) :]


def _flush(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _like(temporary: str, before: os.stat_result) -> None:
    """Gives the new file the permissions of the old one, and its owner: the system's administrator changes neither."""
    if hasattr(os, "geteuid"):
        own = os.geteuid()
        if own == 0 and before.st_uid != 0:
            os.chown(temporary, before.st_uid, before.st_gid)
        elif os.getegid() != before.st_gid:
            with suppress(OSError):  # a group that the user is no member of
                os.chown(temporary, -1, before.st_gid)
    os.chmod(temporary, before.st_mode & 0o777)


def _digest_of(path: str) -> bytes | None:
    """The sum of what is there now; None where there is nothing."""
    from hashlib import sha256

    try:
        with opened(path) as file:
            summed = sha256()
            while piece := file.read(1 << 20):
                summed.update(piece)
            return summed.digest()
    except FileNotFoundError:
        return None


def _move(temporary: str, path: str, new: bool) -> None:
    if not new:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # fails where another process was quicker
    except FileExistsError:
        raise
    except OSError:  # no links on this file system
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.replace(temporary, path)
    else:
        os.unlink(temporary)


def _flush_folder(folder: str) -> None:
    """Makes the move itself last, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# Reading.


def opened(path: str | PathLike[str], own: bool = False) -> BufferedReader:
    """A regular file, open for reading; links are followed. Raises OSError, without waiting, for anything else.

    `own`: it must belong to the user, have this name only, and nobody else may write it."""
    _check_name(path)
    _check_regular(os.stat(path), path)
    handle = os.open(path, _OPEN)
    try:
        status = os.fstat(handle)
        _check_regular(status, path)
        if own:
            _check_own(status, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        with suppress(OSError):
            os.close(handle)
        raise


def read(path: str | PathLike[str], most: int, own: bool = False) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError; Refused where it is larger."""
    with opened(path, own) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1) if size <= most else b""
        if data is None:  # one of the system's own, that would let us wait
            raise Refused(_NO_FILE, path)
        if len(data) > size:  # it grows, or is one of those that have no size
            data += file.read(most + 1 - len(data))
        if size > most or len(data) > most:
            raise too_large(path, most)
        return data


def too_large(path: str | PathLike[str], most: int) -> Refused:
    """What is said of a file that has more than `most` bytes."""
    if most >= 10**6:
        return Refused(T("it is larger than {n} MB", n=most // 10**6), path)
    return Refused(T("it is larger than {n} bytes", n=most), path)


_NO_FILE = T("it is a device, a pipe or a socket, and not a file")


def _check_name(path: str | PathLike[str]) -> None:
    if "\0" in os.fspath(path):
        raise Refused(T("no name has a zero byte in it"), path)


def _check_regular(status: os.stat_result, path: str | PathLike[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise Refused(_NO_FILE, path)


def _check_own(status: os.stat_result, path: str | PathLike[str]) -> None:
    if not hasattr(os, "geteuid"):
        return
    if status.st_uid != os.geteuid():
        raise Refused(T("it belongs to another user"), path)
    if status.st_mode & 0o022 or status.st_nlink != 1:
        raise Refused(T("others may write it"), path)
