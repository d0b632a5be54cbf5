"""`convdsl run --seeds N`: the same run N times, each with the next seed, and what they come to together."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convdsl.cli.parsing import CallError
from convdsl.messages import T
from convdsl.source import Source
from convdsl.training import checked

MOST = 1000


def number(text: str) -> int:
    """What `--seeds` takes."""
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(
            str(T("`{text}` is no number of runs; from 2 to {most} can be asked for", text=text, most=MOST))
        )
    return int(text)


def repeat(options: argparse.Namespace, source: Source, one: Callable[[argparse.Namespace], int]) -> int:
    """Runs `one` with each seed, in a folder of its own, and shows a table with the means. The exit status: 130 where
    somebody stopped it, 1 where a run came to no end."""
    from convdsl.training.folder import RunFolder, latest_series, next_path
    from convdsl.training.preparing import configure

    given = {"seed": options.seed} if options.seed is not None else {}
    analysis = checked(source, symbols=dict(options.set), input=options.input)
    first, name = configure(analysis, given).seed, analysis.network.name
    place = options.out or (latest_series(name) if options.resume else next_path(name))
    if place is None:
        raise CallError(
            T("there is no series of runs of {name} in the folder runs to go on with. {way}", name=name,
              way=T("`--out` names another folder."))
        )  # fmt: skip
    seeds = range(first, first + options.seeds)
    folders = {seed: RunFolder(place / f"seed-{seed}") for seed in seeds}
    if not options.resume:
        for folder in folders.values():
            if folder.used:
                way = T("`--resume` goes on with it; another `--out` begins anew.")
                raise CallError(T("{folder} holds a run already. {way}", folder=folder, way=way))
    status = 0
    for count, (seed, folder) in enumerate(folders.items(), 1):
        if options.format == "text":
            print(T("Seed {seed}, run {count} of {all}:", seed=seed, count=count, all=len(seeds)), flush=True)
        again = options.resume and folder.used
        ended = one(argparse.Namespace(**{**vars(options), "seed": str(seed), "out": folder.path, "resume": again}))
        if ended == 130:
            _tell_the_way(options, place)
            return ended
        status = status or ended
    _together(options, place, [folder.path for folder in folders.values()])
    return status


def _tell_the_way(options: argparse.Namespace, place: Path) -> None:
    if options.format == "text":
        print(T("All runs are stopped. The same call with `--resume --out {place}` goes on with them.", place=place))


def _together(options: argparse.Namespace, place: Path, paths: list[Path]) -> None:
    from convdsl.report import runs as report
    from convdsl.training.runs import groups, read_runs

    found, _ = read_runs(paths)
    repeated = groups(found)
    if options.format == "json":
        from convdsl.report.json_writer import print_line

        data: dict[str, Any] = report.runs_data(found, repeated)
        means = data["seeds"][0]["means"] if data["seeds"] else {}
        print_line({"event": "seeds", "folder": str(place), "runs": data["runs"], "means": means})
        return
    from convdsl.report.console import console

    report.print_runs(console(), found, repeated)
