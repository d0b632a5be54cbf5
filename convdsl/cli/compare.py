"""`convdsl compare`: networks by what they cost and how well they answer, as a chart, a page or a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from convdsl.cli.parsing import CallError, add_unknowns, given_from, read_program
from convdsl.messages import T, quoted, reason

FORMATS = (".svg", ".html", ".csv")


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "networks",
        metavar="FILE|RUN",
        nargs="+",
        help=str(T("programs, and folders of runs, whose accuracy was measured here")),
    )
    add(
        "-o",
        "--out",
        metavar="FILE",
        help=str(T("where to: .svg a chart, .html a page with a table, .csv; without it CSV is printed")),
    )
    table = T("a table of accuracies of your own: CSV with the columns name, accuracy, data, source")
    add("--accuracies", metavar="FILE", type=Path, help=str(table))
    add("--dark", action="store_true", help=str(T("the chart for dark pages")))
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    from convdsl.report.comparing import BadTable, as_csv, read_table, shipped

    ending = Path(options.out).suffix.lower() if options.out else ".csv"
    if ending not in FORMATS:
        raise CallError(T("{file}: the name's ending says what is written, and is one of {list}.", file=options.out,
                          list=", ".join(FORMATS)))  # fmt: skip
    tables = [shipped()]
    if options.accuracies is not None:
        try:
            tables.insert(0, read_table(options.accuracies))
        except BadTable as error:
            raise CallError(error.message) from None
        except OSError as error:
            raise CallError(
                T("{name} cannot be read: {reason}.", name=options.accuracies, reason=reason(error))
            ) from None
    found = [one for name in options.networks for one in _found(name, options, tables)]
    unknown = [one.name for one in found if one.accuracy is None]
    if unknown and ending != ".html":
        told = T("No accuracy is known of {name}; `--accuracies` takes a table with one.",
                 "No accuracy is known of {n} networks: {names}; `--accuracies` takes a table with some.",
                 n=len(unknown), name=unknown[0], names=", ".join(unknown))  # fmt: skip
        print(f"convdsl: {told}", file=sys.stderr)
    if options.out is None:
        print(as_csv(found), end="")
        return 0
    _write(options, ending, found)
    return 0


def _found(name: str, options: argparse.Namespace, tables: Any) -> list[Any]:
    """A program, or the runs in a folder."""
    from convdsl.network import analyse
    from convdsl.report.comparing import Compared, compared

    path = Path(name)
    if path.is_dir():
        from convdsl.training.runs import read_runs

        runs, troubles = read_runs([path])
        for trouble in troubles:
            print(f"convdsl: {trouble}", file=sys.stderr)
        if not runs:
            raise CallError(T("There is no run in {path}.", path=path))
        return [_run(one, Compared) for one in runs if not one.members]
    analysis = analyse(read_program(name), **given_from(options))
    if analysis.failed:
        from convdsl.diagnostics import ProgramError

        raise ProgramError(analysis.diagnostics)
    total = analysis.report.total
    if not isinstance(total.macs, int) or not isinstance(total.params, int):
        raise CallError(
            T("{file} has symbols, so its MACs are no number; `--set` and `--input` give them values.", file=name)
        )
    return [compared(analysis.network.name, analysis.report, tables)]


def _run(one: Any, kind: Any) -> Any:
    """A run with what it measured; its network's costs are those of its program."""
    from convdsl.network import analyse
    from convdsl.source import Source
    from convdsl.training.folder import RunFolder

    config = RunFolder(one.path).config() or {}
    symbols = {name: int(value) for name, value in config.get("call", {}).get("set", ())}
    analysis = analyse(
        Source(config["program"], config["net"], net=config["net"]), symbols=symbols, input=tuple(config["input"])
    )
    total = analysis.report.total
    return kind(
        quoted(one.path.name),
        int(total.macs),
        int(total.params),
        one.figures.get("accuracy"),
        one.data,
        str(T("measured here")),
    )


def _write(options: argparse.Namespace, ending: str, found: list[Any]) -> None:
    from convdsl import files
    from convdsl.drawing import themes
    from convdsl.report.comparing import as_csv, document

    if ending == ".csv":
        text = as_csv(found)
    else:
        known = any(one.accuracy is not None for one in found)
        if not known and ending == ".svg":
            raise CallError(T("No accuracy is known of any of these networks, so there is nothing to draw."))
        chart = ""
        if known:
            from convdsl.report.charts.compared import compared_chart

            colours = themes.theme("dark" if options.dark else "light") if ending == ".svg" else None
            chart = compared_chart(found, colours)
        text = chart
        if ending == ".html":
            from convdsl.document import html

            text = html.write(
                document(found, chart),
                themes.stylesheet() + "body { max-width: 68rem; } .drawing { --paper: inherit; }",
            )
    try:
        files.write(options.out, (text.encode("utf-8", "replace"),))
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=options.out, reason=reason(error))) from None
