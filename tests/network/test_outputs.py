"""Several outputs with names, and layers that lead to none of them."""

from __future__ import annotations

import pytest

from convdsl.language.formatter import formatted
from convdsl.network import Analysis, analyse
from convdsl.source import Source

INPUT = "input 8x8x4\n"


def check(program: str) -> Analysis:
    return analyse(Source(INPUT + program))


RIGHT = [
    ("conv 2 k3 -> output a { gap -> dense 3 }\ndense 5 -> output b", {"a": (3,), "b": (5,)}),
    ("conv 2 k3 -> output a -> conv 3 k3 -> output b { conv 1 k1 }", {"a": (6, 6, 2), "b": (4, 4, 1)}),
    ("block head(name, C) { output name { conv C k1 } }\nconv 2 k3\nhead(a, 3) -> head(b, 4)", {"a": (6, 6, 3), "b": (6, 6, 4)}),
    ("block inner(name) { output name }\nblock outer(name) { conv 2 k1 -> inner(name) }\nouter(x)\nouter(y)",
     {"x": (8, 8, 2), "y": (8, 8, 2)}),
    ("add { conv 4 k1 -> output a | identity } -> output b", {"a": (8, 8, 4), "b": (8, 8, 4)}),
    ("conv 2 k1 -> keep a -> output one\nconv 3 k1 -> output two\nconcat { identity | from a } -> output three",
     {"one": (8, 8, 2), "two": (8, 8, 3), "three": (8, 8, 5)}),
    ("freeze { conv 2 k1 -> output a { conv 3 k1 } } -> repeat 2 { conv 2 k1 } -> output b", {"a": (8, 8, 3), "b": (8, 8, 2)}),
    ("aux 0.3 { gap -> dense 2 }\nconv 3 k1 -> gap -> dense 2 -> output only", {"only": (2,)}),
]  # fmt: skip


@pytest.mark.parametrize(("program", "outputs"), RIGHT)
def test_outputs_have_names_and_sizes(program: str, outputs: dict[str, tuple[int, ...]]) -> None:
    analysis = check(program)
    assert not analysis.failed and not any(d.code == "N532" for d in analysis.diagnostics)
    assert {o.name: analysis.report[o.node].output for o in analysis.network.outputs} == outputs
    once = formatted(analysis.program)
    assert formatted(analyse(Source(once)).program) == once
    again = analyse(Source(once)).network
    assert [(o.name, o.node) for o in again.named] == [(o.name, o.node) for o in analysis.network.named]


WRONG = [
    ("conv 2 k3 -> output", "E218", "output"),
    ("conv 2 k3 -> output { gap }", "E218", "output"),
    ("conv 2 k3 -> output 10", "E218", "output"),
    ("conv 2 k3 -> output A { gap }", "E218", "output"),
    ("conv 2 k3 -> output two words", "E218", "output"),
    ("output a", "E218", "output a"),
    ("conv 2 k1 -> output a { gap }\noutput a { dense 2 }", "E218", "a"),
    ("repeat 2 { conv 2 k1 -> output a }", "E218", "a"),
    ("block b() { conv 2 k1 -> output a }\nb() -> b()", "E218", "a"),
    ("conv 2 k1 -> output a { gap | gap }", "E212", " gap "),
    ("conv 2 k1 -> output a { gap } relu", "E205", "relu"),
    ("conv 2 k1 -> output a { }", "E212", ""),
    ("aux 0.3 { gap -> dense 2 }\nconv 3 k1 -> output a -> gap -> output b", "E218", "dense 2"),
    ("conv 2 k1 -> outputs a { gap }", "E201", "outputs"),
]


@pytest.mark.parametrize(("program", "code", "place"), WRONG)
def test_what_is_no_output_is_answered(program: str, code: str, place: str) -> None:
    analysis = check(program)
    (found,) = [d for d in analysis.diagnostics if d.severity == "error"]
    assert (found.code, analysis.source.text[found.span.start : found.span.end].strip()) == (code, place.strip())


LOOSE = [
    ("conv 2 k3 -> output a\nconv 3 k3 -> conv 4 k1", ["conv 4 k1"]),
    ("conv 2 k3 -> keep low -> conv 3 k3\nadd { from low }", ["conv 3 k3"]),
    ("repeat 2 { residual { conv 4 k1 -> keep s } }\nadd { from s }", []),
    ("conv 2 k3 -> output a -> conv 3 k3 -> output b", []),
    ("conv 2 k3 -> aux 0.3 { dense 2 } -> dense 2", []),
]


@pytest.mark.parametrize(("program", "places"), LOOSE)
def test_what_leads_nowhere_is_pointed_out(program: str, places: list[str]) -> None:
    analysis = check(program)
    text = analysis.source.text
    assert [text[d.span.start : d.span.end] for d in analysis.diagnostics if d.code == "N532"] == places


def test_what_stands_above_is_counted_side_exits_too() -> None:
    for program in (
        "conv 2 k1 -> output a { conv 3 k1 }\nexpect params 19",
        "aux 0.3 { conv 2 k1 }\nexpect params 10\nconv 1 k1",
    ):
        assert not check(program).failed, program
