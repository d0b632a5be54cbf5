"""The one way to write a file and to open one: whole or as it was, over nothing but a file of ours, and never a wait."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from convdsl import files
from convdsl.messages import reason

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are of other kinds there")


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_new_and_old(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write(path, (b"one", memoryview(b"two")))
    assert path.read_bytes() == b"onetwo"
    path.chmod(0o640)
    files.write(path, (b"",))
    assert path.read_bytes() == b"" and path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["a"]


def test_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files.write("a", (b"x",))
    files.write("n" * 255, (b"x",))
    assert names(tmp_path) == ["a", "n" * 255]


def hostile(folder: Path, kind: str) -> Path:
    """Something that is no regular file."""
    path = folder / "target"
    if kind == "link":
        (folder / "file").write_bytes(b"kept")
        path.symlink_to("file")
    elif kind == "dangling":
        path.symlink_to("nothing")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.close()
    elif kind == "device":
        path = Path("/dev/null")
    elif kind == "protected":
        path.write_bytes(b"kept")
        path.chmod(0o444)
    return path


KINDS = ("link", "dangling", "pipe", "folder", "socket", "device", "protected")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_a_file_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    path = hostile(Path("."), kind)
    before = names(tmp_path)
    status = path.lstat()
    for new in (False, True):
        with pytest.raises(OSError) as caught:
            files.write(path, (b"new",), new=new)
        assert str(reason(caught.value)) != "0"
    assert names(tmp_path) == before and path.lstat() == status
    if kind == "link":
        assert Path("file").read_bytes() == b"kept"


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("link", "protected")])
def test_nothing_but_a_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = hostile(Path("."), kind)
    with pytest.raises(OSError):
        files.opened(path)
    with pytest.raises(OSError):
        files.read(path, 100)


def test_links_are_read_through(tmp_path: Path) -> None:
    assert files.read(hostile(tmp_path, "link"), 100) == b"kept"


def test_sizes_are_asked_first(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert files.read(path, 5) == b"12345"
    with pytest.raises(files.Refused, match="larger than 4 bytes"):
        files.read(path, 4)
    os.truncate(path, 1 << 40)
    with pytest.raises(files.Refused, match="larger than 5 MB"):
        files.read(path, 5_000_000)
    if Path("/proc/version").exists():  # has no size, and yet something in it
        assert files.read("/proc/version", 10_000)
        with pytest.raises(files.Refused):
            files.read("/proc/version", 10)


def test_a_change_outside_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen = files.digest(path.read_bytes())
    path.write_bytes(b"of somebody else")
    with pytest.raises(files.ChangedOutside):
        files.write(path, (b"mine",), seen=seen)
    assert path.read_bytes() == b"of somebody else" and names(tmp_path) == ["a"]
    files.write(path, (b"mine",), seen=files.digest(b"of somebody else"))
    path.unlink()
    files.write(path, (b"again",), seen=seen)  # removed outside: nothing is lost
    assert path.read_bytes() == b"again"


def test_a_name_that_must_be_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    files.write(path, (b"first",), new=True)
    with pytest.raises(FileExistsError):
        files.write(path, (b"second",), new=True)

    def quicker():
        (tmp_path / "b").write_bytes(b"of another process")
        yield b"mine"

    with pytest.raises(FileExistsError):
        files.write(tmp_path / "b", quicker(), new=True)
    assert (tmp_path / "b").read_bytes() == b"of another process"

    def no_links(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    files.write(tmp_path / "c", (b"x",), new=True)
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "b", (b"x",), new=True)
    assert names(tmp_path) == ["a", "b", "c"] and path.read_bytes() == b"first"


def test_another_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
        files.write(path, (b"new",))
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(files.Refused, match="another user"):
        files.write(path, (b"newer",))


def test_writes_that_are_cut_short_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:3]))
    files.write(tmp_path / "a", (b"0123456789", memoryview(b"abc")))
    assert (tmp_path / "a").read_bytes() == b"0123456789abc"


# What grows.


def test_what_grows_has_its_name_at_the_end(tmp_path: Path) -> None:
    part, path = tmp_path / "a.part", tmp_path / "a"
    part.write_bytes(b"first ")
    with files.growing(part) as file:
        file.write(b"second")
        file.seek(0)
        assert file.read() == b"first second"
        files.settled(file, path)
    assert names(tmp_path) == ["a"] and path.read_bytes() == b"first second"


@pytest.mark.parametrize("kind", KINDS)
def test_what_grows_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = hostile(Path("."), kind)
    before = names(tmp_path)
    with pytest.raises(OSError):
        files.growing(path)
    with files.growing("part") as file:
        file.write(b"x")
        with pytest.raises(OSError):
            files.settled(file, path)
    assert names(tmp_path) == sorted([*before, "part"])
    if kind == "link":
        assert Path("file").read_bytes() == b"kept"
