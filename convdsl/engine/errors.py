"""What can go wrong when a network runs."""

from __future__ import annotations

from convdsl.messages import T


class EngineError(Exception):
    """Base of the engine's errors; the text is meant for users."""


class MemoryRefused(EngineError):
    """The network would need more memory than there is. `needed` and `available` are bytes; `batch` would fit (or 0)."""

    def __init__(self, needed: int, available: int, batch: int) -> None:
        self.needed, self.available, self.batch = needed, available, batch
        text = T(
            "Training this network needs {needed:.2f} GB of memory, and {available:.2f} GB are free.",
            needed=needed / 1e9,
            available=available / 1e9,
        )
        way = T("A batch of {batch} would fit.", batch=batch) if batch else T("Not even a batch of 1 would fit.")
        super().__init__(f"{text} {way}")


class NotFinite(EngineError):
    """The loss is not a number any more. `layer` is the index of the first layer where it began (0: the input or the
    loss itself), `name` its name, `what` is "weights", "values" or "loss"."""

    def __init__(self, layer: int, name: str, what: str) -> None:
        self.layer, self.name, self.what = layer, name, what
        text = {
            "weights": T("The weights of layer {name} are no longer finite numbers.", name=name),
            "values": T("The values of layer {name} are no longer finite numbers.", name=name),
            "loss": T("The loss is no longer a finite number."),
        }[what]
        super().__init__(f"{text} {T('A smaller learning rate may help.')}")


class BadInput(EngineError, ValueError):
    """Arrays that do not fit the network."""
