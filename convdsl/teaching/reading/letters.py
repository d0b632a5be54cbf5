"""Answers that pick one of several: by its letter, by its text, or by both."""

from __future__ import annotations

import re

from convdsl.messages import T
from convdsl.teaching.reading import vocabulary as known
from convdsl.teaching.reading.patterns import REASON
from convdsl.teaching.reading.text import Unclear, plain, shortened, tidy
from convdsl.teaching.reading.tokens import not_understood

Options = list[tuple[str, str]]

_LETTER = re.compile(r"\s*+[(\[]?(?<![^\W_])([a-zA-Z])(?![^\W_])\s*+[)\].:,;-]?\s*")
_WORD = re.compile(r"\s*+([^\W\d_]+(?:'[^\W\d_]+)?)[\s,;:.]*")
_INTRODUCTION = known.HARMLESS | known.ABOUT | {"the", "a"} - {"con", "sin", "with", "without"}


def read_letter(text: str, options: Options) -> tuple[str, str]:
    """The option that is meant, as (letter, text). Raises Unclear, also where a letter and a text behind it disagree."""
    text = tidy(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    found = _by_text(text, options)
    if found is not None:
        return found
    found = _by_letter(text, dict(options), options)
    if found is not None:
        return found
    letters = ", ".join(letter for letter, _ in options)
    raise Unclear(
        T("“{text}” is none of the answers; write one letter: {letters}.", text=shortened(text), letters=letters)
    )


def _same_text(one: str, other: str, loosely: bool) -> bool:
    return _folded(one, loosely) == _folded(other, loosely)


def _folded(text: str, loosely: bool) -> str:
    """A text as it is compared: without marks around it; loosely also without accents, case and punctuation."""
    text = tidy(" ".join(text.split())).replace("`", "").strip(" .;,:!\"'()[]")
    return re.sub(r"[^\w+*/=<>%×-]+", " ", plain(text)).strip() if loosely else text


def _by_text(text: str, options: Options) -> tuple[str, str] | None:
    """The one option whose text this is, perhaps with words such as `the answer is` before it."""
    if len(text) > 500 + 2 * max((len(t) for _, t in options), default=0):
        return None
    starts = [0, *(m.end() for m in _leading_words(text) if len(m[1]) > 1)]
    for start in starts:
        for loosely in (False, True):
            same = [(k, t) for k, t in options if _same_text(text[start:], t, loosely)]
            if len(same) == 1:
                return same[0]
    return None


def _leading_words(text: str) -> list[re.Match[str]]:
    """The harmless words that a text begins with."""
    found: list[re.Match[str]] = []
    place = 0
    while len(found) < 8 and (match := _WORD.match(text, place)) and plain(match[1]) in _INTRODUCTION:
        found.append(match)
        place = match.end()
    return found


def _by_letter(text: str, texts: dict[str, str], options: Options) -> tuple[str, str] | None:
    """The letter that is named; what stands behind it has to fit the option."""
    reason = REASON.search(text)
    if reason:
        text = text[: reason.start()]
    starts = [*(m.end() for m in reversed(_leading_words(text))), 0]
    for start in starts:
        match = _LETTER.match(text, start)
        if match is None or match[1].lower() not in texts:
            continue
        letter = match[1].lower()
        rest = text[match.end() :]
        marked = text[match.end(1) :].lstrip()[:1]
        if (
            match[1] == "a"
            and rest
            and marked not in (*")].:,;-",)
            and start == starts[-1]
            and plain(_first(rest)) not in ("",)
        ):
            continue
        _check_rest(rest, letter, texts, text[: match.end()], options)
        return letter, texts[letter]
    return None


def _first(text: str) -> str:
    match = _WORD.match(text)
    return match[1] if match else ""


def _check_rest(rest: str, letter: str, texts: dict[str, str], before: str, options: Options) -> None:
    """What is written behind a letter repeats its option, or part of it, or says nothing. Raises Unclear."""
    rest = rest.strip().strip(")].:;,- ").strip()
    if not rest or not re.search(r"\w", rest):
        if re.search(r"[?¿<>≠]", rest):
            raise not_understood(rest, before)
        return
    by_text = _by_text(rest, options)
    if by_text is not None:
        if by_text[0] != letter:
            raise Unclear(T("“{letter}” and “{text}” are two different answers.", letter=letter, text=shortened(rest)))
        return
    own = _content(texts[letter])
    words = _content(rest)
    for word in re.findall(r"[^\W_]+", rest):
        small = plain(word)
        if small in own:
            continue
        if small in known.DANGEROUS or (len(small) == 1 and (small in texts or small.isalpha())):
            raise not_understood(rest, before)
        if small not in known.HARMLESS:
            raise not_understood(rest, before)
    others = {k: _content(t) for k, t in texts.items() if k != letter}
    if words and not words & own and any(words & o for o in others.values()):
        raise not_understood(rest, before)


def _content(text: str) -> set[str]:
    return {plain(w) for w in re.findall(r"[^\W_]+", text)}
