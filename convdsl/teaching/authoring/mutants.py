"""Programs that are wrong by one change: what a solution becomes when a student slips. None of them may be marked right.

Each is a whole program, written, so that it goes the way of any answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from convdsl.network import Node, analyse
from convdsl.source import Source
from convdsl.teaching.marking.networks import POOLS

MOST = 400
_ACTIVATIONS = ("relu", "tanh", "sigmoid", "softmax", "gelu", "elu", "selu", "silu", "leaky")


class Mutant(NamedTuple):
    """A program and what is changed in it: the attribute, the sort of the layer and its number, and a word for it."""

    program: str
    attribute: str
    sort: str
    number: int
    change: str


def mutants(program: str) -> list[Mutant]:
    """All programs that differ from a right one by a layer dropped, moved, doubled or put in, by an activation, a window,
    a stride, filters, or by the shortcut."""
    analysis = analyse(Source(program, "solution"))
    nodes = _written(analysis.network.nodes)
    numbers: dict[str, int] = {}
    found: list[Mutant] = []
    for node in nodes:
        sort = "pool" if node.op in POOLS else node.op
        numbers[sort] = numbers.get(sort, 0) + 1
        found += [m._replace(sort=sort, number=numbers[sort]) for m in _of_layer(program, node)]
    for node, other in pairwise(nodes):
        found += _swapped(program, node, other)
    found += _without_shortcut(program)
    unique = {m.program: m for m in found if m.program != program}
    return list(unique.values())[:MOST]


def _written(nodes: tuple[Node, ...]) -> list[Node]:
    """Layers that stand in the text as one piece, each once; sums of branches are not among them."""
    seen: set[tuple[int, int]] = set()
    found = []
    for node in nodes:
        place = (node.span.start, node.span.end)
        if place not in seen and not node.calls and len(node.inputs) == 1:
            seen.add(place)
            found.append(node)
    return found


def _of_layer(program: str, node: Node) -> Iterator[Mutant]:
    start, end = node.span.start, node.span.end
    text = program[start:end]

    def mutant(new: str, attribute: str, change: str) -> Mutant:
        return Mutant(program[:start] + new + program[end:], attribute, "", 0, f"{change}: {text} → {new}")

    yield mutant("identity", "layer", "dropped")
    yield mutant(f"{text} -> {text}", "layer", "doubled")
    yield mutant(f"{text} -> dropout 0.5", "layer", "dropout put in")
    yield mutant(f"{text} -> add {{ identity | identity }}", "layer", "a sum with itself put in")
    yield from _activations(text, node, mutant)
    for old, attribute in ((r"\bk(\d+)", "window"), (r"\bs(\d+)", "stride")):
        for size in (-2, -1, 1, 2):
            new = re.sub(old, lambda m, size=size: m[0][0] + str(max(1, int(m[1]) + size)), text)  # type: ignore[misc]
            yield mutant(new, attribute, attribute)
    if node.op in POOLS or node.op == "conv":
        if not re.search(r"\bs\d", text):
            yield mutant(_with(text, "s2"), "stride", "stride")
        if not re.search(r"\bp(?:\d|\s*same)", text):
            yield mutant(_with(text, "p1"), "padding", "padding")
    positional = re.match(r"([a-z]+)\s+(\d+)(?![\dx])", text)
    if positional:
        attribute = "window" if node.op in POOLS else "units" if node.op == "dense" else "filters"
        for number in {int(positional[2]) * 2, int(positional[2]) + 1, max(1, int(positional[2]) // 2)}:
            new = f"{positional[1]} {number}{text[positional.end() :]}"
            yield mutant(new, attribute, attribute)
    for one, other in (("maxpool", "avgpool"), ("avgpool", "maxpool")):
        if text.startswith(one):
            yield mutant(other + text[len(one) :], "kind", "another pooling")


def _with(text: str, option: str) -> str:
    """A layer with one more option, which stands before its activation."""
    words = text.split()
    place = len(words) - 1 if words[-1] in _ACTIVATIONS else len(words)
    return " ".join([*words[:place], option, *words[place:]])


def _activations(text: str, node: Node, mutant: object) -> Iterator[Mutant]:
    assert callable(mutant)
    if node.layer is None or not type(node.layer).activates:
        return
    words = text.split()
    bare = " ".join(words[:-1]) if words[-1] in _ACTIVATIONS else text
    now = words[-1] if words[-1] in _ACTIVATIONS else ""
    for activation in ("", "relu", "tanh", "softmax"):
        if activation != now:
            yield mutant(f"{bare} {activation}".strip(), "activation", "activation")


def _swapped(program: str, node: Node, other: Node) -> Iterator[Mutant]:
    """Two neighbours in each other's place."""
    (a, b), (c, d) = (node.span.start, node.span.end), (other.span.start, other.span.end)
    if b <= c:
        text = program[:a] + program[c:d] + program[b:c] + program[a:b] + program[d:]
        sort = node.op if node.op in POOLS else other.op
        yield Mutant(text, "layer", sort, 1, f"swapped: {program[a:b]}, {program[c:d]}")


def _without_shortcut(program: str) -> Iterator[Mutant]:
    """Sums of branches reduced to one of them, or to a branch added to itself."""
    for match in re.finditer(r"\b(add|mul|residual)\s*\{", program):
        end = _closing(program, match.end())
        branches = _branches(program[match.end() : end])
        for branch in branches:
            inside = branch.strip().removeprefix("->").strip() or "identity"
            for new, change in (
                (inside, "no shortcut"),
                (f"{inside} -> add {{ identity | identity }}", "added to itself"),
            ):
                yield Mutant(f"{program[: match.start()]}{new}\n{program[end + 1 :]}", "layer", match[1], 1, change)


def _closing(program: str, place: int) -> int:
    """The place of the brace that closes the one before `place`."""
    depth = 1
    while place < len(program):
        depth += {"{": 1, "}": -1}.get(program[place], 0)
        if not depth:
            return place
        place += 1
    return place


def _branches(text: str) -> list[str]:
    depth, found = 0, [""]
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "|" and not depth:
            found.append("")
        else:
            found[-1] += character
    return found
