"""The `__init__` and `forward` of one class, written down from a group of layers.

The value that goes through is called `x`; branches begin names of their own, and a value that is needed later is put aside
before its name is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from convdsl.bridges.torch import layers
from convdsl.bridges.torch.ground import Ground
from convdsl.bridges.torch.layers import State, Value
from convdsl.bridges.torch.marks import attribute, attributes, filled, holes, number, skeleton
from convdsl.layers import COMBINATIONS
from convdsl.network import Node
from convdsl.network.outline import Group

SHORT = 44
"""Longest expression of a branch that goes into the line that joins it."""

LONG = 68
"""Longest chain of methods in a line."""


@dataclass
class Leaf:
    """A module of PyTorch's, or of the helpers."""

    text: str
    states: Sequence[State]

    @property
    def key(self) -> str:
        return skeleton(self.text)

    def values(self) -> list[str]:
        return [value for value, _ in holes(self.text)]


@dataclass(eq=False)
class Instance:
    """A use of a class that is yet to be written."""

    name: str
    body: Body
    arguments: tuple[object, ...] = ()

    @cached_property
    def key(self) -> str:
        return f"{self.name}<{self.body.key()}>"

    def values(self) -> list[str]:
        return self.body.values()


Made = Leaf | Instance


@dataclass
class Init:
    """A line of `__init__`: one module, or those of the turns of a repeat as a `sequence` or a `list`."""

    base: str
    made: list[Made]
    form: str = "one"

    def moving(self) -> list[bool]:
        """Which numbers change from turn to turn."""
        turns = [made.values() for made in self.made]
        return [len(set(column)) > 1 for column in zip(*turns, strict=True)]

    def key(self) -> str:
        moving = "".join("01"[m] for m in self.moving()) if self.form != "one" else ""
        return f"{self.base} {self.form} {moving} {self.made[0].key}"

    def values(self) -> list[str]:
        turns = self.made if len(self.made) < 3 else [self.made[0], self.made[1]]
        return [*(v for made in turns for v in made.values()), str(len(self.made))]


@dataclass
class Line:
    """A line of `forward`, with the shape that it gives as a comment."""

    text: str
    comment: str = ""


@dataclass
class Nest:
    """Lines under `if self.training:`, or in a loop over the modules that line `over` of `__init__` makes, or without."""

    times: str
    over: int | None
    lines: list[Line | Nest]

    @property
    def text(self) -> str:
        return self.times


Lines = list[Line | Nest]


def every(lines: Lines) -> list[Line | Nest]:
    """Lines with those nested in them."""
    return [one for line in lines for one in ([line, *every(line.lines)] if isinstance(line, Nest) else [line])]


