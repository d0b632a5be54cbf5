"""What a student types, understood: sizes, numbers with units and separators, matrices.

A text may be read in more than one way ("1,792" is a thousand and something in English and less than two in Spanish).
Then there are several readings, the likeliest first; each says what it understood.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Any, NamedTuple

from convdsl.messages import T, language
from convdsl.teaching.course.expressions import ExpressionError, evaluate
from convdsl.teaching.course.written import matrix, number
from convdsl.teaching.exact import Number, whole
from convdsl.teaching.matrix import MatrixError, read_matrix

LONGEST = 20_000
"""Characters of an answer that are read; more is refused."""
_MOST_DIGITS = 40

_SUFFIXES: tuple[tuple[str, int], ...] = (
    (r"(?:mil millones|billions?|g(?:flops|macs|params)?)", 10**9),
    (r"(?:millones|millón|millon|millions?|mill\.?|mio|m(?:flops|macs|params)?)", 10**6),
    (r"(?:mil|thousand|k(?:flops|macs|params)?)", 10**3),
)
_BODY = r"\d(?:[\d.,_'’]*\d)?(?:\.(?!\d))?"
_SPACED = r"\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})+(?![\d])"
_NUMBER = re.compile(
    rf"(?P<sign>[-+−–]\s*)?(?P<body>{_SPACED}(?:[.,]\d+)?|{_BODY})(?:\s*/\s*(?P<under>\d+))?"
    rf"\s*(?P<suffix>%|(?:{'|'.join(s for s, _ in _SUFFIXES)})(?![a-záéíóúñ]))?",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(r"[\d\s.+\-*/()^]*\d\s*\)*\s*[+\-*/^]\s*\(*\s*\d[\d\s.+\-*/()^]*")
_TIMES = re.compile(r"(?<=[\d)\]?])\s*(?:[x×X✕·*]|por|by)\s*(?=[\d(\[?])")


class Reading(NamedTuple):
    """One way to read an answer. `grain` is the unit that a rounded number is exact to, `note` what to say about it."""

    value: Any
    shown: str
    grain: Fraction = Fraction(0)
    note: T | None = None
    digits: int = 99


class Unclear(Exception):
    """An answer that says nothing that can be marked; `message` says what was seen and how to write it."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


def printable(text: str) -> str:
    """A text without control characters, which could play with a terminal."""
    return "".join(c if c.isprintable() or c in "\n\u00a0\u202f\u2009" else " " for c in text)


def tidy(text: str) -> str:
    """A text without what only looks like letters: full-width digits, odd spaces, control characters."""
    if len(text) > LONGEST:
        raise Unclear(T("This answer is too long: {n} characters.", n=len(text)))
    text = printable(text)
    text = text.translate({ord("⋅"): "·", ord("∙"): "·", ord("’"): "'", ord("−"): "-", ord("–"): "-"})
    return "".join(unicodedata.normalize("NFKC", c) if ord(c) > 0xFF00 else c for c in text).strip().strip('`"').strip()


