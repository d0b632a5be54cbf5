"""Words in an answer: names, units, operations, labels, remarks, and words that change nothing."""

from __future__ import annotations

import re
from fractions import Fraction

from convdsl.teaching.reading import patterns as p
from convdsl.teaching.reading import vocabulary as known
from convdsl.teaching.reading.scanner import Scanner, not_understood
from convdsl.teaching.reading.text import plain


class Words(Scanner):
    """What to do with a word, by what stands around it."""

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
        if plain(written) in known.AND and p.LABEL_ENDS.match(self.text, self.place) is None:
            name = None  # an `y` between entries, one of which is called so
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
            if plain(stem[0]) in known.NETS and self.wanted.sort == "number":
                self.place = match.start() + len(stem[0])
                self.words.append(match.start())
                return
            raise self.unclear(written)
        self._word_alone(match, plain(written))

    def _name(self, written: str) -> str | None:
        found = self.names.get(written) or self.names.get(written.casefold())
        return found if found is not None else self.names.get(plain(written))

    def _word_alone(self, match: re.Match[str], word: str) -> None:
        digits = self.before_digits(self.place)
        labelled = p.LABEL_ENDS.match(self.text, self.place) is not None
        names_anything = labelled and self.wanted.sort != "holes"  # there a name is that of a hole
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
        elif word in known.BADLY and self._counts_mistakes():
            self.words.append(match.start())
        elif self._is_dangerous(word) or (self.listed and self.behind_value() and digits and self.last != "HOLE"):
            raise self.unclear(match[0])
        elif word in p.SILENT or word in self.wanted.words or (names_anything and len(word) > 1):
            self.words.append(match.start())
        elif len(match[0]) == 1:
            self._named(match)
        elif (
            known.is_slip(word)
            or names_anything
            or (self.listed and word in ("array", "tensor", "list", "dtype", "np"))
        ):
            self.words.append(match.start())
        else:
            raise self.unclear(match[0])

    def _is_dangerous(self, word: str) -> bool:
        return word in known.DANGEROUS or (word in known.WELL and self._counts_mistakes())

    def _counts_mistakes(self) -> bool:
        """Whether the question asks how many pictures are classified wrongly."""
        return bool(known.BADLY & self.wanted.words and known.CLASSIFIED & self.wanted.words)

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

    def _is_unit(self, place: int) -> bool:
        word = p.UNIT_NEXT.match(self.text, place)
        return word is not None and self._factors(word[1]) is not None

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
