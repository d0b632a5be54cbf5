"""Settings from a `train` block, and from what the command line or Python says on top of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convdsl.algebra import is_number
from convdsl.diagnostics import Findings, Fix
from convdsl.engine.optimizer import Optimizer
from convdsl.language import parse, tree
from convdsl.messages import T
from convdsl.network.edits import without, without_word
from convdsl.network.graph import Network, Output
from convdsl.network.suggest import did_you_mean
from convdsl.source import Source, Span
from convdsl.training.block import Given, read_block
from convdsl.training.lines import LINES
from convdsl.training.mirrors import DIGITS, mixed, warning
from convdsl.training.settings import Augment, EarlyStop, Schedule, Settings

LEARNING_RATES = {
    "sgd": 0.05,
    "momentum": 0.01,
    "nesterov": 0.01,
    "rmsprop": 0.001,
    "adagrad": 0.01,
    "adam": 0.001,
    "adamw": 0.001,
}
"""Where no learning rate is given. Gradient descent with a momentum of its own takes that of `momentum`."""

Lines = Mapping[str, Given]


def training_settings(network: Network, findings: Findings) -> Settings:
    """The settings of a network's `train` block; what is wrong in it goes to `findings` (E214).

    `network` has `train` (the lines, as the parser gives them) and `input` (sizes, the channels last).
    """
    given = read_block(network.train, findings)
    settings = assemble(given)
    check_lines(given, settings, network.input, findings, network.outputs)
    return settings


def lines_from(texts: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Given], list[Findings]]:
    """Lines from outside a program: `{"optimizer": "sgd lr=0.1", "epochs": 3}`, read as a `train` block is.

    `prefix` stands before the names in messages (`--`). Each value has findings of its own.
    """
    given: dict[str, Given] = {}
    found = []
    for name, value in texts.items():
        if name == "loss" and isinstance(value, Mapping):
            for output, one in value.items():
                more, told = lines_from({"loss": f"{output} {one}"}, prefix)
                given.update(more)
                found += told
            continue
        if name == "classes":
            given[name] = Given(Span(0, 0), names=_names(value))
            continue
        if isinstance(value, (list, tuple)):
            value = ", ".join(map(str, value))
        findings = _findings(name, value, prefix)
        found.append(findings)
        if name in ("data", "init_from"):
            given[name] = Given(Span(0, 0), str(value))
        elif name not in LINES:
            read_block([tree.Setting(Span(0, len(name)), tree.Word(Span(0, len(name)), name), ())], findings)
        else:
            program = parse(findings.source, findings)
            if not findings.failed:
                given.update(_line(program, name, findings))
    return given, found


def _names(value: Any) -> tuple[str, ...]:
    """Names of classes, which may hold anything: those of a list, or of a text with commas, in quotes or not."""
    if not isinstance(value, str):
        return tuple(map(str, value if isinstance(value, (list, tuple)) else [value]))
    (names,) = csv.reader([value], skipinitialspace=True)
    return tuple(name.strip() for name in names)


def _findings(name: str, value: Any, prefix: str) -> Findings:
    written = name.replace("_", "-") if prefix else name
    return Findings(Source(f"train {{ {name} {value} }}", prefix + written))


def _line(program: tree.Program, name: str, findings: Findings) -> dict[str, Given]:
    """The one line in a text such as `train { epochs 3 }`."""
    if len(program.statements) == 1 and isinstance(program.statements[0], tree.Train):
        settings = program.statements[0].settings
        if len(settings) == 1 and settings[0].name.text == name:
            return read_block(settings, findings)
    findings.add("E214", Span(0, len(findings.source.text)), T("`{name}` takes one line.", name=name))
    return {}


def merge(below: Lines, above: Lines) -> dict[str, Given]:
    """Both, where the lines of `above` win. A learning rate or weight decay inside a new `optimizer` line wins too."""
    result = {**below, **above}
    for name in ("lr", "weight_decay"):
        if name not in above and "optimizer" in above and name in above["optimizer"].options:
            result.pop(name, None)
    return result


def assemble(given: Lines) -> Settings:
    """Settings from lines that have been read; what no line says is as in `Settings`."""
    standard = Settings()
    optimizer, lr = _optimizer(given)
    validation = given.get("validation")
    return Settings(
        data=given["data"].word or "" if "data" in given else standard.data,
        optimizer=optimizer,
        lr=lr,
        batch=_count(given, "batch", standard.batch),
        epochs=_count(given, "epochs", standard.epochs),
        schedule=_schedule(given.get("schedule")),
        augment=_augment(given.get("augment")),
        early_stop=_early_stop(given.get("early_stop")),
        validation=standard.validation if validation is None else validation.number or 0.0,
        loss=_word(given, "loss", standard.loss),
        losses=tuple(_of_outputs(given)),
        label_smoothing=_number(given, "label_smoothing", standard.label_smoothing),
        class_weights=_class_weights(given.get("class_weights")),
        target=_word(given, "target", standard.target),
        ignore=standard.ignore if "ignore" not in given else _ignored(given["ignore"]),
        init=_word(given, "init", standard.init),
        seed=_count(given, "seed", standard.seed),
        limit=_count(given, "limit", standard.limit),
        labels_from=_count(given, "labels_from", standard.labels_from),
        classes=_chosen(given.get("classes")),
        init_from=_place(given.get("init_from")),
    )


def _number(given: Lines, name: str, default: float) -> float:
    number = given[name].number if name in given else None
    return default if number is None else number


def _count(given: Lines, name: str, default: int) -> int:
    """A whole number; the words `full` and `none` are 0."""
    return int(given[name].number or 0) if name in given else default


def _word(given: Lines, name: str, default: str) -> str:
    return given[name].word or default if name in given else default


def _of_outputs(given: Lines) -> Iterator[tuple[str, str, float]]:
    """The lines `loss NAME …`: the name, the loss and its weight."""
    for key, line in given.items():
        word, _, name = key.partition(" ")
        if word == "loss" and name:
            yield name, line.word or "auto", float(line.option("weight", 1.0))


def _chosen(line: Given | None) -> tuple[str, ...]:
    """The names of classes; none for all of them."""
    return () if line is None or line.names == ("all",) else line.names


def _place(line: Given | None) -> str:
    """Where weights lie; empty for `none`."""
    return "" if line is None or line.word in (None, "none") else str(line.word)


def _class_weights(line: Given | None) -> str | tuple[float, ...]:
    if line is None or line.word == "none":
        return ""
    return line.word or line.numbers


def _ignored(line: Given) -> int | None:
    return None if line.number is None else int(line.number)


def _optimizer(given: Lines) -> tuple[Optimizer, float]:
    line = given.get("optimizer", Given(Span(0, 0), "adam"))
    kind = line.word or "adam"
    momentum = line.option("momentum", 0.9 if kind in ("momentum", "nesterov") else 0.0)
    family = "sgd" if kind in ("momentum", "nesterov") else kind
    if kind == "sgd" and momentum:
        kind = "momentum"
    options = {n: line.option(n) for n in ("beta1", "beta2", "eps", "alpha") if n in line.options}
    nesterov = kind == "nesterov" or line.option("nesterov", False)
    decay = line.option("weight_decay", _number(given, "weight_decay", 0.0))
    optimizer = Optimizer(family, momentum=momentum, nesterov=nesterov, weight_decay=decay, **options)
    lr = _number(given, "lr", line.option("lr", LEARNING_RATES[kind]))
    return optimizer, lr


def _schedule(line: Given | None) -> Schedule:
    if line is None:
        return Schedule()
    kind = line.word or "constant"
    return Schedule(
        kind,
        line.option("warmup", 0.0),
        every=line.option("every", 10),
        gamma=line.option("gamma", 0.95 if kind == "exponential" else 0.1),
        factor=line.option("factor", 0.5),
        patience=line.option("patience", 2),
        minimum=line.option("min", 0.0),
    )


def _augment(line: Given | None) -> Augment:
    return Augment(**{name: value for name, (value, _) in line.options.items()}) if line else Augment()


def _early_stop(line: Given | None) -> EarlyStop | None:
    if line is None or line.word == "none":
        return None
    patience = line.option("patience", line.number or 3)
    return EarlyStop(int(patience), line.option("min_delta", 0.0), line.word or "loss", "norestore" not in line.options)


def check_lines(
    given: Lines, settings: Settings, shape: tuple[Any, ...], findings: Findings, outputs: Sequence[Output] = ()
) -> None:
    """What only several lines together, or lines and the network's input and outputs, show to be wrong."""
    _check_outputs(given, [output.name for output in outputs if output.name], findings)
    schedule = settings.schedule
    if "schedule" in given and schedule.warmup > settings.epochs > 0:
        findings.add(
            "E214",
            given["schedule"].options["warmup"][1],
            T(
                "The warm-up takes {warmup} epochs, and the training only {epochs}.",
                warmup=f"{schedule.warmup:g}",
                epochs=settings.epochs,
            ),
            help=T("Train longer, or warm up in less."),
        )
    if "schedule" in given and schedule.minimum > settings.lr:
        findings.add(
            "E214",
            given["schedule"].options["min"][1],
            T(
                "The smallest learning rate, {min}, is above the first, {lr}.",
                min=f"{schedule.minimum:g}",
                lr=f"{settings.lr:g}",
            ),
        )
    if "label_smoothing" in given and settings.label_smoothing and settings.loss in ("mse", "mae"):
        findings.add(
            "E214",
            given["label_smoothing"].span,
            T("Labels are smoothed for cross-entropy only."),
            help=T("Leave one of the lines `loss` and `label_smoothing` out."),
        )
    if "validation" in given and settings.validation > 1 and settings.validation != int(settings.validation):
        findings.add(
            "E214",
            given["validation"].span,
            T(
                "`validation` is a share below 1 or a whole number of images; here it is {value}.",
                value=f"{settings.validation:g}",
            ),
        )
    if "augment" in given:
        _check_augment(given["augment"], settings.augment, shape, findings)
        found = mixed(DIGITS.get(settings.data, ()), settings.augment)
        if found is not None:
            message, way = warning(found)
            span = given["augment"].options[found.change][1]
            alone = len(given["augment"].options) == 1
            text = findings.source.text
            edit = without(text, given["augment"].span) if alone else without_word(text, span)
            findings.add("W540", span, message, help=way if found.change == "rotate" else Fix(way, (edit,)))


