"""The plan's schema: every plan keeps to it, whatever is switched off; and what breaks it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import convdsl
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Loss, Plan, Step, Target, Value, plan, program
from convdsl.engine.plan.keeping import layouts
from convdsl.engine.plan.kinds import KINDS, ONLY_IN_BLOCKS, ONLY_WHOLE, SETTINGS
from convdsl.engine.plan.lowering import Lowering
from convdsl.engine.plan.ops import Tape, backward_steps, forward_steps
from convdsl.engine.plan.rewrites import REWRITES
from convdsl.engine.plan.values import GPU
from convdsl.engine.plan.verify import WrongPlan, between_passes, faults, verify
from convdsl.layers import LAYERS
from tests.engine.programs import PROGRAMS
from tests.engine.test_rewrites import NETWORKS
from tests.random_networks import networks

TARGETS = (Target(4, 16), Target(4, 32), Target(8, 16), Target(16, 32), GPU)
ROOT = Path(__file__).parents[2]
EXAMPLES = ("lenet5", "densenet121", "googlenet", "mobilenet", "resnet20")
POOLED = "input 20x20x3 -> conv 16 k3 relu -> maxpool 2 -> conv 16 k3 relu -> maxpool 2 -> conv 16 k2 -> dense 3"
LOSSES = (Loss("mse"), Loss("mae"), Loss("binary_cross_entropy"), Loss("cross_entropy", 0.1, True))
OFF = (frozenset[str](), *(frozenset({name}) for name in REWRITES), frozenset(REWRITES))


def _small() -> list[str]:
    of_layers = [
        f"{'' if x.example.startswith('input') else 'input 8x8x4 -> conv 4 k1 -> '}{x.example} -> dense 3 softmax"
        for x in LAYERS
        if x.example and "\n" not in x.example
    ]
    return [*PROGRAMS, POOLED, *of_layers, *networks(12, seed=11, most=1500)]


def _plans() -> Iterator[Plan]:
    """Small programs with and without all rewrites, those that have each rewrite without every one of them, examples."""
    for text in _small():
        for target in TARGETS:
            for off in (OFF[0], OFF[-1]):
                yield plan(convdsl.parse(text), 20, Optimizer(), replace(target, without=off))
    for text in (*NETWORKS, POOLED):
        for target in TARGETS:
            for off in OFF:
                yield plan(convdsl.parse(text), 20, Optimizer(), replace(target, without=off))
    for name in EXAMPLES:
        net = convdsl.parse((ROOT / "examples" / f"{name}.cnn").read_text(encoding="utf-8"))
        yield from (plan(net, 16, Optimizer(), target) for target in (Target(8, 16), GPU))
    for loss in LOSSES:
        yield from (
            plan(convdsl.parse("input 4x4x2 -> conv 3 k3 -> dense 3"), 4, Optimizer(), t, loss) for t in TARGETS
        )


def _steps(made: Plan) -> list[Step]:
    return [step for region in made.training.regions for step in region.steps]


def test_every_plan_keeps_to_the_kinds_and_has_all_of_them() -> None:
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for made in _plans():
        verify(made)
        seen[made.target.whole_batch] |= {
            step.kind for p in (made.training, made.inference) for r in p.regions for step in r.steps
        }
    assert seen[False] == set(KINDS) - ONLY_WHOLE
    assert seen[True] == set(KINDS) - ONLY_IN_BLOCKS


def test_every_kind_has_known_settings_and_its_own_meaning() -> None:
    assert {name for kind in KINDS.values() for name in kind.roles("settings")} == set(SETTINGS)
    for kind in KINDS.values():
        roles = {role for of in ("reads", "writes", "weights") for role in kind.roles(of)}
        assert kind.meaning and set(f"{kind.alike} {kind.spans} {kind.reach} {kind.sums}".split()) <= roles, kind.name


def test_each_device_binds_the_kinds_that_its_plans_have() -> None:
    from convdsl.engine.cpu import bindings as _cpu  # noqa: F401
    from convdsl.engine.cpu.bind import BINDINGS as cpu

    assert set(cpu) == set(KINDS) - ONLY_WHOLE


def test_a_gpu_binds_the_kinds_that_its_plans_have(simulator: Any) -> None:
    from convdsl.engine.cuda import bindings as _cuda  # noqa: F401
    from convdsl.engine.cuda.bind import BINDINGS as cuda

    assert set(cuda) == set(KINDS) - ONLY_IN_BLOCKS


TEXT = "input 6x6x2 -> conv 3 k3 p1 tanh -> residual { conv 3 k3 p1 } -> maxpool 2 -> dense 3"


def _first(steps: list[Step], kind: str) -> Step:
    return next(step for step in steps if step.kind == kind)


def _changed(steps: list[Step], first: str, **fields: Any) -> None:
    step = _first(steps, first)
    steps[steps.index(step)] = replace(step, **fields)


def _unknown_kind(steps: list[Step]) -> None:
    _changed(steps, "gather", kind="collect")


def _role_missing(steps: list[Step]) -> None:
    del _first(steps, "gather").writes["y"]


def _role_unknown(steps: list[Step]) -> None:
    _first(steps, "gather").reads["z"] = steps[0].writes["y"]


def _weight_missing(steps: list[Step]) -> None:
    _first(steps, "gather").weights.clear()


def _setting_missing(steps: list[Step]) -> None:
    del _first(steps, "gather").settings["add"]


def _setting_unknown(steps: list[Step]) -> None:
    _first(steps, "dense").settings["speed"] = 3


def _setting_of_another_type(steps: list[Step]) -> None:
    _first(steps, "gather").settings["add"] = 1


def _scope(steps: list[Step]) -> None:
    _changed(steps, "pool", scope="task")


def _never_written(steps: list[Step]) -> None:
    del steps[0]


def _too_late(steps: list[Step]) -> None:
    steps.append(steps.pop(1))


def _written_twice(steps: list[Step]) -> None:
    steps.insert(2, steps[1])


def _added_to_nothing(steps: list[Step]) -> None:
    _first(steps, "gather").settings["add"] = True


def _frame_too_narrow(steps: list[Step]) -> None:
    steps[0].writes["y"].frame[1][:] = [0, 1]


def _sizes(steps: list[Step]) -> None:
    x = _first(steps, "sum").reads["b"]
    x.shape = (1, 6, 6, 4)


def _window(steps: list[Step]) -> None:
    pool = _first(steps, "pool")
    window = pool.settings["window"]
    pool.settings["window"] = replace(window, output=(1, 4, 3))


BROKEN: dict[Callable[[list[Step]], None], str] = {
    _unknown_kind: "there is no step called 'collect'",
    _role_missing: "writes has no 'y'",
    _role_unknown: "reads knows no 'z'",
    _weight_missing: "weights has no 'weight'",
    _setting_missing: "settings has no 'add'",
    _setting_unknown: "settings knows no 'speed'",
    _setting_of_another_type: "add is 1 and not bool",
    _scope: "its scope is 'task'",
    _never_written: "x, 'input', is read before it is written",
    _too_late: "is read before it is written",
    _written_twice: "y, '1 conv', is written a second time",
    _added_to_nothing: "y, '1 conv', is added to before it is written",
    _frame_too_narrow: "the frame of x is",
    _sizes: "b is (1, 6, 6, 4) and a (1, 6, 6, 3)",
    _window: "and its window goes over (1, 4, 3)",
}


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda f: f.__name__)
@pytest.mark.parametrize("target", [Target(8, 16, without=frozenset({"fusion"})), GPU], ids=["blocks", "whole"])
def test_what_breaks_a_plan_is_found(break_it: Callable[[list[Step]], None], target: Target) -> None:
    steps = _steps(plan(convdsl.parse(TEXT), 4, Optimizer(), target))
    assert not faults(steps)
    break_it(steps)
    assert any(BROKEN[break_it] in fault for fault in faults(steps))


def test_parts_of_a_value_are_written_once_each() -> None:
    a, b, y = Value("a", (1, 1, 1, 2)), Value("b", (1, 1, 1, 3)), Value("y", (1, 1, 1, 5))

    def joined(at: int) -> list[str]:
        steps = [Step("load", 0, {}, {"y": a}), Step("load", 0, {}, {"y": b})]
        for x, place in ((a, 0), (b, at)):
            steps.append(Step("copy", 1, {"x": x}, {"y": y}, {}, {"at": (0, 0, 0, place), "add": False, "fill": False}))
        return faults(steps)

    assert not joined(2)
    assert joined(1) == ["step 1 copy: y, 'y', is written a second time"]


def test_a_pass_that_goes_wrong_is_found_at_its_own_door(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(steps: list[Step], tied: set[Value]) -> list[Step]:
        return [step for step in steps if step.kind != "settle"][2:]

    monkeypatch.setattr(program, "share_gradients", forgetful)
    with between_passes(), pytest.raises(WrongPlan, match=r"^after sharing: "):
        plan(convdsl.parse(TEXT), 4, Optimizer(), Target())


def test_a_step_for_other_devices_is_found() -> None:
    made = plan(convdsl.parse(POOLED), 4, Optimizer(), GPU)
    elsewhere = replace(made, frame=replace(made.frame, target=Target()))
    with pytest.raises(WrongPlan, match="'unpool' is not for such a device"):
        verify(elsewhere)


@pytest.mark.parametrize("target", [Target(16, 32), GPU], ids=["blocks", "whole"])
def test_steps_leave_nothing_behind_in_their_operations(target: Target) -> None:
    """What the way back needs of the way forward it asks for, and what a pass finds out is in what it returns: of the
    weights too."""
    for text in (*NETWORKS, POOLED):
        low = Lowering(convdsl.parse(text), target, True, {})
        low.run()
        before = [dict(op.settings) for op in low.ops]
        weights = [dict(vars(p)) for p in low.parameters.values()]
        ops = program._prepared(low, [low.ops[-1].output], True, 0, {})
        tape = Tape(target)
        steps = [step for op in ops for step in forward_steps(op, True)]
        tape.add_to(ops[-1].output)
        steps += [step for op in reversed(ops) for step in backward_steps(op, tape)]
        settings = [dict(step.settings) for step in steps]
        after = program.schedule(program.share_gradients(steps, tape.tied))
        _ = (
            program.join_activations(after, target)
            if target.whole_batch
            else program.use_winograd(after, target, layouts(ops))
        )
        assert [op.settings for op in low.ops] == before
        assert [vars(p) for p in low.parameters.values()] == weights
        assert [step.settings for step in steps] == settings
