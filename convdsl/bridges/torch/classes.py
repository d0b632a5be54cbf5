"""Classes out of the uses of blocks: what differs between the uses of one block is what its constructor takes."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from convdsl.bridges.torch import taken
from convdsl.bridges.torch.body import Body, Init, Instance, Leaf, Line, Lines, Nest, every
from convdsl.bridges.torch.layers import State
from convdsl.bridges.torch.marks import filled, holes, named, number, written
from convdsl.bridges.torch.wrapping import wrapped


@dataclass(eq=False)
class Class:
    """A class with all its uses. `expressions` are what stands for each number, `parameters` the names with their types."""

    name: str
    instances: list[Instance] = field(default_factory=list)
    parameters: list[tuple[str, str]] = field(default_factory=list)
    columns: list[tuple[str, ...]] = field(default_factory=list)
    expressions: list[str] = field(default_factory=list)
    single: set[int] = field(default_factory=set)
    """The lines of `__init__` for repeats that have one turn in all uses."""

    @property
    def body(self) -> Body:
        return self.instances[0].body


class Classes:
    """All classes of a network, those that others use first; the last one is the network."""

    def __init__(self, network: Instance) -> None:
        self.by_key: dict[str, Class] = {}
        self.taken: Counter[str] = Counter()
        self.last = self._free(camel(network.name) or "Net")
        self._collect(network, self.last)
        for one in self.by_key.values():
            self._parametrise(one)

    def _collect(self, instance: Instance, name: str = "") -> None:
        for init in instance.body.inits:
            for made in init.made:
                if isinstance(made, Instance):
                    self._collect(made)
        key = instance.key
        if key not in self.by_key:
            self.by_key[key] = Class(name or self._free(camel(instance.name) or "Block"))
        self.by_key[key].instances.append(instance)

    def _free(self, name: str) -> str:
        if name in taken.CLASSES or keyword.iskeyword(name):
            name += "Net" if not self.taken else "Block"
        self.taken[name] += 1
        found = name if self.taken[name] == 1 else f"{name}{self.taken[name]}"
        if found != name:
            self.taken[found] += 1
        return found

    # Numbers

    def made_texts(self, init: Init) -> list[str]:
        texts = []
        for made in init.made:
            if isinstance(made, Leaf):
                texts.append(made.text)
                continue
            used = self.by_key[made.key]
            at = used.instances.index(made)
            values = [(column[at], name) for column, (name, _) in zip(used.columns, used.parameters, strict=True)]
            arguments = ", ".join(number(_value(value), name) for value, name in values)
            texts.append(f"{used.name}({arguments})")
        return texts

    def text(self, init: Init) -> str:
        """What `__init__` assigns, its numbers marked."""
        texts = self.made_texts(init)
        if init.form == "one":
            return texts[0]
        count = number(len(texts), "repeats")
        first, steps = [h for h, _ in holes(texts[0])], [0] * len(holes(texts[0]))
        if len(texts) > 1:
            second = [h for h, _ in holes(texts[1])]
            steps = [0 if a == b else int(b) - int(a) for a, b in zip(first, second, strict=True)]
        roles = [role for _, role in holes(texts[0])]
        parts = []
        for value, role, step in zip(first, roles, steps, strict=True):
            marked = number(_value(value), role)
            if step:
                sign = "-" if step < 0 else "+"
                marked = f"{marked} {sign} {number(abs(step), 'step')} * i"
            parts.append(marked)
        element = _substituted(texts[0], parts)
        index = "i" if any(steps) else "_"
        if init.form == "list":
            return f"nn.ModuleList({element} for {index} in range({count}))"
        return f"nn.Sequential(*({element} for {index} in range({count})))"

    def _parametrise(self, one: Class) -> None:
        rows = []
        for instance in one.instances:
            texts = [self.text(init) for init in instance.body.inits]
            texts += [line.text for line in every(instance.body.lines)]
            rows.append([hole for text in texts for hole in holes(text)])
        roles = [role for _, role in rows[0]]
        columns = [tuple(v for v, _ in column) for column in zip(*rows, strict=True)]
        at = self._count_holes(one)
        for index, hole in at.items():
            if set(columns[hole]) == {"1"}:
                one.single.add(index)
        names: dict[tuple[str, ...], str] = {}
        wanted: dict[tuple[str, ...], str] = {}
        for column, role in zip(columns, roles, strict=True):
            if len(set(column)) > 1:
                wanted.setdefault(column, role)
        multiples: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
        for column, role in wanted.items():
            for other, other_role in wanted.items():
                if (
                    other not in multiples
                    and _plain_role(role)
                    and _plain_role(other_role)
                    and (k := _times(column, other))
                ):
                    multiples[column] = (k, other)
                    break
        kept = {c: role for c, role in wanted.items() if c not in multiples}
        used = Counter(_called(role) for role in kept.values())
        seen: Counter[str] = Counter()
        for column, role in kept.items():
            name = _called(role)
            if used[name] > 1:
                seen[name] += 1
                name = self._given_name(one, column) or f"{name}{seen[name]}"
            while name in names.values() or name in taken.ATTRIBUTES or keyword.iskeyword(name):
                name += "_"
            names[column] = name
            one.columns.append(column)
            one.parameters.append((name, "int" if all(_is_whole(v) for v in column) else "float"))
        for column in columns:
            if len(set(column)) == 1:
                one.expressions.append(column[0])
            elif column in names:
                one.expressions.append(names[column])
            else:
                k, other = multiples[column]
                one.expressions.append(f"{k} * {names[other]}")

    def _count_holes(self, one: Class) -> dict[int, int]:
        """For each repeat in `__init__`, which number says how often."""
        found, total = {}, 0
        for index, init in enumerate(one.body.inits):
            total += len(holes(self.text(init)))
            if init.form != "one":
                found[index] = total - 1
        return found

    def _given_name(self, one: Class, column: tuple[str, ...]) -> str:
        """What the program calls these numbers."""
        ground, instances = one.body.ground, one.instances
        parameters = ground.parameters.get(instances[0].name, [])
        for position, parameter in enumerate(parameters):
            given = [i.arguments[position] if position < len(i.arguments) else None for i in instances]
            if all(isinstance(g, (int, float)) and written(g) == v for g, v in zip(given, column, strict=True)):
                return parameter.lower()
        return ""

    # Text

    def __iter__(self) -> Iterator[str]:
        for one in self.by_key.values():
            yield "\n".join(self._source(one)) + "\n"

    def attribute_names(self, one: Class) -> list[str]:
        bases = []
        for index, init in enumerate(one.body.inits):
            base = snake(init.base)
            bases.append(_plural(base) if init.form != "one" and index not in one.single else base)
        used, seen, names = Counter(bases), Counter[str](), []
        for base in bases:
            seen[base] += 1
            name = base if used[base] == 1 else f"{base}{seen[base]}"
            names.append(f"{name}_" if name in taken.ATTRIBUTES or keyword.iskeyword(name) else name)
        while len(set(names)) < len(names):
            names = [f"{name}_{i}" if names.count(name) > 1 else name for i, name in enumerate(names)]
        stored = {name for name, _ in one.parameters}
        return [f"{name}_module" if name in stored else name for name in names]

    def _source(self, one: Class) -> list[str]:
        names = self.attribute_names(one)
        waiting = iter(one.expressions)
        fills = lambda text: filled(text, [next(waiting) for _ in holes(text)])  # noqa: E731
        inits = []
        for index, init in enumerate(one.body.inits):
            text = fills(self.text(init))
            if index in one.single:
                text = re.sub(r"^nn\.(Sequential\(\*|ModuleList)\(+(.*) for \w+ in range\(1\)\)+$", r"\2", text)
                text = re.sub(r" [+-] \d+ \* i\b", "", text)
            inits.append(text)
        filled_lines = iter([fills(line.text) for line in every(one.body.lines)])
        stored: list[str] = []
        parameters = {name for name, _ in one.parameters}

        def of_self(text: str) -> str:
            """Parameters that `forward` needs are attributes."""

            def put(match: re.Match[str]) -> str:
                if match[0] not in stored:
                    stored.append(match[0])
                return f"self.{match[0]}"

            if not parameters:
                return text
            text = re.sub(rf"(?<![\w.])({'|'.join(parameters)})(?![\w=])", put, text)
            return re.sub(
                r"(?<=[ \[])(self\.\w+:[\w.]+|\d+:self\.\w+)(?=[,\]])", lambda m: m[0].replace(":", " : "), text
            )

        comments = [[getattr(line, "comment", "") for line in every(i.body.lines)] for i in one.instances]
        same = iter([c[0] if len(set(c)) == 1 else "" for c in zip(*comments, strict=True)])
        result, exits = one.body.result, one.body.exits
        assert result is not None
        end = result.text
        end = filled(end, [v for v, _ in holes(end)])
        end = named(end, lambda index: names[index])
        outputs = one.body.outputs
        plain = end == "x" and not exits and not outputs
        final = one.body.lines[-1] if one.body.lines and plain else None
        forward = self._forward(one, one.body.lines, filled_lines, same, names, of_self, 8, final)
        if outputs:
            pairs = ", ".join(f'"{called}": {name}' for called, name in outputs.items())
            forward += wrapped(f"return {{{pairs}}}", 8)
        elif exits:
            forward += wrapped(f"return ({', '.join([end, *exits])}) if self.training else {end}", 8)
        elif not (end == "x" and one.body.lines and _assigns(one.body.lines[-1])):
            forward += wrapped(f"return {end}", 8)
        signature = ", ".join(["self", *(f"{name}: {kind}" for name, kind in one.parameters)])
        rows = [f"class {one.name}(nn.Module):", *_definition(signature)]
        rows.append("        super().__init__()")
        rows += [f"        self.{name} = {name}" for name in stored]
        for name, text in zip(names, inits, strict=True):
            rows += wrapped(f"self.{name} = {text}", 8)
        gives = "dict[str, Tensor]" if outputs else "Tensor | tuple[Tensor, ...]" if exits else "Tensor"
        return [*rows, "", f"    def forward(self, x: Tensor) -> {gives}:", *forward]

    def _forward(
        self,
        one: Class,
        lines: Lines,
        texts: Iterator[str],
        comments: Iterator[str],
        names: list[str],
        of_self: Callable[[str], str],
        indent: int,
        final: Line | Nest | None = None,
    ) -> list[str]:
        """Lines of `forward` with the names of their attributes; the `final` one gives what it computes."""
        rows: list[str] = []
        for line in lines:
            text, comment = next(texts), next(comments)
            if isinstance(line, Line):
                text = of_self(text)
                if line is final and _assigns(line):
                    text = f"return {text.removeprefix('x = ')}"
                rows += wrapped(named(text, lambda index: names[index]), indent, comment)
                continue
            over = line.over
            if text.startswith("if "):
                rows.append(f"{' ' * indent}{text}:")
                rows += self._forward(one, line.lines, texts, comments, names, of_self, indent + 4)
            elif over in one.single or text == "range(1)":
                rows += self._forward(one, line.lines, texts, comments, names, of_self, indent)
            elif over is None:
                text = of_self(text)
                rows.append(f"{' ' * indent}for _ in {text}:")
                rows += self._forward(one, line.lines, texts, comments, names, of_self, indent + 4)
            else:
                each = _loop_name(snake(one.body.inits[over].base))
                rows.append(f"{' ' * indent}for {each} in self.{names[over]}:")
                inner = self._forward(one, line.lines, texts, comments, names, of_self, indent + 4)
                rows += [row.replace(f"self.{names[over]}(", f"{each}(") for row in inner]
        return rows

    # States

    def states(self, instance: Instance, prefix: str = "") -> Iterator[tuple[str, State]]:
        """The tensors of a class in the order of PyTorch, with their full names."""
        one = self.by_key[instance.key]
        names = self.attribute_names(one)
        for index, (init, name) in enumerate(zip(instance.body.inits, names, strict=True)):
            for turn, made in enumerate(init.made):
                numbered = init.form != "one" and index not in one.single
                path = f"{prefix}{name}.{turn}." if numbered else f"{prefix}{name}."
                if isinstance(made, Leaf):
                    yield from ((path + state.name, state) for state in made.states)
                else:
                    yield from self.states(made, path)


def _assigns(line: Line | Nest) -> bool:
    """Whether a last line can be a `return`."""
    return isinstance(line, Line) and line.text.startswith("x = ")


def _definition(signature: str) -> list[str]:
    line = f"    def __init__({signature}) -> None:"
    if len(line) <= 88:
        return [line]
    if len(signature) + 8 <= 88:
        return ["    def __init__(", f"        {signature}", "    ) -> None:"]
    return ["    def __init__(", *(f"        {part}," for part in signature.split(", ")), "    ) -> None:"]


def _substituted(text: str, parts: list[str]) -> str:
    waiting = iter(parts)
    return re.sub("\ue000[^\ue001]*\ue001", lambda _: next(waiting), text)


def _value(text: str) -> int | float:
    return int(text) if _is_whole(text) else float(text)


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _plain_role(role: str) -> bool:
    """Whether a number may be written as a multiple of another: what comes in has a name of its own."""
    return _called(role) in ("channels", "features", "units", "groups")


def _called(role: str) -> str:
    return {
        "out_channels": "channels",
        "num_features": "in_channels",
        "out_features": "features",
        "kernel_size": "kernel_size",
    }.get(role, role.rstrip("0123456789_") or role)


def _times(column: tuple[str, ...], other: tuple[str, ...]) -> int:
    """k > 1 where the first is k times the other everywhere, else 0."""
    if column == other or not all(map(_is_whole, (*column, *other))):
        return 0
    ratios = {int(a) / int(b) if int(b) > 0 else 0 for a, b in zip(column, other, strict=True)}
    ratio = ratios.pop()
    return int(ratio) if not ratios and ratio > 1 and ratio == int(ratio) else 0


def camel(name: str) -> str:
    """`side_exit` as `SideExit`."""
    found = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", name) if word)
    return found if found.isidentifier() and found.isascii() else ""


def snake(name: str) -> str:
    found = re.sub(r"[^0-9a-z_]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    return found if found.isidentifier() else f"block_{found}"


def _plural(base: str) -> str:
    return f"{base}es" if base.endswith(("s", "x", "ch", "sh")) else f"{base}s"


def _loop_name(base: str) -> str:
    return f"{base}_" if base in taken.ATTRIBUTES or keyword.iskeyword(base) else base
