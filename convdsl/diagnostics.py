"""What is wrong, as data: a code, a place, a headline, a way out. Renderers turn it into text (convdsl/report)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from convdsl.messages import T, with_decimals
from convdsl.records import NamedTuple
from convdsl.source import NotText, Source, Span

if TYPE_CHECKING:
    from convdsl.document.nodes import Code, Sentence
    from convdsl.document.nodes import Label as Said

Text = T | str

SEVERITIES = {"E": "error", "W": "warning", "N": "note"}
"""By the letter that a code begins with."""
SEVERITY_NAMES = {"error": T("error"), "warning": T("warning"), "note": T("note")}
"""What they are called where people read them."""


class Label(NamedTuple):
    """A second place that matters for a diagnostic, with what there is to see."""

    span: Span
    text: Text


class Edit(NamedTuple):
    """What a text becomes in one place: `text` stands where `span` was; an empty span is a place between characters."""

    span: Span
    text: str


class Fix(NamedTuple):
    """A way out that a program can take: edits of the text that do not overlap, and the sentence that says it.

    `safe`: it writes what stands there already in the words of this language, and there is no other reading. What has
    to be guessed (a mistyped name, a size that would fit) is not.
    """

    title: Text
    edits: tuple[Edit, ...]
    safe: bool = False


def written(span: Span, text: str, title: Text | None = None, *, safe: bool = False) -> Fix:
    """The fix that writes `text` in one place."""
    return Fix(title or T("Write `{text}`.", text=text), (Edit(span, text),), safe)


class Diagnostic(NamedTuple):
    """One finding about a program.

    `code` is one of convdsl.codes: a letter for the severity and three digits. `formula` is the substituted
    formula that shows why, `help` the way out in words, `fixes` the ways out as edits, the likeliest first. `source` is
    None where the finding is about no particular text.
    """

    code: str
    message: Text
    span: Span
    source: Source
    note: Text | None = None
    formula: str | None = None
    help: Text | None = None
    labels: tuple[Label, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def severity(self) -> str:
        """`error`, `warning` or `note`."""
        return SEVERITIES[self.code[0]]

    @property
    def title(self) -> T:
        """What its page is called."""
        from convdsl.codes import CODES  # many sentences, and most programs need none

        return CODES[self.code]


class ProgramError(Exception):
    """A program that cannot be used; carries every diagnostic that was found."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(_one_line(d) for d in diagnostics))

    def _repr_html_(self) -> str:
        from convdsl.document.html import fragment

        return fragment(told(self.diagnostics))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the fault is in the program, not in Python."""
        return [f"{node.text}\n{getattr(node, 'behind', '')}".rstrip() for node in told(self.diagnostics)]


class UnknownSymbol(ValueError):
    """A value from outside for a symbol that the program does not have."""

    def __init__(self, source: Source, symbol: str, known: frozenset[str]) -> None:
        names = ", ".join(sorted(known))
        self.message = (
            T("{file} has no symbol {symbol}; it has {known}.", file=source.name, symbol=symbol, known=names)
            if known
            else T("{file} has no symbol {symbol}; it has none at all.", file=source.name, symbol=symbol)
        )
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


def told(diagnostics: Iterable[Diagnostic]) -> Iterator[Said | Code | Sentence]:
    """Diagnostics as a document: each with its line of the text and the place in it."""
    from convdsl.document.nodes import Code, Sentence
    from convdsl.document.nodes import Label as Said

    for diagnostic in diagnostics:
        source, span = diagnostic.source, diagnostic.span
        line, column = source.position(span.start)
        severity = SEVERITY_NAMES[diagnostic.severity]
        yield Said(f"{severity}[{diagnostic.code}]: {diagnostic.message}", f"{source.name}:{line}:{column}")
        content = source.line(line) if source.text else ""
        width = max(1, min(span.end - span.start, len(content) - column + 1))
        yield Code(f"{content}\n{' ' * (column - 1)}{'^' * width}", "cnn")
        for said in (with_decimals(diagnostic.formula), diagnostic.note):
            if said:
                yield Sentence(str(said))
        if diagnostic.help:
            yield Sentence(f"{T('help')}: {diagnostic.help}")


def _one_line(diagnostic: Diagnostic) -> str:
    line, column = diagnostic.source.position(diagnostic.span.start)
    text = f"{diagnostic.source.name}:{line}:{column}: {diagnostic.code}: {diagnostic.message}"
    return f"{text} ({diagnostic.help})" if diagnostic.help else text


class Findings:
    """Collects diagnostics about one source text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.items: list[Diagnostic] = []

    def add(
        self,
        code: str,
        span: Span,
        message: Text,
        *,
        note: Text | None = None,
        formula: str | None = None,
        help: Text | Fix | None = None,
        labels: tuple[Label, ...] = (),
        fixes: Iterable[Fix] = (),
    ) -> None:
        """Adds a diagnostic. A `help` that is a fix stands before the others, and its title is what is said."""
        if isinstance(help, Fix):
            fixes, help = (help, *fixes), help.title
        fixes = tuple(fixes)
        self.items.append(Diagnostic(code, message, span, self.source, note, formula, help, labels, fixes))

    @property
    def failed(self) -> bool:
        return any(d.code[0] == "E" for d in self.items)

    def raise_errors(self) -> None:
        """Raises ProgramError with everything found, if there is an error among it."""
        if self.failed:
            raise ProgramError(tuple(self.items))


def not_text(error: NotText) -> Diagnostic:
    """What is said of a file that is not text."""
    findings = Findings(error.source)
    message = (
        T("This text is UTF-16 without the mark that says so.")
        if error.utf16
        else T("This is not text: byte {offset} of the file is not UTF-8.", offset=error.offset)
    )
    findings.add("E102", error.span, message, help=T("Save the file as text in UTF-8."))
    return findings.items[0]
