"""Standard streams that cannot hold every character, are closed or full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Convdsl

WRONG = "input 32x32x3 -> conv 8 k40"


def test_signs_that_ascii_lacks_are_written_with_those_it_has(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", stdin=WRONG, PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and not done.stderr
    assert "(32 + 2*0 - 40)/1 + 1 = -7" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_loses_no_character(convdsl: Convdsl, encoding: str) -> None:
    done = convdsl("check", "-", "--format", "json", stdin=WRONG, PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout)["diagnostics"][0]["formula"] == "(32 + 2·0 − 40)/1 + 1 = −7"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_full_disk_is_told(kind: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "convdsl", "check", "-", "--format", kind],
            input="conv 8 k3",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2 and done.stderr.startswith("convdsl: ") and "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell is needed to close a stream")
@pytest.mark.parametrize(("closed", "status"), [(">&-", 0), ("2>&-", 0), ("<&-", 1)])
def test_closed_streams_are_no_trouble(tmp_path: Path, closed: str, status: int) -> None:
    (tmp_path / "a.cnn").write_text("input 8x8x1 -> conv 8 k3", encoding="utf-8")
    name = "-" if closed == "<&-" else "a.cnn"
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m convdsl check {name} {closed}', sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status and not done.stderr


def test_completion_in_a_notebook_finds_the_functions() -> None:
    import convdsl

    assert {"load", "parse", "ProgramError"} <= set(dir(convdsl))
