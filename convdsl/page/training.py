"""Training in the page: the plan of the program in the editor and its modules of WebAssembly, made here once; the steps are
JavaScript's, in a worker of their own (page/site/trainer.js).

What the page leaves to a machine at home is said before anything starts, with the command that does it there.
"""

from __future__ import annotations

from array import array
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from convdsl.diagnostics import Findings
from convdsl.engine import slots
from convdsl.engine.initial import Spread, beginning
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Loss, Plan, plan
from convdsl.engine.plan.values import Parameter
from convdsl.engine.wasm.portable import CountedArrays, portable
from convdsl.engine.wasm.rooms import TARGET
from convdsl.language.tree import Setting
from convdsl.layers import show_shape
from convdsl.messages import T
from convdsl.network import Analysis, Node, Report
from convdsl.network.graph import Output
from convdsl.page.answers import Refused
from convdsl.page.looking import NAME, analysed
from convdsl.training.block import read_block
from convdsl.training.configure import assemble
from convdsl.training.schedule import learning_rate
from convdsl.training.settings import Schedule, Settings

LR, BATCH, EPOCHS, SCHEDULE = 0.003, 16, 2, "cosine"
"""Where the program says nothing: LeNet-5 then has learned most of what there is to learn in a few seconds."""
POINTS = 50
"""Of the curve of the learning rate, in an epoch."""
MOST_PARAMETERS = 2_000_000
MOST_BYTES = 1_000_000_000
MOST_SECONDS = 1800
SPEED = 1.2e9
"""Multiplications of the way forward a second, in training, on one core: about."""
_SAID = (
    "data",
    "optimizer",
    "lr",
    "schedule",
    "batch",
    "epochs",
    "weight_decay",
    "seed",
    "init",
    "label_smoothing",
    "loss",
)
"""The lines of a `train` block that the page follows."""


class _Net(NamedTuple):
    """The network as the engine sees it."""

    name: str
    input: tuple[int, ...]
    nodes: tuple[Node, ...]
    output: int
    outputs: tuple[Output, ...]
    report: Report
    train: tuple[Setting, ...]


class Prospect(NamedTuple):
    """What would be trained: the network, its settings, the size of its pictures (H, W, C), and lines that are left out."""

    net: _Net
    settings: Settings
    picture: tuple[int, int, int]
    left_out: tuple[str, ...]


