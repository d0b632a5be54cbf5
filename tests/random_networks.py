"""Random networks over the whole language that can be trained, each chosen for what has not been covered yet.

The programs are those of tests/programs.py, which takes layers, options and activations from their declarations. Of a few
candidates the one is taken that brings most that no network before it had: a layer at a rank, an option, an activation
behind a layer, a layer behind another, with the activation between them, inside braces of each kind, frozen, at a width; and
a kind of step in its plan, behind another, with what rewrites have made of them.
The same seed gives the same networks.

`python -m tests.random_networks --networks 10000 --seed 1` holds the plans of each, interpreted, against an independent
opinion (tests/engine/rewritten.py), or with `--compiled` what is computed (tests/engine/agreement.py), and prints those that
disagree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from random import Random
from unittest.mock import patch

import convdsl
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Step, Target, Value, plan, strips, together, weighted
from convdsl.engine.plan.values import GPU
from convdsl.layers import ACTIVATIONS
from convdsl.net import Net
from tests.programs import SMALL, Kind, program

TARGETS = (Target(4, 16), Target(4, 32), Target(8, 16), Target(16, 32), GPU)
"""The widths that there are: SSE, NEON, AVX2, AVX-512, and a GPU."""

CANDIDATES = 6

BATCH = 22
"""Images that the plans are for, so that some interleave them at every width."""

MOST_VALUES = 6000
"""Numbers in all layers' outputs for one image: larger networks would only take longer."""

_FAST = Kind(
    ranks=(2,), most_layers=5, lengths=(8,), widths=(3, 16, 32), depth=1, usual=8, classes=3, words=False, shared=True
)
_INTERLEAVED = Kind(
    ranks=(2, 2, 1),
    layers=frozenset({*ACTIVATIONS, *("conv", "maxpool", "minpool", "avgpool", "flatten", "dense")}),
    most_layers=6,
    depth=0,
    lengths=(6, 8, 9),
    widths=(1, 3, 4, 16),
    usual=6,
    classes=3,
    words=False,
)

KINDS = (
    Kind(
        ranks=(2, 2, 2, 1, 3, 0),
        most_layers=6,
        most_positions=7,
        most_channels=6,
        depth=2,
        classes=3,
        words=False,
        shared=True,
    ),
    _FAST,
    Kind(ranks=(2, 1, 3), most_layers=4, lengths=(6,), widths=(4, 16), depth=2, classes=3, words=False, shared=True),
    Kind(**{**vars(SMALL), "ranks": (2, 1), "depth": 0, "lengths": (6, 9), "widths": (1, 3, 4), "classes": 3}),
    _INTERLEAVED,
)
"""Of any sizes; of sizes that the fast paths want; of few sizes; chains without branches; and those whose images interleave."""


def networks(count: int, seed: int = 0, kinds: tuple[Kind, ...] = KINDS, most: int = MOST_VALUES) -> Iterator[str]:
    """The texts of `count` networks."""
    covered: Counter[object] = Counter()
    for number in range(count):
        rng = Random(f"{seed} {number}")
        candidates = [found for _ in range(CANDIDATES) if (found := _candidate(rng, kinds, most))]
        while not candidates:
            candidates = [found for found in [_candidate(rng, kinds, most)] if found]
        text, features = max(candidates, key=lambda c: sum(1 / (1 + covered[f]) ** 2 for f in c[1]) / len(c[1]) ** 0.5)
        covered.update(features)
        yield text


def _candidate(rng: Random, kinds: tuple[Kind, ...], most: int) -> tuple[str, set[object]] | None:
    text = program(rng, rng.choice(kinds))
    if rng.random() < 0.5:
        text = text.removesuffix(" softmax\n") + "\n"
    net = convdsl.parse(text)
    values = sum(_size(facts.output) for facts in net.report.facts)
    if values > most or not net.report.total.trainable:
        return None
    return text, features(net) | planned(net, rng.choice(TARGETS), rng.random() < 0.5)


