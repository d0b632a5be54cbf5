"""A network as a file of Keras 3: one function that makes the model, and one for every block that is used several times.

Each body is written as statements whose numbers stand apart from their words. Blocks whose statements have the same words are
one function, and of their numbers those that are not the same everywhere become its parameters. Turns of a `repeat` that are the
same in both are a loop.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convdsl.bridges.keras.layers import HELPERS, calls_of
from convdsl.bridges.torch.ground import Ground
from convdsl.bridges.torch.wrapping import WIDTH, wrapped
from convdsl.bridges.weighted import Weighted
from convdsl.messages import T
from convdsl.network import Analysis, Node
from convdsl.network.outline import Group

NUMBER = re.compile(r"(?<![\w.\"{-])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w\"}])")
TURN = "turn"
_LETTERS = "abcdefghnopqrstuvwyz"


@dataclass
class Body:
    """Statements: `words` with `#` for each number, which stand in `numbers`; `calls` are bodies that statements call, by the
    number of the statement; `owners` are the layers that get a name, by statement. `given` is what the input is called."""

    words: list[str] = field(default_factory=list)
    numbers: list[list[str]] = field(default_factory=list)
    calls: dict[int, Body] = field(default_factory=dict)
    turns: set[int] = field(default_factory=set)
    owners: dict[int, list[tuple[str, Node, str]]] = field(default_factory=dict)
    given: str = "x"
    block: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """What functions have in common."""
        inner = tuple((at, body.key, at in self.turns) for at, body in self.calls.items())
        return (self.block, self.given, tuple(self.words), inner)

    @property
    def all_numbers(self) -> list[str]:
        """Those of the bodies that it calls included."""
        found: list[str] = []
        for at, own in enumerate(self.numbers):
            found += own
            if at in self.calls:
                found += self.calls[at].all_numbers
        return found


@dataclass(frozen=True)
class Script:
    """`text` is the file, `function` what makes the model; `names` are the layers with weights, in order, each with the layer
    here and whether it is a `prelu` of another."""

    text: str
    function: str
    names: tuple[tuple[str, int, bool], ...]


def written(analysis: Analysis) -> Script:
    """The file for a network. Raises Unsayable."""
    return _Writer(analysis).script()


class _Writer:
    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.ground = Ground(analysis, exits=False)
        self.uses: dict[tuple[Any, ...], list[Body]] = defaultdict(list)
        self.functions: dict[tuple[Any, ...], tuple[str, list[str], list[str]]] = {}
        self.loops: dict[tuple[int, int], list[Body]] = {}

    def script(self) -> Script:
        network = self.analysis.network
        name = _plain(network.name or "network")
        inputs, body, last = self._top()
        self._collect(body)
        code = [self._function(key) for key in self._ordered(body)]
        names = tuple(self._names(body, ""))
        shape = ", ".join(map(str, network.input)) + ("," if len(network.input) == 1 else "")
        lines = [f"    {inputs} = Input(({shape}))", *self._lines(body, [], "", 4)]
        outputs = network.outputs
        made = last[0] if len(outputs) == 1 else "{" + ", ".join(
            f'"{o.name}": {value}' for o, value in zip(outputs, last, strict=True)) + "}"  # fmt: skip
        lines += wrapped(f'return Model({inputs}, {made}, name="{name}")', 4)
        code.append("\n".join([f"def {name}() -> Model:", *lines]))
        text = "\n\n\n".join(code)
        used = [HELPERS[h].rstrip() for h in HELPERS if f"{h}(" in text]
        every = "\n".join([*used, text])
        imports = ["Input", "Model", *(m for m in ("layers", "ops") if f"{m}." in every)]
        told = "×".join(map(str, network.input))
        head = f'"""{network.name or "A network"}: the input is {told}."""\n\nfrom keras import {", ".join(imports)}'
        return Script("\n\n\n".join([head, *used, text]) + "\n", name, names)

    # bodies

    def _top(self) -> tuple[str, Body, list[str]]:
        ends = [self.ground.real(o.node) for o in self.analysis.network.outputs]
        body = _Scope(self, 0, ends)
        body.items(self.ground.tree)
        return body.value(0), body.body, [body.value(end) for end in ends]

    def _collect(self, body: Body) -> None:
        for inner in body.calls.values():
            self.uses[inner.key].append(inner)
            self._collect(inner)

    def _ordered(self, body: Body) -> list[tuple[Any, ...]]:
        """The functions that are to be written, those that are called first."""
        found: dict[tuple[Any, ...], None] = {}

        def walk(one: Body) -> None:
            for at, inner in one.calls.items():
                walk(inner)
                if at not in one.turns:
                    found.setdefault(inner.key)

        walk(body)
        return list(found)

    def _function(self, key: tuple[Any, ...]) -> str:
        uses = self.uses[key]
        columns = list(zip(*(use.all_numbers for use in uses), strict=True))
        words = _meanings(uses[0])
        parameters: dict[tuple[str, ...], str] = {}
        texts = []
        for column, word in zip(columns, words, strict=True):
            if len(set(column)) == 1:
                texts.append(column[0])
                continue
            if column not in parameters:
                count = sum(p == word or p.rstrip("0123456789") == word for p in parameters.values())
                parameters[column] = word + (str(count + 1) if count else "")
            texts.append(parameters[column])
        taken = sum(key[0] == uses[0].block for key in self.functions)
        name = uses[0].block + (f"_{taken + 1}" if taken else "")
        self.functions[key] = (name, texts, list(parameters.values()))
        named = self._is_named(uses[0])
        heads = [uses[0].given, *parameters.values(), *(["name"] if named else [])]
        lines = self._lines(uses[0], texts, "{name}_", 4)
        last = uses[0].words[-1].split(" = ")[0]
        returned = lines[-1].replace(f"    {last} = ", "    return ", 1)
        if lines[-1].startswith(f"    {last} = ") and len(returned) <= WIDTH:
            lines[-1] = returned
        else:
            lines.append(f"    return {last}")
        return "\n".join([*wrapped(f"def {name}({', '.join(heads)}):", 0), *lines])

    def _is_named(self, body: Body) -> bool:
        return bool(body.owners) or any(self._is_named(inner) for inner in body.calls.values())

    def _lines(self, body: Body, texts: list[str], prefix: str, indent: int) -> list[str]:
        """The statements of a body, with the texts of its numbers in their order."""
        texts = texts or body.all_numbers
        lines, at_number = [], 0
        for at, words in enumerate(body.words):
            own = len(body.numbers[at])
            parts = words.split("#")
            line = (
                words
                if at in body.turns
                else parts[0]
                + "".join(t + p for t, p in zip(texts[at_number : at_number + own], parts[1:], strict=True))
            )
            at_number += own
            if at in body.calls:
                inner = body.calls[at]
                size = len(inner.all_numbers)
                numbers = texts[at_number - own : at_number + size]
                at_number += size
                lines += self._called(at in body.turns, line, inner, numbers, prefix, indent)
                continue
            for mark, (local, _, _) in zip("@%", _marked(body, at), strict=False):
                if local:
                    line = line.replace(f"({mark})", f"(name={_quoted(prefix + local)})")
                    line = line.replace(mark, f", name={_quoted(prefix + local)}")
            lines += _fitted(line, indent)
        return lines

    def _called(self, loops: bool, line: str, inner: Body, numbers: list[str], prefix: str, indent: int) -> list[str]:
        """A loop, whose first number is how often it turns, or the call of a function."""
        target, _, source = line.partition(" = ")
        local = source.partition("(")[0]
        if loops:
            turns, *numbers = numbers
            index = "ijklm"[min(indent // 4 - 1, 4)]
            head = f"{' ' * indent}for {index} in range({turns}):"
            if not self._is_named(inner):
                head = head.replace(f"for {index} ", "for _ ")
            return [head, *self._lines(inner, numbers, f"{prefix}{local}_{{{index}}}_", indent + 4)]
        name, texts, parameters = self.functions[inner.key]
        values: dict[str, str] = {}
        for text, value in zip(texts, numbers, strict=True):
            if text in parameters:
                values.setdefault(text, value)
        argument = source.partition("(")[2].removesuffix(")")
        words = [argument, *(values[p] for p in parameters)]
        if self._is_named(inner):
            words.append(f"name={_quoted(prefix + local)}")
        return wrapped(f"{target} = {name}({', '.join(words)})", indent)

    def _names(self, body: Body, prefix: str) -> Iterator[tuple[str, int, bool]]:
        for at in range(len(body.words)):
            if at in body.calls:
                local = body.words[at].partition(" = ")[2].partition("(")[0]
                turns = at in body.turns
                for index, inner in enumerate(self.turned(body, at)):
                    yield from self._names(inner, f"{prefix}{local}_{index}_" if turns else f"{prefix}{local}_")
            for local, node, role in body.owners.get(at, ()):
                yield prefix + local, node.index, role == "prelu"

    def turned(self, body: Body, at: int) -> list[Body]:
        """The bodies of a loop, one for each turn; of a call the one."""
        return self.loops.get((id(body), at), [body.calls[at]])


class _Scope:
    """Writes one body. Values that only the next statement reads are all called x."""

    def __init__(self, writer: _Writer, source: int, ends: list[int], block: str = "", depth: int = 0) -> None:
        self.depth = depth
        self.writer, self.ground, self.source, self.ends = writer, writer.ground, source, ends
        self.body = Body(block=block)
        self.known: dict[int, str] = {}
        self.counts: dict[str, int] = defaultdict(int)
        self.shared: dict[int, str] = {}
        self.order: list[int] = []

    def value(self, index: int) -> str:
        return self.known[self.ground.real(index)]

    def items(self, items: tuple[Node | Group, ...]) -> None:
        plan = list(self._planned(items))
        reads: dict[int, list[int]] = defaultdict(list)
        for number, (sources, _, _) in enumerate(plan):
            for source in sources:
                reads[source].append(number)
        for end in self.ends:
            reads[end].append(len(plan))

        def called(index: int, number: int) -> str:
            if reads[index] == [number + 1]:
                return "x"
            self.counts["value"] += 1
            return _LETTERS[(self.counts["value"] - 1) % len(_LETTERS)] + (
                str(self.counts["value"] // len(_LETTERS)) if self.counts["value"] > len(_LETTERS) else ""
            )

        first = called(self.source, -1)
        self.body.given = self.known[self.source] = self._given(first == "x")
        for number, (sources, index, what) in enumerate(plan):
            target = called(index, number)
            if isinstance(what, Node):
                self._node(what, target)
            else:
                self._group(what, sources[0], target)
            self.known[index] = target

    def _given(self, chained: bool) -> str:
        """What the input is called; a loop changes it from turn to turn."""
        if not self.body.block or (not chained and self.body.block != TURN):
            return "inputs"
        return "x" if chained else "out" + (str(self.depth) if self.depth > 1 else "")

    def _planned(self, items: tuple[Node | Group, ...]) -> Iterator[tuple[list[int], int, Node | list[Group]]]:
        """Statements: what they read, what they give, and the layer or the group, with further turns that are the same."""
        at = 0
        while at < len(items):
            item = items[at]
            at += 1
            if isinstance(item, Node):
                if item.op != "identity":
                    yield [self.ground.real(i) for i in item.inputs], item.index, item
                continue
            if not self._callable(item):
                yield from self._planned(item.items)
                continue
            turns = [item]
            while item.level.kind == "repeat" and at < len(items) and self._same(turns[-1], items[at]):
                turns.append(items[at])  # type: ignore[arg-type]
                at += 1
            if item.level.kind == "repeat" and len(turns) == 1:
                yield from self._planned(item.items)
                continue
            work = self.ground.work(turns[-1])
            yield [self._into(item)], work[-1].index, turns

    def _into(self, group: Group) -> int:
        return self.ground.real(self.ground.work(group)[0].inputs[0])

    def _callable(self, group: Group) -> bool:
        if group.level.kind not in ("block", "repeat"):
            return False
        work = self.ground.work(group)
        if len(work) < 2 or self.ground.is_shared(group):
            return False
        return self.ground.closed(group, self._into(group))

    def _same(self, one: Group, other: Node | Group) -> bool:
        """Whether the next turn of a repeat is the same again."""
        if isinstance(other, Node) or other.level.kind != "repeat" or not self._callable(other):
            return False
        end = self.ground.work(one)[-1].index
        if not self.ground.consumers[end] <= {n.index for n in other.nodes()}:
            return False
        if self._into(other) != end or other.level.name != one.level.name:
            return False
        first, second = self._inside(one), self._inside(other)
        return first.key == second.key and first.all_numbers == second.all_numbers

    def _inside(self, group: Group) -> Body:
        work = self.ground.work(group)
        block = _plain(group.level.name) if group.level.kind == "block" else TURN
        scope = _Scope(self.writer, self._into(group), [work[-1].index], block, self.depth + 1)
        scope.items(group.items)
        return scope.body

    def _group(self, turns: list[Group], source: int, target: str) -> None:
        inner = self._inside(turns[0])
        self.counts[inner.block] += 1
        at = len(self.body.words)
        if len(turns) > 1:  # a loop goes on with one value
            bodies = [self._inside(turn) for turn in turns]
            loop = inner.given
            last = inner.words[-1].partition(" = ")
            for body in bodies:
                body.words[-1] = f"{loop} = {last[2]}"
            if self.known[source] != loop:
                self._say(f"{loop} = {self.known[source]}")
                at += 1
            self._say(f"{loop} = {inner.block}{self.counts[inner.block]}({loop})")
            self.body.calls[at] = bodies[0]
            self.body.turns.add(at)
            self.body.numbers[at] = [str(len(turns))]
            self.writer.loops[id(self.body), at] = bodies
            if target != loop:
                self._say(f"{target} = {loop}")
            return
        self._say(f"{target} = {inner.block}{self.counts[inner.block]}({self.known[source]})")
        self.body.calls[at] = inner

    def _say(self, statement: str) -> int:
        self.body.words.append(statement)
        self.body.numbers.append([])
        return len(self.body.words) - 1

    def _node(self, node: Node, target: str) -> None:
        shapes = [self._shape(i) for i in node.inputs]
        inputs = [self.value(i) for i in node.inputs]
        calls = calls_of(node, shapes, self._shape(node.index))
        for number, call in enumerate(calls):
            result = target if number == len(calls) - 1 else "x"
            before = inputs[0] if number == 0 else "x"
            roles = [role for mark, role in (("@", "weight"), ("%", "prelu")) if mark in call]
            if roles and self.ground.divided(node):
                call = self._divided(node, call, roles[0])
                roles = []
            if node.frozen and roles:
                call = _frozen(call)
            words = NUMBER.sub("#", call)
            at = self._say(f"{result} = {words.format(*inputs, _=before)}")
            self.body.numbers[at] = NUMBER.findall(call)
            owners = []
            for role in roles:
                base = "prelu" if role == "prelu" else node.op
                self.counts[base] += 1
                owners.append((f"{base}{self.counts[base]}", node, role))
            if owners:
                self.body.owners[at] = owners

    def _divided(self, node: Node, call: str, role: str) -> str:
        """A layer whose weights are used again is made once and called several times."""
        owner = node.shared or node.index
        key = owner if role == "weight" else -owner
        if key not in self.shared:
            base = "prelu" if role == "prelu" else node.op
            self.counts[base] += 1
            name = f"{base}{self.counts[base]}"
            cut = call.rindex(")(")
            words = _frozen(call[: cut + 1]) if node.frozen else call[: cut + 1]
            at = self._say(f"{name} = {NUMBER.sub('#', words)}")
            self.body.numbers[at] = NUMBER.findall(words)
            self.body.owners[at] = [(name, self.ground.nodes[owner - 1], role)]
            self.shared[key] = name
        return self.shared[key] + call[call.rindex(")(") + 1 :]

    def _shape(self, index: int) -> tuple[int, ...]:
        report = self.writer.analysis.report
        return tuple(map(int, report.shape(index)))


def _fitted(line: str, indent: int) -> list[str]:
    """A statement on lines that are not too long, broken where Ruff breaks them: where `layer(…)(x)` does not fit before its
    last bracket, within the layer's."""
    head, _, call = line.rpartition(")(")
    if not head or indent + len(head) + 2 <= WIDTH or call.count("(") != call.count(")") - 1:
        return wrapped(line, indent)
    *lines, last = wrapped(head + ")", indent, behind=len(call) + 1)
    return [*lines, f"{last}({call}"] if lines else wrapped(line, indent)


