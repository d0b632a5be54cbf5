"""The tokens of an answer. Every character is in one, or in a word that is known to change nothing, or is refused.

One pass, in linear time: a pattern finds what comes next, and what stands before it decides what an `x`, a dash or a
comma is. Words in brackets behind a value are a remark; what follows `because` is a reason and is not read.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from lark import Token

from convdsl.messages import T
from convdsl.teaching.reading import patterns as p
from convdsl.teaching.reading import vocabulary as known
from convdsl.teaching.reading.numerals import ways_to_read
from convdsl.teaching.reading.text import Unclear, plain, shortened
from convdsl.teaching.reading.wanted import Wanted
from convdsl.teaching.reading.words import Words

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


class _Reader(Words):
    """Takes a text apart: one method for each pattern that needs a thought."""

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
        name = p.NAME_BEFORE.search(self.text, max(0, match.start() - 20), match.start())
        if name and not self.listed and not self.behind_value() and digits and not after.isspace():
            if plain(name[0]) in known.NETS:  # `ResNet-50`
                return
            raise self._sign_or_dash(match)
        if self.listed and self.behind_value() and (not before or before.isspace()) and not after.isspace() and digits:
            self.add("SIGN", match)
        elif self.behind_value() and after.isspace() and p.WORDS_NEXT.match(self.text, match.end()):
            return  # a dash before words
        elif self.words and not self.behind_value() and self.words[-1] >= self._end() and after.isspace():
            raise self._sign_or_dash(match)
        else:
            self.add(kind, match)

    def _sign_or_dash(self, match: re.Match[str]) -> Unclear:
        return Unclear(
            T("Is “{text}” a sign or a dash? Write the number alone.", text=shortened(self.text[match.start() :]))
        )

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
        ends = self.listed and self.last == "NEWLINE" and close + 1 == len(self.text)
        if (self.behind_value() or ends) and self._is_remark(inside):
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
