"""Colours: the lexer for Pygments gives every character back, and the grammar for editors is the one of the declarations."""

from __future__ import annotations

from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name

from convdsl.editing.highlighting import CnnLexer
from scripts.editors import GRAMMAR, main

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cnn"))


def test_the_lexer_loses_nothing() -> None:
    lexer = CnnLexer(stripnl=False, ensurenl=False)
    for text in [*(path.read_text("utf-8") for path in EXAMPLES), "# 𝒳\r\n\x00?? <b>\n\n", ""]:
        assert "".join(value for _, value in lexer.get_tokens(text)) == text.replace("\r\n", "\n")


def test_words_have_their_kinds() -> None:
    tokens = list(CnnLexer().get_tokens("block f(C) { conv C k3 relu }\nf(8) # end"))
    for pair in [(Keyword.Declaration, "block"), (Name.Function, "conv"), (Name.Builtin, "relu"), (Name.Class, "f"),
                 (Comment.Single, "# end")]:  # fmt: skip
        assert pair in tokens


def test_pygments_finds_the_lexer() -> None:
    """By its entry point, where the package is installed as this one."""
    try:
        lexer = get_lexer_by_name("cnn")
    except Exception:
        pytest.skip("another version of the package is installed")
    assert lexer.name == "convdsl"


def test_the_grammar_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["editors.py", "--check"])
    assert main() == 0 and GRAMMAR.exists()
