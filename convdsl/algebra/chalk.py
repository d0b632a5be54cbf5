"""Formulas in Python's signs, as `text` gives them, written with those of a blackboard: ⌊ ⌋ for floors, ·, − and ²."""

from __future__ import annotations

from collections.abc import Iterator

_POWERS = (("**2", "²"), ("**3", "³"), ("**4", "⁴"), ("**", "^"), ("*", "·"), ("-", "−"))
_BRACKETS = {"floor": ("⌊", "⌋"), "ceiling": ("⌈", "⌉")}


def on_board(text: str) -> str:
    """`floor((N - 5)/2) + 1` and `((N - 5)//2) + 1` as `⌊(N − 5)/2⌋ + 1`."""
    written = _with_brackets(text)
    for sign, shown in _POWERS:
        written = written.replace(sign, shown)
    return written


def _with_brackets(text: str) -> str:
    start = text.find("(")
    if start < 0:
        return text
    end = _closing(text, start)
    before, inside, after = text[:start], text[start + 1 : end], _with_brackets(text[end + 1 :])
    name = next((n for n in _BRACKETS if before.endswith(n)), None)
    if name is not None:
        left, right = _BRACKETS[name]
        return f"{before[: -len(name)]}{left}{_with_brackets(inside)}{right}{after}"
    divided = next((n for n in _outside(inside) if inside.startswith("//", n)), None)
    if divided is not None and not before[-1:].isalpha():
        return f"{before}⌊{_with_brackets(inside[:divided])}/{_with_brackets(inside[divided + 2 :])}⌋{after}"
    return f"{before}({_with_brackets(inside)}){after}"


def _closing(text: str, start: int) -> int:
    """Where the parenthesis that opens at `start` is closed."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text)


def _outside(text: str) -> Iterator[int]:
    """The places that stand in no parentheses."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            yield place
