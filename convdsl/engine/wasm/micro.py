"""The micro-kernels of the CPU (cpu/micro.py and its like), written with WebAssembly's words in place of LLVM's."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

from convdsl.engine.wasm import vector

_ROOMS = ("micro", "transforming", "channelwise", "depthwise")
_WORDS = "convdsl.engine.cpu"
"""Where `vector` is taken from there."""


@cache
def makers() -> dict[str, Any]:
    """The functions that make micro-kernels, by name."""
    folder = Path(__file__).parent.parent / "cpu"
    found: dict[str, Any] = {"v": vector, "__name__": __name__}
    for room in _ROOMS:
        path = folder / f"{room}.py"
        tree = ast.parse(path.read_text("utf-8"))
        tree.body = [s for s in tree.body if not (isinstance(s, ast.ImportFrom) and str(s.module).startswith(_WORDS))]
        exec(compile(tree, str(path), "exec"), found)
    return found
