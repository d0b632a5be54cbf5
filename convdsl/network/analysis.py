"""The whole path from text to facts on one page: parse, resolve, infer, verify."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from convdsl import algebra
from convdsl.cycles import no_search_for_cycles
from convdsl.diagnostics import Diagnostic, Findings, UnknownSymbol
from convdsl.language import Source, parse
from convdsl.language.tree import Program
from convdsl.network.expectations import verify
from convdsl.network.graph import Network
from convdsl.network.lints import look_twice
from convdsl.network.resolve import resolve
from convdsl.network.sizes import Report, infer
from convdsl.records import NamedTuple


class Analysis(NamedTuple):
    """Everything that `check` knows about a program. `network` and `report` may have gaps where there are errors."""

    source: Source
    program: Program
    network: Network
    report: Report
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether there is an error among the diagnostics."""
        return any(d.severity == "error" for d in self.diagnostics)


def analyse(
    source: Source,
    *,
    symbols: Mapping[str, int] | None = None,
    holes: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
) -> Analysis:
    """All that there is to know about a program, and all that is wrong with it.

    `symbols` and `holes` give values to unknowns; `input` replaces the input's shape, channels last.
    """
    findings = Findings(source)
    with no_search_for_cycles():
        program = parse(source, findings)
        with algebra.budget():
            network = resolve(program, findings, symbols=symbols, holes=holes, input=input)
            report = infer(network, findings)
        with algebra.budget(), suppress(algebra.TooLong, algebra.Exhausted):
            look_twice(network, report, findings)
        with algebra.budget():
            verify(network, report, findings)
    diagnostics = sorted(findings.items, key=lambda d: (d.span.start, d.code))
    return Analysis(source, program, network, report, tuple(diagnostics))


def refuse_strangers(analysis: Analysis, symbols: Iterable[str]) -> None:
    """Raises UnknownSymbol where a program without errors does not have a symbol that is given from outside."""
    for symbol in symbols if not analysis.failed else ():
        if symbol not in analysis.network.mentioned:
            raise UnknownSymbol(analysis.source, symbol, analysis.network.mentioned)
