"""What of a network is drawn as one: layers that belong together, turns of a repeat, blocks below a depth, the middle of
what is too long. Nothing is lost: every box keeps the numbers of all layers that it stands for."""

from __future__ import annotations

from typing import Any

from convdsl.drawing.tree import (
    Branches,
    Closed,
    Exit,
    Item,
    Items,
    Layers,
    Nest,
    count,
    cover,
    depth,
    is_shell,
    layers,
)
from convdsl.layers.activation import Activation
from convdsl.layers.normalization import Normalization
from convdsl.layers.shaping import Dropout, DropPath
from convdsl.network import Node, Report
from convdsl.network.outline import Level

MOST_BOXES = 30
"""More are not drawn unless they are asked for."""
LONGEST_PERIOD = 8
"""How many items of a chain can come again and again without a `repeat`, and are seen to."""


def folded(
    items: Items, report: Report, opened: int | None = None, most: int = MOST_BOXES, apart: frozenset[int] = frozenset()
) -> Items:
    """The tree as it is drawn: blocks `opened` so deep, or as deep as `most` boxes allow. The layers `apart` (where errors
    are) stay boxes of their own."""
    alike = _Alike(report)
    items = _gathered(_fused(items, report, apart), alike)
    if opened is not None:
        return closed(items, opened)
    if count(items) > most:
        items = _with_periods(items, alike)
    for level in range(depth(items), -1, -1):
        shown = closed(items, level)
        if count(shown) <= most:
            return shown
    return _without_middle(shown, most)


# Layers that are drawn as one.


def _fused(items: Items, report: Report, apart: frozenset[int]) -> Items:
    """Layers with weights, and the normalisation, activation and dropout behind them, as one box."""
    found: list[Item] = []
    for item in items:
        before = found[-1] if found else None
        if (
            isinstance(item, Layers)
            and isinstance(before, Layers)
            and _follows(before.nodes, item.nodes[0], report, apart)
        ):
            found[-1] = Layers(before.nodes + item.nodes, before.cover + item.cover)
        else:
            found.append(_within(item, lambda part: _fused(part, report, apart)))
    return tuple(found)


def _follows(before: tuple[Node, ...], node: Node, report: Report, apart: frozenset[int]) -> bool:
    first, known = before[0], report[node.index].output
    return (
        first.layer is not None
        and (first.layer.weighs or isinstance(first.layer, Normalization))
        and isinstance(node.layer, (Normalization, Activation, Dropout, DropPath))
        and not (isinstance(first.layer, Normalization) and isinstance(node.layer, Normalization))
        and known is not None
        and before[-1].exit is None
        and not apart & {before[-1].index, node.index}
    )


def _within(item: Item, change: Any) -> Item:
    """An item with what is inside it changed."""
    if isinstance(item, Branches):
        return item._replace(lanes=tuple(map(change, item.lanes)))
    if isinstance(item, (Nest, Exit)):
        return item._replace(items=change(item.items))
    return item


# Turns of a repeat, and what comes again without one.


class _Alike:
    """Tells items that look alike by a number: of the same layers, with the same sizes."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.known: dict[Any, int] = {}

    def number(self, item: Item) -> int:
        return self.known.setdefault(self._key(item), len(self.known))

    def chain(self, items: Items) -> tuple[int, ...]:
        return tuple(map(self.number, items))

    def _key(self, item: Item) -> Any:
        if isinstance(item, Layers):
            return tuple(map(self._layer, item.nodes))
        if isinstance(item, Branches):
            return (item.name, tuple(map(self.chain, item.lanes)), item.join and self.number(item.join))
        if isinstance(item, Nest):
            return (item.level.name, item.level.arguments, item.times, self.chain(item.items))
        if isinstance(item, Exit):
            return ("aux", item.weight, item.name, self.chain(item.items))
        return (item.level, item.times, self.chain(item.what))

    def _layer(self, node: Node) -> Any:
        facts = self.report[node.index]
        return (node.text, facts.inputs, facts.output, facts.params, node.frozen, node.exit, bool(node.shared))


def _gathered(items: Items, alike: _Alike) -> Items:
    """Turns and calls that follow each other and are alike become one, drawn once. Turns with other sizes stay together."""
    items = tuple(_within(item, lambda part: _gathered(part, alike)) for item in items)
    found: list[Item] = []
    numbers: list[int] = []
    runs: list[int] = []
    for item in items:
        number = alike.number(item)
        if isinstance(item, Nest) and found and numbers[-1] == number and _is_whole(item):
            runs[-1] += 1
        else:
            found.append(item)
            numbers.append(number)
            runs.append(1)
    return tuple(
        _times(item, run) if run > 1 and isinstance(item, Nest) else item for item, run in zip(found, runs, strict=True)
    )


def _is_whole(item: Nest) -> bool:
    """Whether there is a layer in it."""
    return any(True for _ in layers(item.items))


def _times(item: Nest, run: int) -> Nest:
    """The first of `run` items that are alike, standing for all of them."""
    own = cover(item.items)
    step = max(own) - min(own) + 1
    return Nest(item.level, _spread(item.items, step, run), item.times * run)


def _spread(items: Items, step: int, times: int) -> Items:
    """A tree that stands for `times` of itself, `step` layers apart."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Layers):
            found.append(_more(item, step, times))
        elif isinstance(item, Branches):
            lanes = tuple(_spread(lane, step, times) for lane in item.lanes)
            found.append(item._replace(lanes=lanes, join=item.join and _more(item.join, step, times)))
        elif isinstance(item, Closed):
            found.append(item._replace(what=_spread(item.what, step, times), cover=_shifted(item.cover, step, times)))
        else:
            found.append(item._replace(items=_spread(item.items, step, times)))
    return tuple(found)


