"""Random programs, right ones and broken ones: every drawing has every layer once, the wires of the net, and nothing on top of
something else."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convdsl.drawing.drawing import STYLES
from convdsl.drawing.picture import COLOURS, DIRECTIONS, Drawing, choices
from convdsl.drawing.telling import SHAPES
from convdsl.network import analyse
from convdsl.source import Source
from tests.drawing.reading import check_markup, check_nodes, check_texts, check_wires, read_svg
from tests.drawing.test_examples import check_figures
from tests.mutations import mutated
from tests.programs import Kind, program

KIND = Kind(most_layers=10, depth=4)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def chosen(draw: st.DrawFn) -> dict[str, object]:
    return {
        "style": draw(st.sampled_from(STYLES)),
        "direction": draw(st.sampled_from(DIRECTIONS)),
        "width": draw(st.sampled_from((300, 500, 900, 1600))),
        "depth": draw(st.sampled_from((None, "all", 0, 1, 2))),
        "colour": draw(st.sampled_from(COLOURS)),
        "legend": draw(st.booleans()),
        "show": draw(st.sampled_from(("sizes", "none", "sizes,params,macs,rf,memory"))),
    }


def check(text: str, options: dict[str, object], figures: bool = False) -> None:
    analysis = analyse(Source(text, "t.cnn"))
    if not analysis.network.nodes:
        return
    made = Drawing(analysis, choices(**options))  # type: ignore[arg-type]
    check_markup(made.svg)
    check_nodes(analysis, read_svg(made.svg))
    check_texts(made.drawn)
    check_wires(made.drawn)
    if figures:
        check_figures(analysis, made.svg)


@QUICK
@given(st.randoms(use_true_random=False), chosen())
def test_programs_that_are_right(rng: Random, options: dict[str, object]) -> None:
    check(program(rng, KIND), {**options, "shape": "hwc"}, figures=True)


@QUICK
@given(st.randoms(use_true_random=False), chosen(), st.sampled_from(SHAPES))
def test_programs_with_errors_and_symbols(rng: Random, options: dict[str, object], shape: str) -> None:
    text, other = (program(rng, KIND._replace(unknowns=True) if hasattr(KIND, "_replace") else KIND) for _ in "ab")
    check(mutated(rng, text, other), {**options, "shape": shape})
