"""Pictures with a table of labels beside them, as a data set.

    labels.csv      file,label                 one of several classes, or a number
                    file,labels                several at once: cat;dog
                    file,cat,dog,bird          several at once: 1,1,0; or several numbers
    images/a.png …

A table is CSV as spreadsheets write it: commas, semicolons or tabs, with a line of headings or without. Which part a line
belongs to is said by a column (`split`), by the name of the table (`train.csv`) or by the picture's folder.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convdsl.datasets.assemble import count_classes
from convdsl.datasets.dataset import DataError, Dataset, Options, Text, refused
from convdsl.datasets.folder import Sorted, is_picture, sorted_pictures
from convdsl.datasets.names import folded, in_capitals_only, quoted, same_form
from convdsl.datasets.parts import TEST, TRAIN, UNLABELLED, VALIDATION, role_of
from convdsl.datasets.tree import READ_ERRORS, File, Tree
from convdsl.messages import T

ENDINGS = (".csv", ".tsv")
_LABEL = {"label", "class", "category", "target", "y", "etiqueta", "clase", "categoria", "valor", "value"}
_LABELS = {"labels", "tags", "classes", "categories", "etiquetas", "clases", "categorias"}
"""Headings of a column that may hold several labels, or none."""
_PICTURE = {"file", "filename", "file_name", "filepath", "filepaths", "path", "image", "image_id", "image_name", "img", "id",
            "name", "picture", "photo", "archivo", "fichero", "imagen", "ruta", "foto", "nombre"}  # fmt: skip
_PART = {"split", "set", "part", "subset", "parte", "particion", "conjunto", "dataset", "data set"}
_SAMPLE = 200
"""Lines by which a table is recognised."""


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return name.lower().endswith(ENDINGS)


class _Line(NamedTuple):
    """A line of a table: its number in the file, the picture's name, the part (None: not said), and the cells of its labels."""

    number: int
    picture: str
    part: str | None
    cells: tuple[str, ...]


class _Table(NamedTuple):
    """A table whose lines name pictures; `heads` are the headings of the labels, empty where there are none."""

    file: File
    heads: tuple[str, ...]
    lines: list[_Line]
    decimals: bool
    idle: tuple[str, ...]


def tabled(tree: Tree, tables: Sequence[File], path: Path, options: Options) -> Dataset | None:
    """The pictures of `tree` with the labels of `tables`; None where no table names pictures and their labels. Raises
    DataError for a picture that is not there, or that has no label or two."""
    pictures = _Names(tree.files)
    found, unclear = [], None
    for one in tables:
        try:
            found += [table] if (table := _table(one, pictures)) is not None else []
        except DataError as error:
            unclear = unclear or error
    if not found and unclear is not None:
        raise unclear
    if not found:
        return None
    parts = [role and role.part for role in (role_of(Path(table.file.path).stem) for table in found)]
    if len(found) > 1 and (None in parts or len({tuple(map(folded, table.heads)) for table in found}) > 1):
        names = ", ".join(quoted(table.file.path) for table in found[:4])
        raise DataError(
            T("{path}: several tables name the pictures: {names}.", path=path, names=names),
            T("Give the path of one of them: `--data labels.csv`."),
        )
    notes: list[Text] = [*tree.notes]
    by_part: dict[str, list[tuple[File, tuple[str, ...], str]]] = {TRAIN: [], VALIDATION: [], TEST: []}
    seen: dict[str, tuple[tuple[str, ...], str]] = {}
    for table in found:
        named = role_of(Path(table.file.path).stem) if len(found) > 1 else None
        for line in table.lines:
            file = pictures.find(line.picture, named.part if named else None)
            where = T("{file}, line {line}", file=quoted(table.file.path), line=line.number)
            if file is None:
                raise DataError(
                    T("{where}: there is no picture {name}.", where=str(where), name=quoted(line.picture)),
                    T("Each line names a picture below {path}, and its label.", path=path),
                )
            if file.path in seen:
                if seen[file.path][0] == line.cells:
                    continue
                raise DataError(
                    T("{where}: {name} has another label already, in {other}.",
                      where=str(where), name=quoted(line.picture), other=seen[file.path][1]),
                    T("Several labels at once stand in one line: `{line}`.", line="a.png,cat;dog"),
                )  # fmt: skip
            seen[file.path] = line.cells, str(where)
            part = line.part or (named.part if named else None) or _part_of(file) or TRAIN
            if part != UNLABELLED:
                by_part[part].append((file, line.cells, str(where)))
    ordered = [*by_part[TRAIN], *by_part[VALIDATION], *by_part[TEST]]
    if not by_part[TRAIN]:
        raise DataError(T("{path}: there are no images to train.", path=path), T("Call their part `train`."))
    labels, classes = _labels(found[0], [cells for _, cells, _ in ordered], [where for *_, where in ordered])
    if options.labels_from is not None and classes is not None:
        raise DataError(T("{path}: `labels_from` is for labels that are numbers, and these are words.", path=path))
    if left := len(tree.files) - len(seen):
        notes.append(
            T("{n} picture is in no line of {file} and is left out.", "{n} pictures are in no line of {file} and are left out.",
              n=left, file=quoted(found[0].file.path))
        )  # fmt: skip
    if found[0].idle:
        notes.append(T("Not used: {names}.", names=", ".join(map(quoted, found[0].idle[:6]))))
    counts = (len(by_part[TRAIN]), len(by_part[VALIDATION]), len(by_part[TEST]))
    notes.append(T("The labels are those of {file}.", file=", ".join(quoted(table.file.path) for table in found)))
    whole = Sorted([file for file, *_ in ordered], labels, counts, classes)
    return sorted_pictures(replace(tree, notes=()), path, options, whole, notes)


