"""A training's events as JSON: one object for each that programs care about."""

from __future__ import annotations

from math import isfinite
from typing import Any

from convdsl.report.json_writer import print_line
from convdsl.training import events
from convdsl.training.evaluating import accuracy
from convdsl.training.metrics import as_data


class JsonReport:
    """Prints events as JSON on standard output, one a line, each at once; with the `seed` of one of several runs."""

    def __init__(self, seed: int | None = None) -> None:
        self._said = {} if seed is None else {"seed": seed}

    def __enter__(self) -> JsonReport:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to close."""

    def show(self, event: events.Event) -> None:
        data = event_data(event)
        if data is not None:
            print_line({**data, **self._said})

    def page(self, path: Any, trouble: Any) -> None:
        """Where the report is, or why there is none."""
        said = {"message": str(trouble)} if trouble is not None else {"path": str(path)}
        print_line({"event": "report" if trouble is None else "warning", **said, **self._said})

    def diverged(self, error: Any, way: object) -> None:
        """A loss that is no number, or beyond reason: the layer where it began, and what to try."""
        layer = getattr(error, "layer", None)
        print_line({"event": "error", "message": str(error), "layer": layer, "help": str(way), **self._said})


def event_data(event: events.Event) -> dict[str, Any] | None:
    """An event as JSON can hold it; None for those that only a bar shows. Figures that are not finite are null."""
    data = _event_data(event)
    return None if data is None else _finite(data)


def _event_data(event: events.Event) -> dict[str, Any] | None:
    match event:
        case events.Started():
            fields = event._asdict()
            fields["classes"] = list(event.classes)
            fields["folder"] = _path(event.folder)
            fields["taken"] = event.taken and event.taken.as_data()
            return {"event": "start", **fields}
        case events.Note():
            return {"event": "warning" if event.warning else "note", "message": str(event.text)}
        case events.EpochDone():
            return {
                "event": "epoch",
                **event.record.present(),
                "images_per_second": round(event.images_per_second, 1),
                "seconds": round(event.seconds, 3),
            }
        case events.Saved():
            return {"event": "checkpoint", "epoch": event.epoch, "step": event.step, "path": _path(event.path)}
        case events.Interrupted():
            return {"event": "interrupted", "epoch": event.epoch, "step": event.step, "path": _path(event.path)}
        case events.Finished() if event.why == "early_stop":
            return {"event": "early_stop", "epoch": event.epochs, "restored": event.restored or None}
        case events.Ended():
            return _ended(event)
    return None


def _ended(event: events.Ended) -> dict[str, Any]:
    figures = event.evaluation
    return {
        "event": "end",
        "test_accuracy": accuracy(figures),
        "test_loss": figures.loss,
        "epochs": event.epochs,
        "seconds": round(event.seconds, 3),
        "device": event.device,
        "weights": _path(event.weights),
        "evaluation": as_data(figures),
        "reading": [{"kind": r.kind, "message": str(r.text), "help": str(r.advice)} for r in event.reading],
    }


def _path(path: Any) -> str | None:
    return None if path is None else str(path)


def _finite(value: Any) -> Any:
    """NaN and infinity, which JSON does not have, as null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value