@contextmanager
def as_if_large() -> Iterator[None]:
    """Plans that are made inside do for small networks too what pays for large ones only."""
    with (
        patch.multiple(strips, LARGE=1, FEWEST_STRIPS=2),
        patch.multiple(weighted, DEFERRED=16, DEFERRED_TILES=16, DEFERRED_DENSE=16),
        patch.multiple(together, LARGE=16, FEWEST_UNITS=1),
    ):
        yield


def _size(shape: tuple[int, ...]) -> int:
    result = 1
    for n in shape:
        result *= n
    return result


def features(net: Net) -> set[object]:
    """What a network has that may work or not."""
    result: set[object] = set()
    rank = len(net.input) - 1
    named = {0: "input"}
    for node in net.nodes:
        activation = node.activation.name if node.activation is not None else ""
        named[node.index] = f"{node.op} {activation}".strip()
        inside = node.path[-1].name if node.path else ""
        before = [named[i] for i in node.inputs]
        result |= {
            (node.op, rank),
            named[node.index],
            (node.op, inside),
            (node.op, node.frozen),
            (node.op, len(before)),
        }
        result |= {(one, node.op) for one in before}
        result |= {(one.split(" ")[0], named[node.index]) for one in before}
        result |= {(node.op, name, str(getattr(node.layer, name))) for name in node.layer.arguments}
        if node.exit is not None:
            result.add(("exit", node.op))
    return result


def planned(net: Net, target: Target, large: bool = False) -> set[object]:
    """What its plan for a device has: kinds of steps, which of them reads what which has written, and what became of both."""
    with as_if_large() if large else nullcontext():
        made = plan(net, BATCH, Optimizer("sgd"), target)
    result: set[object] = set()
    for way in (made.training, made.inference):
        writers: dict[Value, str] = {}
        for step in way.steps:
            name = _done(step)
            result.add(("step", name, *sorted({what for v in step.values() for what in _lies(v)})))
            for role, value in step.reads.items():
                writer = writers.get(value.root, "")
                result.add(("behind", writer, step.kind, role, *_lies(value)))
            writers |= {value.root: name for value in step.writes.values()}
    return result


def _done(step: Step) -> str:
    """A step with what rewrites may have changed of it."""
    activation = step.settings.get("activation")
    parts = [
        step.kind,
        activation[0] if activation else "",
        "winograd" if step.settings.get("winograd") else "",
        "add" if step.settings.get("add") else "",
        step.scope,
        "strips" if step.strips else "",
    ]
    return " ".join(filter(None, parts))


def _lies(value: Value) -> list[str]:
    """How a value lies in memory, as far as the plan has changed that."""
    marks = {
        "interleaved": value.interleaved,
        "again": value.name.endswith(" again"),
        "view": value.base is not None,
        "framed": value.framed,
        "cleared": value.framed and value.root.shared,
        "batch": value.root.home == "batch",
    }
    return [name for name, has in marks.items() if has]


def main() -> int:
    from tests.engine import agreement, rewritten

    parser = argparse.ArgumentParser(description="Random networks against an independent opinion.")
    parser.add_argument("--networks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="first", type=int, default=0, help="leave out as many")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long")
    parser.add_argument("--compiled", action="store_true", help="compiled for this machine, seconds for each")
    options = parser.parse_args()
    faults = agreement.faults if options.compiled else rewritten.faults
    started, wrong, done = time.perf_counter(), 0, 0
    for number, text in enumerate(networks(options.networks, options.seed)):
        if number < options.first:
            continue
        if options.minutes and time.perf_counter() - started > 60 * options.minutes:
            break
        done += 1
        try:
            found = faults(text)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        if found:
            wrong += 1
            print(f"--- {number}\n{text}--- " + "\n".join(found) + "\n", flush=True)
        if done % 100 == 0:
            print(f"{done} in {time.perf_counter() - started:.0f} s, {wrong} differ", file=sys.stderr, flush=True)
    print(f"{done} networks, {wrong} differ")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
