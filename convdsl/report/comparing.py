"""Networks beside each other: what they cost, and how well they answer, measured here or from a table with a source each."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from convdsl import files
from convdsl.algebra.numbers import grouped, short
from convdsl.document import Node, Picture, Sentence, Table, Title
from convdsl.messages import T
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent
from convdsl.report.predictions import cell

SHIPPED = Path(__file__).parent / "charts" / "accuracies.toml"
LARGEST = 1_000_000
"""Bytes of a table."""


class BadTable(ValueError):
    """A table that cannot be used; `message` says why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


class Compared(NamedTuple):
    """A network: MACs and parameters for one image; the share of right answers (None: not known), on which data, and where
    that figure comes from."""

    name: str
    macs: int
    params: int
    accuracy: float | None = None
    data: str = ""
    source: str = ""


class Known(NamedTuple):
    """An accuracy of a table, for networks of this name with so many parameters (None: however many)."""

    accuracy: float
    data: str
    source: str
    params: int | None = None


def shipped() -> dict[str, Known]:
    """The table that comes with the package."""
    table = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    sources = table["source"]
    return {
        name: Known(one["accuracy"], sources[one["source"]]["data"], sources[one["source"]]["text"], one["params"])
        for name, one in table["network"].items()
    }


def read_table(path: Path) -> dict[str, Known]:
    """A table of one's own: CSV with the columns name, accuracy, data and source. Raises BadTable, OSError."""
    text = files.read(path, LARGEST).decode("utf-8-sig", "replace")
    rows = list(csv.DictReader(io.StringIO(text)))
    wanted = ("name", "accuracy", "source")
    if not rows or any(w not in (rows[0] or {}) for w in wanted):
        raise BadTable(
            T("{path}: a table of accuracies is CSV with the columns name, accuracy, data and source.", path=path)
        )
    return {str(row["name"]).strip(): _known(row, number, path) for number, row in enumerate(rows, 2)}


def _known(row: Mapping[str, Any], number: int, path: Path) -> Known:
    written = str(row["accuracy"] or "").strip()
    try:
        value = float(written.removesuffix("%").strip()) / (100 if written.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadTable(
            T(
                "{path}, line {number}: `{text}` is no accuracy; it is a share from 0 to 1, or a percentage with its sign.",
                path=path,
                number=number,
                text=written,
            )
        )
    source = str(row["source"] or "").strip()
    if not source:
        raise BadTable(T("{path}, line {number}: an accuracy needs a source.", path=path, number=number))
    return Known(value, str(row.get("data") or "").strip(), source)


def compared(name: str, report: Any, tables: Sequence[Mapping[str, Known]]) -> Compared:
    """A network with what the tables know of it, the first of them first."""
    params, macs = int(report.total.params), int(report.total.macs)
    for table in tables:
        known = table.get(name)
        if known is not None and known.params in (None, params):
            return Compared(name, macs, params, known.accuracy, known.data, known.source)
    return Compared(name, macs, params)


def ordered(found: Sequence[Compared]) -> list[Compared]:
    """The best first; those of which nothing is known at the end."""
    return sorted(found, key=lambda one: (one.accuracy is None, -(one.accuracy or 0), one.name))


def as_csv(found: Sequence[Compared]) -> str:
    """A line for each network."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(Compared._fields)
    rows.writerows([cell(o.name), o.macs, o.params, "" if o.accuracy is None else f"{o.accuracy:.6g}", cell(o.data), cell(o.source)]
                   for o in ordered(found))  # fmt: skip
    return out.getvalue()


def document(found: Sequence[Compared], chart: str) -> list[Node]:
    """The chart with a table of its figures, each with its source."""
    head = tuple(map(str, (T("network"), T("accuracy"), T("data"), "MACs", T("parameters"), T("source"))))
    rows = tuple(
        (clean(o.name), "–" if o.accuracy is None else percent(o.accuracy), clean(o.data), grouped(o.macs), grouped(o.params),
         clean(o.source))
        for o in ordered(found)
    )  # fmt: skip
    nodes: list[Node] = [Title(title()), *([Picture(title(), chart)] if chart else []), Table(head, rows)]
    return [*nodes, *unknown_lines(found)]


def unknown_lines(found: Sequence[Compared]) -> list[Node]:
    """Those that the chart cannot show."""
    names = [clean(o.name) for o in found if o.accuracy is None]
    if not names:
        return []
    return [
        Sentence(str(T("No accuracy is known of these, so the chart does not have them:"))),
        Sentence(", ".join(names)),
    ]


def title() -> str:
    return str(T("Accuracy, operations and parameters"))


def told(one: Compared) -> str:
    """A network in one line."""
    said = T("{name}: {accuracy} on {data}, {macs} MACs, {params} parameters ({source})", name=clean(one.name),
             accuracy=percent(one.accuracy or 0), data=clean(one.data), macs=short(one.macs), params=short(one.params),
             source=clean(one.source))  # fmt: skip
    return str(said)
