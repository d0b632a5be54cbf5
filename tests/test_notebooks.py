"""The notebooks run from top to bottom, and both languages have the same cells; programs in a cell never raise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import convdsl
from convdsl.diagnostics import ProgramError
from convdsl.messages import use_language
from convdsl.net import Net
from convdsl.notebook import cell

BOOKS = {"en": "first_network.ipynb", "es": "primera_red.ipynb"}
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def read(language: str) -> Any:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    return nbformat.read(EXAMPLES / BOOKS[language], as_version=4)


def test_both_notebooks_have_the_same_code() -> None:
    english, spanish = ([c.source for c in read(language).cells if c.cell_type == "code"] for language in BOOKS)
    assert english == spanish and len(english) > 8
    assert not any(c.get("outputs") for language in BOOKS for c in read(language).cells)


@pytest.mark.parametrize("language", BOOKS)
def test_a_notebook_runs_from_top_to_bottom(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    monkeypatch.setenv("LC_ALL", "es_ES.UTF-8" if language == "es" else "C.UTF-8")
    root = str(EXAMPLES.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")])))
    book = read(language)
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
    shown = [
        o["data"]["text/html"] for c in book.cells for o in c.get("outputs", ()) if "text/html" in o.get("data", {})
    ]
    assert len(shown) == 4
    assert "<svg" in shown[0] and "14×14×6" in shown[0]
    assert "E301" in shown[1] and ("ayuda" if language == "es" else "help") in shown[1]
    assert ("pérdida" if language == "es" else "loss") in shown[2]


def test_a_cell_with_a_wrong_program_leaves_the_variable() -> None:
    use_language("en")
    known: dict[str, Any] = {}
    assert "<svg" in cell("net", "input 3x3x1 -> conv 4 k3", known)._repr_html_()
    first = known["net"]
    assert isinstance(first, Net) and first.name == "net"
    wrong = cell("net", "input 3x3x1 -> conv 4 k<3>", known)
    assert "&lt;3&gt;" in wrong._repr_html_() and "<3>" not in wrong._repr_html_()
    assert known["net"] is first
    assert "N=224" in repr(cell("two names", "input 3x3x1 -> conv 4 k3", known))
    assert "N=224" in repr(cell("class", "input 3x3x1 -> conv 4 k3", known)) and "class" not in known
    assert "no symbol M" in repr(cell("net M=3", "input 3x3x1 -> conv 4 k3", known))
    assert cell("net N=9", "input NxNx1 -> conv 4 k3", known) and known["net"].input == (9, 9, 1)


def test_reports_and_errors_show_themselves() -> None:
    use_language("es")
    net = convdsl.parse("input 28x28x1 -> conv 6 k5 -> dense 10", "a.cnn")
    assert (
        "34\N{NARROW NO-BREAK SPACE}570" in net.report._repr_html_() and "campo receptivo" in net.report._repr_html_()
    )
    with pytest.raises(ProgramError) as raised:
        convdsl.parse("input 3x3x1 -> cnov 4")
    assert "¿Quiso decir <code>conv</code>?" in raised.value._repr_html_()
    lines = raised.value._render_traceback_()
    assert not any("Traceback" in line for line in lines) and any("^^^^" in line for line in lines)
    use_language(None)
