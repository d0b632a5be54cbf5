"""Everything that `check` shows of one program in a terminal."""

from __future__ import annotations

from rich.console import Console

from convdsl.network import Analysis
from convdsl.report.console import console
from convdsl.report.table import print_table


def print_analysis(out: Console, analysis: Analysis, *, expand: bool = False, strict: bool = False) -> None:
    """The table, where there is something to show, then what is wrong."""
    if analysis.network.nodes and any(f.output is not None for _, f in analysis.report):
        print_table(out, analysis, expand)
        out.print()
    if analysis.diagnostics:
        from convdsl.report.diagnostics import print_diagnostics

        print_diagnostics(out, analysis.diagnostics, strict)


def print_summary(analysis: Analysis, *, expand: bool = False) -> None:
    """The table on standard output."""
    print_table(console(), analysis, expand)
