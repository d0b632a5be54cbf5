"""The plan: what lives at the same time lies apart, and it can be printed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import convdsl
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Plan, Target, plan
from tests.engine.programs import PROGRAMS


def made(text: str, batch: int = 8) -> Plan:
    return plan(convdsl.parse(text), batch, Optimizer("adam"), Target())


@pytest.mark.parametrize("text", PROGRAMS)
def test_values_that_live_together_do_not_overlap(text: str) -> None:
    program = made(text).training
    for region in program.regions:
        for step in region.steps:
            roots = list({v.root for v in step.values()})
            for i, a in enumerate(roots):
                for b in roots[i + 1 :]:
                    if a.home == b.home:
                        first, second = sorted((a, b), key=lambda v: v.offset)
                        slots = 1 if first.single else 4
                        assert (
                            first.offset + first.pitch * slots <= second.offset
                            or first.offset + first.pitch <= second.offset
                        )


def test_every_value_is_written_before_it_is_read() -> None:
    for text in PROGRAMS:
        written = set()
        for region in made(text).training.regions:
            for step in region.steps:
                fresh = [v for role, v in step.reads.items() if v.root not in written and role not in step.writes]
                assert not fresh, (text, step.kind, [v.name for v in fresh])
                written.update(v.root for v in step.writes.values())


def test_the_plan_is_printed_with_its_steps_and_bytes() -> None:
    text = str(made("input 9x9x3 -> conv 8 k3 relu -> maxpool 2 -> dense 10 softmax"))
    assert "gather + relu" in text and "in parallel over chunks of images" in text and "kB" in text


def test_planning_needs_no_compiler() -> None:
    code = (
        "import sys, convdsl; from convdsl.engine.plan import plan, Target; from convdsl.engine.optimizer import Optimizer;"
        "print(plan(convdsl.parse('input 8x8x1 -> conv 2 k3 -> dense 2'), 4, Optimizer('sgd'), Target()));"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_memory_grows_with_the_batch_but_not_as_fast_where_nothing_couples_images() -> None:
    text = "input 32x32x3 -> conv 16 k3 relu -> conv 16 k3 relu -> gap -> dense 10"
    small, large = made(text, 32).memory.activations, made(text, 512).memory.activations
    assert small <= large < 8 * small
