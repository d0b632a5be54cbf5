"""`convdsl ensemble`: several trained networks answer together, and are saved as one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convdsl.aside import Aside
from convdsl.cli.evaluate import add_data, load_for, part_of
from convdsl.cli.parsing import CallError, add_format
from convdsl.cli.using import Bad, add_device, answered, predictor
from convdsl.messages import T


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", type=Path, help=str(T("folders of runs, or files of weights"))
    )
    add_data(parser)
    parser.add_argument(
        "--weighted",
        action="store_true",
        help=str(T("weights from how well each member answers its own validation images")),
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help=str(T("its folder; without this runs/ensemble-1, -2, …"))
    )
    add_format(parser)
    add_device(parser)


@answered()
def run(options: argparse.Namespace) -> int:
    Aside.wanted = True
    if len(options.runs) < 2:
        raise CallError(T("an ensemble has at least two members: name several runs."))
    if len(set(options.runs)) < len(options.runs):
        raise CallError(T("a run is named twice; each member counts once."))
    if options.out and options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise CallError(T("{folder} holds something already; name a new folder with `--out`.", folder=options.out))
    from convdsl.training.comparing import paired, paired_means
    from convdsl.training.ensemble import FILE, Ensemble, ensemble
    from convdsl.training.folder import RunFolder, new_folder
    from convdsl.training.metrics import as_data

    members = [predictor(path, options.device) for path in options.runs]
    for one in members:
        if isinstance(one, Ensemble):
            raise Bad(T("{path} is an ensemble already; name the runs in it.", path=one.name))
    together = ensemble(members)  # first of all: whether they fit
    data = load_for(members[0], options, members[1:])
    if options.weighted:
        together = ensemble(members, _weights(members, data))
    images, labels = part_of(members[0], data, "test")
    scores = _scores(together.members, images, labels, together)
    figures = [score.figures() for score in scores]
    folder = RunFolder(options.out) if options.out else new_folder("ensemble")
    with folder.held(False):
        together.save(folder.path / FILE)
        folder.write_evaluation(as_data(figures[-1], members[0].classes))
    errors = [score.errors for score in scores]
    best = min(range(len(members)), key=lambda i: float(errors[i].mean()))
    right = [each == 0 for each in errors]
    classes = together.task.kind == "classes"
    gain = paired(right[-1], right[best]) if classes else paired_means(errors[-1], errors[best])
    _show(options, together, figures, best, gain, len(images), folder.path)
    return 0


def _scores(members: Sequence[Any], images: Any, labels: Any, together: Any = None) -> list[Any]:
    """What the members and, last, all together get for their answers to some images."""
    from convdsl.training.trained import BATCH

    targets = members[0].targets(images, labels)
    scores = [one.score() for one in (*members, *((together,) if together else ()))]
    for start in range(0, len(images), BATCH):
        rows = slice(start, start + BATCH)
        answers = [one.answers(images[rows]) for one in members]
        if together is not None:
            answers.append(together.together(answers))
        for score, given in zip(scores, answers, strict=True):
            score.add(given, targets[rows])
    return scores


def _weights(members: list[Any], data: Any) -> list[float]:
    """Weights of the members, from the images that each kept aside in its own training: by what they got right of
    classes, labels and maps, by the mean squared error of numbers and pictures."""
    from convdsl.training.ensemble import shares, votes

    errors = [_validated(one, data) for one in members]
    kind = members[0].task.kind
    if kind not in ("classes", "labels", "map"):
        return shares(errors)
    return votes([1 - error for error in errors], 2 if kind == "labels" else len(members[0].classes))


def _validated(one: Any, data: Any) -> float:
    """The mean error of a member on the images that it kept aside."""
    import json

    import numpy as np

    from convdsl.training.examples import answers_to
    from convdsl.training.settings import Settings
    from convdsl.training.splitting import limited, split

    told = json.loads(one.metadata.get("settings", "{}"))
    settings = Settings(**{n: told[n] for n in ("seed", "validation", "limit") if n in told})
    if data.validation_images is not None:
        images, labels = part_of(one, data, "validation")
        rows = limited(len(images), settings)
    else:
        images, labels = part_of(one, data, "train")
        _, rows = split(limited(len(images), settings), np.asarray(answers_to(images, labels, one.settings)), settings)
    if data.name != one.data or not len(rows):
        raise Bad(
            T(
                "`--weighted` needs the data that {run} was trained on, with a part kept aside to validate.",
                run=one.name,
            )
        )
    return float(_scores([one], images[rows], labels[rows])[0].errors.mean())


def _show(
    options: argparse.Namespace, together: Any, figures: list[Any], best: int, gain: tuple[float, float, float], count: int,
    folder: Path,
) -> None:  # fmt: skip
    from convdsl.report.outcomes import main_of

    names, kind = [one.name for one in together.members], together.task.kind
    if options.format == "json":
        from convdsl.report.json_writer import print_json
        from convdsl.report.outcomes import interval_data

        def told(one: Any) -> dict[str, Any]:
            return {**{f: getattr(one, f) for f in main_of(one)}, **interval_data(one, count)}

        print_json({
            "folder": str(folder), "images": count, **told(figures[-1]), "best": names[best], "gain": gain[0],
            "gain_95": list(gain[1:]),
            "members": [
                {"run": n, "weight": w, **told(one)}
                for n, w, one in zip(names, together.weights, figures[:-1], strict=True)
            ],
        })  # fmt: skip
        return
    from convdsl.report.console import console
    from convdsl.report.outcomes import gain_line, print_members

    out = console()
    print_members(out, names, together.weights, figures, count)
    out.print(gain_line(kind, gain, names[best]), soft_wrap=not out.is_terminal)
    out.print(str(T("Saved as one: {folder}", folder=folder)), soft_wrap=True)
