"""`shared` blocks: what is counted, what is shown, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from convdsl.language.formatter import formatted
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.report.data import analysis_data
from convdsl.solver import solve
from convdsl.source import Source

STEP = "shared step { conv 8 k3 p1 -> bn relu }\n"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def test_weights_are_counted_once_and_multiplications_each_time() -> None:
    once, twice = (analyse(Source(f"input 6x6x8\n{STEP}" + "step()\n" * n)).report.total for n in (1, 2))
    assert (twice.params, twice.trainable, twice.buffers) == (once.params, once.trainable, once.buffers)
    assert (twice.macs, twice.flops) == (2 * once.macs, 2 * once.flops)
    assert twice.parameter_bytes == once.parameter_bytes


def test_every_use_knows_the_layer_whose_weights_it_has() -> None:
    text = f"input 6x6x8\n{STEP}shared both {{ step() -> conv 8 k1 }}\nrepeat 2 {{ both() }}\nstep()\n"
    analysis = analyse(Source(text))
    assert [n.shared for n in analysis.network.nodes] == [0, 0, 0, 1, 2, 3, 1, 2]
    layers = json.loads(json.dumps(analysis_data(analysis, analysis.diagnostics)))["layers"]
    assert [row["shared"] for row in layers] == [None, None, None, 1, 2, 3, 1, 2]
    assert [row["params"] for row in layers] == [584, 16, 72, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("input 6x6x8\nshared a(C) { conv C k1 }\na(3)", "C"),
        ("input 6x6x4\nshared a { conv 8 k1 relu }\na()\na()", "conv 8 k1 relu"),
        ("input 6x6x8\nshared a { dense 10 relu }\na()\na()", "dense 10 relu"),
        ("input 6x6x8\nshared a { conv 8 k1 relu }\na()\nfreeze { a() }", "a()"),
        ("input 6x6x4\nshared a { bn relu }\na()\nconv 8 k1\na()", "bn relu"),
    ],
)
def test_what_cannot_be_one_is_refused_once_at_its_place(text: str, place: str) -> None:
    (found,) = [d for d in analyse(Source(text)).diagnostics if d.severity == "error"]
    assert found.code == "E216" and text[found.span.start : found.span.end] == place and found.help


def test_unknowns_are_found_with_which_the_weights_have_one_size() -> None:
    answer = solve(Source("input 6x6x8\nshared a { conv ? k3 p1 relu }\na()\na()\nexpect params <= 600"))
    assert [dict(s) for s in answer.solutions] == [{"conv": 8}]


def test_it_is_written_in_one_way() -> None:
    analysis = analyse(Source("input 6x6x8\nshared   a{conv 8 k1 relu}\na()->a()\n"))
    text = formatted(analysis.program)
    assert text == "input 6x6x8\nshared a { conv 8 k1 relu }\na() -> a()\n"
    assert formatted(analyse(Source(text)).program) == text