def _part_of(file: File) -> str | None:
    """The part that the folders of a picture speak of."""
    roles = (role_of(folder) for folder in file.path.split("/")[:-1])
    return next((role.part for role in roles if role is not None), None)


class _Names:
    """Pictures by what a table may call them: their path, its last parts, with or without the ending."""

    def __init__(self, files: Iterable[File]) -> None:
        self._files: dict[str, list[File]] = {}
        for file in files:
            parts = same_form(file.path).split("/")
            for start in range(len(parts)):
                name = "/".join(parts[start:])
                self._files.setdefault(name, []).append(file)
                if (stem := name.rpartition(".")[0]) and not stem.endswith("/"):
                    self._files.setdefault(stem, []).append(file)

    def find(self, name: str, part: str | None = None) -> File | None:
        """The picture of a name, which may be a path from further above. Of several those of `part`; None where none or
        several are left."""
        steps = [step for step in same_form(name.strip()).replace("\\", "/").split("/") if step not in ("", ".")]
        for start in range(len(steps)):
            found = self._files.get("/".join(steps[start:]), [])
            if len(found) > 1:
                found = [file for file in found if _part_of(file) == (part or TRAIN)]
            if len(found) == 1:
                return found[0]
        return None


def _table(file: File, pictures: _Names) -> _Table | None:
    """The table in a file; None where its lines name no pictures, or nothing but pictures."""
    rows, decimals = _rows(file)
    if not rows:
        return None
    sample = [cells for _, cells in rows[:_SAMPLE]]
    width = max(len(cells) for cells in sample)
    first = rows[0][1]
    columns = [[c[i] for c in sample if len(c) > i] for i in range(width)]
    hits = [sum(pictures.find(cell) is not None for cell in cells) for cells in columns]
    column = max(
        range(width), key=lambda i: (hits[i] > 0 and _is_name(first, columns[i], i), hits[i], len(set(columns[i])))
    )
    headed = len(rows) > 1 and not (len(first) > column and pictures.find(first[column]))
    if hits[column] * 2 < len(sample) - headed or not hits[column]:
        return None
    heads = [cell.strip() for cell in first] if headed else [""] * width
    body = rows[1:] if headed else rows
    for number, cells in body:
        if len(cells) != len(first):
            raise DataError(
                T("{file}, line {line}: it has {given} cells, and the first line {wanted}.",
                  file=quoted(file.path), line=number, given=len(cells), wanted=len(first))
            )  # fmt: skip
    part = next((i for i in range(width) if i != column and _tells_parts(heads[i], [c[i] for _, c in body])), None)
    others = [i for i in range(width) if i not in (column, part) and not _is_index(heads[i], headed, body, i)]
    chosen = _chosen(others, heads, body, file, decimals)
    if not chosen:
        return None
    lines = [
        _Line(
            n,
            c[column],
            role.part if part is not None and (role := role_of(c[part])) else None,
            tuple(c[i] for i in chosen),
        )
        for n, c in body
    ]
    idle = tuple(heads[i] for i in others if i not in chosen)
    return _Table(file, tuple(heads[i] for i in chosen), lines, decimals, idle)


