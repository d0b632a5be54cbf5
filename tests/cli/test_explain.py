"""`convdsl explain` as a process: derivations, comparisons, pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Convdsl

SMALL = "input 32x32x3\nconv 6 k5 tanh\nmaxpool 2\nconv 16 k5\ndense 10\n"


@pytest.fixture
def small(tmp_path: Path) -> str:
    (tmp_path / "small.cnn").write_text(SMALL)
    return "small.cnn"


def test_a_program_layer_by_layer(convdsl: Convdsl, small: str) -> None:
    done = convdsl("explain", small)
    assert done.returncode == 0 and not done.stderr
    assert "params = (F·F·C + 1)·K" in done.stdout and "= (75 + 1)·6 = 76·6 = 456" in done.stdout
    assert "6 filters of 5×5 look at all 3 channels, plus one bias each." in done.stdout
    assert "= 456 + 2,416 + 16,010" in done.stdout and "\x1b[" not in done.stdout


@pytest.mark.parametrize(
    ("layer", "heading"),
    [
        ("1", "1  conv 6 k5 tanh   32×32×3 → 28×28×6"),
        ("conv", "1  conv 6 k5 tanh   32×32×3 → 28×28×6"),
        ("conv2", "3  conv 16 k5   14×14×6 → 10×10×16"),
        ("conv_2", "3  conv 16 k5   14×14×6 → 10×10×16"),
        ("dense", "4  dense 10   10×10×16 → 10"),
    ],
)
def test_one_layer(convdsl: Convdsl, small: str, layer: str, heading: str) -> None:
    done = convdsl("explain", small, layer)
    assert done.returncode == 0 and done.stdout.startswith(heading + "\n"), done.stdout
    assert "all layers" not in done.stdout


def test_a_program_on_the_command_line_and_on_standard_input(convdsl: Convdsl) -> None:
    program = "input 7x7x1 -> conv 1 k3 s3"
    done = convdsl("explain", "-e", program, "conv")
    assert done.stdout == convdsl("explain", "-", "conv", stdin=program).stdout
    assert "2.33 is rounded down to 2" in done.stdout and "frameworks round down" in done.stdout


def test_json(convdsl: Convdsl, small: str) -> None:
    data = json.loads(convdsl("explain", small, "conv", "--format", "json").stdout)
    params = next(d for d in data["layers"][0]["derivations"] if d["quantity"] == "params")
    assert params["formula"] == "(F*F*C + 1)*K" and params["letters"] == {"F": 5, "C": 3, "K": 6}
    assert params["steps"] == ["(5*5*3 + 1)*6", "(75 + 1)*6", "76*6", "456"] and params["result"] == 456
    assert data["total"] == []


def test_markdown_and_latex(convdsl: Convdsl, small: str) -> None:
    markdown = convdsl("explain", small, "conv", "--format", "markdown").stdout
    assert markdown.startswith("### conv 6 k5 tanh: 32×32×3 → 28×28×6\n")
    assert "O &= \\left\\lfloor \\frac{N + 2 P - F}{S} \\right\\rfloor + 1 \\\\\n" in markdown
    assert markdown.count("$$") % 2 == 0
    latex = convdsl("explain", small, "--format", "latex").stdout
    assert latex.count("\\begin{align*}") == latex.count("\\end{align*}") > 10
    assert "O &= 10" not in latex and "352\\,800" in latex and "×" not in latex


def test_two_programs_side_by_side(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text("input 28x28x192 -> conv 32 k5 p2 nobias")
    (tmp_path / "b.cnn").write_text("input 28x28x192 -> conv 16 k1 nobias -> conv 32 k5 p2 nobias")
    done = convdsl("explain", "--compare", "a.cnn", "b.cnn", "--format", "json")
    quantities = json.loads(done.stdout)["quantities"]
    assert quantities["macs"]["values"] == [120422400, 12443648]
    assert quantities["macs"]["ratio"] == pytest.approx(9.678, abs=0.001)
    text = convdsl("explain", "--compare", "a.cnn", "b.cnn").stdout
    assert "120,422,400" in text and "12,443,648" in text and "9.677" in text
    assert "12,443,648" in convdsl("explain", "--compare", "a.cnn", "b.cnn", "--format", "markdown").stdout
    assert "\\begin{tabular}" in convdsl("explain", "--compare", "a.cnn", "b.cnn", "--format", "latex").stdout


def test_one_5x5_against_two_3x3_in_symbols(convdsl: Convdsl) -> None:
    done = convdsl("explain", "--compare", "-e", "conv C k5 nobias", "-e", "conv C k3 nobias -> conv C k3 nobias")
    row = next(line.split() for line in done.stdout.splitlines() if line.strip().startswith("parameters"))
    assert row == ["parameters", "25·C²", "18·C²", "1.389"]


def test_the_page_of_a_layer_and_of_all(convdsl: Convdsl) -> None:
    assert convdsl("explain", "conv").stdout.startswith("## `conv`\n")
    assert convdsl("explain", "Conv2D").stdout == convdsl("explain", "conv").stdout
    layers = convdsl("explain", "layers").stdout
    assert "| `dwconv k3 p1 relu` |" in layers and "| `repeat N { A }` |" in layers
    assert convdsl("--lang", "es", "explain", "dense").stdout != convdsl("explain", "dense").stdout


def test_an_error_is_shown_and_what_is_known_is_explained(convdsl: Convdsl) -> None:
    done = convdsl("explain", "-e", "input 5x5x1 -> conv 2 k3 -> conv 1 k7")
    assert done.returncode == 1
    assert "error[E301]" in done.stderr and "= 3·3·2·3·3·1" in done.stdout


def test_calls_that_are_wrong(convdsl: Convdsl, small: str) -> None:
    for arguments, message in [
        (["explain"], "say what to explain"),
        (["explain", "nowhere.cnn"], "there is no file nowhere.cnn"),
        (["explain", "nothing"], "there is no layer and no file `nothing`. `convdsl explain layers` lists all layers."),
        (["explain", "convv"], "Did you mean `convdsl explain conv`?"),
        (["explain", small, "9"], "the layers are numbered from 1 to 4"),
        (["explain", small, "conv3"], "of conv there are 2"),
        (["explain", small, "bn"], "conv, maxpool, dense"),
        (["explain", small, "conv", "dense"], "one layer is explained at a time"),
        (["explain", "E999"], "there is no page about E999"),
        (["explain", "--compare", small], "takes two programs"),
    ]:
        done = convdsl(*arguments)
        assert done.returncode == 2, (arguments, done)
        assert message in done.stderr and done.stderr.count("\n") == 1 and not done.stdout, done.stderr


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("Conv2D", "## `conv`"),
        ("convolución", "## `conv`"),
        ("residual", "`residual { A }`"),
        ("repetir", "`repeat N { A }`"),
    ],
)
def test_what_a_layer_is_called_elsewhere_and_what_stands_before_braces(
    convdsl: Convdsl, word: str, shown: str
) -> None:
    done = convdsl("explain", word)
    assert done.returncode == 0 and done.stdout.startswith(shown)
