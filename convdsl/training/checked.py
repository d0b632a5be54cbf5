"""The way in for every command: a program's analysis with its `train` block and the symbols that are given from outside.

`network.analyse` knows sizes and costs; the lines of a `train` block are this room's, and so whoever wants the whole
program comes through here: the commands, `convdsl.parse`, the REPL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdsl.diagnostics import Findings
from convdsl.network import Analysis, analyse
from convdsl.network.analysis import refuse_strangers
from convdsl.source import Source


def checked(
    source: Source,
    *,
    symbols: Mapping[str, int] | None = None,
    input: tuple[Any, ...] | None = None,
    strangers: bool = False,
) -> Analysis:
    """All that there is to know about a program, and all that is wrong with it, its `train` block included.

    `symbols` gives values to symbols; `input` replaces the input's shape, channels last. Raises UnknownSymbol where a
    program without errors does not have a symbol that is given, unless `strangers` are borne: a program that grows may
    get it yet.
    """
    analysis = analyse(source, symbols=symbols, input=input)
    if analysis.network.train:
        from convdsl.training.configure import training_settings

        findings = Findings(source)
        training_settings(analysis.network, findings)
        analysis = analysis._replace(diagnostics=(*analysis.diagnostics, *findings.items))
    if not strangers:
        refuse_strangers(analysis, symbols or ())
    return analysis
