"""`convdsl look`: what a trained network makes of an image, layer by layer, and what its answer rests on."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from convdsl.cli.parsing import CallError, add_unknowns, given_from, read_program
from convdsl.cli.using import Bad, answered, named
from convdsl.engine.devices import CHOICES
from convdsl.messages import T, reason

SMALL = 30_000_000
"""MACs of a network that NumPy is quick enough for, so that nothing has to be compiled."""
MOST_IMAGES = 1000
"""Among which the most exciting ones are looked for."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", metavar="RUN", help=str(T("the folder of a run or its file of weights; or a program, with `--weights`")))
    add("--weights", metavar="FILE", type=Path, help=str(T("the weights of a program: .safetensors, .pth or .onnx")))
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", metavar="FILE", help=str(T("a picture to look at")))
    number = T("an image of the data by its number, from 0; without both the first one")
    which.add_argument("--index", metavar="N", type=_number, help=str(number))
    add("--data", metavar="DATA", help=str(T("the data set of `--index`; without this that of the training")))
    add(
        "--layer",
        metavar="N",
        type=_number,
        help=str(T("one layer by its number in `convdsl check`, with all its maps")),
    )
    what = T("what to show, joined by commas: {list}; or all", list="maps, filters, patches, occlusion, gradient, integrated, "
             "gradcam, guided, deconv, ideal, sanity")  # fmt: skip
    add("--what", metavar="WHAT", default="", help=str(what))
    add(
        "--class",
        dest="answer",
        metavar="NAME",
        help=str(T("the class in question; without this the one that is answered")),
    )
    out = T("where to: the ending says as what, .html, .svg or .png")
    add("-o", "--out", metavar="FILE", required=True, help=str(out))
    add("--device", choices=CHOICES, help=str(T("what computes; without this what is quicker for this network")))
    add_unknowns(parser)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(str(T("`{text}` is no whole number from 0 on", text=text)))
    return int(text)


def run(options: argparse.Namespace) -> int:
    from convdsl.report.look.panels import USUAL, WHAT
    from convdsl.report.look.writing import CannotShow, ending

    what = tuple(options.what.replace(",", " ").split()) or USUAL
    what = WHAT if what == ("all",) else what
    for one in what:
        if one not in WHAT:
            raise CallError(T("`--what` takes {list}, or all; here it is {value}.", list=", ".join(WHAT), value=one))
    try:
        ending(options.out)
    except CannotShow as error:
        raise CallError(error.message) from None
    return _look(options, what)


@answered()
def _look(options: argparse.Namespace, what: tuple[str, ...]) -> int:
    from convdsl.report.look.panels import Request, panels
    from convdsl.report.look.writing import ABOUT, Look

    one = _network(options)
    if not hasattr(one, "model"):
        raise Bad(T("{run} is several networks together; look at one of them.", run=options.run))
    if one.task.kind not in ("classes", "labels", "map"):
        what = tuple(w for w in what if w in ("maps", "filters", "patches", "ideal"))
    layer = options.layer or 0
    if layer > len(one.net.nodes):
        raise Bad(T("There is no layer {layer}; the last one is {last}.", layer=layer, last=len(one.net.nodes)))
    images, name, image = _image(options, one, what)
    classes = named(one)
    answers = one.answers(image[None])[0]
    flat = answers.reshape(-1, answers.shape[-1]).mean(0) if one.task.kind == "map" else answers.reshape(-1)
    answer = _answer(options.answer, classes, flat)
    sure = float(flat[answer]) if one.task.kind in ("classes", "labels") and answer < len(flat) else None
    outputs = one.net.report.shape()[-1]
    request = Request(one.model, _ready(one, image), name, min(answer, outputs - 1), classes, layer, what, images, sure)
    made = list(panels(request))
    try:
        Look(one.net.name, str(ABOUT), made).save(options.out)
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=options.out, reason=reason(error))) from None
    return 0


