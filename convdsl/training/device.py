"""Which device trains."""

from __future__ import annotations

from convdsl.messages import T

DEVICES = ("cpu", "cuda", "auto")


class NoDevice(Exception):
    """The device that was asked for cannot be used; the text says why."""


def choose_device(wanted: str) -> tuple[str, T | None]:
    """The device for `cpu`, `cuda` or `auto`, and what is worth saying about the choice. Raises NoDevice.

    `auto` takes a GPU where one can be used, else the CPU.
    """
    if wanted == "cpu":
        return "cpu", None
    from convdsl.engine import cuda

    trouble = cuda.unusable()
    if trouble is None:
        return "cuda", None
    if wanted == "cuda":
        raise NoDevice(str(T("No GPU can be used: {reason} `--device auto` takes the CPU then.", reason=trouble)))
    return "cpu", T("The CPU trains: {reason}", reason=trouble)
