"""What `solve` found, in words and arithmetic: the solutions or the condition, then the substitution that shows that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from convdsl.algebra import is_number
from convdsl.algebra.blackboard import Letter
from convdsl.algebra.board import letters
from convdsl.algebra.numbers import grouped
from convdsl.derivation import derive_layer
from convdsl.derivation.lettering import legend
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network import Analysis, Expectation, analyse
from convdsl.network.expectations import Sums, actual_value
from convdsl.report.conditions import condition_lines, number_list
from convdsl.report.formulas import as_text
from convdsl.solver import Solutions
from convdsl.source import Source

LISTED = 24
"""Lines of solutions that are shown."""


class Substitution(NamedTuple):
    """A solution put in: which, and each expectation as it is written, with the arithmetic below it."""

    values: str
    expectations: list[tuple[str, list[str]]]


class Solved(NamedTuple):
    """What there is to be said: `headline` the solutions or the condition, `examples` of a condition, `reason` why there is
    none or not all, then the substitutions of the first and the last, and what the letters mean."""

    headline: list[str]
    examples: str
    reason: str
    substitutions: list[Substitution]
    letters: str


def solved(answer: Solutions, source: Source, **given: Any) -> Solved:
    """What is said of an answer. `given` are the symbols, the holes and the input that were given from outside."""
    shown = list(answer.solutions[:1])
    if answer.family is None and len(answer.names) == 1 and len(answer.solutions) > 1:
        shown.append(answer.solutions[-1])
    used: list[Letter] = []
    substitutions = [_substitution(solution, source, given, used) for solution in shown]
    return Solved(
        list(_headline(answer)),
        _examples(answer) if answer.solutions and answer.family is not None else "",
        str(answer.reason) if answer.reason is not None else "",
        substitutions,
        ", ".join(f"{letter}: {means}" for letter, means in legend(used)),
    )


def _headline(answer: Solutions) -> Iterator[str]:
    if answer.family is not None:
        yield from condition_lines(answer.family)
    elif len(answer.names) == 1 and answer.solutions:
        (name,) = answer.names
        values = number_list(tuple(s[name] for s in answer.solutions))
        count = T("the only solution", "{n} solutions", n=len(answer.solutions))
        yield f"{name} = {values}   ({count})" if answer.complete else f"{name} = {values}"
    elif answer.solutions:
        lines = [_values(s) for s in answer.solutions] if len(answer.solutions) <= 8 else list(_gathered(answer))
        yield from lines[:LISTED]
        if len(lines) > LISTED:
            yield "…"
        if answer.complete:
            yield f"({T('the only solution', '{n} solutions', n=len(answer.solutions))})"
    elif answer.complete and answer.unknowns:
        yield str(T("There is no solution."))


def _gathered(answer: Solutions) -> Iterator[str]:
    """Solutions that differ in the last unknown only, on one line."""
    *first, last = answer.names
    for values, solutions in groupby(answer.solutions, lambda s: {name: s[name] for name in first}):
        yield f"{_values(values)}, {last} = {number_list(tuple(s[last] for s in solutions))}"


def _values(solution: dict[str, int]) -> str:
    return ", ".join(f"{name} = {grouped(value)}" for name, value in solution.items())


def _examples(answer: Solutions) -> str:
    if len(answer.names) == 1:
        (name,) = answer.names
        return f"{name} = {', '.join(grouped(s[name]) for s in answer.solutions[:6])}, …"
    return "; ".join(_values(s) for s in answer.solutions[:4]) + "; …"


# The substitution.


def _substitution(solution: dict[str, int], source: Source, given: dict[str, Any], used: list[Letter]) -> Substitution:
    """Each expectation with the arithmetic that shows that it holds; puts the letters that stand there into `used`."""
    analysis = analyse(
        source,
        symbols={**(given.get("symbols") or {}), **solution},
        holes={**(given.get("holes") or {}), **solution},
        input=given.get("input"),
    )
    expectations = []
    if not analysis.network.expectations:
        expectations.append(("", [_sizes(analysis, len(analysis.network.nodes))]))
    for expectation in analysis.network.expectations:
        written = expectation.written
        line = " ".join(analysis.source.text[written.span.start : written.span.end].split())
        lines = []
        for shown, its_letters in _shown(expectation, analysis):
            lines.append(shown)
            used += its_letters
        expectations.append((line, lines))
    return Substitution(_values(solution), expectations)


def _sizes(analysis: Analysis, to: int) -> str:
    """The way of the sizes to a layer; of a long one, its beginning and its end."""
    sizes = [formula_shape(analysis.network.input)]
    for _, facts in list(analysis.report)[:to]:
        shape = formula_shape(facts.output or ())
        if shape != sizes[-1]:
            sizes.append(shape)
    if len(sizes) > 8:
        sizes = [*sizes[:4], "…", *sizes[-3:]]
    return " → ".join(sizes)


_QUANTITIES = {"shape": ("size", "channels"), "rf": ("field",), "jump": ("jump",)}


def _shown(expectation: Expectation, analysis: Analysis) -> Iterator[tuple[str, tuple[Letter, ...]]]:
    """The arithmetic of what is expected, of the layer above or the sum over all layers, and its letters."""
    facts = analysis.report[expectation.node]
    if expectation.quantity == "shape" and expectation.node > 1:
        yield _sizes(analysis, expectation.node), ()
    summed = expectation.scope != "layer" and expectation.quantity not in _QUANTITIES
    parts = [
        v for f in analysis.report.facts[1 : expectation.node + 1] if (v := getattr(f, expectation.quantity, 0)) != 0
    ]
    if summed and len(parts) > 1:
        total = list(accumulate(parts))[-1]
        sign = " + ".join(map(grouped, parts)) if len(parts) <= 10 else T("the sum over {n} layers", n=len(parts))
        yield f"{expectation.quantity} = {sign} = {grouped(total)}", ()
        return
    node = next(
        (n.index for n, f in analysis.report if summed and getattr(f, expectation.quantity) != 0), expectation.node
    )
    wanted = _QUANTITIES.get(expectation.quantity, (expectation.quantity,))
    found = (
        [d for d in derive_layer(analysis, node).derivations if d.quantity in wanted and len(d.steps) > 1]
        if node
        else []
    )
    for derivation in found:
        if derivation.quantity != "channels" or not found[:-1]:
            steps = [as_text(s) for s in derivation.steps]
            numbers = steps[1:2] if len(steps) > 2 else []
            where = f"{analysis.network.nodes[node - 1].text}: " if len(analysis.network.nodes) > 1 else ""
            yield (
                f"{where}{derivation.symbol} = {' = '.join([steps[0], *numbers, steps[-1]])}",
                letters(derivation.steps[0]),
            )
    if not found and node:
        actual = actual_value(expectation, Sums(analysis.report.facts), facts)
        yield (
            formula_shape(actual)
            if isinstance(actual, tuple)
            else grouped(actual)
            if is_number(actual)
            else str(actual),
            (),
        )


def answer_data(answer: Solutions) -> dict[str, Any]:
    """An answer as `solve --format json` prints it."""
    reason = str(answer.reason) if answer.reason is not None else None
    if answer.diagnostics:
        reason = "; ".join(f"{d.code}: {d.message}" for d in answer.diagnostics if d.severity == "error")
    return {
        "holes": list(answer.names),
        "solutions": list(answer.solutions),
        "complete": answer.complete,
        "family": str(answer.family) if answer.family is not None else None,
        "reason": reason,
    }
