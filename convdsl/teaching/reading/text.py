"""The text of an answer made plain, and the word for one that cannot be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from convdsl.messages import T
from convdsl.teaching.reading.markup import without_markup

LONGEST = 20_000
"""Characters of an answer that are read; more is refused."""

_SAME = {
    **dict.fromkeys("⋅∙•∗", "·"),
    **dict.fromkeys("’‘´ʼ", "'"),
    **dict.fromkeys("−–—‒―﹣－", "-"),
    **dict.fromkeys("≃≅≒", "≈"),
    **dict.fromkeys("⁄∕÷", "/"),
    **dict.fromkeys("“”«»„‟", '"'),
    **dict.fromkeys("✕✖⨯╳", "×"),
    **dict.fromkeys("⟶⇒⟹↦➔➜", "→"),
    **dict.fromkeys("∣│", "|"),
    **dict.fromkeys("⎡⎢⎣", "["),
    **dict.fromkeys("⎤⎥⎦", "]"),
    **dict.fromkeys("⎛⎜⎝⟨〈", "("),
    **dict.fromkeys("⎞⎟⎠⟩〉", ")"),
    **dict.fromkeys("хХ", "x"),  # of another alphabet
    **dict.fromkeys("←≔", "="),
    **dict.fromkeys("⌈", "ceil("),
    **dict.fromkeys("⌊", "floor("),
    **dict.fromkeys("⌉⌋", ")"),
    "∇": "",
    "∼": "~",
    "…": "...",
    "ª": "a",
    "º": "o",
}
_PLAIN = str.maketrans(_SAME)
_BULLET = re.compile(r"^[ \t]*[*•][ \t]+(?=[^\s*])", re.MULTILINE)
_LATEX_MARK = re.compile(r"(?<=\d)\{([.,'])\}(?=\d)")
_LATEX_GAP = re.compile(r"(?<=\d)(?:\\[,;:! ]|\\thinspace ?)(?=\d{3}(?!\d))")
"""Lists, and `4{,}736` or `4\\,736` as LaTeX has them."""
_ABBREVIATED = re.compile(r"\bn(?:\.?\s?[º°]|[uú]m(?=\.))\.?", re.IGNORECASE)
"""`n.º`, `nº` and `núm.`, which stand for `número`."""
_ORDINAL = re.compile(r"(?<=\d)\.?[ºª]")
"""`9.º`, `8ª`, which count as `9` and `8` do. Before degrees it stands for their sign, which may be missing too."""
_HASH = re.compile(r"(?<![\w#])#\s?(?=\d)")
_PARTS = re.compile(r"[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")


class Unclear(Exception):
    """An answer that says nothing that can be marked; `message` says what was seen and how to write it."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


def printable(text: str) -> str:
    """A text without control characters, which could play with a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\u00a0\u202f\u2009" else " " for c in text)


def tidy(text: str) -> str:
    """A text without what only looks like letters: full-width digits, odd dashes and quotes, control characters; and
    without the quotes and stars around the whole of it. Raises Unclear for one that is too long."""
    if len(text) > LONGEST:
        raise Unclear(T("This answer is too long: {n} characters.", n=len(text)))
    text = printable(without_markup(text.replace("\r\n", "\n").replace("\r", "\n")))
    text = _BULLET.sub("", _LATEX_MARK.sub(r"\1", _LATEX_GAP.sub("\u202f", text)))
    text = _ORDINAL.sub("", _HASH.sub("", _ABBREVIATED.sub("número", text))).translate(_PLAIN)
    text = _PARTS.sub(lambda m: " " + unicodedata.normalize("NFKC", m[0]).replace("⁄", "/"), text)
    if not text.isascii():
        text = "".join(
            unicodedata.normalize("NFKC", c) if ord(c) > 0xFF00 or 0x1D400 <= ord(c) < 0x1D800 else c for c in text
        )
    text = text.strip()
    for mark in ("```", "`", "**", "__", '"', "*", "'"):
        inner = text[len(mark) : -len(mark)]
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark) and mark not in inner:
            text = inner.strip()
    return text


def in_digits(text: str, numbers: Mapping[str, int]) -> str:
    """A text whose only number is a word, such as `cero`, with its digits; another text as it is."""
    if any(c.isdecimal() for c in text):
        return text
    found = [m for m in re.finditer(r"[^\W\d_]+", text) if plain(m[0]) in numbers]
    if len(found) != 1:
        return text
    word = found[0]
    return f"{text[: word.start()]}{numbers[plain(word[0])]}{text[word.end() :]}"


def plain(word: str) -> str:
    """A word in small letters without accents, for looking it up."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def shortened(text: str) -> str:
    """A text in one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