@dataclass(eq=False)
class Body:
    """What is written of a class so far."""

    ground: Ground
    current: int
    """The layer whose value goes through; 0 is the network's input."""
    inside: set[int]
    """The layers that stand in it."""
    top: bool = False
    inits: list[Init] = field(default_factory=list)
    lines: Lines = field(default_factory=list)
    result: Value | None = None

    def __post_init__(self) -> None:
        self.values_of: dict[int, Value] = {}
        self.done: set[int] = set()
        self.names: set[str] = {"x", "self", "i"}
        self.owned: dict[tuple[int, str], int] = {}
        self.calls: dict[tuple[int, ...], int] = {}
        self.exits: list[str] = []
        self.outputs: dict[str, str] = {}
        """Of outputs with names: what their values are called."""

    # What is the same in all uses, and the numbers that need not be

    def key(self) -> str:
        return "\n".join([*(init.key() for init in self.inits), *(skeleton(line.text) for line in every(self.lines))])

    def values(self) -> list[str]:
        own = [value for line in every(self.lines) for value, _ in holes(line.text)]
        return [*(value for init in self.inits for value in init.values()), *own]

    # For the layers

    def module(self, node: Node, base: str, constructor: str, states: Sequence[State]) -> str:
        key = (node.shared or node.index, base)
        if key not in self.owned:
            self.owned[key] = self._init(Init(base, [Leaf(constructor, states)]))
        return f"self.{attribute(self.owned[key])}"

    def _init(self, init: Init) -> int:
        self.inits.append(init)
        return len(self.inits) - 1

    def shape(self, node: Node) -> layers.Sizes:
        return self.ground.shape(node)

    def divided(self, node: Node) -> bool:
        return self.ground.divided(node)

    # Chains

    def write(self, items: Sequence[Node | Group], value: Value) -> Body:
        """The whole of the class."""
        self.values_of[self.current] = value._replace(text="x")
        self.chain(items, "x")
        self.result = self.values_of[self.current]
        if self.top and not self.outputs:
            self.result = self._in_order("x", self.result)
        return self

    def _in_order(self, var: str, value: Value) -> Value:
        """The values of a row as they lie here, which may take a line."""
        value = layers.plain(value)
        if value.text not in self.names:
            self.lines += _assigned(var, value)
            value = value._replace(text=var)
        return value

    def chain(self, items: Sequence[Node | Group], var: str, branch: bool = False) -> None:
        """Some statements behind one another, whose values are called `var`; the end of a `branch` may wait for the line
        that joins it."""
        opened: list[str] = []
        begin = self.current
        at = 0
        while at < len(items):
            item, last = items[at], branch and at == len(items) - 1
            at += 1
            if isinstance(item, Node):
                behind = items[at] if at < len(items) else None
                self._layer(item, var, self._may_wait(item, behind, last))
                if item.op in COMBINATIONS:
                    self.names.difference_update(opened)
                    opened = []
                continue
            level = item.level
            if level.kind == "repeat":
                turns = [item]
                while at < len(items) and _is_turn(items[at]):
                    turns.append(items[at])  # type: ignore[arg-type]
                    at += 1
                self._repeat(turns, var)
            elif level.kind == "block":
                self._block(item, var, last)
            elif level.name == "freeze":
                self.chain(item.items, var)
            elif level.name == "aux":
                self._aux(item)
            elif level.name == "output":
                self._output(item)
            else:
                before = self.current
                name = self._fresh(f"branch{level.branch}" if level.branch else "y")
                opened.append(name)
                self.chain(item.items, name, branch=True)
                self.current = before
        if not items:
            self.current = begin

    def _may_wait(self, node: Node, behind: Node | Group | None, last: bool) -> bool:
        readers = self.ground.consumers[node.index]
        if node.op in ("conv", "dwconv", "dense", "tconv") and node.activation is None and isinstance(behind, Node):
            return behind.op == "bn" and readers == {behind.index}
        return last and len(readers) == 1

    def _layer(self, node: Node, var: str, waits: bool) -> None:
        ground = self.ground
        if node.op == "identity":
            self.current = ground.real(node.index)
            return
        inputs = [self.values_of[ground.real(i)] for i in node.inputs]
        value = layers.written(self, node, inputs)
        self.done.add(node.index)
        self._give(node.index, value, var, waits)

    def _give(self, index: int, value: Value, var: str, waits: bool = False) -> None:
        """The value of a layer, in a line of its own or, if it waits, in the line that reads it."""
        self.current = index
        if value.text in self.names:  # nothing was done
            self.values_of[index] = value
            return
        plain = filled(value.text, [v for v, _ in holes(value.text)])
        call = plain.startswith(("self.", "F.", "torch.")) and plain.endswith(")")
        if waits and call and len(plain) <= SHORT:
            self.values_of[index] = value
            return
        self._spare(var, index)
        self.lines += _assigned(var, value)
        self.values_of[index] = value._replace(text=var)

    def _spare(self, var: str, index: int) -> None:
        """Puts aside what is called `var` and read later than by the layer that takes the name."""
        word = re.compile(rf"(?<![\w.]){var}(?!\w)")
        name = ""
        for other, value in list(self.values_of.items()):
            if (
                other == index
                or not (self.ground.consumers[other] & self.inside - self.done)
                or not word.search(value.text)
            ):
                continue
            if value.text != var:
                aside = self._fresh("z")
                self.lines.append(Line(f"{aside} = {value.text}"))
                self.values_of[other] = value._replace(text=aside)
                continue
            if not name:
                name = self._fresh("kept")
                self.lines.append(Line(f"{name} = {var}"))
            self.values_of[other] = value._replace(text=name)

    def second(self, base: str, call: str) -> str:
        name = self._fresh(base)
        self.lines.append(Line(f"_, {name} = {call}"))
        return name

    def _fresh(self, base: str) -> str:
        name, count = base, 1
        while name in self.names:
            count += 1
            name = f"{base}_{count}" if base[-1].isdigit() else f"{base}{count}"
        self.names.add(name)
        return name

    # Groups

    def _inner(self, group: Group, plain: bool = False) -> Body:
        value = self.values_of[self.current]
        body = Body(self.ground, self.current, {node.index for node in self.ground.work(group)})
        return body.write(group.items, layers.plain(value) if plain else value)

    def _block(self, group: Group, var: str, waits: bool) -> None:
        ground = self.ground
        work = ground.work(group)
        if not work or not ground.closed(group, self.current):
            self.chain(group.items, var)
            return
        shared, owners, source = ground.is_shared(group), ground.owners(group), self.current
        body = self._inner(group, plain=shared)
        given = layers.plain(self.values_of[source]) if shared else self.values_of[source]
        made = Instance(group.level.name, body, group.level.arguments)
        if not body.inits and len(body.lines) < 2:
            self.chain(group.items, var)
            return
        if shared and owners in self.calls:
            index = self.calls[owners]
        else:
            index = self._init(Init(group.level.name, [made]))
            self.calls[owners or (-group.nodes()[0].index,)] = index
        self._through(body, work, f"self.{attribute(index)}({given.text})", var, waits)

    def _through(self, body: Body, work: list[Node], text: str, var: str, waits: bool = False) -> None:
        """The line that sends a value through a module, in whose class these layers are."""
        assert body.result is not None
        self.done |= {node.index for node in work}
        waits = waits and len(self.ground.consumers[work[-1].index]) == 1
        self._give(work[-1].index, body.result._replace(text=text), var, waits)

    def _aux(self, group: Group) -> None:
        """A side exit, which is computed in training only."""
        before, outer = self.current, self.lines
        name = self._fresh(f"aux{len(self.exits) + 1}")
        self.lines = []
        self.chain(group.items, name)
        value = self._in_order(name, self.values_of[self.current])
        if value.text != name:
            self.lines.append(Line(f"{name} = {value.text}"))
        outer.append(Nest("if self.training", None, self.lines))
        self.exits.append(name)
        self.lines, self.current = outer, before

    def _output(self, group: Group) -> None:
        """An output with a name; the chain goes on from before it."""
        before = self.current
        (called,) = group.level.arguments
        name = self._fresh(re.sub(r"\W", "_", called))
        self.chain(group.items, name)
        value = self._in_order(name, self.values_of[self.current])
        if value.text != name:
            self.lines.append(Line(f"{name} = {value.text}"))
        self.outputs[called] = name
        self.current = before

    # Repeats

    def _repeat(self, groups: list[Group], var: str) -> None:
        ground = self.ground
        turns: list[tuple[Group, Body]] = []
        at = self.current
        for group in groups:
            work = ground.work(group)
            if not work or not ground.closed(group, self.current):
                self.current = at
                for one in groups:
                    self.chain(one.items, var)
                return
            body = self._inner(group)
            assert body.result is not None
            turns.append((group, body))
            self.current = work[-1].index
            self.values_of[self.current] = body.result._replace(text="x")
        for _, body in turns:
            del self.values_of[body.current]
        self.current = at
        for run in _runs(turns, self._between):
            self._run(run, var)

    def _between(self, turn: Group, following: Group) -> bool:
        """Whether nobody but the next turn reads what a turn gives."""
        readers = self.ground.consumers[self.ground.work(turn)[-1].index]
        return readers <= {node.index for node in self.ground.work(following)}

    def _run(self, run: list[tuple[Group, Body]], var: str) -> None:
        ground, (first, body) = self.ground, run[0]
        work = [node for group, _ in run for node in ground.work(group)]
        if len(run) == 1 and (self.top or not body.inits):
            self.chain(first.items, var)
            return
        whole = self._bare(body)
        free = var == "x" and not (body.names - {"x", "self", "i"}) & self.names
        if not whole and free and len(body.inits) < 2 and all(i.form == "one" for i in body.inits) and _steady(run):
            over = None
            if body.inits:
                init = Init(body.inits[0].base, [b.inits[0].made[0] for _, b in run], "list")
                over = self._init(init)
            lines = [_renumbered(line, over) for line in body.lines]
            self.done |= {node.index for node in work}
            self._spare(var, work[-1].index)
            self.lines.append(Nest(f"range({number(len(run), 'repeats')})", over, lines))
            assert run[-1][1].result is not None
            self._give(work[-1].index, run[-1][1].result._replace(text=var), var)
            return
        if whole:
            made, base = [b.inits[0].made[0] for _, b in run], body.inits[0].base
        else:
            name = _name_of(first)
            made, base = [Instance(name, b) for _, b in run], name
        index = self._init(Init(base, made, "sequence"))
        self._through(run[-1][1], work, f"self.{attribute(index)}({self.values_of[self.current].text})", var)

    @staticmethod
    def _bare(body: Body) -> bool:
        """Whether a turn is one module and no more."""
        if len(body.lines) != 1 or len(body.inits) != 1 or body.inits[0].form != "one":
            return False
        return body.lines[0].text == f"x = self.{attribute(0)}(x)"