def _check_outputs(given: Lines, names: list[str], findings: Findings) -> None:
    """Lines `loss NAME …` name outputs of the network."""
    for key, line in given.items():
        word, _, name = key.partition(" ")
        if word != "loss" or not name or name in names:
            continue
        text = findings.source.text
        start = text.find(name, line.span.start)
        place = Span(start, start + len(name)) if start >= 0 else line.span
        listed = T("The outputs are: {list}.", list=", ".join(names))
        none = T("The only output of a network has no name: `loss mse`.")
        way = (did_you_mean(name, names, place) or listed) if names else none
        findings.add("E214", place, T("There is no output `{name}`.", name=name), help=way)


def _check_augment(line: Given, augment: Augment, shape: tuple[Any, ...], findings: Findings) -> None:
    rank = len(shape) - 1
    for name in augment.moves:
        span = line.options[name][1]
        flat = rank == 0 or (rank == 1 and (name in ("rotate", "shear") or augment.flip in ("vertical", "both")))
        if flat and not (name == "shear" and rank == 2):
            findings.add(
                "E214",
                span,
                T(
                    "`{name}` needs images with rows and columns, and the input is {shape}.",
                    name=name,
                    shape="x".join(map(str, shape)),
                ),
            )
            continue
        sides = [n for n in shape[-3:-1] if is_number(n)]
        if name in ("shift", "cutout") and sides and getattr(augment, name) >= max(sides):
            findings.add(
                "E214",
                span,
                T(
                    "`{name}` of {value} pixels leaves nothing of an image of {shape}.",
                    name=name,
                    value=getattr(augment, name),
                    shape="x".join(map(str, shape)),
                ),
            )
