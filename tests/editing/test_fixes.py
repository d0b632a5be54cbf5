"""Every way out that is given as edits is one: the diagnostic is gone, and no error is new."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from convdsl.cli import main
from convdsl.codes import CODES
from convdsl.diagnostics import Diagnostic, Edit, Fix
from convdsl.editing.fixing import applied, mended
from convdsl.source import Source, Span
from convdsl.training import checked
from tests.network.test_diagnostics import HABITS
from tests.test_error_pages import FOLDERS, diagnose, programs

PAGES = [(c, lang, p) for c in CODES for lang in FOLDERS for p in programs(c, lang)[:1]]


def said(found: list[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter((d.code, str(d.message)) for d in found)


def errors(found: list[Diagnostic]) -> int:
    return sum(d.severity == "error" for d in found)


def try_all(program: str) -> list[str]:
    """Applies each fix of a program by itself. What goes wrong."""
    wrong = []
    before = diagnose(program)
    for diagnostic in before:
        for fix in diagnostic.fixes:
            text = applied(program, [fix])
            after = diagnose(text)
            key = (diagnostic.code, str(diagnostic.message))
            if said(after)[key] >= said(before)[key]:
                wrong.append(f"{diagnostic.code} stays: {fix.title}\n{text}")
            elif errors(after) > errors(before) - (diagnostic.severity == "error"):
                wrong.append(f"{diagnostic.code} brings {said(after) - said(before)}: {fix.title}\n{text}")
    return wrong


@pytest.mark.parametrize(("code", "language", "program"), PAGES, ids=[f"{c}-{lang}" for c, lang, _ in PAGES])
def test_fixes_of_the_error_pages(code: str, language: str, program: str) -> None:
    assert not try_all(program)


@pytest.mark.parametrize("line", [line for line, *_ in HABITS])
def test_fixes_of_habits(line: str) -> None:
    assert not try_all(f"input 28x28x1\n{line}\n")


BROKEN = [
    "conv 8 k3 s2 p1 s3",
    "conv 8 (k3)",
    "conv 8 k3 padding=same activation=relu",
    "conv (2*4) kernel=(3)",
    "maxpool 2 relu",
    "conv 8 k3 relu tanh",
    "add { conv 1 k3 p1 | } relu",
    "conv 8 k3 relu → maxpol 2 → flatten",
    "conv 8 k3 -> output",
    "let A = 3\nlet A = 4\nconv A k3",
    "conv 8 k3 conv 8 k3",
    "repeat 2 { conv 8 k3 p1",
    "conv 8 k31 # too wide",
    "conv 8 k31 relu -> conv 8 k1",
    "residual { conv 1 k3 p1 } relu tanh",
    "conv 8 k3 g3",
    "maxpool 2 p3",
    "expect 28x28",
    "expect params 12\nconv 8 k3\nexpect params 81",
    "conv 1 k1 -> expect output 28x28x1",
    "conv 8 k3\ninput 28x28x1",
    "sharde a { conv 8 k3 }\na()",
    "block a(C) { conv C k3 }\na 8",
    "block a(C) { conv C k3 }\naa(8)",
    "dense 10\ndense 10\ntrain {\n  epoch 3\n}",
    "dense 10 relu\ndense 10\ntrain {\n  lr = 0,1\n}",
    "dense 10 softmax\ntrain {\n  epochs 3, batch 8\n  optimizer sgd 0.1\n}",
    "dense 10\ntrain {\n  epochs 3\n  epochs 4\n  schedule cosine warmpu=1\n}",
    "bn momentum=0.1",
    "dense 10 softmax -> dense 10 softmax",
    "conv 8 k4 p same",
    "conv 8 k3 s2",
    "tconv 8 k3 s2 op5",
    "leakyrelu -> relu 10",
    "сonv 8 k3",
    "conv64k3 relu",
    "max pool 2",
    "nn.Conv2d(1, 8, 3) -> nn.Flatten()",
    "dense 10 tanh -> softmax\ntrain { epochs 3 }",
    "dense 10 -> tanh\ntrain { epochs 3 }",
]


@pytest.mark.parametrize("program", BROKEN)
def test_fixes_of_broken_programs(program: str) -> None:
    assert not try_all(f"input 28x28x1\n{program}\n")


WORDS_ALONE = {
    "E101": ("=, <=, >=", "28x28x3", "For example", "Give the values", "It is written like this", "Finish it"),
    "E102": ("UTF-8",),
    "E103": ("A network is written like this",),
    "E104": ("Name inner parts",),
    "E105": ("Repeat less",),
    "E106": ("Numbers go up to",),
    "E207": ("It is called like this",),
    "E208": ("A block may use",),
    "E209": ("another name",),
    "E212": ("Branches are separated", "It is written like this"),
    "E215": ("A shape such as",),
    "E216": ("Give all uses",),
    "E218": ("Each output has",),
    "E219": ("as many channels",),
    "E302": ("Give the branches",),
    "E304": ("Put it before",),
    "E306": ("The products",),
    "E310": ("Give symbols",),
    "E601": ("with another layer in its place",),
    "N506": ("Pooling before",),
    "N508": ("Give them values",),
    "N530": ("It is the same",),
    "N532": ("take up what is meant",),
}
"""What is advice and no text to write; everything else comes with its edits."""


@pytest.mark.parametrize("code", CODES)
def test_a_way_out_that_is_a_text_has_edits(code: str) -> None:
    for diagnostic in diagnose(programs(code, "en")[0]):
        help = diagnostic.help
        known = any(words in str(help) for words in WORDS_ALONE.get(diagnostic.code, ()))
        assert help is None or diagnostic.fixes or known, f"{diagnostic.code}: {help}"


def test_the_words_of_a_help_are_those_of_its_fix() -> None:
    (found,) = diagnose("input 28x28x1\nConv2D(64, 3)\n")
    assert found.help == found.fixes[0].title
    assert found.fixes[0].edits == (Edit(Span(14, 27), "conv 64 k3"),) and found.fixes[0].safe


def test_edits_are_made_from_the_back_and_those_that_overlap_once() -> None:
    def fix(start: int, end: int, text: str) -> Fix:
        return Fix("", (Edit(Span(start, end), text),))

    assert applied("abcdef", [fix(0, 1, "xx"), fix(4, 5, ""), fix(4, 6, "!"), fix(2, 2, "-")]) == "xxb-cdf"


MENDED = [
    (
        "entrada 28x28x1 => conv2d 8 3x3 => aplanar => dense 10\ntrain {\n epochs = 5; lr = 0,1\n}\n",
        "entrada 28x28x1 -> conv 8 k3x3 -> flatten -> dense 10\ntrain {\n epochs 5\nlr 0.1\n}\n",
        6,
    ),
    (
        "input 28x28x1\nConv2D(8, 3)\nnn.Flatten()\ndense 8, relu",
        "input 28x28x1\nconv 8 k3\nflatten\ndense 8 relu",
        3,
    ),
    ("input 28x28x1\nmaxpol 2\nconv(8, 3)", "input 28x28x1\nmaxpol 2\nconv 8 k3", 1),
    ("input 28x28x1\nconv 8 k31\n", "input 28x28x1\nconv 8 k31\n", 0),
    ("input 28x28x1 => conv 8 k3 => flatten", "input 28x28x1 -> conv 8 k3 -> flatten", 2),
    ("input 28,28,1\nconv 8 k3", "input 28x28x1\nconv 8 k3", 1),
]


@pytest.mark.parametrize(("program", "better", "count"), MENDED)
def test_only_what_has_one_reading_is_mended(program: str, better: str, count: int) -> None:
    source, n = mended(Source(program, "net.cnn"), checked)
    assert (source.text, n) == (better, count)


def test_what_the_command_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.cnn"
    file.write_bytes(b"input 28x28x1\r\nConv2D(8, 3)\r\nmaxpol 2\r\n")
    assert main(["check", "--fix", "--lang", "es", str(file)]) == 1
    said = capsys.readouterr()
    assert file.read_bytes() == b"input 28x28x1\r\nconv 8 k3\r\nmaxpol 2\r\n"
    assert "E201" in said.out and "E109" not in said.out
    assert "net.cnn: se corrigió un error" in said.err
    assert main(["check", "--fix", "-"]) == 2


def test_fixes_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.cnn"
    file.write_text("input 7x7x1\nconv 8 k9\n")
    main(["check", "--format", "json", str(file)])
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    place = {"line": 2, "column": 10, "end_line": 2, "end_column": 10}
    assert [(f["safe"], f["edits"][0]["text"]) for f in found["fixes"]] == [
        (False, " p1"),
        (False, " p same"),
        (False, "k7"),
    ]
    assert found["fixes"][0]["edits"] == [{**place, "text": " p1"}]
