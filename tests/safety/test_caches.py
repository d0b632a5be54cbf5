"""Caches: loaded is what is the user's own and has the right sum; everything else is made again, and said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl import caches, isolated, places

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are of another kind there")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    list(caches.told())
    yield
    list(caches.told())


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVDSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def lines() -> list[str]:
    return [str(line) for line in caches.told()]


def test_folders_are_the_users_own(base: Path) -> None:
    folder = caches.folder("kernels", "x")
    assert folder == base / "kernels" / "x" and not lines()
    assert [p.stat().st_mode & 0o777 for p in (folder, folder.parent)] == [0o700, 0o700]
    folder.chmod(0o755)
    assert caches.folder("kernels", "x") == folder and folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o722])
def test_a_folder_that_others_may_write_is_not_used(base: Path, mode: int) -> None:
    folder = caches.folder("kernels", "x")
    folder.parent.chmod(mode)
    assert caches.folder("kernels", "x") == places.passing()
    (line,) = lines()
    assert str(folder.parent) in line and "others may write" in line
    assert caches.grammar_folder() == base / "grammar"


def test_a_folder_of_somebody_else_is_not_used(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caches.folder("kernels")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert caches.folder("kernels") == places.passing()
    assert "another user" in lines()[0]
    assert caches.grammar_folder() is None


@pytest.mark.parametrize("variable", ["CONVDSL_CACHE", "XDG_CACHE_HOME"])
def test_paths_that_are_not_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVDSL_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, "here")
    found = caches.folder("kernels")
    assert found.is_absolute() and not (tmp_path / "here").exists()
    if variable == "CONVDSL_CACHE":
        assert "absolute" in lines()[0]
    elif sys.platform == "linux":
        assert found == tmp_path / "home" / ".cache" / "convdsl" / "kernels"


def test_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONVDSL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", ".")
    assert caches.folder("kernels") == places.passing() and len(lines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("quick", [False, True])
def test_entries(base: Path, quick: bool) -> None:
    folder = caches.folder("kernels")
    path = folder / "a"
    assert caches.load(path, 1000, quick=quick) is None and not lines()
    caches.keep(path, b"content", quick=quick)
    assert caches.load(path, 1000, quick=quick) == b"content" and path.stat().st_mode & 0o777 == 0o600
    whole = path.read_bytes()
    (folder / "b").write_bytes(whole)
    (folder / "b").chmod(0o600)
    assert caches.load(folder / "b", 1000, quick=quick) is None  # copied from another name
    for spoilt in (b"", whole[:-1], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:], whole[:-1] + b"x"):
        path.write_bytes(spoilt)
        assert caches.load(path, 1000, quick=quick) is None
    assert caches.load(path, 3, quick=quick) is None
    (line,) = lines()
    assert line.startswith("In the cache") and "a, b" in line
    caches.keep(path, b"content", quick=quick)
    assert caches.load(path, 1000, quick=quick) == b"content"


def make(path: Path, how: str) -> None:
    if how == "writable":
        path.chmod(0o666)
    elif how == "linked":
        os.link(path, path.with_name("other"))
    elif how == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif how == "endless":
        path.unlink()
        path.symlink_to("/dev/zero")
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "foreign":
        os.chown(path, 12345, 12345)


@pytest.mark.parametrize("how", ["writable", "linked", "pipe", "endless", "folder", "foreign"])
def test_entries_that_are_not_trusted(base: Path, how: str) -> None:
    if how == "foreign" and os.geteuid() != 0:
        pytest.skip("only the administrator gives files away")
    path = caches.folder("kernels") / "a"
    caches.keep(path, b"content")
    make(path, how)
    assert caches.load(path, 1000) is None and len(lines()) == 1
    caches.keep(path, b"again")
    if how != "folder":
        assert caches.load(path, 1000) == b"again" and not path.is_symlink() and path.stat().st_uid == os.geteuid()


def test_a_private_folder_is_removed(tmp_path: Path) -> None:
    code = """
import os, sys
from convdsl import places
print(places.passing())
if os.fork() == 0:
    sys.exit()
os.wait()
assert places.passing().is_dir()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout and list(tmp_path.iterdir()) == []


def trap(folder: Path) -> None:
    """Files called as what Python and the engine import; each leaves a trace if it is run."""
    for name in ("random", "llvmlite", "numpy", "numba", "pickle", "json", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'TRACE')!r}, 'a').write({name!r})\nraise SystemExit(3)\n"
        )


def test_helpers_start_with_nothing_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap(tmp_path)
    (tmp_path / "convdsl.py").write_text("raise SystemExit(4)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), ".", *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("", str(tmp_path))))
    done = subprocess.run(
        isolated.command("convdsl.engine.cpu.store", "work"), capture_output=True, text=True, check=False
    )
    assert done.stderr.strip().endswith("EOFError: Ran out of input"), done.stderr  # it was told nothing
    assert not (tmp_path / "TRACE").exists()


@pytest.mark.parametrize("command", ["check n.cnn", "fmt n.cnn", "solve n.cnn", "grade a.txt", "course list"])
def test_commands_start_with_nothing_of_the_working_folder(tmp_path: Path, command: str) -> None:
    trap(tmp_path)
    (tmp_path / "n.cnn").write_text("input NxNx1 -> conv 8 k3\n")  # a symbol: sympy loads much of the library
    (tmp_path / "a.txt").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "convdsl", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CONVDSL_DATA_HOME": str(tmp_path / "data")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and not (tmp_path / "TRACE").exists(), done.stderr