def _network(options: argparse.Namespace) -> Any:
    """The network with its weights: of a run, or of a program and a file."""
    from convdsl.net import Net
    from convdsl.training import checked
    from convdsl.training.ensemble import predictor
    from convdsl.training.trained import assembled
    from convdsl.training.transfer import described, read_start

    path = Path(options.run)
    program = path.suffix == ".cnn" or options.run == "-" or options.weights is not None
    if not program:
        if not path.exists():
            raise CallError(T("there is no run {path}.", path=path))
        one = predictor(path, Net, device=options.device or "plain")
        if options.device is None and one.net.report.total.macs > SMALL:
            one = predictor(path, Net, device="cpu")
        return one
    if options.weights is None:
        raise CallError(
            T("`--weights` names the file with the weights of {file}; or give the folder of a run.", file=options.run)
        )
    analysis = checked(read_program(options.run), **given_from(options))
    if analysis.failed:
        from convdsl.diagnostics import ProgramError

        raise ProgramError(analysis.diagnostics)
    if not analysis.report.complete or analysis.network.symbols or analysis.network.holes:
        raise CallError(T("a network to look at has numbers only; `--set` and `--input` give values to symbols."))
    start = read_start(options.weights, analysis)
    for line in start.told:
        print(line, file=sys.stderr)
    device = options.device or ("plain" if analysis.report.total.macs <= SMALL else "cpu")
    metadata = {**_said(options.weights), **described(options.weights, analysis)}
    return assembled(
        str(options.weights), start.tensors, {**metadata, **_said(options.weights, metadata)}, Net, device=device
    )


def _said(path: Path, beside: Any = None) -> dict[str, str]:
    """What a file of ours says of classes and data."""
    from convdsl.training.files import read_metadata

    try:
        found = read_metadata(path) if path.is_file() and path.suffix == ".safetensors" else {}
    except ValueError:
        found = {}
    return {name: found[name] for name in ("classes", "images", "data", "loss", "target", "settings") if name in found}


def _image(options: argparse.Namespace, one: Any, what: tuple[str, ...]) -> tuple[Any, str, Any]:
    """Images to compare with (None where there are no data), the name of the image, and itself."""
    from convdsl.datasets import DataError
    from convdsl.datasets.inputs import batches

    images = None
    if options.image is None or options.data:
        images = _data(options, one)
    elif "patches" in what:
        with suppress(DataError):  # then there is nothing to compare with
            images = _data(options, one)
    if options.image is not None:
        notes: list[Any] = []
        prepared = one.prepared._replace(shape=one.takes)
        for batch in batches([options.image], prepared, sys.stdin.buffer, notes, ()):
            for note in notes:
                print(note, file=sys.stderr)
            for name, why in batch.damaged:
                raise Bad(T("{path} cannot be read: {reason}.", path=name, reason=why))
            if len(batch.names):
                for note in _changed(batch, prepared.shape):
                    print(note, file=sys.stderr)
                return images, batch.names[0], batch.images[0]
        raise Bad(T("There are no images."))
    number = options.index or 0
    if images is None or not len(images):
        raise CallError(T("`--image` names a picture, or `--data` a data set with `--index`."))
    if number >= len(images):
        raise Bad(
            T("There is no image {index}: they are numbered from 0 to {last}.", index=number, last=len(images) - 1)
        )
    return images[:MOST_IMAGES], str(T("image {row}", row=number)), images[number]


def _changed(batch: Any, shape: tuple[int, ...]) -> Iterator[T]:
    """What was done with a file so that the network could look at it."""
    from convdsl.datasets.pictures import only_the_first

    for name, had in batch.stretched:
        yield T("{name} is {had} and was stretched to {size}, as in the training.", name=name, had="x".join(map(str, had)),
                size="x".join(map(str, shape[:2])))  # fmt: skip
    if batch.several:
        yield only_the_first(batch.several)
    if len(batch.names) > 1:
        yield T("Only the first of several images is looked at: {name}.", name=batch.names[0])


def _data(options: argparse.Namespace, one: Any) -> Any:
    """The images of the test part, as the network takes them."""
    from convdsl.datasets import load, search_path
    from convdsl.report.loading import loading

    data = options.data or json.loads(one.metadata.get("settings", "{}")).get("data") or one.data
    if not data:
        return None
    shape = one.takes
    with loading(True) as (progress, warn):
        found = load(data, search=search_path(), progress=progress, warn=warn, size=shape[:2] if len(shape) == 3 else None,
                     channels=shape[2] if len(shape) == 3 and shape[2] in (1, 3) else None, seed=one.settings.seed)  # fmt: skip
    return _ready_all(one, found.test_images)


def _ready_all(one: Any, images: Any) -> Any:
    from convdsl.training.examples import inputs_for

    return inputs_for(one.net, images, one.settings)


def _ready(one: Any, image: Any) -> Any:
    return _ready_all(one, image[None])[0]


def _answer(wanted: str | None, classes: tuple[str, ...], answers: Any) -> int:
    """The number of the answer in question: by name, by number, or the highest."""
    if wanted is None:
        return int(answers.argmax())
    if wanted in classes:
        return classes.index(wanted)
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(answers):
        return int(wanted)
    raise Bad(
        T(
            "There is no class {wanted}. They are {list}.",
            wanted=wanted,
            list=", ".join(classes[:20]) + (" …" if len(classes) > 20 else ""),
        )
    )