def _marked(body: Body, at: int) -> list[tuple[str, Any, str]]:
    owners = body.owners.get(at, [])
    found: list[tuple[str, Any, str]] = [("", None, ""), ("", None, "")]
    for owner in owners:
        found[owner[2] == "prelu"] = owner
    return found


def _meanings(body: Body) -> list[str]:
    """A word for each number of a body: the keyword that it stands behind, or what comes first in its layer."""
    found: list[str] = []
    for at, words in enumerate(body.words):
        before = ""
        for part in words.split("#")[:-1]:
            before += part
            keyword = re.search(r"(\w+)=[\[(]?[^=()]*$", part)
            if keyword:
                found.append(keyword[1])
            elif part.endswith("Dense("):
                found.append("units")
            elif re.search(r"Conv\dD(Transpose)?\($", part):
                found.append("filters")
            elif re.search(r"Conv|Pooling", before.rpartition(" = ")[2]):
                found.append("kernel_size")
            else:
                found.append("size")
            before += "#"
        if at in body.calls:
            if at in body.turns:
                found.append("repeats")
            found += _meanings(body.calls[at])
    return found


def _quoted(name: str) -> str:
    return f'f"{name}"' if "{" in name else f'"{name}"'


def _plain(name: str) -> str:
    """A name that Python takes."""
    plain = re.sub(r"\W+", "_", name).strip("_").lower()
    return plain if plain and not plain[0].isdigit() else f"net_{plain}"


