"""A network as a module of PyTorch that runs, made from the same text that `export` writes."""

from __future__ import annotations

import linecache
from collections.abc import Mapping

import numpy as np
import torch

from convdsl.bridges.torch.source import Module


def live(module: Module, tensors: Mapping[str, np.ndarray]) -> torch.nn.Module:
    """An instance of the class with these tensors. Its source is shown in tracebacks and by `inspect`."""
    file = f"<convdsl {module.name}>"
    linecache.cache[file] = (len(module.text), None, module.text.splitlines(keepends=True), file)
    names: dict[str, object] = {"__name__": f"convdsl_{module.name.lower()}", "__file__": file}
    exec(compile(module.text, file, "exec"), names)
    made = names[module.name]()  # type: ignore[operator]
    made.load_state_dict({name: torch.tensor(value) for name, value in tensors.items()})
    return made
