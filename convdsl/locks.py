"""Files that one process holds at a time: the system lets go of them even if it is killed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_PAUSE = 0.02
_BEHIND = 1 << 30


class Held(Exception):
    """Another process has the lock; `holder` is its number, 0 where that is not known."""

    def __init__(self, holder: int) -> None:
        self.holder = holder
        super().__init__(holder)


@contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Holds the lock in the file `path`, which is there only as long as it is held. Raises Held where another process
    has it for longer than `patience` seconds; OSError where there can be no such file.

    On disks without such locks, nobody is kept out.
    """
    until = monotonic() + patience
    while True:
        handle = os.open(path, _FLAGS, 0o600)
        try:
            if taken(handle) and same(handle, path):
                break
            holder = _holder(handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if monotonic() >= until:
            raise Held(holder)
        sleep(_PAUSE)
    try:
        with suppress(OSError):  # a full disk: the lock holds without the number
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        if os.name == "nt":  # no open file is removed there, not even by another process that has it by now
            os.close(handle)
        with suppress(OSError):
            os.unlink(path)
        if os.name != "nt":
            os.close(handle)


def taken(handle: int) -> bool:
    """Takes an open file for this process, until it is closed. False where another process has it."""
    try:
        import fcntl
    except ImportError:
        return _taken_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)  # no locks on this disk: go on without
    return True


def _taken_on_windows(handle: int) -> bool:
    """There, bytes are locked, and nobody else reads them then: it is one far behind the end of the file."""
    try:
        import msvcrt
    except ImportError:
        return True
    windows: Any = msvcrt
    place = os.lseek(handle, 0, os.SEEK_CUR)
    os.lseek(handle, _BEHIND, os.SEEK_SET)
    try:
        windows.locking(handle, windows.LK_NBLCK, 1)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EDEADLK)
    finally:
        os.lseek(handle, place, os.SEEK_SET)
    return True


def same(handle: int, path: str | os.PathLike[str]) -> bool:
    """Whether an open file is still the one of that name, and was not removed or moved by the process that held it."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> int:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        return int(os.read(handle, 20).split()[0])
    except (OSError, ValueError, IndexError):
        return 0
