"""Which question of an editor is answered by what; documents as they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from convdsl.editing.names import CannotRename, name_at, refuse
from convdsl.messages import use_language
from convdsl.network import Analysis
from convdsl.server import answers
from convdsl.server.places import Places
from convdsl.source import Source, with_plain_line_ends
from convdsl.training import checked
from convdsl.version import VERSION


class Looked(NamedTuple):
    """A document as it was looked at last."""

    version: int | None
    text: str
    analysis: Analysis
    places: Places


class Server(LanguageServer):
    """One editor's session. `speaking` is the language of its texts; None takes that of the editor."""

    def __init__(self, speaking: str | None = None) -> None:
        super().__init__("convdsl", VERSION, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.speaking = speaking
        self.looked: dict[str, Looked] = {}

    def look(self, uri: str) -> Looked:
        """What is known of a document; analysed once for each of its texts."""
        document = self.workspace.get_text_document(uri)
        known = self.looked.get(uri)
        if known is None or known.version != document.version or known.text != document.source:
            source = Source(with_plain_line_ends(document.source), to_fs_path(uri) or Path(uri).name)
            places = Places(source, self.workspace.position_encoding)
            known = Looked(document.version, document.source, checked(source, strangers=True), places)
            self.looked[uri] = known
        return known


def made(speaking: str | None = None) -> Server:
    """A server with all that it answers."""
    server = Server(speaking)
    feature: Any = server.feature

    @feature(lsp.INITIALIZE)
    def begin(ls: Server, params: lsp.InitializeParams) -> None:
        locale = (params.locale or "").lower()
        wanted = ls.speaking or ("es" if locale.startswith("es") else "en" if locale else None)
        if wanted:
            use_language(wanted)

    @feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    @feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: lsp.DidOpenTextDocumentParams | lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        seen = ls.look(uri)
        found = answers.diagnostics(seen.analysis, seen.places)
        ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version=seen.version))

    @feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        ls.looked.pop(uri, None)
        ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    @feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
    def act(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        seen = ls.look(params.text_document.uri)
        return answers.actions(seen.analysis, seen.places, params.text_document.uri, params.range)

    @feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def layout(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        return answers.formatting(ls.look(params.text_document.uri).places)

    @feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def hints(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        seen = ls.look(params.text_document.uri)
        return answers.inlay_hints(seen.analysis, seen.places, params.range)

    @feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
        seen = ls.look(params.text_document.uri)
        return answers.hover(seen.analysis, seen.places, params.position)

    @feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "{", "|", ">"]))
    def complete(ls: Server, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        seen = ls.look(params.text_document.uri)
        return answers.completion(seen.analysis, seen.places, params.position)

    @feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        seen = ls.look(params.text_document.uri)
        return answers.symbols(seen.analysis, seen.places)

    @feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
        seen = ls.look(params.text_document.uri)
        return answers.definition(seen.analysis, seen.places, params.text_document.uri, params.position)

    @feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
        seen = ls.look(params.text_document.uri)
        return answers.references(seen.analysis, seen.places, params.text_document.uri, params.position)

    @feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def nameable(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
        seen = ls.look(params.text_document.uri)
        offset = seen.places.offset(params.position)
        name = name_at(seen.analysis.program, offset)
        spans = [] if name is None else [span for span in name.uses if span.start <= offset <= span.end]
        return seen.places.range(spans[0]) if spans else None

    @feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        uri = params.text_document.uri
        seen = ls.look(uri)
        name = name_at(seen.analysis.program, seen.places.offset(params.position))
        if name is None or params.new_name == name.text:
            return None
        try:
            refuse(name, params.new_name, seen.analysis.program)
        except CannotRename as error:
            raise JsonRpcInvalidParams(str(error)) from None
        return answers.renamed(name, params.new_name, seen.places, uri)

    legend = lsp.SemanticTokensLegend(answers.LEGEND, [])

    @feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, legend)
    def colours(ls: Server, params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
        seen = ls.look(params.text_document.uri)
        return lsp.SemanticTokens(answers.tokens(seen.analysis, seen.places))

    return server
