"""Predictions for a few images: each large step in shares, so that one image keeps all threads busy.

Where a batch has many images, a worker takes some of them through the whole network. Of one image the threads take shares of
each step: rows of the output and blocks of its filters, whatever is there. All meet in front of the next step. A share
computes its outputs exactly as the whole step would, so that nobody can tell from the results who has done what.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from convdsl.engine.plan.values import Step, Strip, Target
from convdsl.engine.plan.winograd import Tiles

FEW = 4
"""Images, at most."""
LARGE = 1 << 20
"""Multiplications from which on a step is worth it that the threads meet."""
WORTH = 3 * LARGE
"""In all of them, from which on it is worth it that they are called."""
WEIGHT = 4
"""A dense layer's weight, which is read for one multiplication, takes the time of so many."""
TRANSFORM = 8
"""A tile of fast convolution costs, on the way into the frequencies, what so many of its filters do."""


def in_shares(steps: list[Step], target: Target) -> list[Step]:
    """The steps, the large ones in shares."""
    large = [step for step in steps if _cost(step) >= LARGE and _able(step, target)]
    if sum(map(_cost, large)) < WORTH:
        return steps
    return [_shared(step, target) if step in large else step for step in steps]


def _able(step: Step, target: Target) -> bool:
    if step.strips or any(v.interleaved or isinstance(v, Strip) for v in step.values()):
        return False
    if step.kind == "depthwise":
        x, y = step.reads["x"], step.writes["y"]
        return depthwise_rows(x.shape[0], y.shape, x.shape[3], step.settings["window"].taps, target)
    if step.kind == "dense":
        return not any(v.framed for v in step.values())
    return step.kind in ("gather", "gather_pool")


def depthwise_rows(depth: int, y: tuple[int, ...], channels: int, taps: int, target: Target) -> bool:
    """Whether depthwise filters are done row by row, with register tiles: all weights stay in registers."""
    return depth == y[0] == 1 and y[3] == channels and channels % target.lanes == 0 and taps + 4 <= target.registers


def _cost(step: Step) -> int:
    """Multiplications, more or less."""
    if step.kind == "dense":
        return step.weights["weight"].natural.size * WEIGHT
    if step.kind not in ("gather", "gather_pool", "depthwise"):
        return 0
    window, y = step.settings["window"], step.writes["y"]
    each = step.weights["weight"].natural.rows if step.kind != "depthwise" else window.taps
    products = prod(window.output) * y.shape[3] * each
    tiles = step.settings.get("winograd")
    return products * tiles.weights.frequencies // (tiles.weights.m**2 * window.taps) if tiles else products


def _shared(step: Step, target: Target) -> Step:
    tiles = step.settings.get("winograd")
    if tiles is not None:
        groups = _groups(tiles, step.writes["y"].shape[3], target)
        step = replace(step, settings={**step.settings, "winograd": replace(tiles, groups=groups)})
    return replace(step, scope="share")


def _groups(tiles: Tiles, filters: int, target: Target) -> int:
    """Into how many shares the blocks of filters are cut, besides the bands: with each, tiles are transformed once more."""
    blocks, bands = tiles.weights.blocks, tiles.grid[0] // tiles.band
    even = filters == blocks * tiles.weights.width

    def time(groups: int) -> float:
        return -(-bands * groups // target.threads) * (filters / groups + TRANSFORM)

    return min((n for n in range(1, blocks + 1) if blocks % n == 0 and (even or n == 1)), key=time)
