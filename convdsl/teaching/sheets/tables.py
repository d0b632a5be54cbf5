"""Tables as people have them: CSV with commas, semicolons or tabs. Cells know where they stand, so that one can be
filled in and every other byte stays."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from convdsl.messages import T
from convdsl.teaching.sheets.texts import NoText, Text, text_of

LARGEST = 20_000_000
"""Bytes of a table that are read."""
_MOST_ROWS = 100_000
_DELIMITERS = ",;\t|"


class TableError(ValueError):
    """A table that cannot be used; `message` says why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


class Cell(NamedTuple):
    """The value of a cell and where it stands in the text, quotes included."""

    value: str
    start: int
    end: int


class Row(NamedTuple):
    """The cells of a row, and the line on which it begins, from 1."""

    line: int
    cells: tuple[Cell, ...]

    def value(self, column: int | None) -> str:
        """The value of a cell without spaces around it; empty where there is none."""
        return self.cells[column].value.strip() if column is not None and column < len(self.cells) else ""


class Table(NamedTuple):
    """A table: the text it stands in, what separates its cells, its rows without the empty ones."""

    source: Text
    delimiter: str
    rows: tuple[Row, ...]

    def with_cells(self, values: Iterable[tuple[Cell, str]]) -> bytes:
        """The file with other values in some cells, and every other byte as it was."""
        text = self.source.text
        for cell, value in sorted(values, key=lambda change: -change[0].start):
            text = text[: cell.start] + self._quoted(value) + text[cell.end :]
        return self.source.bytes_of(text)

    def _quoted(self, value: str) -> str:
        if any(c in value for c in (self.delimiter, '"', "\n", "\r")) or value != value.strip():
            return '"' + value.replace('"', '""') + '"'
        return value


def read_table(data: bytes) -> Table:
    """The table in a CSV file. Raises TableError."""
    try:
        source = text_of(data)
    except NoText as error:
        raise TableError(error.message) from None
    start = 0
    named = re.match(r"sep=(.)\r?\n", source.text)  # how Excel names the separator
    if named:
        start = named.end()
    delimiter = named[1] if named else _delimiter(source.text)
    rows = tuple(r for r in _rows(source.text, delimiter, start) if any(c.value.strip() for c in r.cells))
    if not rows:
        raise TableError(T("There is no row in it."))
    return Table(source, delimiter, rows)


def _delimiter(text: str) -> str:
    """What separates the cells: the sign that the first line has most of, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def _rows(text: str, delimiter: str, start: int) -> Iterable[Row]:
    """Rows by the rules of CSV: a quoted cell may have separators, line ends and doubled quotes in it."""
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    line, position, size = 1 + text.count("\n", 0, start), start, len(text)
    cells: list[Cell] = []
    first = line
    count = 0
    while position <= size:
        begin = position
        if text.startswith('"', position):
            close = _closing(text, position + 1)
            position = plain.match(text, close).end()  # type: ignore[union-attr]
            value = text[begin + 1 : close - 1].replace('""', '"') + text[close:position]
        else:
            position = plain.match(text, position).end()  # type: ignore[union-attr]
            value = text[begin:position]
        cells.append(Cell(value, begin, position))
        line += text.count("\n", begin, position)
        if position < size and text[position] == delimiter:
            position += 1
            continue
        yield Row(first, tuple(cells))
        count += 1
        if count > _MOST_ROWS:
            raise TableError(T("It has more than {n} rows.", n=_MOST_ROWS))
        cells = []
        position += 2 if text.startswith("\r\n", position) else 1
        line += 1
        first = line
        if position >= size:
            return


def _closing(text: str, position: int) -> int:
    """The place behind the quote that ends a cell. Raises TableError where there is none."""
    while True:
        quote = text.find('"', position)
        if quote < 0:
            raise TableError(
                T("The quote opened in line {line} is never closed.", line=1 + text.count("\n", 0, position))
            )
        if not text.startswith('"', quote + 1):
            return quote + 1
        position = quote + 2


def plain(text: str) -> str:
    """A text for comparing: without accents, capitals, signs and spaces. `Número de ID` is `numerodeid`."""
    return "".join(c for c in unaccented(re.sub("[ºª°]", "", text)) if c.isalnum())


def unaccented(text: str) -> str:
    """A text without accents and capitals: `Ñandú` is `nandu`."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


def alphabetic(text: str) -> tuple[str, list[tuple[str, int]], str]:
    """What names are sorted by: as people do, accents and capitals aside, ñ behind n, numbers in them by their value."""
    kept = unicodedata.normalize("NFC", text.casefold()).replace("ñ", "n\uffff")
    bare = "".join(c for c in unicodedata.normalize("NFKD", kept) if not unicodedata.combining(c))
    parts = [(p, 0) if not p.isdecimal() else ("", int(p[:18])) for p in re.findall(r"\d+|\D+", bare)]
    return "", parts, text


def written(rows: Iterable[Sequence[object]]) -> str:
    """A table for spreadsheets. A text that one would take for a formula gets an apostrophe, which keeps it a text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell
