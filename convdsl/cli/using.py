"""What the commands share that use a trained network: how it is read, and what is answered where that fails."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convdsl.cli.parsing import CallError
from convdsl.engine.devices import CHOICES
from convdsl.messages import T, in_english


class Bad(CallError):
    """What was given is wrong: one message, exit status 1."""

    status = 1


def add_network(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a trained network and what computes."""
    parser.add_argument(
        "run", metavar="RUN", type=Path, help=str(T("the folder of a run, its file of weights, or an ensemble"))
    )
    add_device(parser)


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=CHOICES, default="cpu", help=str(T("what computes (cpu)")))


@contextmanager
def answered() -> Iterator[None]:
    """Around a command, or a part of it: what can go wrong becomes one message, Bad for what was given, CallError for what
    is not there."""
    from convdsl.datasets import DataError, Unavailable
    from convdsl.engine import EngineError
    from convdsl.training.device import NoDevice
    from convdsl.training.ensemble import Misfit
    from convdsl.training.examples import Unsuitable
    from convdsl.training.files import FileTrouble

    try:
        yield
    except (Unavailable, NoDevice) as error:
        raise CallError(str(error)) from None
    except (DataError, Unsuitable, FileTrouble, Misfit, EngineError) as error:
        raise Bad(str(error)) from None


def predictor(path: Path, device: str) -> Any:
    """The trained network at a path, its classes in the language in use where the data set is known."""
    from convdsl.net import Net
    from convdsl.training.device import choose_device
    from convdsl.training.ensemble import predictor as read

    if not path.exists():
        raise CallError(T("there is no run {path}.", path=path))
    return read(path, Net, device=choose_device(device)[0])


def named(one: Any) -> tuple[str, ...]:
    """The classes of a trained network, in the language in use where they are those of a known data set."""
    from convdsl.datasets.registry import find

    known = find(one.data)
    words = {in_english(name): str(name) for name in known.classes} if known else {}
    return tuple(words.get(name, name) for name in one.classes)
