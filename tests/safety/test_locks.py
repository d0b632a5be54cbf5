"""Locks as Windows has them, played by those that are here; and the history of the REPL, which several write."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from convdsl import locks
from convdsl.cli.history import MOST, KeptHistory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="they are no play there")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No fcntl, but an msvcrt, which locks bytes from the place on where the file stands. Returns these places."""
    import fcntl

    places: list[int] = []

    def locking(handle: int, mode: int, count: int) -> None:
        assert (mode, count) == (2, 1)
        places.append(os.lseek(handle, 0, os.SEEK_CUR))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError(errno.EACCES, "Permission denied") from None

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setitem(sys.modules, "fcntl", None)  # importing it fails
    return places


def test_one_at_a_time_on_windows(tmp_path: Path, windows: list[int]) -> None:
    path = tmp_path / "lock"
    with locks.locked(path):
        assert path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(locks.Held) as caught, locks.locked(path, 0.05):
            pass
        assert caught.value.holder == os.getpid()  # which can be read, for the byte that is locked is far behind
    with locks.locked(path):
        pass
    assert not path.exists() and min(windows) >= 1 << 20


def test_the_place_in_a_file_stays(tmp_path: Path, windows: list[int]) -> None:
    with (tmp_path / "a").open("w+b") as file:
        file.write(b"123")
        file.flush()
        assert locks.taken(file.fileno()) and file.tell() == 3
        with (tmp_path / "a").open("r+b") as again:
            assert not locks.taken(again.fileno())


def test_neither_fcntl_nor_msvcrt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with locks.locked(tmp_path / "lock"), locks.locked(tmp_path / "lock"):
        pass


# The history.


def entries(path: Path) -> list[str]:
    return list(KeptHistory(path).load_history_strings())


def test_what_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history"
    one, other = KeptHistory(path), KeptHistory(path)
    one.store_string("conv 8 k3")
    other.store_string("block a() {\n  bn\n\n}")
    one.store_string("ñ \ud800")
    assert entries(path) == ["ñ ?", "block a() {\n  bn\n\n}", "conv 8 k3"]
    assert os.listdir(path.parent) == ["history"]


def test_a_history_of_prompt_toolkit_is_read(tmp_path: Path) -> None:
    from prompt_toolkit.history import FileHistory

    for text in ("a", "b\nc", "+d"):
        FileHistory(str(tmp_path / "h")).store_string(text)
    assert entries(tmp_path / "h") == ["+d", "b\nc", "a"]
    KeptHistory(tmp_path / "h").store_string("e")
    assert entries(tmp_path / "h") == list(FileHistory(str(tmp_path / "h")).load_history_strings()) == [
        "e", "+d", "b\nc", "a"]  # fmt: skip


def test_it_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "h"
    path.write_text("".join(f"\n# now\n+{n}\n" for n in range(MOST + 5)))
    KeptHistory(path).store_string("last")
    assert len(entries(path)) == MOST and entries(path)[0] == "last"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge", "protected", "file above"])
def test_where_none_can_be_kept(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "h"
    if kind == "link":
        (tmp_path / "other").write_bytes(b"of somebody\n")
        path.symlink_to("other")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        path.touch()
        os.truncate(path, 1 << 40)
    elif kind == "protected":
        path.write_bytes(b"\n+a\n")
        path.chmod(0o400)
    else:
        path.touch()
        path = path / "h"
    kept = KeptHistory(path)
    kept.append_string("x")
    assert kept.get_strings() == ["x"]
    if kind == "link":
        assert path.is_symlink() and (tmp_path / "other").read_bytes() == b"of somebody\n"