def _runs(turns: list[tuple[Group, Body]], between: Callable[[Group, Group], bool]) -> list[list[tuple[Group, Body]]]:
    """Turns in a row that are the same, or of which numbers grow in equal steps."""
    found, at = [], 0
    while at < len(turns):
        key, start = turns[at][1].key(), turns[at][1].values()
        end, steps = at + 1, None
        while end < len(turns) and turns[end][1].key() == key and between(turns[end - 1][0], turns[end][0]):
            step = _step(turns[end - 1][1].values(), turns[end][1].values())
            if step is None or (steps is not None and step != steps):
                break
            steps, end = step, end + 1
        if end - at == 2 and steps is not None and any(steps):
            end = at + 1
        assert len(start) == len(turns[end - 1][1].values())
        found.append(turns[at:end])
        at = end
    return found


def _step(before: list[str], after: list[str]) -> list[int] | None:
    steps = []
    for a, b in zip(before, after, strict=True):
        if a == b:
            steps.append(0)
        elif a.isdigit() and b.isdigit():
            steps.append(int(b) - int(a))
        else:
            return None
    return steps


def _steady(run: list[tuple[Group, Body]]) -> bool:
    """Whether the lines of the turns have the same numbers."""
    return len({tuple(v for line in every(b.lines) for v, _ in holes(line.text)) for _, b in run}) == 1


