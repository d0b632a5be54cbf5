"""`convdsl run`: trains, evaluates and saves a network."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convdsl.cli import processes, seeds
from convdsl.cli.parsing import CallError, add_unknowns, read_program
from convdsl.cli.stopping import Stopper
from convdsl.diagnostics import Diagnostic
from convdsl.engine.devices import CHOICES
from convdsl.messages import Rounded, T, reason
from convdsl.net import Net
from convdsl.network import Analysis
from convdsl.source import Source
from convdsl.training import checked
from convdsl.training.lines import LINES
from convdsl.training.settings import Settings

FAR = 100.0
"""Numbers to be answered that lie so far from 0 make the first steps large."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=str(T("a program, or - for standard input")))
    settings = parser.add_argument_group(str(T("settings, each as in a `train` block, where they win over it")))
    for name, line in LINES.items():
        value = line.example.split(" ", 1)[1]
        metavar = f'"{value}"' if " " in value else value
        option = f"--{name.replace('_', '-')}"
        settings.add_argument(option, dest=name, metavar=metavar, help=str(line.doc).replace("%", "%%"))
    add_unknowns(parser)
    add = parser.add_argument
    add(
        "--device",
        choices=CHOICES,
        help=str(T("what computes; without this `auto`: a GPU if one can be used")),
    )
    add("--engine", choices=processes.ENGINES, default=processes.OWN, help=str(processes.HELP))
    parts = T("with `--engine torch`: each step in so many parts, one after another, which needs less memory")
    add("--accumulate", type=processes.parts, metavar="N", help=str(parts))
    everywhere = T("with `--engine torch`: `bn` takes its statistics from the images of all processes")
    add("--sync-bn", action="store_true", help=str(everywhere))
    add("--threads", type=_threads, metavar="N", help=str(T("threads of the CPU; without this all of them")))
    several = T("so many runs, with the seeds S, S+1, …; at the end a table with mean and interval")
    add("--seeds", type=seeds.number, metavar="N", help=str(several))
    add("--out", metavar="DIR", type=Path, help=str(T("folder of the run; without this runs/NAME-1, -2, …")))
    again = T("go on with the run in --out, or with the last run of this program")
    add("--resume", action="store_true", help=str(again))
    partners = T("a list of which weights of `--init-from` belong to which layer, a line each: 1.conv = features.0")
    add("--map", metavar="FILE", type=Path, help=str(partners))
    often = T("how often the state is saved within an epoch (60); it always is after one")
    add("--save-every", metavar="SECONDS", type=_seconds, default=60.0, help=str(often))
    page = T("leave out report.html, the page with the run's curves and pictures")
    add("--no-report", dest="report", action="store_false", help=str(page))
    kinds = T("text for people, json for programs: one event a line")
    add("--format", choices=("text", "json"), default="text", help=str(kinds))


