"""The rooms and the direction of imports between them (see ARCHITECTURE.md)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after running some code."""
    script = f"import sys\n{code}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_imports_go_one_way() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


CHECK = "from convdsl.cli import main; main(['check', {file!r}, '--format', {format!r}])"


@pytest.mark.parametrize("format", ["text", "json"])
def test_check_loads_nothing_heavy(format: str) -> None:
    modules = loaded_by(CHECK.format(file=str(ROOT / "examples" / "resnet152.cnn"), format=format))
    assert not modules & {"numba", "numpy", "sympy", "llvmlite", "safetensors", "prompt_toolkit", "PIL"}


def test_a_network_without_faults_loads_little() -> None:
    """What only answers, help and archives need is loaded when they come. (`unicodedata` too; but Python itself loads it
    where it has to compile a file first.)"""
    modules = loaded_by(CHECK.format(file=str(ROOT / "examples" / "lenet5.cnn"), format="text"))
    assert not modules & {"shutil", "textwrap", "html", "tempfile", "lzma", "bz2", "lark"}
    assert not modules & {"convdsl.language.not_here", "convdsl.language.foreign", "convdsl.network.strangers"}


def test_check_loads_sympy_for_a_symbol(tmp_path: Path) -> None:
    file = tmp_path / "n.cnn"
    file.write_text("input NxNx3 -> conv 8 k3")
    assert "sympy" in loaded_by(CHECK.format(file=str(file), format="json"))


def test_help_does_not_load_the_parser() -> None:
    assert not loaded_by("from convdsl.cli import main; main(['--help'])") & {"lark", "rich", "numpy"}


def test_engine_and_training_know_what_a_network_and_a_model_are() -> None:
    """`NetView` and `WrittenNet`, `Trainable`: nobody takes a network or a model of any type."""
    untyped = re.compile(r"\b(net|network|model)(s?): (list\[|Sequence\[)?Any\b")
    for room in ("engine", "training"):
        for file in sorted((ROOT / "convdsl" / room).rglob("*.py")):
            found = [line for line in file.read_text(encoding="utf-8").splitlines() if untyped.search(line)]
            assert not found, f"{file}: {found}"