def prospect(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What training would be: the settings (those of the program, unless the page asks for others), how large pictures are,
    about how long it takes for `images` of them, and `refused`, where it does not start: in words, with a way out."""
    seen = _seen(asked["text"])
    settings = _settings(seen, asked)
    said, seconds = _too_much(seen, settings, asked)
    shape = seen.net.report.shape()
    return {
        "picture": seen.picture,
        "classes": shape[-1],
        "lr": settings.lr,
        "batch": settings.batch,
        "epochs": settings.epochs,
        "optimizer": settings.optimizer.kind,
        "seconds": seconds,
        "left_out": ", ".join(f"`{name}`" for name in seen.left_out),
        "command": _command(seen, settings, asked),
        "refused": said,
        "least": _least(seen.net),
    }


def train(asked: Mapping[str, Any]) -> dict[str, Any]:
    """All that a worker needs to train: modules, what memory holds, where things are in it; bytes are in base 64. Raises
    Refused."""
    seen = _seen(asked["text"])
    settings = _settings(seen, asked)
    said, _ = _too_much(seen, settings, asked)
    if said:
        raise Refused(said)
    made = _made(asked["text"], settings.batch, settings.optimizer, settings.label_smoothing)
    arrays, parameters = made.arrays, made.plan.parameters.values()
    shape = seen.net.report.shape()
    programs = {what: _program(made, what) for what in ("train", "predict", "rearrange")}
    return {
        "programs": programs,
        "slots": slots.NAMES,
        "control": arrays.control,
        "figures": arrays.figures,
        "hits": arrays.hits,
        "images": arrays.room(-(-settings.batch * prod(seen.net.input) // 4), "int32"),
        "labels": arrays.room(settings.batch, "int64"),
        "out": arrays.room(settings.batch * shape[-1]),
        "weights": [*_weights(made, parameters, settings)],
        "picture": seen.picture,
        "classes": shape[-1],
        "batch": settings.batch,
        "rates": _rates(settings),
        "epochs": settings.epochs,
        "seed": settings.seed,
        "least": _least(seen.net),
        "layers": [*_layers(seen.net)],
        "filters": _filters(made),
        **_memory(made),
    }


def maps(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The program up to the layer with the number `layer`, whose own memory begins at `free`."""
    settings = _settings(_seen(asked["text"]), asked)
    made = _made(asked["text"], settings.batch, settings.optimizer, settings.label_smoothing)
    made.arrays.free = max(made.arrays.free, int(asked["free"]))
    number = int(asked["layer"])
    shape = made.plan.net.report.shape(number)
    found = {"program": _program(made, number), "out": made.arrays.room(prod(shape)), "shape": shape}
    return {**found, **_memory(made)}


class _Made(NamedTuple):
    plan: Plan
    arrays: CountedArrays


@lru_cache(maxsize=1)
def _made(text: str, batch: int, optimizer: Optimizer, smoothing: float) -> _Made:
    """The plan, and its memory. A worker that takes another's place makes the same one again."""
    found = plan(_seen(text).net, batch, optimizer, TARGET, Loss(smoothing=smoothing))
    return _Made(found, CountedArrays(found))


def _program(made: _Made, what: Any) -> dict[str, Any]:
    module, told = portable(made.plan, made.arrays, what)
    return {"module": _bytes(module), "told": told}


def _memory(made: _Made) -> dict[str, Any]:
    """What is new in memory, and how much there has to be."""
    contents = [[at, _bytes(content)] for at, content in made.arrays.contents]
    made.arrays.contents.clear()
    return {"contents": contents, "size": made.arrays.free}


def _bytes(content: bytes) -> str:
    return b64encode(content).decode()


def _weights(made: _Made, parameters: Any, settings: Settings) -> Iterator[dict[str, Any]]:
    """Each parameter: where its numbers are, in the order of the public array, and what they begin as."""
    for parameter in parameters:
        begun = beginning(made.plan.net, parameter, None if settings.init == "auto" else settings.init)
        found = {"at": made.arrays.weights + parameter.place.offset * 4, "places": _places(parameter)}
        if isinstance(begun, Spread):
            yield {**found, "spread": begun.kind, "width": begun.width}
        else:
            yield {**found, "values": _bytes(array("f", [*_numbers(begun)]).tobytes())}


def _rates(settings: Settings) -> list[float]:
    """The learning rate over the epochs, at so many points of each."""
    times = [n / POINTS for n in range(settings.epochs * POINTS)]
    return [learning_rate(settings.schedule, settings.lr, time, settings.epochs) for time in times]


def _places(parameter: Parameter) -> str:
    return _bytes(parameter.layout.places().tobytes())


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)):
        yield float(value)
    else:
        for part in value:
            yield from _numbers(part)


def _layers(net: _Net) -> Iterator[dict[str, Any]]:
    """Those whose output is maps, and of these the ones that do something to them."""
    for node in net.nodes:
        shape = net.report.shape(node.index)
        if len(shape) == 3 and shape[0] * shape[1] > 1 and node.text:
            yield {"layer": node.index, "name": f"{node.index} {node.text}", "shape": shape}


def _filters(made: _Made) -> dict[str, Any] | None:
    """The filters of the first convolution that sees a picture: (F, C, H, W)."""
    for parameter in made.plan.parameters.values():
        if parameter.name.endswith("conv.weight") and len(parameter.shape) == 4 and prod(parameter.shape[2:]) > 1:
            at = made.arrays.weights + parameter.place.offset * 4
            number = int(parameter.name.partition(".")[0])
            return {"layer": number, "shape": parameter.shape, "at": at, "places": _places(parameter)}
    return None


# what can be trained


@lru_cache(maxsize=2)
def _seen(text: str) -> Prospect:
    """Raises Refused."""
    analysis = analysed(text)
    network = analysis.network
    if analysis.failed or not network.nodes:
        raise Refused(str(T("A program without errors can be trained; what is wrong stands below it.")))
    if network.holes or network.symbols:
        names = ", ".join([*network.holes, *sorted(network.symbols)])
        raise Refused(str(T("A network with open sizes ({names}) cannot be trained: give them numbers.", names=names)))
    net = _Net(
        network.name, network.input, network.nodes, network.output, network.outputs, analysis.report, network.train
    )
    settings, left_out = _block(analysis)
    if len(net.outputs) > 1 or len(net.report.shape()) != 1 or settings.loss not in ("auto", "cross_entropy"):
        raise Refused(
            str(
                T(
                    "The page trains networks that answer one class for each picture, as with `dense 10 softmax` at the end; "
                    "this one is trained by `convdsl run {name}`.",
                    name=NAME,
                )
            )
        )
    if net.report.shape()[0] < 2:
        raise Refused(str(T("With one output there are no classes to choose from: write `dense 10 softmax`.")))
    return Prospect(net, settings, _picture(net.input), left_out)


