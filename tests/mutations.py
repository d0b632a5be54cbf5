"""Programs as nobody would write them: cut, doubled, shuffled, sprinkled with signs, huge numbers and odd characters."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from convdsl.language.keywords import STRUCTURES
from convdsl.layers import BY_NAME

_TOKEN = re.compile(r"\s+|[A-Za-z_0-9]+|->|.", re.DOTALL)
_WORDS = (
    *BY_NAME,
    *STRUCTURES,
    "net",
    "input",
    "let",
    "expect",
    "block",
    "train",
    "params",
    "macs",
    "rf",
    "layer",
    "same",
    "valid",
    "nobias",
    "ceil",
    "k3",
    "s2",
    "p1",
    "k1x7",
    "N",
    "C1",
    "kF",
    "k?",
    "?N",
    "s(S)",
    "f(3)",
    "Conv2D",
    "x",
)
_SIGNS = (
    "->",
    "→",
    "\n",
    "{",
    "}",
    "|",
    "(",
    ")",
    "[",
    "]",
    "[1 0; 0 1]",
    ",",
    ";",
    "=",
    "==",
    "<=",
    "≥",
    "<",
    ">",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "?",
    "#",
    '"',
    '"a b"',
    "'",
    ".",
    ":",
    "@",
    "x",
    "×",
    "_",
    "\\",
    "$",
    "&",
    "!",
    "~",
    "`",
    "^",
)
_NUMBERS = (
    "0",
    "1",
    "2",
    "-1",
    "0.5",
    "1e-4",
    "007",
    "1_000",
    "1K",
    "1.5M",
    "999G",
    str(10**15),
    str(10**15 + 1),
    "9" * 40,
    "9" * 400,
    "1e308",
    "1e309",
    "1e-400",
    "0.1e-5",
    "1.",
    ".5",
    "1e",
    "65537",
    "100000",
    "1000000000",
    "(1/3)",
    "(2*3)",
    "(N-1)",
    "٣",
    "²",
    "½",
    "一",
)
_ODD = (
    "\0",
    "\r",
    "\t",
    "\f",
    "\v",
    "\x1b[31m",
    "\u00a0",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\ufffd",
    "é",
    "ñ",
    "Ω",
    "日本",
    "🙂",
    "e\u0301",
    "\u202e",
    "\ud800",
    "ß",
    "İ",
    "ǆ",
    "x̂",
    "＃",
    "－＞",
)


# Mutations: each takes the pieces of a program and changes them in place.

Pieces = list[str]


def _delete(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    start = rng.randrange(len(pieces))
    del pieces[start : start + rng.choice((1, 1, 1, 2, 5, 20))]


def _duplicate(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    start = rng.randrange(len(pieces))
    part = pieces[start : start + rng.choice((1, 1, 3, 10))]
    pieces[start:start] = part * rng.choice((1, 1, 1, 2, 30))


def _swap(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    i, j = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    pieces[i], pieces[j] = pieces[j], pieces[i]


def _insert(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    what = rng.choice(rng.choice((_WORDS, _SIGNS, _NUMBERS, _ODD)))
    pieces.insert(rng.randrange(len(pieces) + 1), what if rng.random() < 0.5 else f" {what} ")


def _replace(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    """A word by a word, a number by a number, mostly."""
    place = rng.randrange(len(pieces))
    old = pieces[place]
    kind = _NUMBERS if old[:1].isdigit() else _WORDS if old[:1].isalpha() else _SIGNS
    new = rng.choice(kind if rng.random() < 0.8 else _ODD)
    option = re.fullmatch(r"([a-z]{1,2})[0-9]+", old)
    pieces[place] = f"{option[1]}{rng.choice(_NUMBERS)}" if option and rng.random() < 0.7 else new


def _splice(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    """A part of another program."""
    start = rng.randrange(len(donor))
    place = rng.randrange(len(pieces) + 1)
    pieces[place:place] = donor[start : start + rng.randint(1, 30)]


def _wrap(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    """A part in brackets or braces, sometimes very many."""
    start = rng.randrange(len(pieces) + 1)
    end = rng.randrange(start, len(pieces) + 1)
    before, after = rng.choice(
        (
            ("(", ")"),
            (" { ", " } "),
            ("[", "]"),
            ("-", ""),
            ("#", "\n"),
            ('"', '"'),
            (" repeat 3 {", "}"),
            (" repeat 1000000000 {", "}"),
            (" add {", "| identity } "),
            ("\nblock f() {\n", "\n}\nf()\n"),
        )
    )
    times = rng.choice((1, 1, 1, 2, 5, 70))
    pieces[end:end] = [after] * times
    pieces[start:start] = [before] * times


def _shift(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    """A single character changed, taken or put in."""
    place = rng.randrange(len(pieces))
    piece = pieces[place]
    at = rng.randrange(len(piece) + 1)
    new = rng.choice(("", rng.choice("abcxkspNCF0123456789 \n(){}|->#?=.,"), rng.choice(_ODD)))
    pieces[place] = piece[:at] + new + piece[at + rng.randrange(2) :]


def _cut(rng: Random, pieces: Pieces, donor: Pieces) -> None:
    """Only the beginning or the end of it."""
    place = rng.randrange(len(pieces))
    del pieces[slice(place) if rng.random() < 0.5 else slice(place, None)]


MUTATIONS: tuple[Callable[[Random, Pieces, Pieces], None], ...] = (
    _delete,
    _duplicate,
    _swap,
    _insert,
    _insert,
    _replace,
    _replace,
    _replace,
    _splice,
    _wrap,
    _shift,
    _shift,
    _cut,
)


def mutated(rng: Random, text: str, other: str) -> str:
    """A program that somebody else has been at; `other` is one to take parts from."""
    by_lines = rng.random() < 0.2
    pieces, donor = (t.splitlines(True) if by_lines else _TOKEN.findall(t) for t in (text, other))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 12))):
        if pieces and donor:
            rng.choice(MUTATIONS)(rng, pieces, donor)
    return "".join(pieces)[:20_000]
