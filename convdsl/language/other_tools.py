"""Syntax errors that come from other tools: their calls, names with capitals and points, and other lines of Python."""

from __future__ import annotations

import re

from convdsl.diagnostics import written
from convdsl.language import foreign
from convdsl.language.not_here import not_here
from convdsl.language.statement import Correction, Statement
from convdsl.messages import T
from convdsl.source import Span

_PYTHON = re.compile(r"(import|from|class|def|return|if|for|print|super|with|self\.|@)\b|\w+(\.\w+)+ ?\(|\w+ ?= ?\w+\(")


def call(s: Statement) -> Correction | None:
    if s.first in ("INPUT", "LET", "EXPECT", "BLOCK", "SHARED", "NET", "TRAIN"):
        return None
    here = foreign.rewrite(s.text)
    return written_elsewhere(s.span, here) if here else _called_elsewhere(s)


def _called_elsewhere(s: Statement) -> Correction | None:
    """A call of something that does not exist here, or of a layer with arguments that have no words here."""
    name = foreign.called(s.text)
    if name is None or name not in s.text:  # Python reads ǆ as dž
        return None
    if re.search(rf"\b(block|shared)\s+{name}\b", s.source):
        return None
    if name == "Sequential" and re.match(r"\w+\s*=", s.text):
        return None
    start = s.span.start + s.text.index(name)
    place = Span(start, start + len(name))
    missing = T("There is no layer `{name}`.", name=name)
    honest = not_here(name)
    if honest is not None:
        return Correction(place, missing, honest, "E201")
    example = foreign.example(name) or ""
    joins = "{" in example and "." in s.text and name not in ("mean", "max", "sum")
    if example and (name[0].isupper() or joins):
        way = T("Not all of this can be said here; the layer is written `{example}`.", example=example)
        if "{" in example:
            way = T("Branches stand in braces: `{example}`.", example=example)
        return Correction(
            s.span, T("A layer's values stand behind its name, without parentheses and commas."), way, "E109"
        )
    if s.first == "MIXED" and s.text.startswith(name):
        return Correction(place, missing, T("`convdsl explain layers` lists all layers."), "E201")
    return None


def name(s: Statement) -> Correction | None:
    """`LSTM 8` and `nn.Sequential`: capitals and points that no name here has, in the name of what does not exist here."""
    name = re.match(r"(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)", s.text)
    if name is None or s.token.span.start > s.span.start + name.end() or s.first not in ("SYMBOL", "MIXED", "WORD"):
        return None
    capital = s.first == "SYMBOL" and not s.place and (s.after is None or s.after.type != "EQUAL")
    honest = not_here(name[1]) if capital or "." in name[0] else None
    if honest is None:
        return None
    place = Span(s.span.start + name.start(1), s.span.start + name.end(1))
    return Correction(place, T("There is no layer `{name}`.", name=name[1]), honest, "E201")


def written_elsewhere(span: Span, here: str) -> Correction:
    """A call as Python writes it, and what it is called here."""
    message = T("A layer's values stand behind its name, without parentheses and commas.")
    fix = written(span, here, T("Here it is written `{text}`.", text=here), safe=True)
    return Correction(span, message, fix, "E109")


def python(s: Statement) -> Correction | None:
    """Other lines of Python: `import torch`, `model = Sequential()`, `model.compile(…)`."""
    if not _PYTHON.match(s.text) or s.first not in ("WORD", "MIXED", "SYMBOL", "STRAY"):
        return None
    return Correction(
        s.span,
        T("This is a line of Python."),
        T("A program here is a list of layers, one to a line; `convdsl run` trains it."),
        "E109",
    )
