"""What a training and an evaluation came to, as documents, for who shows them where no terminal is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convdsl.algebra.numbers import grouped
from convdsl.document import Label, Node, Sentence, Table
from convdsl.messages import T, decimals
from convdsl.training.events import EpochRecord

NAMES = {
    "epoch": T("epoch"),
    "lr": T("rate"),
    "loss": T("loss"),
    "accuracy": T("accuracy"),
    "val_loss": T("validation loss"),
    "val_accuracy": T("validation accuracy"),
    "val_iou": T("validation mean IoU"),
    "val_psnr": T("validation PSNR"),
    "val_f1": T("validation mean F1"),
    "val_balanced_accuracy": T("validation balanced accuracy"),
    "mean_iou": T("mean IoU"),
    "exact": T("all right"),
    "mse": T("mean squared error"),
    "mae": T("mean absolute error"),
    "r2": "R²",
    "psnr": "PSNR",
    "name": T("class"),
    "images": T("images"),
    "pixels": T("positions"),
    "precision": T("precision"),
    "recall": T("recall"),
    "f1": "F1",
    "iou": "IoU",
    "auc": "AUC",
}
"""Figures that are shown, and what they are called."""


def epochs(records: Sequence[EpochRecord], remarks: Sequence[object]) -> Iterator[Node]:
    """A row for each epoch, with the figures that there are, and what is to be said of the curves."""
    if records:
        present = [name for name in records[0]._fields if any(getattr(r, name) is not None for r in records)]
        head = tuple(str(NAMES[name]) for name in present)
        yield Table(head, tuple(tuple(_figure(getattr(record, name)) for name in present) for record in records))
    yield from (Sentence(str(remark)) for remark in remarks)


def figures(found: object, rows: Sequence[object] = ()) -> Iterator[Node]:
    """The figures of an evaluation, and a row for each of its classes or labels."""
    said = [f"{NAMES[n]} {_figure(v)}" for n, v in _shown(found) if n != "images"]
    yield Label(str(T("Evaluation")), ", ".join(said))
    if rows:
        head = tuple(str(NAMES[name]) for name, _ in _shown(rows[0]))
        yield Table(head, tuple(tuple(_figure(dict(_shown(row))[n]) for n, _ in _shown(rows[0])) for row in rows))


def _shown(found: object) -> list[tuple[str, object]]:
    names: Sequence[str] = getattr(found, "_fields", ())
    return [(name, getattr(found, name)) for name in names if name in NAMES]


def _figure(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return decimals(f"{value:.4g}")
    return grouped(value) if isinstance(value, int) else str(value)
