"""Which device trains."""

from __future__ import annotations

from convdsl.engine.devices import choose
from convdsl.engine.errors import EngineError
from convdsl.messages import T


class NoDevice(Exception):
    """The device that was asked for cannot be used; the text says why."""


def choose_device(wanted: str) -> tuple[str, T | None]:
    """The name of the device for one that is asked for or for `auto`, and what is worth saying about the choice.

    Raises NoDevice.
    """
    try:
        device, why = choose(wanted)
    except EngineError as error:
        raise NoDevice(f"{error} {T('`--device auto` takes the CPU then.')}") from None
    return device.name, None if why is None else T("The CPU trains. {reason}", reason=why)
