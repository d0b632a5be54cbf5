"""A program that grows by lines: what is added, replaced and refused."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from convdsl.diagnostics import Diagnostic, Findings
from convdsl.language import parse, tree
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.source import Source, Span
from convdsl.training import checked

_ARROW_AT_THE_END = re.compile(r"(->|→)\s*$")


class Growing(NamedTuple):
    """The program so far: its text, the values given to symbols, and what messages call it."""

    text: str = ""
    symbols: tuple[tuple[str, int], ...] = ()
    name: str = "net.cnn"

    def analysis(self) -> Analysis:
        """All that there is to know about it, the lines of its `train` block included. That it has no layer yet is no
        error."""
        source = Source(self.text, self.name)
        statements = parse(source, Findings(source)).statements
        begun = any(isinstance(s, (tree.Input, tree.Layer, tree.Call)) for s in statements)
        # Without a layer the input is of no interest, and the formulas H×W×C for it would load sympy.
        analysis = checked(source, symbols=dict(self.symbols), input=None if begun else (1,), strangers=True)
        return analysis._replace(diagnostics=tuple(d for d in analysis.diagnostics if d.code != "E103"))


class Change(NamedTuple):
    """What lines make of a program. `whole` where something before the end changed; `note` says what happened."""

    program: Growing
    whole: bool = False
    note: T | None = None


def added(program: Growing, before: Analysis, lines: str) -> Change:
    """The program with some lines more. An `input`, `net` or `train`, a `let` or a block that is there already is
    replaced; an `input` goes to the front; an `input` with layers behind it begins a new program."""
    findings = Findings(Source(lines))
    statements = parse(findings.source, findings).statements
    if not findings.failed and statements:
        if len(statements) == 1:
            place = _place_of(statements[0], before.program.statements)
            if place is not None:
                text = program.text[: place.start] + lines.strip() + program.text[place.end :]
                return Change(program._replace(text=text), whole=True)
        if isinstance(statements[0], tree.Input) and _begun(before):
            if len(statements) > 1:
                note = T("A new network begins; `:undo` brings back the one before.")
                return Change(Growing(lines, program.symbols), whole=True, note=note)
            return Change(program._replace(text=f"{lines.strip()}\n{program.text}"), whole=True)
    return Change(program._replace(text=f"{program.text}\n{lines}" if program.text else lines))


def _begun(before: Analysis) -> bool:
    return bool(before.network.nodes) or any(isinstance(s, tree.Input) for s in before.program.statements)


def _place_of(statement: Any, statements: tuple[tree.Statement, ...]) -> Span | None:
    """Where the statement stands that this one replaces."""
    for other in statements:
        if type(other) is type(statement) and _key(other) is not None and _key(other) == _key(statement):
            return other.span
    return None


def _key(statement: Any) -> str | None:
    """What there can be one of; None for layers and expectations."""
    match statement:
        case tree.Input() | tree.Net() | tree.Train():
            return type(statement).__name__
        case tree.Let():
            return statement.symbol.name
        case tree.Block():
            return statement.name.text
    return None


def fresh(after: Analysis, before: Analysis) -> tuple[Diagnostic, ...]:
    """The warnings and notes that were not there before lines were put at the end."""
    known = {(d.code, d.span) for d in before.diagnostics}
    return tuple(d for d in after.diagnostics if (d.code, d.span) not in known)


def depth(text: str) -> int:
    """How many braces and brackets are open at the end of a text."""
    code = "".join(line.partition("#")[0] for line in text.splitlines())
    return sum(code.count(c) for c in "{([") - sum(code.count(c) for c in "})]")


def is_open(text: str) -> bool:
    """Whether the text wants more lines: a brace or bracket is open, or it ends with an arrow."""
    code = [c for c in (line.partition("#")[0] for line in text.splitlines()) if c.strip()]
    return depth(text) > 0 or bool(code and _ARROW_AT_THE_END.search(code[-1]))