def _is_name(first: Sequence[str], cells: Sequence[str], column: int) -> bool:
    """Whether a column is that of the pictures by its heading, or by the endings in it: numbers may be names too."""
    said = len(first) > column and folded(first[column].strip()) in _PICTURE
    return said or 2 * sum(is_picture(cell) for cell in cells) > len(cells)


def _rows(file: File) -> tuple[list[tuple[int, list[str]]], bool]:
    """The lines of a table that are not empty, with their numbers, and whether commas may be decimal points."""
    try:
        data = file.read()
    except READ_ERRORS as error:
        raise refused(file.path, error) or DataError(
            T("{name} cannot be read: {why}.", name=quoted(file.path), why=error)
        ) from None
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # what older spreadsheets write
    head = text.partition("\n")[0]
    if text.startswith("sep="):
        text, head = text.partition("\n")[2], text.partition("\n")[2].partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(T("{name} is no table that can be read: {why}.", name=quoted(file.path), why=error)) from None
    return rows, delimiter != ","


def _tells_parts(head: str, cells: Sequence[str]) -> bool:
    """Whether a column says which part each line belongs to."""
    told = folded(head) in _PART or not head
    return told and all(role is not None and role.plain for role in map(role_of, set(cells)))


def _is_index(head: str, headed: bool, body: Sequence[tuple[int, list[str]]], column: int) -> bool:
    """Whether a column only counts the lines, as pandas writes one."""
    return (
        headed
        and (not head or head.startswith("Unnamed:"))
        and all(cells[column].strip().isdigit() for _, cells in body)
    )


def _chosen(
    columns: list[int], heads: list[str], body: list[tuple[int, list[str]]], file: File, decimals: bool
) -> list[int]:  # fmt: skip
    """The columns that are labels. Raises DataError where that is not clear."""
    words = (_LABEL | _LABELS) - ({"y"} if "x" in map(folded, heads) else set())
    told = [i for i in columns if folded(heads[i]) in words]
    if len(columns) < 2 or len(told) == 1:
        return told[:1] or columns
    if all(_number(body[0][1][i], decimals) is not None for i in columns):
        return columns
    raise DataError(
        T("{file}: which of the columns {names} is the label?",
          file=quoted(file.path), names=", ".join(quoted(heads[i]) or str(i + 1) for i in columns[:6])),
        T("Call it `label`, or leave the others out. Columns of 0 and 1 are several labels at once."),
    )  # fmt: skip


