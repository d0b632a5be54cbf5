"""The same modules in V8, which browsers have: what a model would do next, done by Node on a copy of its memory."""

from __future__ import annotations

import ctypes
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from convdsl.engine import slots

HOST = Path(__file__).with_name("host.mjs")


def steps(model: Any, batch: int, folder: Path, times: int) -> tuple[list[float], np.ndarray]:
    """Repeats the last step of training so many times: milliseconds of each, and all memory behind them. The step must have
    been done before, so that its module and its batch are there."""
    backend = model._backend
    heap, figures = backend._heap, backend._arrays.figures
    _, told = backend._bound["train"]
    figures[slots.FINITE] = 1.0
    (folder / "module.wasm").write_bytes(backend.modules["train"])
    size = heap.memory.data_len(heap.store)
    (folder / "memory.bin").write_bytes(ctypes.string_at(heap.base, size))
    numbers = [*told, model.plan.chunk, batch, heap.address(figures)]
    command = ["node", str(HOST), str(folder), json.dumps(numbers), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), np.fromfile(folder / "memory.bin", np.uint8)
