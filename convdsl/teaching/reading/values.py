"""Answers that are a number, a size or a matrix."""

from __future__ import annotations

import re

from convdsl.messages import T
from convdsl.teaching.reading.matrices import read_matrices
from convdsl.teaching.reading.numbers import of_what_is_asked, read_numbers
from convdsl.teaching.reading.scanner import in_signs
from convdsl.teaching.reading.sizes import read_sizes
from convdsl.teaching.reading.steps import Reading
from convdsl.teaching.reading.text import Unclear, in_digits, plain, tidy
from convdsl.teaching.reading.vocabulary import DANGEROUS, NUMBERS
from convdsl.teaching.reading.wanted import Wanted

_FORMULA = re.compile(
    r"(?=[^\W\d_])(?>[^\W\d_]{1,3}(?:_\{?\w{1,8}\}?|[\d₀-₉]|'(?=\s*=))?(?:\([-\d.,; ]{1,12}\)|\(\w{1,3}\))?|[()*/+·^∗\s-]){1,30}+"
    r"[=≈](?=\s*[^=\s])|\s*\|{1,2}\s*[^\W\d_]{0,3}\s*\|{1,2}\s*[=≈](?=\s*[^=\s])"
)
"""Letters before `=` that say what is worked out: `P(1) =`, `TP/(TP+FP) =`, `σ(−2) =`, `w' =`, `|G| =`. What was taken is not
given back: in prose there would be no end of ways to cut words into letters."""


def _without_formula(text: str) -> str:
    match = _FORMULA.match(text)
    words = re.findall(r"[a-z]+", plain(match[0])) if match else []
    return text[match.end() :] if match and not DANGEROUS & set(words) else text


def read_answer(text: str, wanted: Wanted) -> list[Reading]:
    """All ways to read an answer, the likeliest first. Raises Unclear where a part of it is not understood."""
    text = in_digits(tidy(text), NUMBERS)
    if wanted.sort == "number" and wanted.names:
        text = of_what_is_asked(text, wanted.names[0])
        wanted = wanted._replace(names=())
    if wanted.sort == "number" or (wanted.sort == "matrix" and not wanted.names):
        text = _without_formula(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    text = in_signs(text, wanted)
    readings = {"matrix": read_matrices, "size": read_sizes, "number": read_numbers}[wanted.sort](text, wanted)
    return sorted(readings, key=lambda r: r.rank)
