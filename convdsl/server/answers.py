"""What is known of a program, in the words of the protocol."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from convdsl.derivation import LayerDerivation, derive_layer
from convdsl.diagnostics import Diagnostic, Findings, Fix
from convdsl.document import Code, Heading, Node, Sentence, write
from convdsl.editing import Setting, pieces, proposals
from convdsl.editing.completion import blocks_of
from convdsl.editing.hints import at, hints
from convdsl.editing.names import Name, name_at, names
from convdsl.language import parse, tree
from convdsl.language.formatter import formatted
from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import ACTIVATIONS, BY_NAME, formula_shape
from convdsl.messages import T, translate, with_decimals
from convdsl.network import Analysis
from convdsl.report.formulas import as_text
from convdsl.report.reference import describe
from convdsl.server.places import Places
from convdsl.training.kinds import OneWord
from convdsl.training.lines import LINES

SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
TOKENS = {
    "layer": "function",
    "structure": "keyword",
    "keyword": "keyword",
    "option": "parameter",
    "activation": "enumMember",
    "number": "number",
    "symbol": "variable",
    "hole": "variable",
    "block": "type",
    "comment": "comment",
    "arrow": "operator",
    "matrix": "number",
}
"""The kinds of pieces of a line (convdsl/editing/words.py), and which of the protocol's kinds they are shown as."""
LEGEND = sorted(set(TOKENS.values()))


def diagnostics(analysis: Analysis, places: Places) -> list[lsp.Diagnostic]:
    """What `check` finds, in the same words."""
    return [_diagnostic(d, places) for d in analysis.diagnostics]


def _diagnostic(diagnostic: Diagnostic, places: Places) -> lsp.Diagnostic:
    said = [diagnostic.message, with_decimals(diagnostic.formula), diagnostic.note]
    if diagnostic.help:
        said.append(f"{T('help')}: {diagnostic.help}")
    here = places.range(diagnostic.span)
    if here.start == here.end:  # so that there is something to underline
        here = lsp.Range(here.start, lsp.Position(here.start.line, here.start.character + 1))
    return lsp.Diagnostic(
        here,
        "\n".join(str(line) for line in said if line),
        SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source="convdsl",
    )


def actions(analysis: Analysis, places: Places, uri: str, where: lsp.Range) -> list[lsp.CodeAction]:
    """The ways out of what is found in a range, the likeliest first, as edits."""
    start, end = places.offset(where.start), places.offset(where.end)
    found = []
    for diagnostic in analysis.diagnostics:
        if diagnostic.span.start <= end and start <= max(diagnostic.span.end, diagnostic.span.start + 1):
            for number, fix in enumerate(diagnostic.fixes):
                found.append(_action(fix, diagnostic, places, uri, number == 0))
    return found


def _action(fix: Fix, diagnostic: Diagnostic, places: Places, uri: str, first: bool) -> lsp.CodeAction:
    edits = [lsp.TextEdit(places.range(edit.span), edit.text) for edit in fix.edits]
    return lsp.CodeAction(
        str(fix.title),
        lsp.CodeActionKind.QuickFix,
        [_diagnostic(diagnostic, places)],
        is_preferred=first or None,
        edit=lsp.WorkspaceEdit({uri: edits}),
    )


def formatting(places: Places) -> list[lsp.TextEdit] | None:
    """The one way to write the program; None where it has a syntax error, so that nothing is lost."""
    findings = Findings(places.source)
    program = parse(places.source, findings)
    if findings.failed:
        return None
    text = formatted(program)
    return [lsp.TextEdit(lsp.Range(lsp.Position(0, 0), places.end()), text)] if text != places.source.text else []


def inlay_hints(analysis: Analysis, places: Places, where: lsp.Range) -> list[lsp.InlayHint]:
    """Sizes and parameters behind every statement of a range."""
    start, end = places.offset(where.start), places.offset(where.end)
    return [
        lsp.InlayHint(places.position(hint.offset), hint.text, padding_left=True)
        for hint in hints(analysis)
        if start <= hint.offset <= end
    ]


def hover(analysis: Analysis, places: Places, position: lsp.Position) -> lsp.Hover | None:
    """What a layer does here, in short, and the page of its word; of other words, what they mean."""
    offset = places.offset(position)
    word, begin = _word_at(places.source.text, offset)
    node = at(analysis, offset)
    told: list[str] = []
    if node is not None:
        told.append(write(_short(derive_layer(analysis, node.index)), "markdown"))
    if (named := name_at(analysis.program, offset)) is not None and named.kind == "block":
        told.append(f"`block {named.text}({', '.join(blocks_of(analysis).get(named.text, ()))})`")
    if word in BY_NAME and (word not in ACTIVATIONS or node is None or begin == node.span.start):
        told.append("\n".join(describe(BY_NAME[word])))
    elif word in ACTIVATIONS:
        told.append(f"`{word}`: {translate(ACTIVATIONS[word].documentation())}")
    elif word in WORDS:
        told.append(f"`{WORDS[word][0]}`: {WORDS[word][1]}")
    elif word in KEYWORDS:
        told.append(f"`{word}`: {KEYWORDS[word]}")
    if not told:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(t.strip() for t in told)))


