"""`convdsl evaluate`: a trained network on the images of a data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convdsl.cli.using import Bad, add_network, answered, complain, named, predictor, target_of
from convdsl.messages import T

_PART = {"test": T("test"), "validation": T("validation"), "train": T("training")}


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    add_data(parser)
    parser.add_argument("--part", choices=tuple(_PART), default="test", help=str(T("the part of the data set (test)")))
    parser.add_argument("--csv", action="store_true", help=str(T("a table for spreadsheets, a line for each class")))
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help=str(T("text for people, json for programs"))
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """The data set that figures are of."""
    parser.add_argument(
        "--data", metavar="DATA", help=str(T("a known data set or a path; without this the one of the training"))
    )
    parser.add_argument(
        "--labels-from", type=int, metavar="1", help=str(T("number of the first class, where labels are numbers"))
    )


def run(options: argparse.Namespace) -> int:
    try:
        with answered():
            return _run(options)
    except Bad as error:
        return complain(error)


def _run(options: argparse.Namespace) -> int:
    if (kind := target_of(options.run)) not in ("classes", "values", ""):
        return _spread(options, kind)
    one = predictor(options.run, options.device)
    images, labels, name = labelled(one, options, options.part)
    figures = one.evaluate(images, labels)
    figures = figures._replace(classes=tuple(c._replace(name=n) for c, n in zip(figures.classes, named(one), strict=False))
                               ) if hasattr(figures, "classes") else figures  # fmt: skip
    _show(figures, options, name, len(images))
    return 0


def _spread(options: argparse.Namespace, kind: str) -> int:
    """A network that answers labels, maps or pictures."""
    from convdsl.net import Net
    from convdsl.training.device import choose_device
    from convdsl.training.metrics import as_data
    from convdsl.training.trained import evaluate_spread, trained

    if options.csv:
        raise Bad(T("`--csv` is for classes; `--format json` has all figures."))
    one = trained(options.run, Net, device=choose_device(options.device)[0], kinds=(kind,))
    data = load_for(one, options)
    images, labels = getattr(data, f"{options.part}_images"), getattr(data, f"{options.part}_labels")
    if images is None:
        raise Bad(T("{data} has no part to validate.", data=data.name))
    figures = evaluate_spread(one, images, labels)
    if options.format == "json":
        from convdsl.report.json_writer import print_json

        print_json({"run": str(options.run), "data": data.name, "part": options.part, **as_data(figures)})
        return 0
    from convdsl.report.console import console
    from convdsl.report.evaluation import show_evaluation

    show_evaluation(
        console(), figures, T("on the images of {data} ({part}):", data=data.name, part=_PART[options.part])
    )
    return 0


def _show(figures: Any, options: argparse.Namespace, data: str, count: int) -> None:
    from convdsl.training.metrics import as_data

    if options.format == "json":
        from convdsl.report.json_writer import print_json
        from convdsl.report.outcomes import interval_data

        print_json({"run": str(options.run), "data": data, "part": options.part, "images": count,
                    **interval_data(figures, count), **as_data(figures)})  # fmt: skip
        return
    from convdsl.report.console import console
    from convdsl.report.outcomes import print_figures, print_table

    if options.csv:
        print_table(sys.stdout, figures)
    else:
        print_figures(console(), figures, count, data, _PART[options.part])


def labelled(one: Any, options: argparse.Namespace, part: str) -> tuple[Any, Any, str]:
    """Images of a part of a data set, made ready as in the training, and labels as the network counts its classes."""
    data = load_for(one, options)
    return (*part_of(one, data, part), data.name)


def load_for(one: Any, options: argparse.Namespace, others: Sequence[Any] = ()) -> Any:
    """The data set that was asked for, else the one of the training; its pictures of the size of the training's.

    Raises Bad where the test images of one network are training images of another of `others`.
    """
    from convdsl.datasets import load, search_path
    from convdsl.datasets.assemble import set_aside
    from convdsl.report.loading import loading

    shape = one.prepared.shape
    picture = len(shape) == 3 and shape[2] in (1, 3)
    source = options.data or source_of(one)
    if not source:
        raise Bad(T("It is not known what {run} was trained on; `--data` names the data.", run=one.name))
    seeds = seeds_of([one, *others])
    with loading(options.format == "text") as (progress, warn):
        data = load(
            source,
            search=search_path(),
            progress=progress,
            size=shape[:2] if picture else None,
            channels=shape[2] if picture else None,
            seed=min(seeds),  # the part that is set aside for the test is the one of the training
            labels_from=options.labels_from,
            warn=warn,
        )
    if len(seeds) > 1 and data.name == one.data and set_aside(len(data.test_images)) in data.notes:
        raise Bad(
            T(
                "{data} has no test part, and each seed sets other images aside: some members were trained on the test images of "
                "others. `--data` names data with a test part; or train all members with one seed.",
                data=data.name,
            )
        )
    return data


def seeds_of(networks: Sequence[Any]) -> set[int]:
    """The seeds of the trainings, those of members for an ensemble."""
    import json

    from convdsl.training.ensemble import Ensemble

    members = [m for one in networks for m in (one.members if isinstance(one, Ensemble) else [one])]
    return {int(json.loads(member.metadata.get("settings", "{}")).get("seed", 0)) for member in members}


def source_of(one: Any) -> str:
    """What the `data` line of the training said, or where the data lay then."""
    import json

    from convdsl.datasets.registry import find
    from convdsl.training.ensemble import Ensemble
    from convdsl.training.folder import RunFolder

    member = one.members[0] if isinstance(one, Ensemble) else one
    said = str(json.loads(member.metadata.get("settings", "{}")).get("data", ""))
    if find(said) is None and not Path(said).exists():
        config = RunFolder(Path(member.name)).config() or {}
        return str(config.get("data", {}).get("source", said))
    return said


def part_of(one: Any, data: Any, part: str) -> tuple[Any, Any]:
    """See `labelled`."""
    import numpy as np

    from convdsl.datasets.registry import find

    images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
    if images is None:
        raise Bad(T("{data} has no part to validate.", data=data.name))
    if one.classes and not data.classes:
        raise Bad(
            T("The labels of {data} are numbers, and {run} was trained on classes.", data=data.name, run=one.name)
        )
    if data.classes and not one.classes:
        labels = labels + data.first  # whole numbers that a network was trained to predict
    if one.prepared.scale != data.scale and images.dtype == np.float32 and data.scale and one.prepared.scale:
        images = images * np.float32(data.scale / one.prepared.scale)
    if not one.classes:
        return images, labels
    mine = {name: i for i, name in enumerate(one.classes)}
    known = find(one.data)
    for names in (known.classes if known else (), named(one)):
        mine.update({str(name): i for i, name in enumerate(names)})
    numbered = data.classes == tuple(str(data.first + i) for i in range(len(data.classes)))
    same = find(data.name) is not None and find(data.name) is known
    if not set(data.classes) <= mine.keys() and (numbered or same) and len(data.classes) <= len(one.classes):
        return images, labels
    if unknown := [name for name in data.classes if name not in mine]:
        raise Bad(T("{data} has the class {name}, which {run} was not trained on; it knows {classes}.",
                    data=data.name, name=unknown[0], run=one.name, classes=", ".join(one.classes[:8])))  # fmt: skip
    return images, np.array([mine[name] for name in data.classes], np.int64)[labels]
