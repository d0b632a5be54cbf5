"""Random programs that are well formed: over the whole language, or small ones that can be trained.

Layers, their options and what fits are taken from the declarations in convdsl.layers, so that a new layer takes part
without being mentioned here. A program depends on the random numbers only: the same seed gives the same text, and a
`random.Random` of hypothesis gives texts that shrink.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from random import Random

import convdsl
from convdsl.language.keywords import STRUCTURES
from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS, LAYERS, Argument, Layer, SizeError
from convdsl.layers.arguments import REQUIRED, BadValue, Choice, Count, Flag, Kernel, Padding, Real, Shape, Window

Sizes = tuple[int, ...]

_SHORT = re.compile(r"(?<= )([a-z]{1,2})([0-9]+)(?= |$)")
"""An option with its number: `k3`."""

_USUAL = (
    "conv {w} k3 p{p} {a} -> conv {v} k1 {a}",
    "conv {w} k3 p{p} nobias -> bn {a}",
    "conv {w} k3 p1 nobias -> bn {a} -> dwconv k3 p1 nobias -> bn {a} -> conv {v} k1 nobias -> bn",
    "conv {w} k3 p{p} {a} -> maxpool 2",
    "maxpool 2 -> conv {w} k3 p{p} {a} -> maxpool 2",
    "conv {w} k3 p1 {a} -> residual {{ maxpool 2 -> upsample 2 }}",
    "residual {{ conv {c} k3 p1 {a} -> maxpool 2 -> upsample 2 }}",
    "conv {w} k3 p{p} {a} -> dense {v}",
    "conv {w} k{whole} nobias -> bn {a}",
)
_USUAL_VECTORS = ("dense {w} nobias -> bn {a}", "dense {w} {a} -> dense {v}")
"""What is often written: `w` and `v` are widths, `c` the channels that there are, `whole` is the size of the input."""

_NESTED = tuple(word for word in STRUCTURES if word != "output")

_PARTS = (2, 3, 4)
"""Branches of a `split`."""


@dataclass
class Kind:
    """What sort of program is wanted. Sizes are bounds; `layers` names the layers that may be used (None: all)."""

    ranks: tuple[int, ...] = (0, 1, 2, 2, 2, 3)
    layers: frozenset[str] | None = None
    most_layers: int = 8
    most_positions: int = 12
    most_channels: int = 8
    lengths: tuple[int, ...] = ()
    """Of the input's axes, to choose from; none: any."""
    widths: tuple[int, ...] = ()
    """Channels and units, to choose from; none: any."""
    depth: int = 2
    classes: int | None = None
    """Ends in `dense N softmax`: a network that can be trained."""
    unknowns: bool = False
    """Symbols in the input, holes in options."""
    shared: bool = False
    """Blocks whose weights exist once; with `words` there are some anyway."""
    usual: int = 2
    """Of the statements, for six layers of any kind: how many are layers as they often stand behind each other."""
    words: bool = True
    """Blocks, `let`, `expect`, `net`, `train`."""


SMALL = Kind(most_layers=5, classes=4, words=False)


def program(rng: Random, kind: Kind | None = None) -> str:
    """A program that `check` finds no error in, in the form that `fmt` writes."""
    return _Writer(rng, kind or Kind()).program()


def trainable(rng: Random, **wanted: object) -> str:
    """A small network that ends in `dense 4 softmax`; `wanted` are other fields of Kind."""
    return program(rng, Kind(**{**vars(SMALL), **wanted}))  # type: ignore[arg-type]


_APART = (
    {"k": (2,)},
    {"k": (2,), "s": (3,)},
    {"k": (2,), "p": (1,)},
    {"k": (1,), "s": (2,)},
    {"k": (2,), "ceil": True},
)
"""Options of a pooling whose windows do not overlap."""


