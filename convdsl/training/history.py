"""What a training came to, for Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl.training.events import EpochRecord


class History:
    """The epochs of a training, as a sequence of records; `history.loss` is the list of one figure.

    A record has `epoch`, `lr`, `loss`, `accuracy`, `val_loss`, `val_accuracy` (None where there is none).
    """

    def __init__(self, records: tuple[EpochRecord, ...], remarks: tuple[Any, ...] = ()) -> None:
        self.records = records
        self.remarks = remarks

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self.records)

    def __getitem__(self, number: int) -> EpochRecord:
        return self.records[number]

    def __getattr__(self, name: str) -> list[Any]:
        if name not in EpochRecord._fields:
            raise AttributeError(name)
        return [getattr(r, name) for r in self.records]

    @property
    def reading(self) -> str:
        """What the curves say, in plain words."""
        return "\n".join(str(remark) for remark in self.remarks)

    def _repr_html_(self) -> str:
        from convdsl.document.html import fragment
        from convdsl.training.told import epochs

        return fragment(epochs(self.records, self.remarks))

    def __repr__(self) -> str:
        last = (
            ", ".join(f"{n}={v:.4g}" for n, v in self.records[-1]._asdict().items() if isinstance(v, (int, float)))
            if self.records
            else ""
        )
        return f"<History of {len(self)} epoch{'' if len(self) == 1 else 's'}: {last}>"
