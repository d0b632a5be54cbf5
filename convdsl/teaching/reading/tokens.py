"""The tokens of an answer. Every character is in one, or in a word that is known to change nothing, or is refused.

One pass, in linear time: a pattern finds what comes next, and what stands before it decides what an `x`, a dash or a
comma is. Words in brackets behind a value are a remark; what follows `because` is a reason and is not read.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from lark import Token

from convdsl.messages import T
from convdsl.teaching.reading import patterns as p
from convdsl.teaching.reading import vocabulary as known
from convdsl.teaching.reading.numerals import ways_to_read
from convdsl.teaching.reading.text import Unclear, plain, shortened
from convdsl.teaching.reading.wanted import Wanted

MOST = 600
"""Tokens that are read; an answer with more is none."""


class Read(NamedTuple):
    """The tokens of a text, and where words that change nothing stood."""

    tokens: list[Token]
    words: list[int]


def read_tokens(text: str, wanted: Wanted, decimal_comma: bool | None = None) -> Read:
    """The tokens of a tidy text. In a matrix, `decimal_comma` says what a comma between digits is; without, it stands
    between decimals where entries are also told apart by something else. Raises Unclear at what is not understood."""
    read = _Reader(text, wanted).read()
    lists = wanted.sort == "size" or (wanted.sort == "holes" and len(wanted.names) > 1)
    if wanted.sort != "matrix" and not lists:
        return read
    if decimal_comma is None:
        decimal_comma = not lists and _told_apart(read.tokens)
    if sum(str(t).count(",") for t in read.tokens) > MOST:
        raise _too_long(text)
    return read._replace(tokens=[t for token in read.tokens for t in _entries(token, wanted, decimal_comma)])


def _too_long(text: str) -> Unclear:
    return Unclear(T("This answer is too long to be one: “{text}”.", text=shortened(text)))


def _told_apart(tokens: list[Token]) -> bool:
    """Whether entries of a row are told apart by spaces, or commas with spaces, so that others are decimal commas."""
    return any(t.type == "COMMA" for t in tokens) or any(
        a.type == "NUMBER" and b.type in ("NUMBER", "SIGN") for a, b in pairwise(tokens)
    )


def _entries(token: Token, wanted: Wanted, decimal_comma: bool) -> list[Token]:
    """The tokens of digits in a matrix: one number, or several with commas between them."""
    if token.type != "NUMBER":
        return [token]
    found = []
    parts = [token.value] if decimal_comma else token.value.split(",")
    for number, part in enumerate(parts):
        if number:
            found.append(Token("COMMA", ",", token.start_pos, end_pos=token.end_pos))
        entry = Token("NUMBER", part, token.start_pos, end_pos=token.end_pos)
        entry.value = ways_to_read(part, wanted.whole) if part else ()
        found.append(entry)
    return found


class _Reader:
    def __init__(self, text: str, wanted: Wanted) -> None:
        found = p.REASON.search(text)
        self.text = text[: found.start()] if found and re.search(r"\w", text[: found.start()]) else text
        if wanted.sort == "matrix":
            self.text = p.MATRICES.sub(" ", self.text)
        else:
            self.text = p.PERCENT.sub("%", p.RAISED.sub("^", self.text))
            self.text = p.OVER.sub("/", p.IN_ALL.sub("total", self.text))
        if wanted.sort in ("number", "size"):
            self.text = p.SO.sub(" → ", self.text)
        if wanted.sort == "size":
            self.text = p.BETWEEN.sub("x", p.SHAPE.sub("", self.text))
        if wanted.unit == "°":
            self.text = p.DEGREES.sub("", self.text)
        self.wanted = wanted
        self.listed = wanted.sort == "matrix"
        self.split = wanted.sort in ("matrix", "size") or (wanted.sort == "holes" and len(wanted.names) > 1)
        self.tokens: list[Token] = []
        self.words: list[int] = []
        self.partners = _partners(self.text)
        self.skipped: set[int] = set()
        self.place = 0
        self.names = {n: names[0] for names in wanted.names for n in names}

    def read(self) -> Read:
        while self.place < len(self.text):
            if len(self.tokens) + len(self.words) > MOST:
                raise _too_long(self.text)
            grouped = None
            if not self.split and self.text[self.place].isdecimal():
                grouped = p.GROUPED.match(self.text, self.place)
            match = grouped or p.NEXT.match(self.text, self.place)
            if match is None:
                raise self.unclear(self.text[self.place])
            kind = "NUMBER" if grouped else str(match.lastgroup)
            self.place = match.end()
            getattr(self, f"_{kind.lower()}", self._plain)(kind, match)
        return Read(self.tokens, self.words)

    # What stands around a place.

    @property
    def last(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def behind_value(self) -> bool:
        return self.last in p.VALUES

    def before_digits(self, place: int) -> bool:
        """Whether a number, a bracket or a sign before one comes next."""
        return p.DIGITS_NEXT.match(self.text, place) is not None

    def add(self, kind: str, match: re.Match[str], value: Any = None) -> None:
        token = Token(kind, match[0], match.start(), end_pos=match.end())
        token.value = match[0] if value is None else value
        self.tokens.append(token)

    def unclear(self, part: str) -> Unclear:
        seen = self.text[: self.place].rstrip()
        seen = seen[: len(seen) - len(part)] if seen.endswith(part) else seen
        return not_understood(part, seen)

    # One method for each pattern that needs a thought.

    def _plain(self, kind: str, match: re.Match[str]) -> None:
        self.add(kind, match)

    def _space(self, kind: str, match: re.Match[str]) -> None:
        if self.listed and "\t" in match[0] and self.behind_value():
            self.add("COMMA", match)

    def _quote(self, kind: str, match: re.Match[str]) -> None:
        """Quotes come in pairs and change nothing."""
        if self.text.count(match[0]) % 2 and match[0] not in "«»":
            raise self.unclear(match[0])

    def _number(self, kind: str, match: re.Match[str]) -> None:
        following = self.text[match.end() : match.end() + 2]
        if self.split:
            self.add(kind, match, match[0])
            if self.listed and following[:1] == "." and not following[1:].isdecimal():  # numpy's `4.`
                self.place += 1
            return
        scaled = self._is_unit(match.end()) or p.TEN_NEXT.match(self.text, match.end()) is not None
        self.add(kind, match, ways_to_read(match[0], self.wanted.whole, scaled))

    def _is_unit(self, place: int) -> bool:
        word = p.UNIT_NEXT.match(self.text, place)
        return word is not None and self._factors(word[1]) is not None

    def _superscript(self, kind: str, match: re.Match[str]) -> None:
        digits = match[0].translate(p.SUPERSCRIPTS)
        if len(digits) > 4:
            raise self.unclear(match[0])
        self.add(kind, match, int(digits))

    def _latex(self, kind: str, match: re.Match[str]) -> None:
        name = match[0][1:]
        if name in p.LATEX:
            self.add(p.LATEX[name], match)
        elif name.isalpha() and name not in p.LATEX_SILENT:
            raise self.unclear(match[0])

    def _minus(self, kind: str, match: re.Match[str]) -> None:
        before, after = self.text[: match.start()][-1:], self.text[match.end() : match.end() + 1]
        digits = self.before_digits(match.end())
        named = p.GLUED.match(self.text, match.end())  # `-p = 3` is not `p = 3`
        if named and not self.behind_value() and plain(named[0]) not in known.FUNCTIONS:
            raise self.unclear(match[0])
        if self.listed and self.behind_value() and (not before or before.isspace()) and not after.isspace() and digits:
            self.add("SIGN", match)
        elif self.behind_value() and after.isspace() and p.WORDS_NEXT.match(self.text, match.end()):
            return  # a dash before words
        elif self.words and not self.behind_value() and self.words[-1] >= self._end() and after.isspace():
            raise Unclear(
                T("Is “{text}” a sign or a dash? Write the number alone.", text=shortened(self.text[match.start() :]))
            )
        else:
            self.add(kind, match)

    def _end(self) -> int:
        return int(self.tokens[-1].end_pos or 0) if self.tokens else 0

    def _slash(self, kind: str, match: re.Match[str]) -> None:
        spaced = (
            self.text[match.start() - 1 : match.start()].isspace()
            and self.text[match.end() : match.end() + 1].isspace()
        )
        self.add("ROW" if self.listed and spaced and self.wanted.shape[0] > 1 else kind, match)

    def _comma(self, kind: str, match: re.Match[str]) -> None:
        if self.listed or (self.behind_value() and not self._only_words_follow(match.end())):
            self.add(kind, match)
        elif not self.behind_value() and not self.text[: match.start()][-1:].isalpha():
            raise self.unclear(match[0])

    _semicolon = _comma

    def _only_words_follow(self, place: int) -> bool:
        return p.WORDS_NEXT.match(self.text, place) is not None or place == len(self.text)

    def _bar(self, kind: str, match: re.Match[str]) -> None:
        if not self.listed:
            raise self.unclear(match[0])
        if self.behind_value():
            self.add("COMMA", match)

    def _at(self, kind: str, match: re.Match[str]) -> None:
        if self.wanted.sort != "size" or self.last != "NUMBER":
            raise self.unclear(match[0])
        self.add("SIDE", match, 2)

    def _point(self, kind: str, match: re.Match[str]) -> None:
        before, after = self.text[: match.start()][-1:], self.text[match.end() : match.end() + 1]
        ends = self._nothing_follows(match.end()) or (
            after.isspace() and (before.isalpha() or p.WORDS_NEXT.match(self.text, match.end()) is not None)
        )
        fits = match.start() == 0 if match[0] == "¡" else ends and not before.isspace() and before not in ("", "=")
        if match[0] == "¿" or not fits:
            raise self.unclear(match[0])

    def _dots(self, kind: str, match: re.Match[str]) -> None:
        if not self._nothing_follows(match.end()):
            raise self.unclear(match[0])

    def _nothing_follows(self, place: int) -> bool:
        return not self.text[place : place + 200].strip()

    def _newline(self, kind: str, match: re.Match[str]) -> None:
        if self.tokens and self.last not in ("NEWLINE", "ROW", "SEMICOLON", "EQUALS", "COLON", "ARROW"):
            self.add(kind, match)

    def _colon(self, kind: str, match: re.Match[str]) -> None:
        self.add(kind, match)

    def _open(self, kind: str, match: re.Match[str]) -> None:
        close = self.partners.get(match.start())
        if close is None:
            raise self.unclear(match[0])
        inside = self.text[match.end() : close]
        if self.wanted.sort == "size" and self.behind_value() and re.match(r"\s*[x×*]\s*\d", inside):
            self.skipped.add(close)  # `26x26 (x4)`
            return
        if self.behind_value() and self._is_remark(inside):
            self.remark(inside)
            self.place = close + 1
            return
        glued = self.text[match.start() - 1 : match.start()].isalnum()
        if glued and not self.listed and self.last in ("NUMBER", "CLOSE"):
            self.add("TIMES", match)
        self.add(kind, match)

    def _close(self, kind: str, match: re.Match[str]) -> None:
        if match.start() not in self.partners:
            raise self.unclear(match[0])
        if match.start() in self.skipped:
            return
        self.add(kind, match)

    def _is_remark(self, inside: str) -> bool:
        found = [plain(w) for w in p.WORDY.findall(inside)[:50]]
        return any(w not in known.FUNCTIONS and w not in known.TIMES and w not in known.SIDES for w in found) or (
            bool(found) and self.wanted.sort == "number"
        )

    def remark(self, inside: str) -> None:
        """What stands in brackets behind a value is no part of it, but it must not turn it round."""
        for word in re.findall(r"[^\W\d_]+", inside):
            if plain(word) in known.DANGEROUS:
                raise not_understood(word, self.text[: self.place].rstrip("([{ "))
        if re.search(r"[<>≤≥≠?]", inside):
            raise not_understood(f"({inside.strip()})", self.text[: self.place].rstrip("([{ "))

    def _word(self, kind: str, match: re.Match[str]) -> None:
        written = match[0]
        name = self._name(written)
        if name is not None:
            self.add("HOLE", match, name)
            return
        stem = re.match(r"[^\W\d_]+", written)
        if stem is not None and stem[0] != written:
            if self.behind_value() and stem[0] in "xX" and len(stem[0]) == 1:
                self.place = match.start() + 1
                self.add("TIMES", re.compile(".").match(self.text, match.start()))  # type: ignore[arg-type]
                return
            name = self._name(stem[0])
            if name is not None:
                self.place = match.start() + len(stem[0])
                self.add("HOLE", match, name)
                return
            if len(stem[0]) <= 2:
                self._named(match)
                return
            raise self.unclear(written)
        self._word_alone(match, plain(written))

    def _name(self, written: str) -> str | None:
        found = self.names.get(written) or self.names.get(written.casefold())
        return found if found is not None else self.names.get(plain(written))

    def _word_alone(self, match: re.Match[str], word: str) -> None:
        digits = self.before_digits(self.place)
        labelled = p.LABEL_ENDS.match(self.text, self.place) is not None
        unit = self._factors(match[0]) if self.last == "NUMBER" and not self.listed else None
        if unit is None and self._is_stuck(match, word, digits):
            raise self.unclear(match[0])
        if labelled and len(match[0]) == 1 and self.wanted.sort == "holes":
            raise self.unclear(match[0])
        if labelled and len(match[0]) == 1 and word not in known.SIDES:
            self.named_or_label(match)
        elif self.wanted.sort == "holes" and word in ("same", "same_lower", "valid"):
            self.add("WORD", match, word)
        elif (word == "x" and self.behind_value() and digits) or (
            word in known.TIMES and self.behind_value() and digits
        ):
            self.add("TIMES", match)
        elif word in known.PLUS and self.behind_value() and digits:
            self.add("PLUS", match)
        elif word in known.MINUS and digits:
            self.add("MINUS", match)
        elif word in known.OVER and self.behind_value() and digits:
            self.add("SLASH", match)
        elif word in known.OR and self.behind_value():
            self.add("OR", match)
        elif word in known.AND and (self.listed or self.wanted.sort in ("holes", "size")) and self.behind_value():
            self.add("AND", match)
        elif unit is not None:
            self.add("UNIT", match, unit)
        elif word in known.FUNCTIONS and p.BRACKET_NEXT.match(self.text, self.place):
            self.add("FUNCTION", match, known.FUNCTIONS[word])
        elif self.wanted.sort == "size" and word in known.SIDES and (len(word) > 1 or labelled):
            self.add("SIDE", match, known.SIDES[word])
        elif word in known.DANGEROUS or (self.listed and self.behind_value() and digits):
            raise self.unclear(match[0])
        elif word in p.SILENT or word in self.wanted.words or (labelled and len(word) > 1):
            self.words.append(match.start())
        elif len(match[0]) == 1:
            self._named(match)
        elif known.is_slip(word) or labelled or (self.listed and word in ("array", "tensor", "list", "dtype", "np")):
            self.words.append(match.start())
        else:
            raise self.unclear(match[0])

    def _is_stuck(self, match: re.Match[str], word: str, digits: bool) -> bool:
        """Whether a letter or two stand so close to a number that they are a slip: `20a`, `y-2`."""
        if len(word) > 2 or word == "px" or (word == "x" and self.behind_value() and digits):
            return False
        behind = self.last in p.VALUES and self._end() == match.start() and match[0].islower()
        before = re.match(r"[-+.,]?\d", self.text[self.place : self.place + 3]) is not None and len(word) == 1
        return behind or (before and not self.behind_value() and self.last != "OPEN")

    def named_or_label(self, match: re.Match[str]) -> None:
        """A letter before `=`: what is calculated, or the end of a formula such as `f*g`."""
        if self.last in ("TIMES", "PLUS", "MINUS", "SLASH", "POWER"):
            self.add("NAME", match)
        else:
            self.words.append(match.start())

    def _named(self, match: re.Match[str]) -> None:
        glued = match.start() == self._end() and self.last in ("NUMBER", "CLOSE")
        if glued:
            self.add("TIMES", match)
        self.add("NAME", match)

    def _factors(self, word: str) -> tuple[int | Fraction, ...] | None:
        """What a word behind a number multiplies it by: `M`, `millones`, `kparams`; `kB` where bytes are asked for."""
        small = plain(word)
        if self.wanted.unit == "bytes" and small in known.BYTES and word != "b":
            return known.BYTES[small]
        for counted in known.COUNTED:
            if small.endswith(counted) and small != counted:
                small = small[: -len(counted)]
                break
        if small in known.UNITS and not (small in ("m", "g") and word.islower() and len(word) > 1):
            return (known.UNITS[small],)
        return None


def not_understood(part: str, seen: str) -> Unclear:
    """What to say of a part that was not understood, and of what was."""
    if re.search(r"\w", seen):
        return Unclear(T("“{seen}” was understood, “{part}” was not.", seen=shortened(seen), part=shortened(part)))
    return Unclear(T("“{part}” was not understood.", part=shortened(part)))


def _partners(text: str) -> dict[int, int]:
    """The places of brackets, each with its partner; brackets without one are missing."""
    found: dict[int, int] = {}
    waiting: list[int] = []
    for match in re.finditer(r"[()\[\]{}]", text):
        if match[0] in p.PAIRS:
            waiting.append(match.start())
        elif waiting and p.PAIRS[text[waiting[-1]]] == match[0]:
            opened = waiting.pop()
            found[opened], found[match.start()] = match.start(), opened
    return found
