"""The processes that train one network together, and what they tell one another.

`torchrun` starts them, or whoever else sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. They speak through gloo; gradients
of GPUs go through NCCL.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from convdsl.engine.errors import EngineError
from convdsl.engine.ranks import ALONE, Lost, Ranks
from convdsl.messages import T

JOINING, SILENT = 120, 600
"""Seconds until all must be there, and that one may be silent; CONVDSL_WAIT takes the place of both."""


class Several(Ranks):
    """One of several processes. Raises EngineError where they do not come together."""

    def __init__(self, gpus: bool) -> None:
        self.number, self.size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        self.local = int(os.environ.get("LOCAL_RANK", 0))
        self.here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        self._wait = timedelta(seconds=_seconds(SILENT))
        try:
            dist.init_process_group("gloo", timeout=timedelta(seconds=_seconds(JOINING)))
        except (RuntimeError, ValueError) as error:
            raise EngineError(str(_not_together(error, self.number, self.size))) from None
        self._store = dist.distributed_c10d._get_default_store()  # stays for as long as this process does
        self._words = dist.new_group(backend="gloo", timeout=self._wait)
        self._gradients = dist.new_group(backend="nccl" if gpus else "gloo", timeout=self._wait)
        self._statistics = dist.new_group(backend="nccl" if gpus else "gloo", timeout=self._wait)
        self._spread: Any = None
        self._apart = False

    def part(self) -> None:
        self._apart = True

    def slice(self, count: int) -> tuple[int, int]:
        return (0, count) if self._apart else super().slice(count)

    def spread(self, module: torch.nn.Module, place: torch.device) -> Any:
        if self._apart or not any(p.requires_grad for p in module.parameters()):
            return module
        devices = [place] if place.type == "cuda" else None
        self._spread = torch.nn.parallel.DistributedDataParallel(
            module, devices, process_group=self._gradients, gradient_as_bucket_view=True
        )
        return self._spread

    def add(self, tensor: torch.Tensor) -> None:
        dist.all_reduce(tensor, group=self._statistics)

    def told(self, loss: float, right: float) -> tuple[float, float]:
        if self._apart:
            return loss, right
        sums = torch.tensor([loss, right, float(self.asked())], dtype=torch.float64)
        dist.all_reduce(sums, group=self._words)
        self.stopping = bool(sums[2] > 0)
        return float(sums[0]), float(sums[1])

    def collect(self, out: np.ndarray, places: np.ndarray, rows: torch.Tensor) -> None:
        if self._apart:
            super().collect(out, places, rows)
            return
        whole = torch.zeros(out.shape, dtype=rows.dtype)
        if len(places):
            whole[int(places[0]) : int(places[-1]) + 1] = rows.cpu()
        dist.all_reduce(whole, group=self._words)
        out[...] = whole.numpy()

    def gather(self, value: Any) -> list[Any]:
        found: list[Any] = [None] * self.size
        with _speaking(self):
            dist.all_gather_object(found, value, group=self._words)
        return found

    def share(self, value: Any) -> Any:
        found = [value]
        with _speaking(self):
            dist.broadcast_object_list(found, src=0, group=self._words)
        return found[0]

    def lost(self, error: Exception) -> Lost | None:
        text = str(error)
        if not isinstance(error, dist.DistError) and not any(word in text for word in _LOST):
            return None
        if "imed out" in text or "imeout" in text:
            return Lost(str(T("Another process of this run has not answered for {seconds} seconds.",
                              seconds=int(self._wait.total_seconds()))))  # fmt: skip
        return Lost(str(T("Another process of this run has ended before its time.")))

    def speaks(self) -> bool:
        """Whether this process is the first that has something to say of a run that fails: all others are silent then."""
        try:
            return int(self._store.add("convdsl/said", 1)) == 1
        except RuntimeError:  # whoever kept it is gone
            return True

    def leave(self, together: bool) -> None:
        """The end; with `together`, all wait for one another first. Nothing of theirs is used after that."""
        self._spread = None
        try:
            if together:
                dist.barrier(group=self._words)
            dist.destroy_process_group()
        except RuntimeError:  # the others are gone already
            pass


_LOST = ("Connection closed", "Connection reset", "Broken pipe", "Timed out", "gloo", "NCCL", "peer", "Socket")


class _speaking:
    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RuntimeError) and (lost := self._ranks.lost(error)):
            raise lost from None


def joined(gpus: Callable[[], bool]) -> Ranks:
    """The processes that were started with this one; alone where it was started by itself. Raises EngineError."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return ALONE
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        value = os.environ.get(name, "")
        if (name != "MASTER_ADDR" and not value.isdigit()) or not value:
            text = T("{name} is `{value}`: who starts several processes sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.",
                     name=name, value=value)  # fmt: skip
            raise EngineError(str(text))
    return Several(gpus()) if int(os.environ["WORLD_SIZE"]) > 1 else ALONE


def _seconds(standard: int) -> int:
    text = os.environ.get("CONVDSL_WAIT", "")
    return int(text) if text.isdigit() and int(text) else standard


def _not_together(error: Exception, number: int, size: int) -> T:
    text, port = str(error), os.environ["MASTER_PORT"]
    if "EADDRINUSE" in text or "address already in use" in text.lower():
        return T(
            "Port {port} is in use on this machine. Name another: MASTER_PORT, or `torchrun --standalone`.", port=port
        )
    if "imed out" in text or "imeout" in text or "clients joined" in text or "failed to connect" in text.lower():
        return T("Process {number} of {size} has waited for the others, at {address} port {port}: not all of them came.",
                 number=number, size=size, address=os.environ["MASTER_ADDR"], port=port)  # fmt: skip
    if "Connection reset" in text or "Broken pipe" in text:
        return T("Whoever answers at {address} port {port} is no process of this run. Name another port: MASTER_PORT.",
                 address=os.environ["MASTER_ADDR"], port=port)  # fmt: skip
    return T(
        "The processes do not come together: {reason}", reason=text.splitlines()[0] if text else type(error).__name__
    )