def _renumbered(line: Line | Nest, over: int | None) -> Line | Nest:
    """A line of a turn in the class around it; its only attribute is the module of the turn."""
    if isinstance(line, Nest):
        return Nest(line.times, line.over, [_renumbered(one, over) for one in line.lines])
    if over is not None and attributes(line.text):
        return Line(line.text.replace(attribute(0), attribute(over)), line.comment)
    return line


def _is_turn(item: Node | Group) -> bool:
    return isinstance(item, Group) and item.level.kind == "repeat"


def _name_of(group: Group) -> str:
    """What a class for a turn of a repeat is called: after what stands in it."""
    words: list[str] = []
    for word, _ in groupby(_words(group)):
        words.append(word)
    return "_".join(words[:3])


def _words(group: Group) -> list[str]:
    found = []
    for item in group.items:
        if isinstance(item, Node):
            found += [] if item.op in ("identity", "add") else [item.op]
        elif item.level.kind == "block":
            found.append(item.level.name)
        elif item.level.name == "residual":
            found += ["residual", *_words(item)]
        else:
            found += _words(item)
    return found or ["turn"]


def _assigned(var: str, value: Value) -> list[Line | Nest]:
    """An assignment; a long chain of methods is several, where it is not only an operand."""
    pieces: list[str] = []
    depth = start = 0
    for at, sign in enumerate(value.text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and sign in "+*/@" and value.text[at - 1 : at + 2] == f" {sign} ":
            pieces, start = [], 0
            break
        called = re.match(r"\.\w+\(", value.text[at:])
        if called and depth == 0 and at and value.text[at - 1] in ")]":
            pieces.append(value.text[start:at])
            start = at
    pieces.append(value.text[start:])
    lines = [pieces[0]]
    for piece in pieces[1:]:
        together = lines[-1] + piece
        numbers = [v for v, _ in holes(together)]
        if len(filled(together, numbers)) + 8 * len(numbers) <= LONG:  # a number may become `self.channels`
            lines[-1] = together
        else:
            lines.append(f"{var}{piece}")
    return [Line(f"{var} = {text}", _comment(value.shape) if text is lines[-1] else "") for text in lines]


def _comment(shape: layers.Sizes) -> str:
    return "×".join(["N", *map(str, (shape[-1], *shape[:-1]))])
