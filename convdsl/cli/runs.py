"""`convdsl runs`: all runs of a folder in a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convdsl.cli.parsing import CallError, add_format
from convdsl.messages import T


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help=str(T("folders of runs; without this the folder runs")),
    )
    parser.add_argument(
        "--sort", metavar="NAME", help=str(T("by a figure (accuracy), a setting (lr), epochs, params or data"))
    )
    parser.add_argument("--csv", action="store_true", help=str(T("a table for spreadsheets")))
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from convdsl.training.folder import RUNS
    from convdsl.training.runs import groups, main_figures, ordered, read_runs

    folders = options.folders or [RUNS]
    for folder in folders:
        if not folder.is_dir():
            raise CallError(T("there is no folder {folder}.", folder=folder))
    found, troubles = read_runs(folders)
    for trouble in troubles:
        print(f"convdsl: {trouble}", file=sys.stderr)
    if not found:
        if not troubles:
            print(
                f"convdsl: {T('there are no runs in {folder}.', folder=', '.join(map(str, folders)))}", file=sys.stderr
            )
        return 1
    try:
        found = ordered(found, options.sort)
    except ValueError:
        names = ", ".join([*main_figures(found), "epochs", "params", "data", "seed", "lr", "batch", "optimizer"])
        raise CallError(T("`--sort {name}`: the runs have nothing of that name. There are {names}.",
                          name=options.sort, names=names)) from None  # fmt: skip
    repeated = groups(found)
    if options.csv:
        from convdsl.report.runs import print_csv

        print_csv(sys.stdout, found)
    elif options.format == "json":
        from convdsl.report.json_writer import print_json
        from convdsl.report.runs import runs_data

        print_json(runs_data(found, repeated))
    else:
        from convdsl.report.console import console
        from convdsl.report.runs import print_runs

        print_runs(console(), found, repeated)
    return 1 if troubles else 0