def _picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Raises Refused."""
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape[0], shape[1], shape[2]
    if shape == (784,):
        return 28, 28, 1
    raise Refused(
        str(
            T(
                "The page trains on pictures, grey or in colour: `input 28x28x1` or `input 32x32x3`; this network takes {shape}.",
                shape=show_shape(shape),
            )
        )
    )


def _block(analysis: Analysis) -> tuple[Settings, tuple[str, ...]]:
    """The settings of the `train` block, with the page's own where it says nothing; and lines that are not followed."""
    given = read_block(analysis.network.train, Findings(analysis.source))
    settings = assemble(given)
    changed: dict[str, Any] = {}
    if "lr" not in given and "optimizer" not in given:
        changed["lr"] = LR
        if "schedule" not in given:
            changed["schedule"] = Schedule(SCHEDULE)
    if "batch" not in given:
        changed["batch"] = BATCH
    if "epochs" not in given:
        changed["epochs"] = EPOCHS
    left_out = [name for name in given if name not in _SAID]
    if settings.schedule.kind == "plateau":
        left_out.append("schedule")
    return replace(settings, **changed), tuple(left_out)


def _settings(seen: Prospect, asked: Mapping[str, Any]) -> Settings:
    """Those of the program, and what was chosen beside it. Raises Refused."""
    changed: dict[str, Any] = {}
    for name, kind, least, most in (("lr", float, 0.0, 100.0), ("batch", int, 1, 4096), ("epochs", int, 1, 10_000)):
        written = str(asked.get(name, "")).strip().replace(",", ".").replace("−", "-")
        if not written:
            continue
        try:
            value = kind(written)
        except ValueError:
            value = None
        if value is None or not (least < value if name == "lr" else least <= value) or not value <= most:
            text = (
                T("`{name}` is a number above 0; here it is {value}.", name=name, value=written)
                if name == "lr"
                else T(
                    "`{name}` is a whole number from 1 to {most}; here it is {value}.",
                    name=name,
                    most=most,
                    value=written,
                )
            )
            raise Refused(str(text))
        changed[name] = value
    settings = replace(seen.settings, **changed)
    least = _least(seen.net)
    if settings.batch == 0:
        settings = replace(settings, batch=min(int(asked.get("images") or 6000), 4096))
    if settings.batch < least:
        raise Refused(str(T("A `bn` that sees one value of each picture needs batches of at least 2.")))
    return settings


def _least(net: _Net) -> int:
    """2 where a `bn` takes its statistics from one value for each channel of a picture."""
    lonely = any(n.op == "bn" and not n.frozen and prod(net.report[n.index].inputs[0][:-1]) == 1 for n in net.nodes)
    return 2 if lonely else 1


def _too_much(seen: Prospect, settings: Settings, asked: Mapping[str, Any]) -> tuple[str, float]:
    """Why the page does not train it, "" where it does; and about how many seconds it takes."""
    net, images = seen.net, int(asked.get("images") or 6000)
    macs = net.report.total.macs
    seconds = images * settings.epochs * macs / SPEED
    parameters = net.report.total.params
    command = _command(seen, settings, asked)
    if parameters > MOST_PARAMETERS:
        why = T("{n} parameters are more than the {most} that the page takes", n=parameters, most=MOST_PARAMETERS)
    elif seconds > MOST_SECONDS:
        why = T("this takes some {minutes} minutes here", minutes=round(seconds / 60))
    elif _bytes_needed(net, settings) > MOST_BYTES:
        why = T("this needs more than a gigabyte of memory; a smaller batch needs less")
    else:
        return "", seconds
    return str(T("Too large for the page: {why}. At home: `{command}`", why=why, command=command)), seconds


def _bytes_needed(net: _Net, settings: Settings) -> int:
    """The pictures of a batch, and what the plan says; where that is little in any case, it is not asked."""
    pictures = settings.batch * prod(net.input)
    values = settings.batch * sum(prod(net.report.shape(node.index)) for node in net.nodes) * 4
    if pictures > MOST_BYTES or values < MOST_BYTES // 8:
        return pictures
    return pictures + plan(net, settings.batch, settings.optimizer, TARGET, Loss()).memory.total


def _command(seen: Prospect, settings: Settings, asked: Mapping[str, Any]) -> str:
    """What trains it at home."""
    known = {(28, 28, 1): "fashion-mini", (32, 32, 3): "cifar10"}.get(seen.picture)
    data = known if known and not asked.get("own") else str(T("FOLDER"))
    words = ["convdsl", "run", NAME, "--data", data]
    words += ["--lr", f"{settings.lr:g}", "--batch", str(settings.batch), "--epochs", str(settings.epochs)]
    if settings.schedule.kind != "constant" and not any(s.name.text == "schedule" for s in seen.net.train):
        words += ["--schedule", settings.schedule.kind]
    return " ".join(words)