def read_answer(text: str, like: Any) -> list[Reading]:
    """All ways to read an answer of the sort of `like`: a number, a shape (a tuple) or a matrix. Raises Unclear."""
    text = tidy(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    if isinstance(like, tuple):
        return _read_rows(text) if like and isinstance(like[0], tuple) else _read_shape(text, len(like))
    return _read_number(text, expects_whole=Fraction(like).denominator == 1)


# Numbers.


def _read_number(text: str, expects_whole: bool) -> list[Reading]:
    text = _after_equals(text)
    product = _TIMES.sub("*", text)
    if product != text or _ARITHMETIC.fullmatch(_bare(product)):
        found = _calculated(_bare(product))
        if found:
            return found
    matches = list(_NUMBER.finditer(text))
    if not matches:
        raise Unclear(T("There is no number in “{text}”.", text=shortened(text)))
    if len(matches) > 1:
        seen = ", ".join(m[0].strip() for m in matches[:6])
        raise Unclear(T("There are several numbers here ({seen}); write the one that is your answer.", seen=seen))
    return _readings(matches[0], expects_whole)


def _after_equals(text: str) -> str:
    """What stands behind the last `=`, or before a `≈` with nothing behind it."""
    parts = [p for p in re.split(r"[=≈~]|→|->", text) if any(c.isdigit() for c in p)]
    return parts[-1].strip() if parts else text


def _bare(text: str) -> str:
    """Arithmetic without the words behind it: `(3*3*3 + 1)*64 parámetros`."""
    return re.sub(r"[^\W\d]+[^\d]*$", "", text).strip().rstrip(".")


def _calculated(text: str) -> list[Reading]:
    """The value of arithmetic that was typed instead of its result; of `5x5` also its side."""
    if (
        not re.fullmatch(r"[\d\s.+\-*/()^]{1,200}", text)
        or max(map(len, re.findall(r"\d+", text)), default=0) > _MOST_DIGITS
    ):
        return []
    try:
        value = evaluate(text.replace("^", "**"), {})
    except ExpressionError:
        return []
    if not isinstance(value, int | Fraction):
        return []
    shown = text.replace("*", " × ").replace("  ", " ")
    readings = [Reading(value, _worth(shown, value))]
    sides = set(re.split(r"\s*\*\s*", text))
    if len(sides) == 1 and "*" in text and next(iter(sides)).isdecimal():
        side = int(next(iter(sides)))
        readings.append(Reading(side, f"{shown} ({T('each side {n}', n=side)})"))
    return readings


def _worth(shown: str, value: int | Fraction) -> str:
    """`3 × 4 = 12`, or `66/255 ≈ 0.2588` where it is rounded."""
    result = number(value)
    return f"{shown} {result}" if result.startswith("≈") else f"{shown} = {result}"


def _readings(match: re.Match[str], expects_whole: bool) -> list[Reading]:
    body = match["body"]
    if len(body) > _MOST_DIGITS:
        raise Unclear(T("This number has too many digits."))
    sign = -1 if match["sign"] and match["sign"].strip() in "-−–" else 1
    unit = _unit(match["suffix"])
    found = []
    ways = _separated(body, expects_whole and unit == 1)
    for digits, places in ways:
        value = Fraction(int(digits), 10**places) * unit * sign
        if match["under"]:
            if int(match["under"]) == 0:
                raise Unclear(T("“{text}” divides by zero.", text=match[0].strip()))
            value /= int(match["under"])
        rounded = bool(places) or unit > 1
        grain = Fraction(unit, 10**places) if rounded and not match["under"] else Fraction(0)
        significant = len(digits.lstrip("0")) if rounded else 99
        shown = number(whole(value))
        if unit > 1:
            shown = f"{match[0].strip()} = {shown}"
        found.append(Reading(whole(value), shown, grain, None, significant))
        if match["suffix"] == "%":
            found.append(
                Reading(whole(value / 100), f"{shown} %", grain / 100 if grain else Fraction(0), None, significant)
            )
            found[0] = found[0]._replace(shown=f"{shown} %")
    if len(ways) > 1:
        note = T(
            "“{text}” can be read as {first} or as {second}.", text=body, first=found[0].shown, second=found[-1].shown
        )
        found = [r._replace(note=note) for r in found]
    return found


def _unit(suffix: str | None) -> int:
    if not suffix or suffix == "%":
        return 1
    return next(size for pattern, size in _SUFFIXES if re.fullmatch(pattern, suffix, re.IGNORECASE))


def _separated(body: str, expects_whole: bool) -> list[tuple[str, int]]:
    """(all digits, how many of them are decimals) for each way to read points and commas."""
    body = body.rstrip(".")
    plain = re.sub(r"[ \u00a0\u202f\u2009_']", "", body)
    points, commas = plain.count("."), plain.count(",")
    digits = re.sub(r"\D", "", plain)
    if not points and not commas:
        return [(digits, 0)]
    last = max(plain.rfind("."), plain.rfind(","))
    decimals = len(plain) - last - 1
    if points and commas:
        if plain.count(plain[last]) == 1 and _grouped_by_three(plain[:last]):
            return [(digits, decimals)]
        raise Unclear(T("“{text}” is not written like a number.", text=body))
    if points + commas > 1:
        if _grouped_by_three(plain):
            return [(digits, 0)]
        raise Unclear(T("“{text}” is not written like a number.", text=body))
    if decimals == 3 and 1 <= last <= 3 and plain[0] != "0":
        ways = [(digits, 0), (digits, 3)]
        comma_is_decimal = language() == "es"
        thousands_first = expects_whole or (plain[last] == ",") != comma_is_decimal
        return ways if thousands_first else ways[::-1]
    return [(digits, decimals)]


def _grouped_by_three(text: str) -> bool:
    return re.fullmatch(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*|\d+", text) is not None


# Shapes and matrices.


def _read_shape(text: str, length: int) -> list[Reading]:
    if _TIMES.search(text.partition("=")[0]) and not _TIMES.search(text.partition("=")[2]):
        text = text.partition("=")[0]  # 28x28x6 = 4704
    text = re.sub(r"^.*[=:→]\s*(?=[(\[]?\s*\d)", "", text, flags=re.DOTALL) if text.count("=") < 2 else text
    if length == 1 and not _TIMES.search(text):
        single = _read_number(text.strip("()[], "), expects_whole=True)
        return [r._replace(value=(r.value,)) for r in single]
    parts = re.findall(r"\d+(?:[.,]\d+)?" if _TIMES.search(text) else r"\d+(?:\.\d+)?", text)
    if not parts:
        raise Unclear(T("There is no size in “{text}”; write it like 28x28x6.", text=shortened(text)))
    if any(len(p) > 15 for p in parts) or len(parts) > 8:
        raise Unclear(T("“{text}” is no size; write it like 28x28x6.", text=shortened(text)))
    values = tuple(whole(Fraction(p.replace(",", "."))) for p in parts)
    if len(values) == 1 and length > 1:
        side = (values[0],) * length
        return [Reading(values, number(values[0])), Reading(side, "×".join(map(number, side)))]
    return [Reading(values, "×".join(map(number, values)))]


def _read_rows(text: str) -> list[Reading]:
    if "\n" not in text and ";" not in text and "/" in text and not re.search(r"\d/\d", text):
        text = text.replace("/", ";")
    try:
        found = read_matrix(text)
    except MatrixError as error:
        raise Unclear(error.message) from None
    values: tuple[tuple[Number, ...], ...] = found.values
    note = found.notes[0] if found.notes else None
    return [Reading(values, matrix(values), note=note, grain=Fraction(1, 100), digits=3)]


def shortened(text: str) -> str:
    """A text in one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