@dataclass
class _Writer:
    rng: Random
    kind: Kind
    blocks: list[str] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    """Values named by `let`."""
    kept: int = 0
    """Values named by `keep`."""

    def program(self) -> str:
        rng, kind = self.rng, self.kind
        shape = self._input()
        rank = len(shape) - 1
        lines = [f"input {'x'.join(map(str, shape))}"]
        if kind.unknowns and len(shape) > 1 and rng.random() < 0.5:
            lines = [f"input {'x'.join('N' for _ in shape[1:])}x{shape[-1]}"]
        if kind.words:
            for name in rng.sample(("C", "F1", "BASE"), rng.randint(0, 2)):
                self.names[name] = rng.randint(1, kind.most_channels)
                lines.append(f"let {name} = {self._number(self.names[name], named=False)}")
        body, shape = self._chain(shape, rng.randint(1, kind.most_layers), kind.depth)
        ending = [f"dense {kind.classes} softmax"] if kind.classes is not None else []
        body += self._outputs(shape, ending, "\n".join(body)) or ending
        if kind.words and rng.random() < 0.3:
            lines.insert(0, f"net {rng.choice(('lenet5', 'NET', 'two_3x3', 'ResNet'))}")
        if kind.words and rng.random() < 0.2:
            body.append(self._train(images=rank == 2))
        return "\n".join((*lines, *self.blocks, *body)) + "\n"

    def _input(self) -> Sizes:
        rng, kind = self.rng, self.kind
        rank = rng.choice(kind.ranks)
        if kind.lengths:
            return (*(rng.choice(kind.lengths) for _ in range(rank)), self._width())
        longest = max(2, round(kind.most_positions ** (2 / max(rank, 2))))
        return (*(rng.randint(2, longest) for _ in range(rank)), self._width())

    def _width(self) -> int:
        return self.rng.choice(self.kind.widths or range(1, self.kind.most_channels + 1))

    def _chain(self, shape: Sizes, length: int, depth: int) -> tuple[list[str], Sizes]:
        """Some statements behind each other, and the shape behind them."""
        statements: list[str] = []
        for _ in range(length):
            makers: list[Callable[[Sizes, int], tuple[str, Sizes] | None]] = [
                *[self._layer] * 6,
                *[self._usual] * self.kind.usual,
            ]
            if depth > 0:
                makers += [self._combination, self._structure]
                makers += [self._call] * self.kind.words + [self._shared] * (
                    self.kind.shared or (self.kind.words and not self.kind.unknowns)
                )
            made = self.rng.choice(makers)(shape, depth)
            if made is not None:
                statements.append(made[0])
                shape = made[1]
                if self.kind.words and self.rng.random() < 0.1:
                    statements.append(self._expectation(shape))
        return statements or ["identity"], shape

    def _same(self, shape: Sizes, depth: int) -> str:
        """Statements that leave the shape as it is, joined by arrows."""
        statements = []
        for _ in range(self.rng.randint(1, 3)):
            if depth > 0 and self.rng.random() < 0.15:
                statements.append(self._structure(shape, depth, ("residual", "repeat", "freeze", "split", "keep"))[0])
                continue
            made = self._layer(shape, depth)
            if self._allowed("conv") and len(shape) > 1 and self.rng.random() < 0.3:
                options = self.rng.choice(("k1", "k1 nobias", "k3 p same", "k3 p same nobias", "k5 p same nobias"))
                statements.append(f"conv {shape[-1]} {options}{self._activation(BY_NAME['conv'])}")
            elif made is not None and made[1] == shape:
                statements.append(made[0])
        return " -> ".join(statements) or "identity"

    # Layers.

    def _layer(self, shape: Sizes, depth: int) -> tuple[str, Sizes] | None:
        """A layer that fits, from a few attempts."""
        allowed = [c for c in LAYERS if c.name not in (*COMBINATIONS, "unpool") and self._allowed(c.name)]
        for _ in range(8):
            declared = self.rng.choice(allowed)
            try:
                layer = declared(**self._options(declared, shape))
                output = layer.output(shape)
                layer.weights(shape)
            except (SizeError, BadValue):
                continue
            small = all(1 <= n <= 2 * self.kind.most_positions for n in output[:-1])
            if small and prod(output) <= 4 * self.kind.most_positions**2 * self.kind.most_channels:
                return self._vary(layer) + self._activation(declared), output
        return None

    def _usual(self, shape: Sizes, depth: int) -> tuple[str, Sizes] | None:
        """Layers as they often stand behind each other, for which engines have ways of their own."""
        rng, sizes = self.rng, shape[:-1]
        active = [name for name in (*ACTIVATIONS, *["relu"] * len(ACTIVATIONS)) if self._allowed(name)]
        text = rng.choice(_USUAL if sizes else _USUAL_VECTORS).format(
            w=self._width(),
            v=self._width(),
            c=shape[-1],
            p=rng.choice((1, 1, 2)),
            a=rng.choice(active or [""]),
            whole="x".join(map(str, sizes if len({*sizes}) > 1 else sizes[:1])),
        )
        if not all(self._allowed(word) for word in re.findall(r"(?:^|-> |{ )([a-z]+)", text) if word in BY_NAME):
            return None
        try:
            return text, convdsl.parse(f"input {'x'.join(map(str, shape))} -> {text}").report.output
        except convdsl.ProgramError:
            return None

    def _allowed(self, name: str) -> bool:
        return self.kind.layers is None or name in self.kind.layers

    def _activation(self, declared: type[Layer]) -> str:
        if not declared.activates or self.rng.random() < 0.5:
            return ""
        chosen = self.rng.choice([c for n, c in ACTIVATIONS.items() if self._allowed(n)] or [declared])
        if chosen is declared:
            return ""
        return f" {chosen(**self._options(chosen, (1,))).text()}"

    def _options(self, declared: type[Layer], shape: Sizes) -> dict[str, object]:
        """Values for a layer's arguments: for those that it needs, and for some of the others."""
        chosen = {n for n, a in declared.arguments.items() if a.default is REQUIRED or self.rng.random() < 0.3}
        if declared.one_of and not chosen & set(declared.one_of):
            chosen.add(self.rng.choice(declared.one_of[-2:]))
        return {n: a.accept(self._value(a, shape)) for n, a in declared.arguments.items() if n in chosen}

    def _value(self, argument: Argument, shape: Sizes) -> object:
        rng = self.rng
        match argument:
            case Flag():
                return argument.sets
            case Kernel() if rng.random() < 0.3:
                rows, columns = rng.choice((1, 3)), rng.choice((1, 3))
                return f"[{'; '.join(' '.join(str(rng.randint(-2, 2)) for _ in range(columns)) for _ in range(rows))}]"
            case Choice():
                return rng.choice(argument.words)
            case Padding() if rng.random() < 0.4:
                return rng.choice(("same", "same_lower", "valid"))
            case Window():
                low = argument.minimum
                most = 1 if argument.name in ("before", "after") else 3
                values = tuple(rng.randint(low, most) for _ in range(max(len(shape) - 1, 1)))
                return values if rng.random() < 0.2 else values[0]
            case Count():
                divisors = [n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0]
                if argument.name in ("filters", "units"):
                    return self._width()
                return rng.choice((*divisors, rng.randint(argument.minimum, self.kind.most_channels)))
            case Real():
                return rng.choice([v for v in (0.1, 0.25, 0.5, 1.0, 2.0, 1e-3) if argument.low <= v <= argument.high])
            case Shape():
                if argument.name == "size" and len(shape) > 1:
                    return rng.choice((shape[:-1], shape[::-1], tuple(rng.randint(1, 4) for _ in shape[1:])))
                return rng.choice((shape, shape[::-1], (prod(shape),)))
        raise NotImplementedError(f"a random value for {argument}")

    # Braces.

    def _combination(self, shape: Sizes, depth: int) -> tuple[str, Sizes] | None:
        if len(shape) < 2 or not self._allowed("conv"):
            return None
        rng = self.rng
        channels = self._width()
        branches = [self._same(shape, depth - 1) for _ in range(rng.randint(2, 3))]
        word = rng.choice([word for word in COMBINATIONS if word != "matmul" or len(shape) == 2])
        if word == "matmul":
            left, right = branches[:2]
            return f"matmul {{ {left} | {right} -> transpose }}{self._activation(COMBINATIONS[word])}", (
                shape[0],
                shape[0],
            )
        after = self._activation(COMBINATIONS[word])
        if COMBINATIONS[word].pair:
            branches = branches[:2]
        wide = [rng.choice((None, self._width())) for _ in branches]
        widths = wide if word == "concat" else [channels] * len(branches)
        branches = [
            b if w is None else f"{b} -> conv {self._number(w)} k1{rng.choice(('', ' nobias'))}"
            for b, w in zip(branches, widths, strict=True)
        ]
        if word == "mul":
            branches[0] += " -> globalavgpool" if self._allowed("globalavgpool") else ""
        total = sum(shape[-1] if w is None else w for w in widths) if word == "concat" else channels
        return f"{word} {{ {' | '.join(branches)} }}{after}", (*shape[:-1], total)

    def _structure(self, shape: Sizes, depth: int, words: Sequence[str] = (*_NESTED, "keep")) -> tuple[str, Sizes]:
        """Braces, or a value with a name, that leave the shape as it is."""
        word = self.rng.choice([w for w in words if w != "split" or any(shape[-1] % n == 0 for n in _PARTS)])
        if word == "keep":
            return self._kept(shape, depth), shape
        inside = self._same(shape, depth - 1)
        if word == "residual":
            return f"residual {{ {inside} }}{self._activation(COMBINATIONS['add'])}", shape
        if word == "split":
            return self._split(shape, depth), shape
        if word == "aux":
            ending = f" -> dense {self.kind.classes} softmax" if self.kind.classes else ""
            return f"aux {self.rng.choice(('0.3', '1'))} {{ {inside}{ending} }}", shape
        times = f" {self._number(self.rng.randint(1, 3), holes=False)}" if word == "repeat" else ""
        return f"{word}{times} {{ {inside} }}", shape

    def _outputs(self, shape: Sizes, ending: list[str], text: str) -> list[str]:
        """In one network of sixteen, two outputs, one before the end; by chance of their own, so that the others stay."""
        before, self.rng = self.rng, Random(text)
        found: list[str] = []
        if (
            self.rng.random() < 0.06
            and not self.kind.unknowns
            and not any("aux " in one for one in (text, *self.blocks))
        ):
            inside = " -> ".join([self._same(shape, 1), *ending])
            found = [f"output first {{ {inside} }}", *(ending or ["identity"]), "output last"]
        self.rng = before
        return found

    def _split(self, shape: Sizes, depth: int) -> str:
        """An equal share of the channels for each branch."""
        count = self.rng.choice([n for n in _PARTS if shape[-1] % n == 0])
        part = (*shape[:-1], shape[-1] // count)
        return f"split {{ {' | '.join(self._same(part, depth - 1) for _ in range(count))} }}"

    def _kept(self, shape: Sizes, depth: int) -> str:
        """A value that is read again further on: behind others, from another branch, or of each turn of a repetition."""
        rng, self.kept = self.rng, self.kept + 1
        name = f"v{self.kept}"
        first, then, other = (self._same(shape, depth - 1) for _ in range(3))
        put_back = self._put_back(name, shape, depth, first + then + other)
        if put_back:
            return put_back
        before = rng.choice(
            (
                f"{first} -> keep {name} -> {then}",
                f"add {{ {first} -> keep {name} | {then} }}",
                f"residual {{ {first} -> keep {name} -> {then} }}",
                f"repeat {rng.randint(1, 3)} {{ {first} -> keep {name} }}",
            )
        )
        if before.startswith("repeat"):
            return f"{before} -> {rng.choice(('add', 'mean', 'max'))} {{ from {name} }}{self._activation(COMBINATIONS['add'])}"
        word = rng.choice(("add", "mean", "max", "mul"))
        return f"{before} -> {word} {{ {other} | from {name} }}{self._activation(COMBINATIONS[word])}"

    def _put_back(self, name: str, shape: Sizes, depth: int, text: str) -> str:
        """Values that go back to the places of their maxima, in some networks; by chance of their own, as outputs are."""
        before, self.rng = self.rng, Random(text)
        found = ""
        fits = len(shape) > 1 and all(n > 1 for n in shape[:-1]) and not self.kind.unknowns
        if fits and self._allowed("unpool") and self.rng.random() < 0.25:
            pool = BY_NAME["maxpool"](**self.rng.choice(_APART))
            small = pool.output(shape)
            found = f"{pool.text()} -> keep {name} -> {self._same(small, depth - 1)} -> unpool {name}"
        self.rng = before
        return found

    def _call(self, shape: Sizes, depth: int) -> tuple[str, Sizes] | None:
        if len(shape) < 2:
            return None
        name = f"part{len(self.blocks)}"
        channels = self.rng.randint(1, self.kind.most_channels)
        hidden, self.names = self.names, {}
        inside = self._same(shape, depth - 1)
        self.names = hidden
        if self.rng.random() < 0.5 and self._allowed("conv"):
            self.blocks.append(f"block {name}(W) {{\n  {inside}\n  conv W k1\n}}")
            return f"{name}({self._number(channels)})", (*shape[:-1], channels)
        self.blocks.append(f"block {name}() {{ {inside} }}")
        return f"{name}()", shape

    def _shared(self, shape: Sizes, depth: int) -> tuple[str, Sizes]:
        """One set of weights for all uses: behind each other, or in branches."""
        name = f"same{len(self.blocks)}"
        hidden, self.names = self.names, {}
        inside = self._same(shape, depth - 1)
        self.names = hidden
        self.blocks.append(f"shared {name} {{ {inside} }}")
        if len(shape) > 1 and self.rng.random() < 0.4:
            return f"add {{ {name}() | {self._same(shape, depth - 1)} -> {name}() }}", shape
        return " -> ".join([f"{name}()"] * self.rng.randint(1, 3)), shape

    # Words.

    def _expectation(self, shape: Sizes) -> str:
        sizes = "layer params >= 0" if self.kind.unknowns else "x".join(map(str, shape))
        return f"expect {self.rng.choice((sizes, 'params >= 0', 'layer macs < 1.5G', 'flops > -1'))}"

    def _train(self, images: bool) -> str:
        rng = self.rng
        settings = [
            "data fashion-mnist",
            "optimizer adam lr=0.001",
            "batch 128",
            "epochs 5",
            "augment flip, shift 2, rotate 10" if images else "augment noise 0.1",
            "early_stop patience=3",
        ]
        chosen = rng.sample(settings, rng.randint(1, 4))
        return "train {\n  " + "\n  ".join(chosen) + "\n}"

    # Numbers.

    def _vary(self, layer: Layer) -> str:
        """A layer with some of its whole numbers written as expressions, names and holes."""
        text = layer.text()
        if any(isinstance(a, (Real, Kernel)) and a.positional for a in layer.arguments.values()):
            return text
        text = re.sub(r"(?<= )([0-9]+)(?= |$)", lambda m: self._number(int(m[1])), text)
        return _SHORT.sub(self._option, text)

    def _option(self, match: re.Match[str]) -> str:
        written = self._number(int(match[2]))
        plain = re.fullmatch(r"[0-9]+|[A-Z][A-Z0-9_]*|\?[A-Z]*", written)
        return f"{match[1]}{written}" if plain else f"{match[1]}({written})"

    def _number(self, value: int, named: bool = True, holes: bool = True) -> str:
        rng = self.rng
        if not self.kind.words or rng.random() < 0.8:
            return str(value)
        equal = [n for n, v in self.names.items() if v == value] if named else []
        if self.kind.unknowns and named and holes and rng.random() < 0.2:
            return rng.choice(("?", "?K"))
        if equal:
            return rng.choice(equal)
        a = rng.randint(1, 5)
        return rng.choice((f"{value + a}-{a}", f"{a}*{value}//{a}", f"({value}*{a})/{a}", f"{value}%{value + a}"))


# The same program in another hand.


def rewritten(rng: Random, text: str) -> str:
    """The same program as somebody else might type it: other spaces, signs, line ends, and comments."""
    lines = []
    for line in text.splitlines():
        if not line.startswith(("net ", "let ", "block ", "train ", "expect ", "  ")) and "[" not in line:
            line = re.sub(r" -> ", lambda m: rng.choice((" -> ", "->", " → ", "\n", " ->\n  ", "\n-> ")), line)
            line = re.sub(_SHORT, lambda m: rng.choice(_OPTIONS).format(*m.groups()), line)
            line = re.sub(r"(?<=[0-9])x(?=[0-9])", lambda m: rng.choice(("x", "x", "×", " x ", " × ")), line)
        line = re.sub(r" (?=[{}|]|$)|(?<=[{}|]) ", lambda m: rng.choice((" ", "  ")), line)
        line = re.sub(r" (\||\{) ", lambda m: rng.choice((f" {m[1]} ", f" {m[1]}\n", f" {m[1]} # {m[1]} (\n\n")), line)
        if rng.random() < 0.15:
            line += rng.choice(("  # a comment", "#", " # } { | -> `", "\n# on its own", "\n\n\n", "\t"))
        lines.append(line)
    return "\n".join(lines) + rng.choice(("\n", "", "\n\n\n"))


_OPTIONS = ("{}{}", "{} {}", "{}={}", "{} = {}", "{}({})", "{} ( {} )")