def _number(cell: str, decimals: bool) -> float | None:
    """What a cell says as a number; None for a word, for nothing and for what is not finite."""
    text = cell.strip().replace("−", "-")
    text = text.replace(",", ".") if decimals and text.count(",") == 1 and "." not in text else text
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _labels(
    table: _Table, cells: Sequence[tuple[str, ...]], places: Sequence[str]
) -> tuple[np.ndarray, Sequence[str] | None]:  # fmt: skip
    """Labels in the order of `cells`, and the names of classes where there are any: int64 (n,) or (n, C), or float."""
    numbers = [[_number(cell, table.decimals) for cell in row] for row in cells]
    if len(table.heads) > 1:
        values = _all(numbers, cells, places)
        if np.isin(values, (0, 1)).all():
            return values.astype(np.int64), [quoted(head) for head in table.heads] if all(table.heads) else None
        return values, None
    words = [row[0].strip() for row in cells]
    several = folded(table.heads[0]) in _LABELS
    marks = ";|," if several and not all(n[0] is not None for n in numbers if n) else ";|"
    sets = [{word.strip() for word in _cut(cell, marks) if word.strip()} for cell in words]
    if any(len(one) > 1 for one in sets) or (several and not all(words)):
        names = sorted({same_form(word) for one in sets for word in one})
        if len(names) < 2:
            raise DataError(T("{file}: there is one label only.", file=quoted(table.file.path)))
        _told_apart(names, table)
        table_of = np.array([[name in {same_form(word) for word in one} for name in names] for one in sets], np.int64)
        return table_of, [quoted(name) for name in names]
    empty = next((place for place, word in zip(places, words, strict=True) if not word), None)
    if empty is not None:
        raise DataError(T("{where}: the picture has no label.", where=empty), T("Write one, or leave the line out."))
    if all(row[0] is not None for row in numbers):
        values = np.array([row[0] for row in numbers], np.float64)
        counting = all(word.lstrip("+-").isdigit() for word in words) and count_classes(values, len(values))
        return (values.astype(np.int64) if counting else values), None
    _one_kind(words, [row[0] for row in numbers], places)
    names = sorted({same_form(word) for word in words})
    _told_apart(names, table)
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[same_form(word)] for word in words], np.int64), [quoted(name) for name in names]


def _told_apart(names: Sequence[str], table: _Table) -> None:
    """Raises DataError for two classes that differ in capitals only."""
    if (two := in_capitals_only(names)) is not None:
        raise DataError(
            T("{path}: the classes {a} and {b} differ in capitals only.",
              path=quoted(table.file.path), a=quoted(two[0]), b=quoted(two[1])),
            T("If they are one class, give them one name."),
        )  # fmt: skip


def _one_kind(words: Sequence[str], numbers: Sequence[float | None], places: Sequence[str]) -> None:
    """Raises DataError for a word among numbers that are measured: fractions, or hardly ever the same."""
    known = [number for number in numbers if number is not None]
    if 2 * len(known) <= len(numbers) or (all(n == int(n) for n in known) and 2 * len(set(known)) <= len(known)):
        return
    at = numbers.index(None)
    raise DataError(
        T("{where}: `{cell}` is no number, and most of the labels are.", where=places[at], cell=quoted(words[at][:40])),
        T("Write a number, or leave the line out."),
    )


def strangers(tables: Sequence[File], tree: Tree, path: Path) -> DataError | None:
    """What is wrong with a table whose lines name pictures, and none of those that lie in one folder."""
    if len({file.path.rpartition("/")[0] for file in tree.files}) > 1:
        return None
    for file in tables:
        rows = _rows(file)[0]
        cells = [cell for _, row in rows[:_SAMPLE] for cell in row]
        named = [cell for cell in cells if is_picture(cell)]
        if 2 * len(named) >= len(rows[:_SAMPLE]) and named:
            return DataError(
                T("{where}: there is no picture {name}.", where=quoted(file.path), name=quoted(named[0])),
                T("Each line names a picture below {path}, and its label.", path=path),
            )
    return None


def _all(
    numbers: Sequence[Sequence[float | None]], cells: Sequence[tuple[str, ...]], places: Sequence[str]
) -> np.ndarray:
    """Numbers of which none is missing, as float64 (n, k)."""
    for row, texts, place in zip(numbers, cells, places, strict=True):
        if None in row:
            wrong = texts[list(row).index(None)]
            raise DataError(T("{where}: `{cell}` is no number.", where=place, cell=quoted(wrong[:40])))
    return np.array(numbers, np.float64)


def _cut(text: str, marks: str) -> list[str]:
    """The text between marks."""
    for mark in marks[1:]:
        text = text.replace(mark, marks[0])
    return text.split(marks[0])
