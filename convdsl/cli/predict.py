"""`convdsl predict`: which class is this picture, and how sure is the network? Which labels, pixels, numbers, what picture?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from convdsl.aside import Aside
from convdsl.cli.parsing import CallError
from convdsl.cli.using import Bad, add_network, answered, named, predictor
from convdsl.messages import T


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=str(
            T("pictures, folders or archives of them, .npz, .npy or IDX files, or - for a picture on standard input")
        ),
    )
    parser.add_argument("--top", type=int, default=3, metavar="N", help=str(T("so many classes for each picture (3)")))
    parser.add_argument("--csv", action="store_true", help=str(T("a table for spreadsheets, with every class")))
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help=str(T("where maps of classes and pictures go: a new folder, a PNG each, or one file .npz")),
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help=str(T("text for people, json for programs: one picture a line")),
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help=str(T("the same as `--format json`"))
    )


@answered()
def run(options: argparse.Namespace) -> int:
    Aside.wanted = True
    if options.top < 1:
        raise CallError(T("`--top` takes a number from 1 on."))
    if options.csv and options.format == "json":
        raise CallError(T("`--csv` and `--format json` are two ways to write the same; take one."))
    from convdsl.datasets.inputs import batches
    from convdsl.datasets.pictures import only_the_first
    from convdsl.training.predictions import PROBABLE

    one = predictor(options.run, options.device)
    kind = one.task.kind
    show = _Answers(options, named(one), kind, one.loss in PROBABLE, _files(options, one))
    prepared = one.prepared._replace(shape=one.takes)
    also = one.prepared.shape if one.takes != one.prepared.shape else ()
    notes: list[T | str] = []
    damaged: list[tuple[str, str]] = []
    stretched: list[tuple[str, tuple[int, int]]] = []
    several: list[str] = []
    seen = 0
    for batch in batches(options.files, prepared, sys.stdin.buffer, notes, also):
        if len(batch.names):
            show.add(batch.names, one.answers(batch.images))
        seen += len(batch.names)
        damaged += batch.damaged
        stretched += batch.stretched
        several += batch.several
    show.end()
    if stretched:
        size = "x".join(map(str, prepared.shape[:2]))
        notes.append(_stretched(len(stretched), stretched[0][0], size, prepared.cut))
    if several:
        notes.append(only_the_first(several))
    for note in notes:
        print(note, file=sys.stderr)
    for name, why in damaged:
        print(f"convdsl: {T('{path} cannot be read: {reason}.', path=name, reason=why)}", file=sys.stderr)
    if not seen and not damaged:
        raise Bad(T("There are no images."))
    return 1 if damaged else 0


def _stretched(n: int, name: str, size: str, cut: bool) -> T:
    """What is said of pictures of another size; with `cut` their middle counts."""
    if cut:
        return T(
            "{name} is not {size}: the middle of it was stretched to that, as for the test after the training.",
            "{n} pictures are not {size}: the middle of each was stretched to that, as for the test after the training; "
            "{name} is one.",
            n=n,
            name=name,
            size=size,
        )
    return T(
        "{name} is not {size} and was stretched to it, as in the training.",
        "{n} pictures are not {size} and were stretched to it, as in the training; {name} is one.",
        n=n,
        name=name,
        size=size,
    )


def _files(options: argparse.Namespace, one: Any) -> Any:
    """What writes the answers as files, None where none are asked for. Raises Bad where these answers need it, or have none."""
    from convdsl.report.answered import Answered, Unfit
    from convdsl.training.task import KINDS

    kind, out = one.task.kind, options.out
    if out is None:
        if kind == "pictures":
            raise Bad(
                T(
                    "{run} answers with pictures. `--out` says where they go: a new folder, or a file .npz.",
                    run=one.name,
                )
            )
        return None
    if kind not in ("map", "pictures"):
        raise Bad(T("`--out` is for maps of classes and for pictures; {run} answers with {kind}.", run=one.name,
                    kind=KINDS[kind]))  # fmt: skip
    if out.exists() and (not out.is_dir() or any(out.iterdir()) or out.suffix.lower() == ".npz"):
        raise CallError(T("{folder} holds something already; name a new folder with `--out`.", folder=out))
    try:
        return Answered(out, tuple(one.net.report.output), kind == "map", one.ends)
    except Unfit as error:
        raise Bad(str(error)) from None


class _Answers:
    """Writes answers as they come. One picture alone gets lines of its own, once it is known to be alone."""

    def __init__(
        self, options: argparse.Namespace, classes: tuple[str, ...], kind: str, probable: bool, files: Any
    ) -> None:
        self.options, self.classes, self.kind, self.probable, self.files = options, classes, kind, probable, files
        self.table: Any = None
        self.first: tuple[str, Any] | None = None
        self.count = 0

    def add(self, names: list[str], answers: Any) -> None:
        from convdsl.report import predictions as report

        paths = (
            [self.files.add(name, answer) for name, answer in zip(names, answers, strict=True)] if self.files else None
        )
        rows = list(report.shares_of(answers) if self.kind == "map" else answers)
        self.count += len(rows)
        if self.kind == "pictures":
            self._pictures(names, paths)
        elif self.options.format == "json":
            from convdsl.report.json_writer import print_line

            for number, (name, row) in enumerate(zip(names, rows, strict=True)):
                data = report.answer_data(self.kind, name, row, self.classes, self.options.top, self.probable)
                print_line({**data, "written": paths[number]} if paths else data)
        elif self.options.csv:
            self.table = self.table or report.Table(sys.stdout, self.kind, self.classes, len(rows[0]))
            for name, row in zip(names, rows, strict=True):
                self.table.add(name, row)
        elif self.count == 1 and self.kind == "classes" and self.probable:
            self.first = names[0], rows[0]
        else:
            if self.first is not None:
                names, rows, self.first = [self.first[0], *names], [self.first[1], *rows], None
            self._print(self._lines(names, rows))

    def _lines(self, names: list[str], rows: list[Any]) -> Any:
        from convdsl.report import predictions as report

        if self.kind == "labels":
            return report.label_lines(names, rows, self.classes, self.options.top)  # type: ignore[arg-type]
        if self.kind == "map":
            return report.map_lines(names, rows, self.classes, self.options.top)  # type: ignore[arg-type]
        return report.text_lines(names, rows, self.classes, self.options.top, self.probable)  # type: ignore[arg-type]

    def _pictures(self, names: list[str], paths: Any) -> None:
        """Where each picture is."""
        if self.options.format == "json":
            from convdsl.report.json_writer import print_line

            for name, path in zip(names, paths, strict=True):
                print_line({"file": name, "written": path})
        elif self.options.csv:
            import csv

            from convdsl.report.predictions import cell

            rows = csv.writer(sys.stdout, lineterminator="\n")
            if self.table is None:
                self.table = rows
                rows.writerow([str(T("file")), str(T("answer"))])
            rows.writerows([cell(name), cell(path)] for name, path in zip(names, paths, strict=True))
        else:
            self._print(f"{name} → {path}" for name, path in zip(names, paths, strict=True))

    def end(self) -> None:
        from convdsl.report import predictions as report

        if self.first is not None:
            self._print(report.single_lines(*self.first, self.classes, self.options.top))
        if self.files is not None and self.count:
            self.files.end()
            if self.kind == "map" and self.options.format == "text" and not self.options.csv:
                self._print(
                    [str(T("The maps are in {place}: each number is that of a class.", place=self.options.out))]
                )

    @staticmethod
    def _print(lines: Any) -> None:
        from convdsl.report.console import console

        out = console()
        for line in lines:
            out.print(line, soft_wrap=True, markup=False)
