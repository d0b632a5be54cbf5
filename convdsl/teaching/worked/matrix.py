"""Matrices as people type them: `3 0 1; 1 5 8`, lines of a file, a list of lists, LaTeX; decimal commas too."""

from __future__ import annotations

import re
from typing import NamedTuple

from convdsl.messages import Grouped, T
from convdsl.teaching.worked.exact import Number, read_number, show, whole

Rows = tuple[tuple[Number, ...], ...]

MOST_ENTRIES = 1_000_000
_FACTOR = re.compile(r"([^\[\]]*?)\s*[*·×]?\s*(\[.*\])\s*(?:/\s*([^\[\]\s]+))?", re.DOTALL)
_BETWEEN_ROWS = re.compile(r"\]\s*[,;]?\s*\[")
_GLUED = re.compile(r"[0-9]+,[0-9]+")


class MatrixError(Exception):
    """A matrix that cannot be read: what is wrong, and what would do."""

    def __init__(self, message: T, help: T | None = None) -> None:
        self.message = message
        self.help = help or T("A matrix is written like this: `3 0 1; 1 5 8; 2 7 2`.")
        super().__init__(str(message))


class Matrix(NamedTuple):
    """Rows of exact numbers, all divided by `divisor` (9 for a mean of 3×3). `fractions` tells that they were written
    as fractions, `notes` how what was written has been understood."""

    rows: Rows
    divisor: int = 1
    fractions: bool = False
    notes: tuple[T, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def values(self) -> Rows:
        """The rows with the divisor carried out."""
        if self.divisor == 1:
            return self.rows
        from fractions import Fraction

        return tuple(tuple(whole(v * Fraction(1, self.divisor)) for v in row) for row in self.rows)


def read_matrix(written: str, *, table: bool = False) -> Matrix:
    """The matrix in a text. In a `table` (a .csv file of several lines) `;` stands between columns, as spreadsheets in
    Spanish write it; elsewhere between rows. Raises MatrixError."""
    text = written.strip().replace("\u00a0", " ").replace("\u202f", " ")
    factor, text, divisor = _take_factor(text)
    notes: list[T] = []
    rows = _split(_lines(text, table), notes)
    if not rows:
        raise MatrixError(T("There is no number here."))
    if len(rows) * max(map(len, rows)) > MOST_ENTRIES:
        raise MatrixError(
            T("This matrix has more than {n} entries.", n=Grouped(MOST_ENTRIES)),
            T("Large pictures are filtered as image files: .png or .jpg."),
        )
    values = tuple(tuple(_entry(e, r, c) for c, e in enumerate(row, 1)) for r, row in enumerate(rows, 1))
    for number, row in enumerate(values, 1):
        if len(row) != len(values[0]):
            raise MatrixError(
                T(
                    "The rows have different lengths: row 1 has {first}, row {number} has {other}.",
                    first=len(values[0]),
                    number=number,
                    other=len(row),
                )
            )
    if factor is not None:
        values = tuple(tuple(v * factor.numerator for v in row) for row in values)
        divisor *= factor.denominator
    return Matrix(values, divisor, "/" in text, tuple(notes))


def _take_factor(text: str) -> tuple[Number | None, str, int]:
    """`1/9 [1 1 1; …]` and `[1 1 1; …]/9` as (1/9, matrix, 1) and (None, matrix, 9)."""
    match = _FACTOR.fullmatch(text)
    if match is None:
        return None, text, 1
    before, matrix, after = match.groups()
    factor = _entry(before.strip(), 0, 0) if before.strip() else None
    divisor = _entry(after, 0, 0) if after else 1
    if not isinstance(divisor, int) or divisor < 1:
        raise MatrixError(T("A matrix is divided by a whole number from 1 on; here it is {value}.", value=after))
    return factor, matrix, divisor


def _lines(text: str, table: bool) -> list[str]:
    text = _BETWEEN_ROWS.sub(";", text)
    if text.startswith("["):
        text = text.lstrip("[").removesuffix("]").rstrip("]")
    text = text.replace(r"\\", ";").replace("&", " ").replace("|", " ")
    lines = [line.strip().rstrip(";").strip() for line in text.splitlines()]
    if table and len([line for line in lines if line]) > 1:
        return [re.sub(r"\s*[;\t]\s*", " ", line) for line in lines if line]
    return [row.strip() for line in lines for row in line.split(";") if row.strip()]


def _split(lines: list[str], notes: list[T]) -> list[list[str]]:
    """The entries of each line. A comma between digits is a decimal comma where spaces stand between the entries, and
    stands between entries where there are no spaces."""
    lines = [trimmed for line in lines if (trimmed := line.strip().removesuffix(",").strip())]
    glued = [match for line in lines if (match := _GLUED.search(line))]
    if glued and any(re.search(r"\s", line) for line in lines):
        notes.append(
            T(
                "Commas are read as decimal commas: {written} is {value}.",
                written=glued[0][0],
                value=glued[0][0].replace(",", "."),
            )
        )
        return [[e.replace(",", ".", 1) for e in re.split(r"\s*,\s+|\s+,?", line)] for line in lines]
    rows = [re.split(r"\s*,\s*|\s+", line) for line in lines]
    if glued and all(len(row) == 2 for row in rows) and any(row[0].lstrip("+-−") == "0" for row in rows):
        notes.append(
            T(
                "{written} is read as two entries, {first} and {second}. A decimal is written {first}.{second}.",
                written=",".join(rows[0]),
                first=rows[0][0],
                second=rows[0][1],
            )
        )
    return rows


def _entry(written: str, row: int, column: int) -> Number:
    try:
        return read_number(written)
    except ValueError:
        shown = written if len(written) <= 20 else f"{written[:19]}…"
        if not row:
            raise MatrixError(T("`{entry}` beside a matrix is no number.", entry=shown)) from None
        if not written:
            raise MatrixError(T("Row {row}, entry {column} is empty.", row=row, column=column)) from None
        raise MatrixError(
            T("Row {row}, entry {column}: `{entry}` is not a number.", row=row, column=column, entry=shown),
            T("Entries are numbers such as 3, −5, 0.5 or 1/9, up to 10^15."),
        ) from None


def aligned(rows: Rows) -> str:
    """Rows one below the other, columns aligned."""
    cells = [[show(v) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
