"""Answers copied from a page or from LaTeX: tags, entities and marks that only say how a text looks."""

from __future__ import annotations

import html
import re

from convdsl.teaching.reading.html import text_of_html

_TAG = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|span|div|sup|sub|ul|ol|li|table|tbody|tr|td|th|code|pre)\b[^<>]{0,500}>", re.I
)
_ENTITY = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[a-zA-Z]{2,10});")
_DEGREES = re.compile(r"(?<=\d)\s*\^\s*(?:\\circ|\{\s*\\circ\s*\}|\{?o\}?)(?!\w)")
_PERCENT = re.compile(r"(?<=\d)(?:\s|\\[,;: ])*\\%")
_INDEX = re.compile(r"\b([A-Za-z])_(?:\{([A-Za-z])\}|([A-Za-z]))(?![^\W_])")
_GREEK = re.compile(r"\\(?=(?:mu|sigma|theta|nabla|delta|alpha|beta|gamma|eta|lambda)(?![A-Za-z]))")
_MARKED = re.compile(r"(\*\*|__)([a-zA-Z]\s?[).:])\1(?=\s)")


def without_markup(text: str) -> str:
    """A text without the tags of HTML, with the characters that entities and LaTeX stand for."""
    text = text_of_html(text) if _TAG.search(text) else _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    text = _PERCENT.sub("%", _DEGREES.sub("°", text))
    return _MARKED.sub(r"\2", _GREEK.sub("", _INDEX.sub(lambda m: m[1] + (m[2] or m[3]), text)))
