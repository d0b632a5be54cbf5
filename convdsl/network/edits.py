"""Edits of a program's text: a line as it should be, a statement taken out, an option of a layer with another value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from convdsl.diagnostics import Edit, Fix
from convdsl.language import tree
from convdsl.messages import T
from convdsl.network.graph import Node
from convdsl.source import Span

_NEAR = 200


def whole(text: str, span: Span) -> Span:
    """A span with the parentheses that end its last value: they are no part of that."""
    start, end = span
    lacking = text.count("(", start, end) - text.count(")", start, end)
    while lacking > 0 and text[end : end + 1] in (")", " "):
        lacking -= text[end] == ")"
        end += 1
    return Span(start, end)


def line_instead(text: str, name: tree.Word, items: Sequence[tree.Item], line: str, title: T) -> Fix:
    """`line` in the place of a layer's name and its items, which may stand behind its braces.

    It is safe where the numbers are the same as before: then only the words are others.
    """
    word, _, rest = line.partition(" ")
    edits = [Edit(name.span, word)] if word != name.text else []
    before = ""
    if items:
        behind_braces = "{" in text[name.span.end : items[0].span.start]
        place = whole(text, Span(items[0].span.start if behind_braces else name.span.end, items[-1].span.end))
        before = text[place.start : place.end]
        edits = [] if behind_braces else edits
        edits.append(Edit(place, f" {rest}" if rest and before[:1] in " \t" else rest))
    elif rest:
        edits.append(Edit(name.span.back, f" {rest}"))
    safe = _numbers(before) == _numbers(rest) or _numbers(name.text + before) == _numbers(line)
    return Fix(title, tuple(edits), safe)


def _numbers(text: str) -> Counter[str]:
    return Counter(re.findall("[0-9]+", text))


def without(text: str, span: Span) -> Edit:
    """Takes a statement out, with the arrow that joins it to another or the line that it has for itself."""
    start, end = whole(text, span)
    before = re.search(r"\s*(->|→)\s*$", text[max(start - _NEAR, 0) : start])
    behind = re.compile(r"\s*(->|→)\s*").match(text, end)
    if before:
        return Edit(Span(start - len(before[0]), end), "")
    if behind:
        return Edit(Span(start, behind.end()), "")
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last + 1
    alone = not text[first:start].strip() and not text[end:last].strip()
    return Edit(Span(first, last) if alone else Span(start, end), "")


def without_word(text: str, span: Span) -> Edit:
    """Takes a word or an option out, with the spaces before it."""
    start = span.start
    while start and text[start - 1] in " \t":
        start -= 1
    return Edit(Span(start, span.end), "")


def option(text: str, node: Node, name: str, value: str) -> Fix:
    """A layer with an option that has another value: `p same`, `k5`."""
    assert node.layer is not None
    shown = f"{name} {value}" if value.isalpha() else f"{name}{'=' if len(name) > 2 else ''}{value}"
    place = node.places.get(name)
    title = T("Write `{text}`.", text=shown)
    if place is not None:
        named = text.startswith(name, place.start)
        return Fix(title, (Edit(whole(text, place), shown if named else value),))
    word = re.compile(r"\w+").match(text, node.span.start)
    last = max(
        [word.end() if word else node.span.start, *(p.end for p in node.places.values() if p.end <= node.span.end)]
    )
    last = whole(text, Span(node.span.start, last)).end
    return Fix(title, (Edit(Span(last, last), f" {shown}"),))


def behind(text: str, span: Span, words: str, title: T) -> Fix:
    """Some words at the end of a statement."""
    return Fix(title, (Edit(whole(text, span).back, f" {words}"),))