def _threads(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(str(T("`{text}` is no number of threads", text=text)))
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(str(T("`{text}` is no number of seconds", text=text)))
    return value


def run(options: argparse.Namespace) -> int:
    from convdsl.datasets import DataError, Unavailable
    from convdsl.engine import EngineError
    from convdsl.training.device import NoDevice
    from convdsl.training.examples import Unsuitable
    from convdsl.training.files import FileTrouble
    from convdsl.training.origin import Changed
    from convdsl.training.preparing import WrongOption
    from convdsl.training.together import Apart, alike

    def training(engine: processes.Engine) -> int:
        with Stopper(repeats=engine.ranks.size > 1) as stopper:
            try:
                source = alike(
                    engine.ranks, lambda: read_program(options.file), lambda one: {str(T("the program")): one.text}
                )
                if options.seeds is None:
                    return _run(options, stopper, source, engine)
                return seeds.repeat(options, source, lambda one: _run(one, stopper, source, engine))
            except Changed as error:
                raise CallError(T("{what} Begin anew with another `--out`.", what=error.what)) from None
            except (Unavailable, Apart) as error:
                raise CallError(str(error)) from None
            except (DataError, Unsuitable) as error:
                print(f"convdsl: {error}", file=sys.stderr)
                return 1
            except (FileTrouble, NoDevice, WrongOption, EngineError) as error:
                raise CallError(str(error)) from None

    return processes.with_engine(options, training)


def _run(options: argparse.Namespace, stopper: Stopper, source: Source, engine: processes.Engine) -> int:
    """The way of a run on one page."""
    from convdsl.training.folder import RunFolder
    from convdsl.training.preparing import match
    from convdsl.training.together import alike, told_by_first

    ranks = engine.ranks
    place, call, resume = told_by_first(ranks, lambda: _asked(options, source))
    experiment, device_remark = alike(
        ranks, lambda: _experiment(options, source, call, engine), lambda made: _seen(made[0])
    )
    experiment.folder, experiment.resume = RunFolder(place) if place else None, resume
    experiment.stop = processes.stop(stopper, ranks)
    task = experiment.settled()
    _mention_mixed(experiment.data.classes, experiment.settings)
    about_data = match(experiment.net, experiment.data, task)
    _mention(experiment.net, about_data, device_remark if options.device == "auto" else None)
    return _train(experiment, options, stopper)


def _asked(options: argparse.Namespace, source: Source) -> tuple[Path | None, dict[str, Any], bool]:
    """The folder (None: a new one), what was asked for besides the program, and whether a run goes on."""
    folder, resume = _folder(options, source)
    return folder and folder.path, _call(options, folder, resume), resume


def _folder(options: argparse.Namespace, source: Source) -> tuple[Any, bool]:
    """The folder that is named or meant (None: a new one), and whether the run in it goes on."""
    from convdsl.training.folder import RunFolder

    folder = RunFolder(options.out) if options.out else None
    if folder and folder.used and not options.resume:
        way = T("`--resume` goes on with it; another `--out` begins anew.")
        raise CallError(T("{folder} holds a run already. {way}", folder=folder, way=way))
    if folder and options.resume and not folder.used:
        if processes.started_again(options):
            return folder, False
        raise CallError(
            T("there is no run in {folder} to go on with. Without `--resume` a new one begins there.", folder=folder)
        )
    if options.resume and folder is None:
        folder = _last_run(checked(source))
    return folder, options.resume


def _experiment(
    options: argparse.Namespace, source: Source, call: dict[str, Any], engine: processes.Engine
) -> tuple[Any, T | None]:
    """What is to be trained, with what and on what; and what is worth saying of the device."""
    from convdsl.training.device import choose_device
    from convdsl.training.experiment import Experiment
    from convdsl.training.preparing import configure, settle_input

    device, remark = ("torch", None) if engine.make else choose_device(options.device or "auto")
    symbols, input = dict(call["set"]), call["input"]
    analysis = checked(source, symbols=symbols, input=tuple(input) if input else None)
    settings = configure(analysis, call["settings"])
    data = _load(settings, analysis, options)
    analysis = settle_input(analysis, data.shape, symbols)
    settings = configure(analysis, call["settings"])  # again, now that the input's size is known
    experiment = Experiment(
        Net(analysis),
        settings,
        data,
        None,
        device=device,
        threads=options.threads,
        init_from=_beside(settings.init_from, options),
        map=Path(call["map"]) if call.get("map") else None,
        save_every=options.save_every,
        call=call,
        engine=engine.make,
        ranks=engine.ranks,
    )
    return experiment, remark


def _seen(experiment: Any) -> dict[str, str]:
    """What every process of a run must have alike."""
    from convdsl.training.origin import checksum
    from convdsl.training.together import sum_of
    from convdsl.version import VERSION

    return {
        str(T("the version of convdsl")): VERSION,
        str(T("the data")): checksum(experiment.data),
        str(T("the file of `--init-from`")): sum_of(experiment.init_from),
        str(T("the file of `--map`")): sum_of(experiment.map),
    }


def _last_run(analysis: Analysis) -> Any:
    """The folder to go on with."""
    from convdsl.training.folder import latest_folder

    name = analysis.network.name
    folder = latest_folder(name)
    if folder is None:
        way = T("`--out` names another folder.")
        raise CallError(T("there is no run of {name} in the folder runs to go on with. {way}", name=name, way=way))
    return folder


def _call(options: argparse.Namespace, folder: Any, resume: bool) -> dict[str, Any]:
    """What was asked for besides the program; for a run that goes on, what it was started with and what is new."""
    call: dict[str, Any] = {
        "settings": {name: getattr(options, name) for name in LINES if getattr(options, name) is not None},
        "set": [list(pair) for pair in options.set],
        "input": list(options.input) if options.input else None,
        **({"map": str(options.map)} if options.map else {}),
    }
    before = folder.config() if folder and resume else None
    if before is None:
        return call
    old = before["call"]
    if old.get("init_from"):  # earlier versions kept it apart
        old = {**old, "settings": {"init_from": old["init_from"], **old["settings"]}}
    call["settings"] = {**old["settings"], **call["settings"]}
    return {**old, **{name: value or old.get(name) for name, value in call.items()}}


def _beside(place: str, options: argparse.Namespace) -> Path | None:
    """Where weights to start from lie: as written, else beside the program."""
    if not place:
        return None
    beside = Path(options.file).resolve().parent / place
    return beside if options.file != "-" and not os.path.lexists(place) and beside.exists() else Path(place)


def _load(settings: Settings, analysis: Analysis, options: argparse.Namespace) -> Any:
    """The data set; pictures are made to fit a network whose input is known."""
    from convdsl.datasets import load, search_path
    from convdsl.report.loading import loading

    shape = analysis.network.input
    if settings.target == "images" and analysis.report.output is not None:
        shape = analysis.report.output  # the input is made of them
    known = len(shape) == 3 and all(isinstance(n, int) for n in shape)
    beside = [] if options.file == "-" else [Path(options.file).resolve().parent]
    with loading(options.format == "text") as (progress, warn):
        return load(
            settings.data,
            search=[*beside, *search_path()],
            progress=progress,
            size=(shape[0], shape[1]) if known else None,
            channels=shape[2] if known and shape[2] in (1, 3) else None,
            seed=settings.seed,
            labels_from=settings.labels_from or None,
            classes=settings.classes,
            warn=warn,
        )


def _mention_mixed(classes: Sequence[str], settings: Settings) -> None:
    """That a change to the images makes one class look like another."""
    from convdsl.training.mirrors import mixed, warning

    if (found := mixed(classes, settings.augment)) is not None:
        print(*warning(found), file=sys.stderr)


def _mention(net: Net, about_data: Sequence[Diagnostic], remark: T | None) -> None:
    """A remark on the device, warnings about the data, and how many `check` has."""
    from convdsl.report.console import console
    from convdsl.report.diagnostics import print_diagnostics

    if remark:
        print(remark, file=sys.stderr)
    print_diagnostics(console(sys.stderr), about_data)
    count = sum(d.severity == "warning" for d in net.diagnostics)
    if count:
        more = T("`convdsl check` has one warning about this program.",
                 "`convdsl check` has {n} warnings about this program.", n=count)  # fmt: skip
        print(more, file=sys.stderr)


def _train(experiment: Any, options: argparse.Namespace, stopper: Stopper) -> int:
    """Runs, and shows what happens. Returns the exit status."""
    from convdsl.engine import NotFinite
    from convdsl.training.events import Ended, Finished, Interrupted, Started
    from convdsl.training.experiment import run as events_of
    from convdsl.training.loop import Exploded

    status = 0
    report = _report(options)
    started: Any = None
    try:
        with report:
            for event in events_of(experiment):
                report.show(event)
                if isinstance(event, Started):
                    started = event
                elif isinstance(event, Finished):
                    stopper.gentle = False
                elif isinstance(event, Interrupted):
                    status = 130
                elif isinstance(event, Ended):
                    experiment.ranks.part()
                if isinstance(event, Ended) and options.report and not experiment.ranks.number:
                    report.page(*_page(started, event, repeating(options, experiment.call)))
    except (NotFinite, Exploded) as error:
        rate = f"{experiment.settings.lr / 10:g}"
        way = T(
            "Try a learning rate ten times lower (`--lr {lr}`), a warm-up (`--schedule warmup=1`) or `bn` layers.",
            lr=rate,
        )
        if (far := _far_targets(experiment)) is not None:
            way = far
        report.diverged(error, way)
        print(f"{error}\n{way}", file=sys.stderr)
        status = 1
    return status


def _far_targets(experiment: Any) -> T | None:
    """The way out where numbers are to be answered that no first weights come near."""
    labels = experiment.data.train_labels
    if experiment.settled().kind != "values" or not labels.size or abs(labels).max() < FAR:
        return None
    return T("The numbers to be answered go from {low} to {high}: bring them to a range near −1 … 1 first.",
             low=Rounded(labels.min(), ".4g"), high=Rounded(labels.max(), ".4g"))  # fmt: skip


def _page(started: Any, ended: Any, command: str) -> tuple[Path | None, T | None]:
    """Writes the run's report. The run is over and saved: whatever goes wrong here is told, and spoils nothing."""
    from convdsl.report.page.writing import NAME, write_report

    path = ended.folder / NAME
    try:
        return write_report(ended.folder, started, ended, command), None
    except MemoryError:
        why: object = T("there is not enough memory")
    except OSError as error:
        why = reason(error)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    return None, T("{path} was not written: {why}. All else of the run is there.", path=path, why=why)


def repeating(options: argparse.Namespace, call: dict[str, Any]) -> str:
    """The call that repeats a run from its beginning, whether this one goes on with it or not."""
    words = ["convdsl", "run", options.file]
    for name, value in call["set"]:
        words += ["--set", f"{name}={value}"]
    if call["input"]:
        words += ["--input", "x".join(map(str, call["input"]))]
    if call.get("map"):
        words += ["--map", str(call["map"])]
    for name, value in call["settings"].items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _report(options: argparse.Namespace) -> Any:
    if options.format == "json":
        from convdsl.report.training_data import JsonReport

        return JsonReport(None if options.seeds is None else int(options.seed))
    from convdsl.report.console import console
    from convdsl.report.training import TrainingReport

    given = {name: getattr(options, name) for name in LINES if getattr(options, name) is not None}
    return TrainingReport(console(), [options.file, *_program_options(options)], given)


def _program_options(options: argparse.Namespace) -> list[str]:
    """The options that belong to the program as much as its text does: whoever repeats the call needs them too."""
    words = [word for name, value in options.set for word in ("--set", f"{name}={value}")]
    if options.input:
        words += ["--input", "x".join(map(str, options.input))]
    if options.map:
        words += ["--map", str(options.map)]
    if options.engine == processes.TORCH:
        words += ["--engine", options.engine]
    return words
