"""A session of an editor with `convdsl lsp`, over the protocol."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
pytest_lsp = pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed")

from lsprotocol import types as lsp  # noqa: E402
from pygls.exceptions import JsonRpcException  # noqa: E402

URI = "file:///somewhere/a%20net.cnn"
DOCUMENT = lsp.TextDocumentIdentifier(URI)


async def _talk() -> None:
    client = pytest_lsp.make_test_lsp_client()
    await client.start_io(sys.executable, "-m", "convdsl", "lsp")
    asked = lsp.InitializeParams(pytest_lsp.client_capabilities("visual-studio-code"), locale="es-ES")
    able = (await client.initialize_session(asked)).capabilities
    for what in ("hover", "completion", "code_action", "rename", "inlay_hint", "document_formatting", "definition"):
        assert getattr(able, f"{what}_provider"), what
    text = "input 28x28x1 -> cnov 6 k5 -> dense 10\n"
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(URI, "cnn", 1, text)))
    await client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    (found,) = client.diagnostics[URI]
    assert found.code == "E201" and "¿Quiso decir `conv`?" in found.message
    (action,) = await client.text_document_code_action_async(
        lsp.CodeActionParams(DOCUMENT, found.range, lsp.CodeActionContext([found]))
    )
    assert action.edit.changes[URI][0].new_text == "conv"
    mended = [lsp.TextDocumentContentChangeWholeDocument(text.replace("cnov", "conv"))]
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(2, URI), mended)
    )
    await client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert [d.code for d in client.diagnostics[URI]] == ["N506"]  # a note, no error
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0))
    hints = await client.text_document_inlay_hint_async(lsp.InlayHintParams(DOCUMENT, whole))
    assert [hint.label for hint in hints] == ["24×24×6 · 156", "10 · 34\N{NARROW NO-BREAK SPACE}570"]
    assert await client.text_document_rename_async(lsp.RenameParams(DOCUMENT, lsp.Position(0, 18), "x")) is None
    named = "block f(C) { conv C k3 }\n" + text.replace("cnov 6 k5", "f(6)")
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(3, URI), [lsp.TextDocumentContentChangeWholeDocument(named)]
        )
    )
    with pytest.raises(JsonRpcException, match="palabra del lenguaje"):
        await client.text_document_rename_async(lsp.RenameParams(DOCUMENT, lsp.Position(0, 6), "conv"))
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(DOCUMENT))
    await client.shutdown_session()


def test_a_session() -> None:
    asyncio.run(asyncio.wait_for(_talk(), 60))


def test_a_call_by_hand_is_answered(tmp_path: object) -> None:
    """What is no message of the protocol does not hang the server, and it ends with its input."""
    done = subprocess.run(
        [sys.executable, "-m", "convdsl", "lsp"], input=b"hello\n", capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stdout and done.returncode in (0, 1, 2)
