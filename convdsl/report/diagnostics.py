"""Diagnostics for the terminal and for GitHub's annotations."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from convdsl.diagnostics import SEVERITY_NAMES, Diagnostic
from convdsl.messages import T, with_decimals
from convdsl.report.console import console as to_terminal
from convdsl.source import Source, Span

MOST = 20
"""Diagnostics shown in full; the others are counted."""

_STYLE = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_TAB = "    "


def print_diagnostics(console: Console, diagnostics: Sequence[Diagnostic], strict: bool = False) -> None:
    """Prints errors, then warnings, then notes, each in the order of the text. Warnings of one kind are shown once, with
    the other places."""
    groups = list(_grouped(sorted(diagnostics, key=lambda d: "EWN".index(d.code[0]))))
    for number, (first, others) in enumerate(groups):
        if number == MOST:
            rest = len(groups) - MOST
            console.print(Text(str(T("… and one more.", "… and {n} more.", n=rest)), "bold"))
            console.print()
            return
        console.print(_full(first, console.width, strict, fold=console.is_terminal), soft_wrap=True)
        elsewhere = dict.fromkeys(o.source.position(o.span.start) for o in others if o.span != first.span)
        if elsewhere:
            places = ", ".join(f"{line}:{column}" for line, column in list(elsewhere)[:12])
            more = " …" if len(elsewhere) > 12 else ""
            margin = " " * _margin(first)
            console.print(
                Text.assemble((f"{margin} = ", "blue"), str(T("the same at {places}", places=places)), more),
                soft_wrap=True,
            )
        console.print()


def complain(diagnostics: Sequence[Diagnostic]) -> int:
    """Prints the errors among some diagnostics on standard error. Returns the exit status that they stand for: 1 where
    there is any, else 0."""
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        print_diagnostics(to_terminal(sys.stderr), errors)
    return int(bool(errors))


def _grouped(diagnostics: Sequence[Diagnostic]) -> Iterable[tuple[Diagnostic, list[Diagnostic]]]:
    groups: dict[object, list[Diagnostic]] = {}
    for number, diagnostic in enumerate(diagnostics):
        key = number if diagnostic.code[0] == "E" else diagnostic.code
        groups.setdefault(key, []).append(diagnostic)
    for members in groups.values():
        yield members[0], members[1:]


def _full(diagnostic: Diagnostic, width: int, strict: bool, fold: bool = False) -> Text:
    """A whole diagnostic. With `fold` its sentences are broken between words where `width` ends."""
    severity = "error" if strict and diagnostic.severity == "warning" else diagnostic.severity
    style = _STYLE[severity]
    line, column = diagnostic.source.position(diagnostic.span.start)
    margin = _margin(diagnostic)
    text = Text()
    text.append(f"{SEVERITY_NAMES[severity]}[{diagnostic.code}]", style)
    text.append(f": {clean(str(diagnostic.message))}\n", "bold")
    text.append(f"{' ' * margin}--> ", "blue")
    text.append(f"{clean(diagnostic.source.name)}:{line}:{column}\n")
    shown = _excerpt(text, diagnostic.source, diagnostic.span, "", margin, style, width)
    for label in diagnostic.labels:
        shown = _excerpt(text, diagnostic.source, label.span, str(label.text), margin, "blue", width, shown)
    lines = [
        ("", with_decimals(diagnostic.formula)),
        ("", diagnostic.note),
        (f"{T('help')}: ", diagnostic.help),
    ]
    for prefix, content in lines:
        if content:
            text.append(f"{' ' * margin} = ", "blue")
            text.append(prefix, "bold green")
            sentence = clean(str(content))
            if fold:
                import textwrap

                room = max(width - margin - 3, 20)
                sentence = textwrap.fill(
                    sentence,
                    room,
                    initial_indent=prefix,
                    subsequent_indent=" " * (margin + 3),
                    break_long_words=False,
                    break_on_hyphens=False,
                )[len(prefix) :]
            text.append(f"{sentence}\n")
    text.rstrip()
    return text


def _margin(diagnostic: Diagnostic) -> int:
    """Columns for the line numbers."""
    last = max(diagnostic.span.start, *(label.span.start for label in diagnostic.labels), 0)
    return max(len(str(diagnostic.source.position(last)[0])), 2)


def _excerpt(
    text: Text, source: Source, span: Span, label: str, margin: int, style: str, width: int, shown: int = 0
) -> int:
    """The line with the span underlined; of a long line, what is around the span.

    Returns the line's number if all of it is shown, else 0; the line `shown` is not printed again.
    """
    line, column = source.position(span.start)
    content = source.line(line) if source.text else ""
    start = column - 1
    end = max(start + 1, min(start + (span.end - span.start), len(content)))
    room = max(width - margin - 6, 20)
    offset = 0
    if len(content) > room:
        offset = max(0, min(start - room // 3, len(content) - room))
        content = content[offset : offset + room]
        end = min(end, offset + room)
    before, marked = _visible(content[: start - offset]), _visible(content[start - offset : end - offset])
    after = _visible(content[end - offset :])
    ellipsis = "…" if offset else ""
    if line != shown or offset:
        text.append(f"{line:>{margin}} | ", "blue")
        text.append(f"{ellipsis}{before}{marked}{after}\n")
    text.append(f"{'':>{margin}} | ", "blue")
    text.append(" " * (cell_len(before) + len(ellipsis)) + "^" * max(cell_len(marked), 1), style)
    text.append(f" {label}\n" if label else "\n", style)
    return 0 if offset else line


def _visible(part: str) -> str:
    return clean(part.replace("\t", _TAB))


def clean(part: str) -> str:
    """Without control characters, which a hostile file could use to play with the terminal."""
    return "".join(c if c.isprintable() or c in "\u202f\u00a0" else "\N{REPLACEMENT CHARACTER}" for c in part)


def github(diagnostic: Diagnostic, strict: bool = False) -> str:
    """A workflow command that GitHub shows as an annotation at the place."""
    severity = {"error": "error", "warning": "error" if strict else "warning", "note": "notice"}[diagnostic.severity]
    line, column = diagnostic.source.position(diagnostic.span.start)
    end_line, end_column = diagnostic.source.position(max(diagnostic.span.end, diagnostic.span.start))
    place = f"file={_property(diagnostic.source.name)},line={line},endLine={end_line},col={column}"
    if end_line == line:
        place += f",endColumn={end_column}"
    parts = [
        diagnostic.message,
        with_decimals(diagnostic.formula),
        diagnostic.note,
        diagnostic.help,
    ]
    message = "\n".join(clean(str(p)) for p in parts if p)
    return f"::{severity} {place},title={diagnostic.code}::{_data(message)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