def _more(box: Layers, step: int, times: int) -> Layers:
    return box._replace(cover=_shifted(box.cover, step, times))


def _shifted(indices: tuple[int, ...], step: int, times: int) -> tuple[int, ...]:
    return tuple(index + turn * step for turn in range(times) for index in indices)


def _with_periods(items: Items, alike: _Alike) -> Items:
    """What comes again and again in a chain, though no `repeat` says so, is drawn once too."""
    items = tuple(_within(item, lambda part: _with_periods(part, alike)) for item in items)
    numbers = alike.chain(items)
    found: list[Item] = []
    place = 0
    while place < len(items):
        period, times = _period(numbers, place)
        if times > 1 and not any(isinstance(item, Exit) for item in items[place : place + period]):
            turn = items[place : place + period]
            whole = turn[0] if period == 1 and isinstance(turn[0], Nest) else Nest(_AGAIN, turn)
            found.append(_times(whole, times))
            place += period * times
        else:
            found.append(items[place])
            place += 1
    return tuple(found)


_AGAIN = Level("repeat", "repeat")


def _period(numbers: tuple[int, ...], place: int) -> tuple[int, int]:
    """How long what stands at a place is, and how often it follows itself; the way that covers most."""
    best = (1, 1)
    for period in range(1, LONGEST_PERIOD + 1):
        turn, end, times = numbers[place : place + period], place + period, 1
        while numbers[end : end + period] == turn and len(turn) == period:
            end, times = end + period, times + 1
        if times > 1 and period * times > best[0] * best[1] and (period > 1 or times > 2):
            best = (period, times)
    return best


# What is closed.


def closed(items: Items, opened: int) -> Items:
    """The tree with blocks and branches opened `opened` deep, what is deeper being one box each."""
    found: list[Item] = []
    run: list[Nest] = []
    for item in items:
        if opened <= 0 and isinstance(item, Nest) and item.level.kind == "repeat":
            run.append(item)
            continue
        found += _turns(run)
        run = []
        found.append(_closed(item, opened))
    return (*found, *_turns(run))


def _turns(run: list[Nest]) -> list[Item]:
    """Turns of a repeat that follow each other, in one box."""
    if not run:
        return []
    what = run[0].items if len(run) == 1 else tuple(run)
    return [
        Closed(run[0].level, what, tuple(i for turn in run for i in cover(turn.items)), sum(turn.times for turn in run))
    ]


def _closed(item: Item, opened: int) -> Item:
    if isinstance(item, (Layers, Closed)):
        return item
    if isinstance(item, Exit):
        if opened <= 0 and count(item.items) > 1:
            level = Level("brace", "aux") if len(item.items) > 1 else getattr(item.items[0], "level", None)
            return item._replace(items=(Closed(level or Level("brace", "aux"), item.items, cover(item.items)),))
        return item._replace(items=closed(item.items, opened - (not is_shell(item))))
    if opened > 0:
        return _within(item, lambda part: closed(part, opened - (not is_shell(item))))
    if isinstance(item, Branches):
        return Closed(Level("brace", item.name), (item,), cover((item,)), branches=len(item.lanes))
    return Closed(item.level, item.items, cover(item.items), item.times)


def _without_middle(items: Items, most: int) -> Items:
    """The ends of a chain that is too long, and one box for what is between them."""
    ends = max(1, most // 2 - 1)
    if len(items) <= 2 * ends + 1:
        return items
    middle = items[ends:-ends]
    return (*items[:ends], Closed(None, middle, cover(middle)), *items[-ends:])
