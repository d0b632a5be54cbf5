"""`convdsl run --engine torch`: PyTorch computes, in this process alone or in all that `torchrun` starts."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from convdsl.bridges.weighted import not_installed
from convdsl.cli.parsing import CallError
from convdsl.cli.stopping import Stopper, end
from convdsl.engine.ranks import ALONE, Lost, Ranks
from convdsl.messages import T

if TYPE_CHECKING:
    from convdsl.engine.backend import Maker

OWN, TORCH = "own", "torch"
ENGINES = (OWN, TORCH)
HELP = T("what computes: our own engine, or PyTorch, also in several processes (`torchrun … -m convdsl run …`)")
LINGER = 1.0
"""Seconds that a process stays after it has said what is wrong, so that the others can learn that it has."""


class Engine(NamedTuple):
    """What makes the backend (None: a device of ours), and the processes that it works in."""

    make: Maker | None
    ranks: Ranks


def parts(text: str) -> int:
    """What `--accumulate` takes."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(str(T("`{text}` is no number of parts", text=text)))
    return int(text)


def with_engine(options: argparse.Namespace, work: Callable[[Engine], int]) -> int:
    """Does it with the engine that is asked for. Returns the exit status; one of several processes ends here."""
    if options.engine == OWN:
        for name, given in (("--accumulate", options.accumulate), ("--sync-bn", options.sync_bn)):
            if given:
                raise CallError(T("`{option}` belongs to `--engine torch`.", option=name))
        if int(os.environ.get("WORLD_SIZE", "1") if os.environ.get("WORLD_SIZE", "1").isdigit() else 1) > 1:
            raise CallError(T("Several processes train one network with `--engine torch` only."))
        return work(Engine(None, ALONE))
    if options.device == "plain":
        raise CallError(T("`--engine torch` computes on `cpu` or `cuda`."))
    if find_spec("torch") is None:
        raise CallError(not_installed("torch"))
    return _with_torch(options, work)


def _with_torch(options: argparse.Namespace, work: Callable[[Engine], int]) -> int:
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")  # what goes wrong is said once, and by us
    from convdsl.engine.errors import EngineError
    from convdsl.engine.torch.backend import Torch
    from convdsl.engine.torch.ranks import Several, joined

    how = Torch(options.device or "auto", options.accumulate or 1, options.sync_bn)
    try:
        ranks = joined(lambda: how.place.type == "cuda")
        how = Torch(how.device, how.accumulate, how.sync_bn, ranks)
        assert how.place
    except EngineError as error:
        raise CallError(str(error)) from None
    if not isinstance(ranks, Several):
        return work(Engine(how, ranks))
    if options.seeds is not None or options.file == "-":
        ranks.leave(together=True)
        raise CallError(T("Several processes train one network, from a file: leave `--seeds` and `-` out."))
    return _among_others(ranks, lambda: work(Engine(how, ranks)))


def _among_others(ranks: Ranks, work: Callable[[], int]) -> int:
    """One of several processes: the first one writes and tells, and of what goes wrong one of them. Whatever PyTorch's own
    threads still do at the end is cut short: all that is to be kept has been written."""
    from convdsl.cli import told
    from convdsl.engine.torch.ranks import Several
    from convdsl.training.together import Elsewhere

    assert isinstance(ranks, Several)
    loud, said = sys.stderr, io.StringIO()
    if ranks.number:
        sys.stdout, sys.stderr = io.StringIO(), said
    lost: list[str] = []

    def guarded() -> int:
        try:
            return work()
        except Elsewhere:
            said.truncate(0)
            return 2
        except (CallError, RuntimeError) as error:
            problem = error.__context__ if isinstance(error, CallError) else ranks.lost(error)
            if not isinstance(problem, Lost):
                raise
            lost.append(f"convdsl: {problem}\n")
            said.truncate(0)
            return 2

    status = told(guarded)
    if status in (0, 130):
        ranks.leave(together=True)
        end(status)
    text = "".join(lost) or (said.getvalue() and f"{T('Process {number}:', number=ranks.number)} {said.getvalue()}")
    if lost:
        time.sleep(LINGER / 2)  # whoever knows more speaks first
    if (text or not ranks.number) and ranks.speaks() and text:
        print(text, end="", file=loud, flush=True)
    ranks.leave(together=False)
    time.sleep(LINGER)
    end(status)
    return status


def stop(stopper: Stopper, ranks: Ranks) -> Callable[[], bool]:
    """What says whether somebody wants the training to stop: of several processes any, as of the last step."""
    ranks.asked = lambda: stopper.asked

    def asked() -> bool:
        return (stopper() and ranks.size == 1) or ranks.stopping

    return asked


def started_again(options: argparse.Namespace) -> bool:
    """Whether a launcher starts the same call again after a failure: `--resume` then begins a run that is not there yet."""
    return options.engine == TORCH and "TORCHELASTIC_RUN_ID" in os.environ
