"""The tutorial, done: its blocks are put into a copy of the package, and the new layer goes through everything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "add-a-layer.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)

TRIAL = """
import contextlib, io, json, os
from convdsl.cli import main
import convdsl
assert convdsl.__file__.startswith(os.getcwd()), convdsl.__file__

def said(*call, status=0):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        found = main(list(call))
    assert found == status, (call, out.getvalue())
    return out.getvalue()

open("net.cnn", "w").write("input 9x9x2\\nblur 3 s2\\ndense 4\\n")
facts = json.loads(said("check", "net.cnn", "--format", "json"))
assert facts["layers"][0]["output"] == [5, 5, 2] and facts["layers"][0]["flops"] == 450, facts
open("wrong.cnn", "w").write("input 9x9x2 -> blur 3 4")
assert "E205" in said("check", "wrong.cnn", status=1)
open("foreign.cnn", "w").write("input 9x9x2 -> suavizar 3")
assert "blur" in said("check", "foreign.cnn", status=1)
assert "One operation for each value under each window." in said("explain", "net.cnn", "1")
assert "The mean of the values under the window" in said("explain", "blur")
open("hole.cnn", "w").write("input 9x9x2 -> blur 3 s? -> expect 5x5x2")
assert json.loads(said("solve", "hole.cnn", "--format", "json"))["solutions"] == [{"s": 2}]
open("loose.cnn", "w").write("input 9x9x2 -> blur k=3 s=2 p same")
said("fmt", "loose.cnn")
assert open("loose.cnn").read() == "input 9x9x2 -> blur k3 s2 p same\\n", open("loose.cnn").read()

from convdsl.network import analyse
from convdsl.source import Source
from convdsl.editing import proposals
assert "blur" in {p.word for p in proposals("bl", analyse(Source("input 9x9x2")))}

print("done")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tests, with what the page says added at the end of the files that it names."""
    folder = tmp_path_factory.mktemp("house")
    for part in ("convdsl", "tests", "grammar", "scripts", "pyproject.toml"):
        if (ROOT / part).is_file():
            shutil.copy(ROOT / part, folder)
            continue
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    for name, code in BLOCKS:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{code}")
    return folder


def test_the_page_names_the_files_it_touches() -> None:
    assert [name for name, _ in BLOCKS] == [
        "convdsl/layers/pooling.py",
        "convdsl/engine/plan/lowering.py",
        "tests/engine/reference.py",
    ]


def run(house: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(house), "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_layer_of_the_page_goes_through_every_command(house: Path) -> None:
    assert run(house, "-c", TRIAL).strip().endswith("done")


def test_the_tests_find_it_by_themselves(house: Path) -> None:
    """Declaration, reference, plan, the kernels of both devices, gradients and costs."""
    contracts = ("tests/layers", "tests/engine/test_contract.py", "tests/engine/cuda/test_contract.py")
    found = run(house, "-m", "pytest", "-k", "blur", "-p", "no:cacheprovider", "-rA", *contracts)
    assert {"test_declarations.py", "engine/test_contract.py", "cuda/test_contract.py"} <= {
        part for part in ("test_declarations.py", "engine/test_contract.py", "cuda/test_contract.py") if part in found
    }
    assert "no tests ran" not in found and "failed" not in found
