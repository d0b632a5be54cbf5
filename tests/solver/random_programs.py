"""Random programs with holes and symbols, small enough to try all values, and the trial of all values."""

from __future__ import annotations

import random
import re
from itertools import product
from typing import NamedTuple

from convdsl.network import Analysis, analyse
from convdsl.solver import Answer
from convdsl.source import Source


class Trial(NamedTuple):
    """A program, its unknowns with their smallest values, and which values of them are tried."""

    text: str
    unknowns: dict[str, int]
    strict: bool

    def points(self, most: int) -> list[dict[str, int]]:
        """All points of a box of about `most` points."""
        width = max(2, round(most ** (1 / len(self.unknowns))))
        ranges = [range(low, low + width) for low in self.unknowns.values()]
        return [dict(zip(self.unknowns, values, strict=True)) for values in product(*ranges)]

    def accepts(self, values: dict[str, int]) -> bool:
        """What `check` says of some values."""
        found = analyse(Source(self.text), symbols=values, holes=values).diagnostics
        return not any(d.severity == "error" or (self.strict and d.code == "W501") for d in found)


class _Writer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.unknowns: dict[str, int] = {}
        self.left = self.random.choice([1, 1, 1, 2, 2, 3])

    def trial(self) -> Trial:
        channels = self.random.choice([1, 2, 4])
        first = self.size("A", 1, [4, 6, 7, 8, 12])
        second = first if self.random.random() < 0.5 else self.size("B", 1, [5, 6, 8])
        lines = [f"input {first}x{second}x{channels}"]
        for _ in range(self.random.randint(1, 4)):
            lines.append(self.layer())
        if self.random.random() < 0.3:
            lines.append(f"concat {{ {self.layer()} | identity }}")
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            lines.append(self.expectation("\n".join(lines)))
        written = "\n".join(lines)
        self.unknowns = {n: low for n, low in self.unknowns.items() if re.search(rf"(?<![A-Z]){n}(?![A-Z])", written)}
        if not self.unknowns:
            lines[0] = "input ?Ax8x4"
            self.unknowns["A"] = 1
        return Trial("\n".join(lines), self.unknowns, self.random.random() < 0.15)

    def size(self, name: str, minimum: int, values: list[int], chance: float = 0.3) -> str:
        """A number, a hole, or a symbol that may come back."""
        if self.random.random() < chance:
            if name in self.unknowns:
                return f"({'?' if self.unknowns[name] == 0 or name in 'KSPFG' else ''}{name})"
            if self.left:
                self.left -= 1
                self.unknowns[name] = minimum
                return f"(?{name})" if name in "KSPFG" else f"({name})"
        return str(self.random.choice(values))

    def layer(self) -> str:
        pick = self.random.choice
        k = self.size("K", 1, [1, 2, 3, 3, 5])
        s = self.size("S", 1, [1, 1, 1, 2, 2, 3], 0.15)
        p = pick([f"p({self.size('P', 0, [0, 1, 2])})", "p same", "", ""])
        p = p.replace("((", "(").replace("))", ")")
        filters = self.size("F", 1, [1, 2, 4, 6], 0.15).strip("()")
        match pick(["conv", "conv", "conv", "pool", "pool", "ceil", "tconv", "up", "pad", "crop", "dw", "local", "branch", "d"]):
            case "conv":
                groups = pick(["", "", "", " g2", f" g({self.size('G', 1, [1, 2], 0.3)})".replace("((", "(").replace("))", ")")])
                return f"conv {filters} k{k} s{s} {p}{groups}"
            case "pool":
                return f"{pick(['maxpool', 'avgpool'])} {k}" + pick(["", f" s{s}", f" s{s} {p}"])
            case "ceil":
                return f"maxpool {k} s{s} {p} ceil"
            case "tconv":
                return f"tconv {filters} k{k} s{s} {p}"
            case "up":
                return f"upsample {pick([2, 2, 3])}"
            case "pad":
                return f"pad {pick([1, 2])}"
            case "crop":
                return f"crop {pick([1, 2])}"
            case "dw":
                return f"dwconv k{k} {p}"
            case "local":
                return f"local {filters} k{k} s{s}"
            case "branch":
                return f"add {{ conv 4 k3 p1 s2 | conv 4 k{k} s2 {p} }}"
        return f"conv {filters} k{k} d2 {p}"

    def expectation(self, text: str) -> str:
        """Something that is expected: mostly what holds for some values, so that there is a solution."""
        pick, number = self.random.choice, self.random.randint
        for _ in range(4):
            point = {n: low + number(0, 5) for n, low in self.unknowns.items()}
            analysis = analyse(Source(text), symbols=point, holes=point)
            if not analysis.failed and self.random.random() < 0.9:
                return self.met(analysis)
        match pick(["shape", "shape", "params", "macs", "rf", "jump", "layer", "flops"]):
            case "shape":
                return f"expect {self.size('A', 1, [1, 2, 3, 4, 6, 8])}x{pick([1, 2, 3, 4, 6])}x{pick([1, 2, 4, 4, 8])}"
            case "params":
                return f"expect params {pick(['<=', '<', '>', '>=', '='])} {number(5, 600)}"
            case "macs":
                return f"expect macs {pick(['<=', '>='])} {number(100, 9000)}"
            case "flops":
                return f"expect flops <= {number(300, 90000)}"
            case "rf":
                return f"expect rf {pick(['<=', '>=', '='])} {number(1, 16)}"
            case "jump":
                return f"expect jump {pick(['<=', '>='])} {number(1, 4)}"
        return f"expect layer params {pick(['<=', '>='])} {number(1, 300)}"

    def met(self, analysis: Analysis) -> str:
        """An expectation that holds for the values of an analysis."""
        report = analysis.report
        last = report.facts[-1]
        assert last.output is not None
        quantity = self.random.choice(["shape", "shape", "shape", "params", "macs", "flops", "rf"])
        if quantity == "shape":
            sizes = [str(n) for n in last.output]
            if "A" in self.unknowns and "?A" not in analysis.source.text and self.random.random() < 0.3:
                sizes[0] = "A"
            return f"expect {'x'.join(sizes)}"
        sign = self.random.choice(["=", "=", "<=", ">="])
        if quantity == "rf":
            return f"expect rf {'x'.join(str(int(n)) for n in last.receptive_field)}" if sign == "=" else f"expect rf {sign} 5"
        return f"expect {quantity} {sign} {sum(getattr(f, quantity) for f in report.facts)}"


def trial(seed: int) -> Trial:
    """The random program of a seed."""
    return _Writer(seed).trial()


def contradiction(answer: Answer, asked: Trial, most: int) -> str | None:
    """Where an answer and the trial of all values disagree; None where they agree."""
    listed = {tuple(sorted(s.items())) for s in answer.solutions}
    for point in asked.points(most):
        mattering = {n: v for n, v in point.items() if n in answer.names}
        right = asked.accepts(point)
        if answer.family is not None:
            said = bool(eval(str(answer.family), {}, dict(point)))
        else:
            said = tuple(sorted(mattering.items())) in listed
        if said != right and (answer.complete or said):
            return f"{point}: said {said}, is {right}"
    for solution in answer.solutions:
        if not asked.accepts({**dict.fromkeys(asked.unknowns, 7), **solution}):
            return f"{solution} is no solution"
    return None
