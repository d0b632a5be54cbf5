"""A run's report as a document, and as a file: what was trained and how, what came of it, and where to look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.algebra.numbers import grouped, memory
from convdsl.document import Beside, Code, Heading, Node, Picture, Sentence, Table, Title, html
from convdsl.drawing import themes
from convdsl.messages import Grouped, Rounded, T, decimals
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import summary
from convdsl.report.page.inside import inside
from convdsl.report.page.on_test import answered
from convdsl.report.training import duration
from convdsl.training.aftermath import Aftermath
from convdsl.training.events import Ended, Started
from convdsl.training.inspecting import inspect
from convdsl.training.settings import Settings
from convdsl.version import VERSION

NAME = "report.html"
PARTS = {
    "ready": T("reading the data, making the network ready"),
    "first": T("the first step, which also compiles"),
    "steps": T("all other steps"),
    "validation": T("the validation images after each epoch"),
    "saving": T("files"),
    "test": T("the test images, and reading the curves"),
}
"""Where the time went, by the names of convdsl.training.clock."""
KEPT = ("seed", "validation")
"""Settings that are told though they are 0."""
_STYLE = """
body { max-width: 68rem; }
h1 { margin-bottom: .3rem; }
.drawing { overflow-x: auto; --paper: inherit; }
figure.drawing > svg { max-width: none; }
.beside figure.drawing > svg { max-width: 100%; }
"""


def write_report(folder: Path, started: Started, ended: Ended, command: str) -> Path:
    """Writes the report of a run that is over into its folder; `command` is the call that repeats it. Raises OSError."""
    path = folder / NAME
    text = html.write(document(started, ended, command), themes.stylesheet() + _STYLE)
    files.write(path, (text.encode("utf-8", "replace"),))
    return path


def document(started: Started, ended: Ended, command: str) -> list[Node]:
    """The report as a document."""
    after: Aftermath = ended.after
    found = inspect(after)
    return [
        *_top(started, ended),
        *_program(after),
        *_settings(after.settings, after.model.net.text, command),
        *_curves(ended),
        *answered(after, ended.evaluation, found),
        *inside(after, found),
        *_time(started, ended),
    ]


def _top(started: Started, ended: Ended) -> Iterator[Node]:
    what = T(
        "trained on {n} image of {data}",
        "trained on {n} images of {data}",
        n=Grouped(started.train),
        data=clean(started.data),
    )
    epochs = T("one epoch", "{n} epochs", n=ended.epochs)
    made = T(
        "{epochs}, on the {device}, by convdsl {version}", epochs=epochs, device=ended.device.upper(), version=VERSION
    )
    yield Title(clean(started.net), (str(made),), str(what))
    yield from (Sentence(line.plain) for line in summary(ended.evaluation))


def _program(after: Aftermath) -> Iterator[Node]:
    from convdsl.drawing.picture import draw
    from convdsl.drawing.writers.svg import svg

    net = after.model.net
    yield Heading(str(T("The network")), 2)
    drawn = draw(net.analysis, width=1060)
    yield Picture(drawn.scene.about, svg(drawn.scene, themes.embedded()))
    total = net.report.total
    costs = T(
        "{params} parameters, {trainable} of them trained; {macs} MACs and {memory} of memory for one image",
        params=grouped(total.params),
        trainable=grouped(total.trainable),
        macs=grouped(total.macs),
        memory=memory(total.inference_bytes or 0),
    )
    yield Sentence(str(costs))


def _lines(text: str) -> str:
    """Lines of others without control characters."""
    return "\n".join(map(clean, text.expandtabs(4).split("\n")))


def _settings(settings: Settings, text: str, command: str) -> Iterator[Node]:
    yield Heading(str(T("Program and settings")), 2)
    rows = [(name, value) for name, value in written(settings) if value and (value != "0" or name in KEPT)]
    table = Table((str(T("setting")), str(T("value"))), tuple(rows), role="settings")
    yield Beside((Code(_lines(text.rstrip("\n")), "cnn"),), (table,))
    yield Sentence(str(T("This call repeats the run; the same seed and data give the same weights again:")))
    yield Code(_lines(command))


def written(settings: Settings) -> Iterator[tuple[str, str]]:
    """Settings by name, as people read them; "" for those that are switched off."""
    for one in fields(settings):
        yield one.name, _value(getattr(settings, one.name))


def _value(value: Any) -> str:
    """One setting: a word with the options that differ from those that hold without a word."""
    if is_dataclass(value):
        own = {f.name: getattr(value, f.name) for f in fields(value)}
        usual = {f.name: f.default for f in fields(value)}
        words = [str(own[n]) for n in ("kind", "monitor") if n in own]
        words += [
            f"{name}={v if isinstance(v, str) else format(v, 'g')}"
            for name, v in own.items()
            if name not in ("kind", "monitor") and v != usual[name]
        ]
        return decimals(" ".join(words))
    if isinstance(value, (tuple, list)):
        return decimals(" ".join(f"{v:g}" for v in value))
    if value in (None, "", 0):
        return "0" if value == 0 and not isinstance(value, str) and value is not None else ""
    return decimals(f"{value:g}") if isinstance(value, float) else clean(str(value))


def _curves(ended: Ended) -> Iterator[Node]:
    yield Heading(str(T("The training")), 2)
    said = tuple(
        sentence for r in ended.reading for sentence in (Sentence(str(r.text)), Sentence(str(r.advice), quiet=True))
    )
    if not ended.history:
        yield from said
        return
    from convdsl.report.charts.training import curves

    last = ended.history[-1]
    about = T("from epoch 1 to {epoch} the loss goes from {first} to {last}", epoch=last.epoch,
              first=Rounded(ended.history[0].loss, ".4f"), last=Rounded(last.loss, ".4f"))  # fmt: skip
    title = T("The curves of the training")
    chart = Picture(str(title), curves(ended.history, ended.after.best, str(title), str(about)))
    yield Beside((chart,), said)


def _time(started: Started, ended: Ended) -> Iterator[Node]:
    """All that another run has otherwise stands here."""
    yield Heading(str(T("Where the time went")), 2)
    spent = ended.after.seconds
    whole = max(sum(spent.values()), 1e-9)
    parts = [(str(PARTS[name]), seconds) for name, seconds in spent.items() if seconds >= 0.005]
    rows = [(name, decimals(f"{s:.2f} s"), decimals(f"{100 * s / whole:.0f} %")) for name, s in parts]
    shades = [(0.0, 0.0, s / whole) for _, s in parts]
    threads = T("with one thread", "with {n} threads", n=started.threads)
    rows.append((str(T("in all, {threads}", threads=threads)), duration(ended.seconds), ""))
    head: Sequence[str] = (str(T("what")), str(T("seconds")), str(T("share")))
    yield Table(tuple(head), tuple(rows), (*shades, (0.0, 0.0, 0.0)), "time")
