"""What the lecturer ruled on answers that were unclear: a table that is written for him, filled in by him, and applied.

    exercise,seed,answer,why it is unclear,key,verdict
    conv-params,7,4736 plátanos,"“4736” was understood, “plátanos” was not.",k5d1f0a93c2,right

A verdict is `right`, `wrong` or the part of the points, in either language; an empty one is still open. It holds for every
student with these numbers who wrote this, now and whenever the table is given again, also where the answer was not unclear.
The key stands for the exercise, the seed and the answer: spreadsheets round long seeds and make dates of fractions, and a
row keeps its meaning all the same. A row without a key, written by hand, is known by those three.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.classes.results import Answer, Result
from convdsl.teaching.sheets.tables import Row, TableError, plain, read_table, written

RIGHT = frozenset(
    ["right", "r", "yes", "si", "bien", "correcto", "correcta", "ok", "verdadero", "true", "valido", "valida"]
)
WRONG = frozenset(["wrong", "w", "no", "mal", "incorrecto", "incorrecta", "falso", "false"])
_HEADS = ("exercise", "ejercicio")
_COLUMNS = 5
"""Those of a table without keys; a key stands before the verdict, which is the last."""
_CODE = re.compile(r"k[0-9a-f]{10}")


class Key(NamedTuple):
    """What a ruling is about: an exercise, the seed of its numbers, and what was written, spaces aside."""

    exercise: str
    seed: int
    text: str

    @property
    def code(self) -> str:
        """The key in a form that no spreadsheet takes for a number or a date."""
        return "k" + hashlib.sha256("\0".join(map(str, self)).encode("utf-8", "replace")).hexdigest()[:10]


class Decision(NamedTuple):
    """A row of the table: `code` is that of its key; `share` the part of the points, None while the ruling is open."""

    code: str
    exercise: str
    seed: str
    text: str
    why: str
    word: str
    share: Fraction | None


class Decisions:
    """The rulings of a table, in its order."""

    def __init__(self, rows: Iterable[Decision] = ()) -> None:
        self.rows = {d.code: d for d in rows}

    @classmethod
    def read(cls, data: bytes) -> Decisions:
        """The rulings in a table. Raises TableError, which names the line."""
        rows = read_table(data).rows
        if plain(rows[0].value(0)) not in _HEADS or len(rows[0].cells) < _COLUMNS:
            raise TableError(T("This is no table of decisions: its first column is `exercise`, its last `verdict`."))
        keyed = len(rows[0].cells) > _COLUMNS
        found = [_decision(row, keyed) for row in rows[1:]]
        for line, (row, decision) in enumerate(zip(rows[1:], found, strict=True)):
            if any(d.code == decision.code and d.share != decision.share for d in found[:line]):
                raise TableError(
                    T("Line {line} rules on an answer that another line rules on otherwise.", line=row.line)
                )
        return cls(found)

    def table(self) -> str:
        """The table, in CSV."""
        head = [str(w) for w in (T("exercise"), T("seed"), T("answer"), T("why it is unclear"), T("key"), T("verdict"))]
        return written([head, *((d.exercise, d.seed, d.text, d.why, d.code, d.word) for d in self.rows.values())])

    def of(self, answer: Answer, seed: int | None) -> Fraction | None:
        """The part of the points that was ruled for an answer."""
        decision = self.rows.get(key_of(answer, seed).code)
        return decision.share if decision is not None else None

    def applied(self, result: Result) -> Result:
        """A result with the rulings carried out."""
        answers = tuple(self._applied(a, result.seed) for a in result.answers)
        statuses = result.statuses
        if "unclear" in statuses and not any(a.status == "unclear" for a in answers):
            statuses = tuple(s for s in statuses if s != "unclear") or ("marked",)
        return result._replace(answers=answers, statuses=statuses)

    def _applied(self, answer: Answer, seed: int | None) -> Answer:
        share = self.of(answer, seed)
        if share is None or answer.status == "missing":
            return answer
        points = round(answer.of * float(share), 6)
        status = "right" if share == 1 else "wrong"
        return answer._replace(status=status, points=points, message=str(T("Ruled by the lecturer.")), mistake="")

    def with_open(self, results: Sequence[Result]) -> Decisions:
        """The same table with a row for each unclear answer that is not in it yet."""
        new = {
            key.code: Decision(key.code, key.exercise, str(key.seed), key.text, " ".join(a.message.split()), "", None)
            for r in results
            for a in unclear(r)
            if (key := key_of(a, r.seed)).code not in self.rows
        }
        return Decisions([*self.rows.values(), *new.values()])


def unclear(result: Result) -> list[Answer]:
    """The answers of a result that were not understood."""
    return [a for a in result.answers if a.status == "unclear" and a.written.strip()]


def key_of(answer: Answer, seed: int | None) -> Key:
    """What a ruling on an answer is about."""
    return Key(answer.exercise, seed or 0, " ".join(answer.written.split()))


def _decision(row: Row, keyed: bool) -> Decision:
    exercise, seed, text, why = (row.value(c) for c in range(4))
    given, word = (row.value(4).strip(), row.value(5)) if keyed else ("", row.value(4))
    known = given if _CODE.fullmatch(given) else ""
    if not known and (not seed.isdecimal() or len(seed) > 40):
        raise TableError(T("Line {line}: the seed `{seed}` is no whole number.", line=row.line, seed=seed[:40]))
    if text[:1] == "'" and text[1:2] in tuple("=+-@"):
        text = text[1:]  # what keeps it from being a formula
    text = " ".join(text.split())
    code = known or Key(exercise, int(seed), text).code
    return Decision(code, exercise, seed, text, why, word, _share(word, row.line))


def _share(word: str, line: int) -> Fraction | None:
    small = plain(word)
    if not word.strip():
        return None
    if small in RIGHT or small in WRONG:
        return Fraction(small in RIGHT)
    try:
        share = Fraction(word.strip().replace(",", "."))
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise TableError(
            T(
                "Line {line}: `{word}` is no verdict; write right, wrong, or a part such as 0.5.",
                line=line,
                word=word[:40],
            )
        )
    return share
