"""`convdsl solve`: the values of holes and symbols."""

from __future__ import annotations

import argparse
import sys

from convdsl.cli.parsing import CallError, add_format, add_unknowns, given_from, read_program
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.report.json_writer import print_json
from convdsl.solver import Solutions, solve
from convdsl.solver.answer import SECONDS
from convdsl.source import Source
from convdsl.training import checked


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=str(T("a program, or - for standard input")))
    parser.add_argument(
        "-e",
        "--program",
        metavar="PROGRAM",
        help=str(T("a program in one line instead of a file: 'input 32x32x3 -> conv 6 k? -> expect 28x28x6'")),
    )
    add_format(parser)
    parser.add_argument("--strict", action="store_true", help=str(T("strides must divide")))
    parser.add_argument(
        "--time",
        type=float,
        default=SECONDS,
        metavar="S",
        help=str(T("seconds after which the search is given up (default: {n})", n=f"{SECONDS:g}")),
    )
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    if (options.file is None) == (options.program is None):
        raise CallError(T("say what to solve: a program's file, or `-e` and a program in one line."))
    if not 0 < options.time < 1e6:
        raise CallError(T("`--time` takes a number of seconds."))
    source = read_program(options.file) if options.program is None else Source(options.program, "<-e>")
    return about(checked(source, **given_from(options)), options)


def about(analysis: Analysis, options: argparse.Namespace) -> int:
    """Solves a program for its holes and symbols."""
    source, given = analysis.source, given_from(options)
    answer = solve(source, **given, strict=options.strict, seconds=options.time)
    if options.format == "json":
        from convdsl.report.solved import answer_data

        print_json(answer_data(answer))
    else:
        _print(answer, source, given)
    if not answer.unknowns:
        return 2
    return int(not answer.solutions)


def _print(answer: Solutions, source: Source, given: dict[str, object]) -> None:
    from convdsl.report.console import console
    from convdsl.report.diagnostics import complain
    from convdsl.report.solutions import print_answer

    if answer.diagnostics:
        complain(answer.diagnostics)
    elif not answer.unknowns:
        print(f"convdsl: {answer.reason}", file=sys.stderr)
    else:
        print_answer(console(), answer, source, **given)
