"""Answers that pick one of several: by its letter, by its text, or by both."""

from __future__ import annotations

import re
from functools import lru_cache

from convdsl.messages import T
from convdsl.teaching.reading import vocabulary as known
from convdsl.teaching.reading.patterns import REASON
from convdsl.teaching.reading.scanner import not_understood
from convdsl.teaching.reading.text import Unclear, plain, shortened, tidy

Options = list[tuple[str, str]]

_LETTER = re.compile(r"\s*+[(\[]?(?<![^\W_])([a-zA-Z])(?![^\W_])\s*+[)\].:,;-]?\s*")
_WORD = re.compile(r"\s*+([^\W\d_]+(?:'[^\W\d_]+)?)[\s,;:.]*")
_ANSWER = re.compile(r"\s*(?:r|rta|resp|sol|ans)\s*[:.=]+\s*(?=\S)", re.IGNORECASE)
"""`R: d`."""
_REMARK = re.compile(r"(?<=\w)\s\(([^()?]{1,60})\)[.\s]*$")
_KINDS = known.words(
    "a an the el la los las un una de of es is it its son funcion function activacion activation operador operator kernel "
    "nucleo filtro filter matriz matrix capa layer red net network metodo method"
)
"""What may stand around the text of an option, or be missing from it, and changes nothing."""
_INTRODUCTION = (
    known.HARMLESS
    | known.ABOUT
    | {"right", "one", "quedo", "sure", "i'd", "i'll"}
    | {"the", "a"} - {"con", "sin", "with", "without"}
)


def read_letter(text: str, options: Options) -> tuple[str, str]:
    """The option that is meant, as (letter, text). Raises Unclear, also where a letter and a text behind it disagree."""
    text = _ANSWER.sub("", tidy(text), count=1) if _ANSWER.match(tidy(text)) else tidy(text)
    text = re.sub(r"\bgo(?:ing)? (?:with|for)\b", "choose", re.sub(r"\b(answer|letter|option)'s\b", r"\1 is", text))
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


@lru_cache(4096)
def _folded(text: str) -> str:
    """A text as it is compared: without marks around it."""
    return tidy(" ".join(text.split())).replace("`", "").strip(" .;,:!\"'()[]")


def _closed_up(text: str) -> str:
    """The same without spaces, as code may be written."""
    return _folded(text).replace(" ", "")


@lru_cache(4096)
def _loosely(text: str) -> str:
    """The same without accents, case and punctuation."""
    return re.sub(r"[^\w+*/=<>%×-]+", " ", plain(_folded(text))).strip()


def _by_text(text: str, options: Options) -> tuple[str, str] | None:
    """The one option whose text this is, perhaps with words such as `the answer is` before it."""
    if len(text) > 500 + 2 * max((len(t) for _, t in options), default=0):
        return None
    remark = _REMARK.search(text)
    if remark and _is_harmless(remark[1], options):
        found = _by_text(text[: remark.start()], options)  # `SENet (2017)`
        if found is not None:
            return found
    starts = [0, *(m.end() for m in _leading_words(text) if len(m[1]) > 1)]
    for start in starts:
        for fold in (_folded, _closed_up, _loosely, _loosely_closed_up):
            same = [(k, t) for k, t in options if fold(text[start:]) == fold(t)]
            if len(same) == 1:
                return same[0]
    return _by_words(text, options) if len(text) > 2 else None


def _is_harmless(remark: str, options: Options) -> bool:
    """Whether what stands in brackets behind an option's text neither turns it round nor speaks of another option."""
    words = {plain(w) for w in re.findall(r"[^\W\d_]+", remark)}
    return not words & known.DANGEROUS and not any(_loosely(t) in _loosely(remark) for _, t in options)


def _by_words(text: str, options: Options) -> tuple[str, str] | None:
    """The one option that has these words, up to a slip of the pen in one of four and words such as `function`."""
    if re.match(r"\W*[a-zA-Z]\s*[)\].:,;-]", text):
        return None
    for told in (_words, _telling):
        near = [(k, t) for k, t in options if told(text) and _is_near(told(text), told(t))]
        if len(near) > 1 or any(_is_near(told(near[0][1]), told(t)) for k, t in options if near and k != near[0][0]):
            return None
        if near:
            return near[0]
    return None


def _loosely_closed_up(text: str) -> str:
    return _loosely(text).replace(" ", "")


def _words(text: str) -> list[str]:
    return _loosely(text).split()


def _telling(text: str) -> list[str]:
    return [w for w in _words(text) if w not in _KINDS]


def _is_near(written: list[str], told: list[str]) -> bool:
    if len(written) != len(told):
        return False
    differing = [(a, b) for a, b in zip(written, told, strict=True) if a != b]
    return len(differing) <= (len(told) + 3) // 4 and all(_is_slip(a, b) for a, b in differing)


def _is_slip(written: str, told: str) -> bool:
    """Whether two words of letters differ by one that is missing, added, wrong or out of place."""
    if (
        min(len(written), len(told)) < 5
        or not (written + told).isalpha()
        or written in known.DANGEROUS | known.HARMLESS
    ):
        return False
    start = next(
        (n for n, (a, b) in enumerate(zip(written, told, strict=False)) if a != b), min(len(written), len(told))
    )
    a, b = written[start:], told[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


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
        if any(len(m[1]) == 1 and m[1].lower() in texts and m.end() <= start for m in _leading_words(text)):
            continue
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
