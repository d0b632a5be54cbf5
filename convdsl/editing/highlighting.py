"""Colours for Pygments, and so for minted, Sphinx, MkDocs and nbconvert, which find the lexer by its entry point. What a word is
says `words.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import Lexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, Text, Whitespace

from convdsl.editing.words import pieces

TOKENS: dict[str, Any] = {
    "layer": Name.Function,
    "structure": Keyword,
    "keyword": Keyword.Declaration,
    "option": Name.Attribute,
    "activation": Name.Builtin,
    "number": Number,
    "matrix": Number,
    "symbol": Name.Variable,
    "hole": Name.Variable.Magic,
    "block": Name.Class,
    "comment": Comment.Single,
    "arrow": Operator,
    "bracket": Punctuation,
    "command": Keyword.Pseudo,
}
_BLOCKS = re.compile(r"^[ \t]*(?:block|shared)[ \t]+([a-z_][a-z0-9_]*)", re.MULTILINE)


class CnnLexer(Lexer):
    """Programs of convdsl: ```` ```cnn ````, `\\begin{minted}{cnn}`."""

    name = "convdsl"
    aliases: ClassVar = ["cnn", "convdsl"]
    filenames: ClassVar = ["*.cnn"]
    mimetypes: ClassVar = ["text/x-convdsl"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Places, kinds and texts of the pieces of a program."""
        blocks = _BLOCKS.findall(text)
        place = 0
        for line in text.splitlines(keepends=True):
            content = line.rstrip("\r\n")
            for piece in pieces(content, blocks):
                kind = Whitespace if piece.text.isspace() else TOKENS.get(piece.kind, Text)
                yield place, kind, piece.text
                place += len(piece.text)
            if len(content) < len(line):
                yield place, Whitespace, line[len(content) :]
                place += len(line) - len(content)
