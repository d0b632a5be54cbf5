"""The words of a line and what each of them is, for colours. Read from the layers' declarations, so that a new layer is known
here at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS, Layer
from convdsl.layers.arguments import Choice, Flag, Padding
from convdsl.network.graph import QUANTITIES

_TOKEN = re.compile(
    r"(?P<comment>#.*)|(?P<arrow>->|→)|(?P<bracket>[{}|()])|(?P<matrix>\[[^\]]*\]?)|(?P<hole>\?[A-Z0-9_]*)"
    r"|(?P<symbol>[A-Z][A-Z0-9_]*)|(?P<word>[a-zß-öø-ÿ_][\wß-öø-ÿ-]*)|(?P<number>[0-9][0-9_.x×]*[KMG]?)|(?P<other>.)",
    re.DOTALL,
)
GLUED = re.compile(r"([a-z_]+?)([0-9].*)")


class Piece(NamedTuple):
    """A stretch of a line and what it is: `layer`, `keyword`, `option`, `activation`, `number`, `symbol`, `hole`,
    `comment`, `command` …, or nothing in particular."""

    text: str
    kind: str = ""


def pieces(line: str, blocks: Iterable[str] = ()) -> Iterator[Piece]:
    """A line in its pieces; together they are the line."""
    if line.lstrip().startswith(":"):
        name, space, rest = line.partition(" ")
        yield from (Piece(name, "command"), Piece(space + rest))
        return
    first = True
    layer: type[Layer] | None = None
    for match in _TOKEN.finditer(line):
        kind, text = match.lastgroup or "", match[0]
        if kind in ("arrow", "bracket"):
            first = first or kind == "arrow" or text in "{|}"
            layer = None if kind == "arrow" or text in "{|}" else layer
        elif kind == "word":
            known = BY_NAME.get(text)
            kind, text = _kind_of(text, layer, first, blocks), text
            if first and known is not None:
                layer = known
            first = False
        yield Piece(text, kind if kind != "other" else "")


def _kind_of(word: str, layer: type[Layer] | None, first: bool, blocks: Iterable[str]) -> str:
    if first:
        if word in KEYWORDS:
            return "keyword"
        if word in COMBINATIONS or word in WORDS:
            return "structure"
        if word in ACTIVATIONS:
            return "activation"
        return "layer" if word in BY_NAME else "block" if word in blocks else ""
    if word in ACTIVATIONS:
        return "activation"
    match = GLUED.fullmatch(word)
    name = match[1] if match else word
    return "option" if name in (*QUANTITIES, "layer") or (layer is not None and name in options_of(layer)) else ""


def options_of(layer: type[Layer]) -> dict[str, str]:
    """Options and words that may stand behind a layer's name, each with what it means."""
    found: dict[str, str] = {}
    for argument in layer.arguments.values():
        if isinstance(argument, Flag):
            found[argument.word] = argument.doc
        elif isinstance(argument, Choice):
            found.update(dict.fromkeys(argument.words, argument.doc))
        elif not argument.positional or argument.name in ("k",):
            found[argument.name] = argument.doc
        if isinstance(argument, Padding):
            found.update(
                same="zeros so that the size is N/S, rounded up",
                valid="no zeros",
                causal="zeros before a sequence alone",
            )
    return found
