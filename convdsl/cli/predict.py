"""`convdsl predict`: which class is this picture, and how sure is the network?"""

from __future__ import annotations

import argparse
import sys

from convdsl.cli.parsing import CallError
from convdsl.cli.using import Bad, add_network, answered, complain, named, predictor
from convdsl.messages import T


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=str(T("pictures, folders of them, .npz, .npy or IDX files, or - for a picture on standard input")),
    )
    parser.add_argument("--top", type=int, default=3, metavar="N", help=str(T("so many classes for each picture (3)")))
    parser.add_argument("--csv", action="store_true", help=str(T("a table for spreadsheets, with every class")))
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help=str(T("text for people, json for programs: one picture a line")),
    )


def run(options: argparse.Namespace) -> int:
    if options.top < 1:
        raise CallError(T("`--top` takes a number from 1 on."))
    if options.csv and options.format == "json":
        raise CallError(T("`--csv` and `--format json` are two ways to write the same; take one."))
    try:
        with answered():
            return _run(options)
    except Bad as error:
        return complain(error)


def _run(options: argparse.Namespace) -> int:
    from convdsl.datasets.inputs import batches

    one = predictor(options.run, options.device)
    show = _Answers(options, named(one), one.loss in ("cross_entropy", "binary_cross_entropy"))
    notes: list[T | str] = []
    damaged: list[tuple[str, str]] = []
    stretched: list[str] = []
    seen = 0
    for batch in batches(options.files, one.prepared, sys.stdin.buffer, notes):
        if len(batch.names):
            show.add(batch.names, one.answers(batch.images))
        seen += len(batch.names)
        damaged += batch.damaged
        stretched += batch.stretched
    show.end()
    if stretched:
        size = "x".join(map(str, one.prepared.shape[:2]))
        notes.append(T("{name} is not {size} and was stretched to it, as in the training.",
                       "{n} pictures are not {size} and were stretched to it, as in the training; {name} is one.",
                       n=len(stretched), name=stretched[0], size=size))  # fmt: skip
    for note in notes:
        print(note, file=sys.stderr)
    for name, why in damaged:
        print(f"convdsl: {T('{path} cannot be read: {reason}.', path=name, reason=why)}", file=sys.stderr)
    if not seen and not damaged:
        raise Bad(T("There are no images."))
    return 1 if damaged else 0


class _Answers:
    """Writes answers as they come. One picture alone gets lines of its own, once it is known to be alone."""

    def __init__(self, options: argparse.Namespace, classes: tuple[str, ...], probable: bool) -> None:
        self.options, self.classes, self.probable = options, classes, probable
        self.table: object = None
        self.first: tuple[str, object] | None = None
        self.count = 0

    def add(self, names: list[str], answers: object) -> None:
        from convdsl.report import predictions as report

        rows: list = list(answers)  # type: ignore[call-overload]
        self.count += len(rows)
        if self.options.format == "json":
            from convdsl.report.json_writer import print_line

            for name, row in zip(names, rows, strict=True):
                print_line(report.answer_data(name, row, self.classes, self.options.top, self.probable))
        elif self.options.csv:
            table = self.table = self.table or report.Table(sys.stdout, self.classes, len(rows[0]))
            for name, row in zip(names, rows, strict=True):
                table.add(name, row)  # type: ignore[attr-defined]
        elif self.count == 1 and self.classes and self.probable:
            self.first = names[0], rows[0]
        else:
            if self.first is not None:
                names, rows, self.first = [self.first[0], *names], [self.first[1], *rows], None
            self._print(report.text_lines(names, rows, self.classes, self.options.top, self.probable))  # type: ignore[arg-type]

    def end(self) -> None:
        from convdsl.report import predictions as report

        if self.first is not None:
            self._print(report.single_lines(*self.first, self.classes, self.options.top))  # type: ignore[arg-type]

    @staticmethod
    def _print(lines: object) -> None:
        from convdsl.report.console import console

        out = console()
        for line in lines:  # type: ignore[attr-defined]
            out.print(line, soft_wrap=True)