def arrays(script: Script, net: Weighted) -> dict[str, list[np.ndarray]]:
    """The weights of each layer in Keras's order and layout, by its name. Raises ValueError where one is missing."""
    found = {}
    for name, index, prelu in script.names:
        node = net.analysis.network.nodes[index - 1]
        have = net.of(node)
        if node.op == "filter":
            layer: Any = node.layer
            divisor, rows = layer.divided(len(net.analysis.report[index].inputs[0]) - 1)
            kernel = np.array(rows, np.float32) / divisor
            channels = int(net.analysis.report[index].inputs[0][-1])
            found[name] = [np.repeat(kernel[..., None], channels, -1)[..., None]]
            continue
        facts = net.analysis.report[index]
        shape = tuple(map(int, (facts.output or ()) if prelu else facts.inputs[0]))
        roles = ["prelu"] if prelu else ["weight", "bias", "running_mean", "running_var"]
        missing = [r for r in roles[:1] if r not in have]
        if missing:
            text = T("There is no tensor {name} among the weights.", name=f"{index}.{node.op}.{missing[0]}")
            raise ValueError(str(text))
        found[name] = [_turned(node, role, np.asarray(have[role]), shape) for role in roles if role in have]
    return found


def _turned(node: Node, role: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if role == "prelu":
        return value.reshape((1,) * (len(shape) - 1) + value.shape)
    if role != "weight" or value.ndim < 2:
        return value
    if node.op == "dense":
        return value.T
    if node.op == "dwconv":
        value = value.reshape(shape[-1], -1, *value.shape[2:])
        return np.moveaxis(value, (0, 1), (-2, -1))
    return np.moveaxis(value, (0, 1), (-1, -2))


def weights_file(script: Script, net: Weighted) -> bytes:
    """An HDF5 file that `model.load_weights(file, by_name=True)` takes. Raises ValueError."""
    import h5py

    found = arrays(script, net)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in found]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"3.0.0"
        for name, values in found.items():
            group = file.create_group(name)
            names = [f"{name}/{number}" for number in range(len(values))]
            group.attrs["weight_names"] = [one.encode() for one in names]
            for one, value in zip(names, values, strict=True):
                group.create_dataset(one, data=np.ascontiguousarray(value, np.float32))
    return content.getvalue()


def _frozen(call: str) -> str:
    """The call of a layer that is not trained; the numbers of a `filter` are not in any case."""
    return call if "trainable=False" in call else call.replace("@", ", trainable=False@")
