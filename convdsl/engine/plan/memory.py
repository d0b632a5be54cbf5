"""A place for every value: values whose lives do not meet share memory."""

from __future__ import annotations

from dataclasses import dataclass

from convdsl.engine.plan.values import ALIGNMENT, Step, Target, Value

SLACK = 64
"""Floats behind each value, so that a vector may be read past the end."""


@dataclass(eq=False)
class _Life:
    value: Value
    first: int
    last: int
    size: int


def allocate(blocks: list[tuple[list[Step], int]], batch: int, target: Target) -> tuple[int, int]:
    """Gives each value a home and an offset; returns the bytes for one worker's block and for the batch.

    Values needed in one region live in a worker's block, the others for the whole batch, and those of steps in shares, but for
    what these work in. Within
    a block, steps for single images run image by image, so a value that is needed in several runs of such steps has a slot for
    each image and lives through the whole of them; one that is needed in a single run has one slot. `blocks` are the steps of
    each region, and how many images it takes at a time.
    """
    regions = [steps for steps, _ in blocks]
    places = [(r, s) for r, steps in enumerate(regions) for s in range(len(steps))]
    segments = _segments(regions)
    uses: dict[Value, list[int]] = {}
    for number, (r, s) in enumerate(places):
        for value in regions[r][s].values():
            uses.setdefault(value.root, []).append(number)
    block_lives, batch_lives = [], []
    for value, at in uses.items():
        first, last = at[0], at[-1]
        used = [regions[r][s] for r, s in (places[n] for n in at)]
        shared = any(step.scope == "share" and step.writes.get("scratch") is not value for step in used)
        if shared or places[first][0] != places[last][0]:
            value.home = "batch"
            batch_lives.append(_Life(value, places[first][0], places[last][0], batch * value.pitch + SLACK))
        else:
            start, end = segments[first], segments[last]
            alone = start == end and used[0].scope in ("image", "task", "share")
            value.single = alone and not value.interleaved
            slots = 1 if value.single else blocks[places[first][0]][1]
            if not value.single:
                first, last = start[0], end[1]
            block_lives.append(_Life(value, first, last, slots * value.pitch + SLACK))
    if not target.does("overlap"):
        _forever(block_lives + batch_lives)
    return _place(block_lives) * 4, _place(batch_lives) * 4


def allocate_batch(steps: list[Step], batch: int, target: Target) -> int:
    """The same where each step is done for the whole batch; returns the bytes for the batch.

    Values with frames share a place only with values of the same sizes: so the zeros of the frame stay zeros.
    """
    lives: dict[Value, _Life] = {}
    for number, step in enumerate(steps):
        for value in step.values():
            root = value.root
            root.home = "batch"
            life = lives.setdefault(root, _Life(root, number, number, batch * root.pitch + SLACK))
            life.last = number
    if not target.does("overlap"):
        _forever([*lives.values()])
    slots: dict[str, list[list[_Life]]] = {}
    for life in lives.values():
        if life.value.framed:
            same = slots.setdefault(f"{life.value.shape} {life.value.frame}", [])
            slot = next((s for s in same if s[-1].last < life.first), None)
            if slot is None:
                same.append([life])
            else:
                slot.append(life)
    framed = [slot for same in slots.values() for slot in same]
    kept = [_Life(slot[0].value, 0, len(steps), slot[0].size) for slot in framed]
    total = _place([life for life in lives.values() if not life.value.framed] + kept)
    for first, *others in framed:
        for life in others:
            life.value.offset = first.value.offset
    return total * 4


def _forever(lives: list[_Life]) -> None:
    """So that none shares its memory with another."""
    last = max((life.last for life in lives), default=0)
    for life in lives:
        life.first, life.last = 0, last


def _segments(regions: list[list[Step]]) -> list[tuple[int, int]]:
    """For each step, the first and the last of the run of steps with the same scope that it is in."""
    result: list[tuple[int, int]] = []
    number = 0
    for steps in regions:
        start = 0
        while start < len(steps):
            end = start
            while end + 1 < len(steps) and steps[end + 1].scope == steps[start].scope:
                end += 1
            result += [(number + start, number + end)] * (end - start + 1)
            start = end + 1
        number += len(steps)
    return result


def _place(lives: list[_Life]) -> int:
    """First fit, the largest first. Returns the size in elements."""
    placed: list[_Life] = []
    total = 0
    for life in sorted(lives, key=lambda x: -x.size):
        size = -(-life.size // ALIGNMENT) * ALIGNMENT
        neighbours = sorted(
            (p for p in placed if p.first <= life.last and life.first <= p.last), key=lambda p: p.value.offset
        )
        offset = 0
        for other in neighbours:
            if offset + size <= other.value.offset:
                break
            offset = max(offset, other.value.offset + -(-other.size // ALIGNMENT) * ALIGNMENT)
        life.value.offset = offset
        placed.append(life)
        total = max(total, offset + size)
    for life in placed:
        for other in placed:
            if (
                other is not life
                and life.value.offset < other.value.offset + other.size
                and other.value.offset < life.value.offset + life.size
            ):
                life.value.shared = True
    return total
