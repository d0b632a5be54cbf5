"""`convdsl fmt` as a process: what it rewrites, what it leaves alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Convdsl

UGLY = "conv 8 k 3→relu\n"
PRETTY = "conv 8 k3 -> relu\n"


def test_files_are_rewritten(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(UGLY, encoding="utf-8")
    (tmp_path / "b.cnn").write_text(PRETTY)
    os.chmod(tmp_path / "a.cnn", 0o640)
    os.utime(tmp_path / "b.cnn", (1, 1))
    done = convdsl("fmt", "a.cnn", "b.cnn")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.cnn is rewritten.\n", "")
    assert (tmp_path / "a.cnn").read_text() == PRETTY
    assert (tmp_path / "b.cnn").stat().st_mtime == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.cnn", "b.cnn"]
    if sys.platform != "win32":
        assert (tmp_path / "a.cnn").stat().st_mode & 0o777 == 0o640


def test_standard_input(convdsl: Convdsl) -> None:
    done = convdsl("fmt", "-", stdin=UGLY)
    assert (done.returncode, done.stdout) == (0, PRETTY)


def test_check_names_what_would_change(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(UGLY, encoding="utf-8")
    (tmp_path / "b.cnn").write_text(PRETTY)
    done = convdsl("fmt", "--check", "a.cnn", "b.cnn")
    assert (done.returncode, done.stdout) == (1, "a.cnn\n")
    assert (tmp_path / "a.cnn").read_text(encoding="utf-8") == UGLY
    assert convdsl("fmt", "--check", "b.cnn").returncode == 0


def test_diff(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(UGLY, encoding="utf-8")
    done = convdsl("fmt", "--diff", "a.cnn")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [f"-{UGLY.strip()}", f"+{PRETTY.strip()}"]
    assert (tmp_path / "a.cnn").read_text(encoding="utf-8") == UGLY


def test_what_cannot_be_read_is_not_touched(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text("conv 8 k 3 ->\n")
    (tmp_path / "latin.cnn").write_bytes("# año\n".encode("latin-1"))
    (tmp_path / "right.cnn").write_text(UGLY, encoding="utf-8")
    done = convdsl("fmt", "wrong.cnn", "latin.cnn", "right.cnn")
    assert done.returncode == 1
    assert "wrong.cnn:1:12" in done.stderr
    assert "latin.cnn:1:4" in done.stderr
    assert (tmp_path / "wrong.cnn").read_text() == "conv 8 k 3 ->\n"
    assert (tmp_path / "right.cnn").read_text() == PRETTY


def test_a_wrong_layer_is_no_reason_not_to_write_it_well(convdsl: Convdsl) -> None:
    assert convdsl("fmt", "-", stdin="cnov  8 k 3").stdout == "cnov 8 k3\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(UGLY, encoding="utf-8")
    (tmp_path / "link.cnn").symlink_to("a.cnn")
    assert convdsl("fmt", "link.cnn").returncode == 0
    assert (tmp_path / "link.cnn").is_symlink()
    assert (tmp_path / "a.cnn").read_text() == PRETTY


def test_line_ends_of_other_systems_stay(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_bytes(b"relu\r\nconv 8 k 3\r\n")
    assert convdsl("fmt", "a.cnn").returncode == 0
    assert (tmp_path / "a.cnn").read_bytes() == b"relu\r\nconv 8 k3\r\n"


@pytest.mark.parametrize("name", ["missing.cnn", "."])
def test_a_wrong_call(convdsl: Convdsl, name: str) -> None:
    done = convdsl("fmt", name)
    assert done.returncode == 2
    assert done.stderr.startswith("convdsl: ")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_protected_file(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(UGLY, encoding="utf-8")
    os.chmod(tmp_path / "a.cnn", 0o444)
    done = convdsl("fmt", "a.cnn")
    assert done.returncode == 2
    assert (tmp_path / "a.cnn").read_text(encoding="utf-8") == UGLY
