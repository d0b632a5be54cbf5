"""Folders of the user's own: the cache, and one that is thrown away at the end.

What is in the cache is loaded as code, so its folders belong to the user and nobody else may write into them. A path
that is not absolute would lead into whatever folder the user happens to stand in: it is not taken.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from convdsl import files
from convdsl.messages import T


def user_cache() -> Path | None:
    """The folder in which this system keeps a user's caches; None where the user has no such place."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else os.path.join(home, ".cache")
    return Path(base) if os.path.isabs(base) else None


def own(*folders: Path) -> None:
    """Makes folders that only the user may enter, each in the one before it; those that are there are made so.

    Raises OSError: where that cannot be, where one belongs to somebody else, and where others may have written into it.
    """
    folders[0].parent.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        with suppress(FileExistsError):
            folder.mkdir(0o700)
        status = folder.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(20, os.strerror(20), str(folder))
        if not hasattr(os, "geteuid"):
            continue
        if status.st_uid != os.geteuid():
            raise files.Refused(T("it belongs to another user"), folder)
        if status.st_mode & 0o022:
            raise files.Refused(T("others may write into it; `chmod 700` mends that, once it is emptied"), folder)
        if status.st_mode & 0o077:
            folder.chmod(0o700)


@cache
def passing() -> Path:
    """A private folder that is removed when this process ends."""
    import atexit
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="convdsl-"))
    _passing.append((os.getpid(), folder))
    atexit.register(remove_passing)
    return folder


_passing: list[tuple[int, Path]] = []


def remove_passing() -> None:
    """Removes the private folder, unless it is that of the process that this one was forked from."""
    import shutil

    for owner, folder in _passing:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)