def _short(layer: LayerDerivation) -> Iterator[Node]:
    """A layer's derivations, each on a line: the formula, what is put in, what comes out. As plain text, for editors show
    no LaTeX."""
    inputs = " + ".join(formula_shape(x) for x in layer.facts.inputs)
    sizes = f"{inputs} → {formula_shape(layer.facts.output)}" if layer.facts.output else ""
    yield Heading(layer.node.text, beside=sizes)
    lines = []
    for derivation in layer.derivations:
        steps = dict.fromkeys(as_text(step) for step in (*derivation.steps[:2], derivation.steps[-1]))
        lines.append(f"{derivation.title}: {derivation.symbol} = {' = '.join(steps)}")
    if lines:
        yield Code("\n".join(lines))
    yield from (Sentence(str(d.reason)) for d in layer.derivations[:1] if d.reason is not None)


def _word_at(text: str, offset: int) -> tuple[str, int]:
    begin = offset
    while begin > 0 and (text[begin - 1].isalpha() or text[begin - 1] == "_"):
        begin -= 1
    end = offset
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[begin:end], begin


def completion(analysis: Analysis, places: Places, position: lsp.Position) -> list[lsp.CompletionItem]:
    """The words that could stand at a position, the most usual first."""
    offset = places.offset(position)
    found = []
    for number, proposal in enumerate(proposals(places.source.text[:offset], analysis, _settings())):
        here = lsp.Range(places.position(offset - proposal.typed), position)
        found.append(
            lsp.CompletionItem(
                proposal.word,
                kind=_kind(proposal.word),
                documentation=proposal.meaning or None,
                sort_text=f"{number:04}",
                text_edit=lsp.TextEdit(here, proposal.word),
            )
        )
    return found


def _settings() -> dict[str, Setting]:
    """The lines of a `train` block, in the language in use."""
    return {
        name: Setting(
            str(line.doc),
            {word: str(meaning.doc) for word, meaning in line.words.items()},
            {o if isinstance(k, OneWord) else f"{o}=": str(k.doc) for o, k in line.options.items()},
        )
        for name, line in LINES.items()
    }


def _kind(word: str) -> lsp.CompletionItemKind:
    if word in KEYWORDS or word in WORDS:
        return lsp.CompletionItemKind.Keyword
    if word in ACTIVATIONS:
        return lsp.CompletionItemKind.EnumMember
    if word in BY_NAME:
        return lsp.CompletionItemKind.Function
    return lsp.CompletionItemKind.Class if word.endswith("(") else lsp.CompletionItemKind.Property


def symbols(analysis: Analysis, places: Places) -> list[lsp.DocumentSymbol]:
    """The outline: blocks with what is in them, layers, the `train` block."""
    return list(_symbols(analysis.program.statements, places))


def _symbols(statements: tuple[tree.Statement, ...], places: Places) -> Iterator[lsp.DocumentSymbol]:
    for statement in statements:
        match statement:
            case tree.Block():
                kind, name, place = lsp.SymbolKind.Class, statement.name.text, statement.name.span
            case tree.Layer() | tree.Call():
                kind, name, place = lsp.SymbolKind.Function, statement.name.text, statement.name.span
            case tree.Let():
                kind, name, place = lsp.SymbolKind.Constant, statement.symbol.name, statement.symbol.span
            case tree.Input():
                kind, name, place = lsp.SymbolKind.Interface, "input", statement.span
            case tree.Train():
                kind, name, place = lsp.SymbolKind.Namespace, "train", statement.span
            case _:
                continue
        branches = getattr(statement, "branches", None) or ()
        inner = [child for branch in branches for child in _symbols(branch.statements, places)]
        written = places.source.text[statement.span.start : statement.span.end].partition("\n")[0]
        yield lsp.DocumentSymbol(
            name, kind, places.range(statement.span), places.range(place), detail=written[:80], children=inner or None
        )


def definition(analysis: Analysis, places: Places, uri: str, position: lsp.Position) -> lsp.Location | None:
    """Where the name at a position comes from."""
    name = name_at(analysis.program, places.offset(position))
    return None if name is None or name.definition is None else lsp.Location(uri, places.range(name.definition))


def references(analysis: Analysis, places: Places, uri: str, position: lsp.Position) -> list[lsp.Location]:
    """All places of the name at a position."""
    name = name_at(analysis.program, places.offset(position))
    return [] if name is None else [lsp.Location(uri, places.range(span)) for span in name.uses]


def renamed(name: Name, new: str, places: Places, uri: str) -> lsp.WorkspaceEdit:
    """The edits that give a name another one."""
    return lsp.WorkspaceEdit({uri: [lsp.TextEdit(places.range(span), new) for span in name.uses]})


def tokens(analysis: Analysis, places: Places) -> list[int]:
    """What every piece of the text is, as the protocol counts it: line and start relative to the one before, length, kind."""
    blocks = [n.text for n in names(analysis.program) if n.kind == "block"]
    data: list[int] = []
    before, begun = 0, 0
    for number, line in enumerate(places.lines):
        column = 0
        for piece in pieces(line, blocks):
            length = places.units(piece.text)
            if piece.kind in TOKENS:
                data += [number - before, column - (begun if number == before else 0), length]
                data += [LEGEND.index(TOKENS[piece.kind]), 0]
                before, begun = number, column
            column += length
    return data
