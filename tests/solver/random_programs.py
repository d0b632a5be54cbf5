"""Random programs with holes and symbols, small enough to try all values, and the trial of all values."""

from __future__ import annotations

import random
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from convdsl.diagnostics import Findings
from convdsl.language import parse
from convdsl.language.tree import Program
from convdsl.network import Analysis, analyse, infer
from convdsl.network.expectations import verify
from convdsl.network.resolve import resolve
from convdsl.network.windows import DOES_NOT_DIVIDE
from convdsl.solver import Solutions
from convdsl.source import Source


class Trial(NamedTuple):
    """A program, its unknowns with their smallest values, and whether strides must divide."""

    text: str
    unknowns: dict[str, int]
    strict: bool

    def points(self, box: int, scattered: int) -> list[dict[str, int]]:
        """All points of a box of about `box` points at the smallest values, and others beyond it."""
        width = max(2, round(box ** (1 / len(self.unknowns))))
        ranges = [range(low, low + width) for low in self.unknowns.values()]
        near = [dict(zip(self.unknowns, values, strict=True)) for values in product(*ranges)]
        chance = random.Random(self.text)
        far = [{n: low + chance.randint(0, 3 * width) for n, low in self.unknowns.items()} for _ in range(scattered)]
        return [*near, *far]

    def accepts(self, values: dict[str, int]) -> bool:
        """What `check` says of some values; its way without the notes, which cost most of the time."""
        source = Source(self.text)
        if self.strict:
            found = list(analyse(source, symbols=values, holes=values).diagnostics)
            return not any(d.severity == "error" or d.code in DOES_NOT_DIVIDE for d in found)
        findings = Findings(source)
        network = resolve(_tree(self.text), findings, symbols=values, holes=values)
        report = infer(network, findings)
        verify(network, report, findings)
        return not findings.failed


@lru_cache(maxsize=4)
def _tree(text: str) -> Program:
    return parse(Source(text), Findings(Source(text)))


HOLES = "KSPFG"
"""Unknowns that are holes; the others are symbols."""


KINDS = [
    "conv",
    "conv",
    "conv",
    "pool",
    "pool",
    "ceil",
    "tconv",
    "up",
    "pad",
    "crop",
    "dw",
    "local",
    "branch",
    "dilated",
]


class _Writer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def trial(self) -> Trial:
        """A program with at least one unknown; mostly one that has an answer among small values."""
        for _ in range(20):
            trial = self.draft()
            if trial.unknowns and (self.random.random() < 0.03 or any(map(trial.accepts, trial.points(12, 12)))):
                return trial
        return Trial("input ?Ax8x4 -> crop 2", {"A": 1}, False)

    def draft(self) -> Trial:
        self.unknowns: dict[str, int] = {}
        self.left = self.random.choice([1, 1, 2, 2, 3])
        channels = self.random.choice([1, 2, 4])
        first = self.size("A", 1, [4, 6, 7, 8, 12])
        second = first if self.random.random() < 0.5 else self.size("B", 1, [5, 6, 8])
        lines = [f"input {first}x{second}x{channels}"]
        for _ in range(self.random.randint(1, 4)):
            lines.append(self.layer())
        if self.random.random() < 0.25:
            lines.append(self.branches())
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            lines.append(self.expectation("\n".join(lines)))
        text = "\n".join(lines)
        used = {n: low for n, low in self.unknowns.items() if f"({n})" in text or f"?{n}" in text}
        return Trial(text, used, self.random.random() < 0.15)

    def size(self, name: str, minimum: int, values: list[int], chance: float = 0.3) -> str:
        """A number, or an unknown, which may come back."""
        if self.random.random() < chance:
            new = name not in self.unknowns
            if not new or self.left:
                self.left -= new
                self.unknowns.setdefault(name, minimum)
                return f"(?{name})" if name in HOLES else f"({name})"
        return str(self.random.choice(values))

    def padding(self) -> str:
        return self.random.choice([f"p{self.size('P', 0, [0, 1, 2])}", "p same", "", ""])

    def layer(self) -> str:
        pick = self.random.choice
        k = self.size("K", 1, [1, 2, 3, 3, 5])
        s = self.size("S", 1, [1, 1, 1, 2, 2, 3], 0.2)
        filters = self.size("F", 1, [1, 2, 4, 6], 0.2).strip("()")
        match pick(KINDS):
            case "conv":
                groups = pick(["", "", "", " g2", f" g{self.size('G', 1, [1, 2])}"])
                return f"conv {filters} k{k} s{s} {self.padding()}{groups}"
            case "pool":
                return f"{pick(['maxpool', 'avgpool'])} {k}" + pick(["", f" s{s}", f" s{s} {self.padding()}"])
            case "ceil":
                return f"maxpool {k} s{s} {self.padding()} ceil"
            case "tconv":
                return f"tconv {filters} k{k} s{s} {self.padding()}"
            case "up":
                return f"upsample {pick([2, 2, 3])}"
            case "pad":
                return f"pad {pick([1, 2])}"
            case "crop":
                return f"crop {self.size('C', 1, [1, 2], 0.2)}"
            case "dw":
                return f"dwconv k{k} {self.padding()}"
            case "local":
                return f"local {filters} k{k} s{s}"
            case "branch":
                return f"add {{ conv 4 k3 p1 s2 | conv 4 k{k} s2 {self.padding()} }}"
        return f"conv {filters} k{k} d2 {self.padding()}"

    def branches(self) -> str:
        """Two ways whose sizes have to agree: any layer, or what an encoder and decoder does."""
        k, s = self.size("K", 1, [1, 2, 3]), self.size("S", 1, [2, 2, 3], 0.2)
        other = self.random.choice(
            [
                self.layer(),
                f"conv 2 k{k} p{self.size('P', 0, [0, 1])}",
                f"conv 2 k{k} s{s} p same -> tconv 2 k{k} s{s}",
                f"maxpool {s} -> upsample {s}",
                f"pad 1 -> conv 2 k{k}",
            ]
        )
        return f"concat {{ {other} | {self.random.choice(['identity', 'identity', 'crop 1'])} }}"

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
            return (
                f"expect rf {'x'.join(str(int(n)) for n in last.receptive_field)}"
                if sign == "="
                else f"expect rf {sign} 5"
            )
        return f"expect {quantity} {sign} {sum(getattr(f, quantity) for f in report.facts)}"


def trial(seed: int) -> Trial:
    """The random program of a seed."""
    return _Writer(seed).trial()


def contradiction(answer: Solutions, asked: Trial, box: int, scattered: int) -> str | None:
    """Where an answer and the trial of values disagree; None where they agree."""
    listed = {tuple(sorted(s.items())) for s in answer.solutions}
    for point in asked.points(box, scattered):
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
