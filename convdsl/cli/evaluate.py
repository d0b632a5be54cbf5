"""`convdsl evaluate`: a trained network on the images of a data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convdsl.aside import Aside
from convdsl.cli.parsing import add_format
from convdsl.cli.using import Bad, add_network, answered, named, predictor
from convdsl.messages import T

_PART = {"test": T("test"), "validation": T("validation"), "train": T("training")}


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    add_data(parser)
    parser.add_argument("--part", choices=tuple(_PART), default="test", help=str(T("the part of the data set (test)")))
    parser.add_argument("--csv", action="store_true", help=str(T("a table for spreadsheets, a line for each class")))
    add_format(parser)


def add_data(parser: argparse.ArgumentParser) -> None:
    """The data set that figures are of."""
    parser.add_argument(
        "--data", metavar="DATA", help=str(T("a known data set or a path; without this the one of the training"))
    )
    parser.add_argument(
        "--labels-from", type=int, metavar="1", help=str(T("number of the first class, where labels are numbers"))
    )


@answered()
def run(options: argparse.Namespace) -> int:
    Aside.wanted = True
    one = predictor(options.run, options.device)
    data = load_for(one, options)
    images, labels = part_of(one, data, options.part)
    _show(called(one.evaluate(images, labels), named(one)), options, data.name, len(images), _plainer(one))
    return 0


def _plainer(one: Any) -> list[str]:
    """The lines that changed the loss of the training, which the one here is without."""
    told = _settings(one)
    return [name for name in ("class_weights", "label_smoothing") if told.get(name)]


def called(figures: Any, names: Sequence[str]) -> Any:
    """Figures whose classes or labels have `names`."""
    field = next((f for f in ("classes", "labels") if hasattr(figures, f)), None)
    if field is None:
        return figures
    each = getattr(figures, field)
    said = [one._replace(name=name) for one, name in zip(each, names, strict=False)]
    return figures._replace(**{field: (*said, *each[len(said) :])})


def _show(figures: Any, options: argparse.Namespace, data: str, count: int, without: Sequence[str] = ()) -> None:
    from convdsl.training.metrics import as_data

    if options.format == "json":
        from convdsl.report.json_writer import print_json
        from convdsl.report.outcomes import interval_data

        print_json({"run": str(options.run), "data": data, "part": options.part, "images": count,
                    **interval_data(figures, count), **as_data(figures)})  # fmt: skip
        return
    from convdsl.report.console import console
    from convdsl.report.evaluation import show_evaluation
    from convdsl.report.outcomes import print_figures, print_table
    from convdsl.training.metrics import Classes, Values

    if options.csv:
        print_table(sys.stdout, figures)
    elif not isinstance(figures, (Classes, Values)):
        where = T("on the images of {data} ({part}):", data=data, part=_PART[options.part])
        show_evaluation(console(), figures, where)
    else:
        print_figures(console(), figures, count, data, _PART[options.part])
    if without and not options.csv:
        names = ", ".join(f"`{name}`" for name in without)
        print(T("The loss is the plain one, without the {lines} of the training.", lines=names))


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
    with _found(one, options), loading(options.format == "text") as (progress, warn):
        data = load(
            source,
            search=search_path(),
            progress=progress,
            size=shape[:2] if picture else None,
            channels=shape[2] if picture else None,
            seed=min(seeds),  # the part that is set aside for the test is the one of the training
            labels_from=options.labels_from or (None if options.data else _first_of(one)),
            classes=() if options.data else one.classes[: len(_settings(one).get("classes", ()))],
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


@contextmanager
def _found(one: Any, options: argparse.Namespace) -> Iterator[None]:
    """Where data of a training are no longer found, says what they were and how to name them."""
    from convdsl.datasets import Unavailable

    try:
        yield
    except Unavailable as error:
        if options.data:
            raise
        way = T(
            "{run} was trained on {data}; `--data` names where they lie now, or other data.",
            run=one.name,
            data=one.data,
        )
        raise Unavailable(error.message, way) from None


def seeds_of(networks: Sequence[Any]) -> set[int]:
    """The seeds of the trainings, those of members for an ensemble."""
    import json

    from convdsl.training.ensemble import Ensemble

    members = [m for one in networks for m in (one.members if isinstance(one, Ensemble) else [one])]
    return {int(json.loads(member.metadata.get("settings", "{}")).get("seed", 0)) for member in members}


def _first_of(one: Any) -> int | None:
    """The number of the first class, where the training was told one."""
    return int(_settings(one).get("labels_from", 0)) or None


def _settings(one: Any) -> dict[str, Any]:
    """The settings of the training, those of the first member for an ensemble."""
    import json

    from convdsl.training.ensemble import Ensemble

    member = one.members[0] if isinstance(one, Ensemble) else one
    found: dict[str, Any] = json.loads(member.metadata.get("settings", "{}"))
    return found


def source_of(one: Any) -> str:
    """What the `data` line of the training said, or where the data lay then."""
    from convdsl.datasets.registry import find
    from convdsl.training.ensemble import Ensemble
    from convdsl.training.folder import RunFolder

    said = str(_settings(one).get("data", ""))
    if find(said) is None and not Path(said).exists():
        member = one.members[0] if isinstance(one, Ensemble) else one
        config = RunFolder(Path(member.name)).config() or {}
        return str(config.get("data", {}).get("source", said))
    return said


def part_of(one: Any, data: Any, part: str) -> tuple[Any, Any]:
    """Images of a part of a data set, made ready as in the training, and labels as the network counts its classes. Raises
    Bad where there is no such part, and where its labels are no answers of this network."""
    import numpy as np

    from convdsl.datasets.registry import find
    from convdsl.training.task import as_numbers

    images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
    if images is None:
        raise Bad(T("{data} has no part to validate.", data=data.name))
    if one.prepared.scale != data.scale and images.dtype == np.float32 and data.scale and one.prepared.scale:
        images = images * np.float32(data.scale / one.prepared.scale)
    if one.settings.target == "images":
        return images, labels
    labels = _answers(one, data, labels)
    if one.task.kind not in ("classes", "labels", "map") or not data.classes:
        return images, labels
    mine = {name: i for names in (one.classes, named(one)) for i, name in enumerate(names)}
    there = _occurring(data.classes, labels)
    numbered = data.classes == tuple(str(data.first + i) for i in range(len(data.classes)))
    numbered = numbered and as_numbers(one.classes) is None  # numbers for a network whose classes have names
    same = find(data.name) is not None and find(data.name) is find(one.data)
    if not set(there) <= mine.keys() and (numbered or same) and len(data.classes) <= len(one.classes):
        return images, labels
    if unknown := [name for name in there if name not in mine]:
        raise Bad(T("{data} has the class {name}, which {run} was not trained on; it knows {classes}.",
                    data=data.name, name=unknown[0], run=one.name, classes=", ".join(one.classes[:8])))  # fmt: skip
    places = np.array([mine.get(name, -1) for name in data.classes], np.int64)
    if one.task.kind == "labels":
        result = np.full((len(labels), len(one.classes)), -1, np.int64)  # labels that these data do not tell
        result[:, places[places >= 0]] = labels[:, places >= 0]
        return images, result
    if one.task.kind == "map":
        table = np.arange(max(int(labels.max(initial=0)) + 1, len(places)))
        table[: len(places)] = places
        return images, table[labels]
    return images, places[labels]


def _occurring(classes: Sequence[str], labels: Any) -> list[str]:
    """The classes that an image has; labels that begin at 1 leave class 0 without one."""
    import numpy as np

    found = np.flatnonzero((labels > 0).any(0)) if labels.ndim == 2 else np.unique(labels[labels >= 0])
    return [str(classes[int(i)]) for i in found if i < len(classes)]


def _answers(one: Any, data: Any, labels: Any) -> Any:
    """Labels of the kind that a network answers. Raises Bad where they are of another."""
    import numpy as np

    from convdsl.training.preparing import numbers_of
    from convdsl.training.task import KINDS, as_numbers

    kind, whole = one.task.kind, labels.dtype.kind in "iu"
    written = kind == "classes" and not whole and labels.ndim == 1  # classes as decimals, perhaps
    if written and np.isin(labels, np.arange(len(one.classes))).all():
        return labels.astype(np.int64)
    if kind == "values" and labels.ndim < 3:
        if not (data.classes and whole and labels.ndim == 1):
            return labels
        if as_numbers(data.classes) is None:
            raise Bad(T("The labels of {data} are {given}, and {run} answers with {wanted}.", data=data.name,
                        given=KINDS["classes"], run=one.name, wanted=KINDS[kind]))  # fmt: skip
        return numbers_of(data, labels)
    if kind == "labels" and not whole and labels.ndim == 2 and np.isin(labels, (-1, 0, 1)).all():
        return labels.astype(np.int64)
    if kind == "labels" and whole and labels.ndim == 1 and data.classes:
        return np.eye(len(data.classes), dtype=np.int64)[labels]  # one of them each
    if (kind == "classes" and whole and labels.ndim == 1) or (kind == "labels" and whole and labels.ndim == 2):
        return labels
    if (kind == "map" and whole and labels.ndim > 2) or (kind == "pictures" and labels.ndim > 2):
        return labels
    if kind == "map" and not whole and labels.ndim > 2 and np.isin(labels, np.arange(256)).all():
        return labels.astype(np.uint8)  # written as decimals
    given = "classes" if labels.ndim == 1 and whole else "labels" if labels.ndim == 2 and whole else "map"
    given = "pictures" if labels.ndim > 2 and not whole else "values" if not whole else given
    raise Bad(T("The labels of {data} are {given}, and {run} answers with {wanted}.", data=data.name,
                given=KINDS[given], run=one.name, wanted=KINDS[kind]))  # fmt: skip
