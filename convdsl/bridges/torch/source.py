"""A network as a file of PyTorch, and its weights as the state dict of that file's class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convdsl.bridges.rows import turned_columns
from convdsl.bridges.torch import helpers
from convdsl.bridges.torch.body import Body, Instance
from convdsl.bridges.torch.classes import Classes
from convdsl.bridges.torch.ground import Ground
from convdsl.bridges.torch.layers import State, Value
from convdsl.bridges.torch.wrapping import wrapped
from convdsl.bridges.weighted import Weighted
from convdsl.messages import T
from convdsl.network import Analysis

FREEZE = '''
        for name in FROZEN:
            self.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> "{name}":
        """Frozen batch normalisation keeps its statistics."""
        super().train(mode)
        for name in FROZEN:
            for module in self.get_submodule(name).modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self
'''


@dataclass(frozen=True)
class Module:
    """`text` is the file, `name` its class; `names` says where each tensor of the state dict is from. `side_exits` are
    given in training, those of `left_out` never."""

    text: str
    name: str
    names: tuple[tuple[str, State], ...]
    side_exits: tuple[int, ...]
    left_out: tuple[int, ...]


def written(analysis: Analysis) -> Module:
    """The file for a network. Raises Unsayable."""
    ground = Ground(analysis)
    network = analysis.network
    body = Body(ground, 0, set(ground.needed), top=True).write(ground.tree, Value("x", tuple(map(int, network.input))))
    whole = Instance(network.name, body)
    classes = Classes(whole)
    names = tuple(classes.states(whole))
    parts = [part.rstrip("\n") for part in classes]
    frozen = _frozen(ground, names)
    if frozen:
        init, forward = parts[-1].split("\n\n", 1)
        parts[-1] = f"{init}{FREEZE.format(name=classes.last)}\n{forward}"
    code = "\n\n\n".join(parts)
    used = [helper.rstrip("\n") for helper in helpers.used_in(code)]
    imports = ["import torch"] if "torch." in "".join([code, *used]) else []
    if "F." in code or any("F." in h for h in used):
        imports.append("import torch.nn.functional as F")
    shape = "×".join(["N", *map(str, (network.input[-1], *network.input[:-1]))])
    head = f'"""{network.name or "A network"}: the input is {shape}."""\n\n'
    head += "\n".join([*imports, "from torch import Tensor, nn"])
    if frozen:
        listed = ", ".join(f'"{name}"' for name in frozen)
        line = f"FROZEN = ({listed}{',' if len(frozen) == 1 else ''})"
        head += "\n\n# what is not trained\n" + "\n".join(wrapped(line, 0))
    return Module(
        "\n\n\n".join([head, *used, code]) + "\n", classes.last, names, tuple(ground.exits), tuple(ground.left_out)
    )


def _frozen(ground: Ground, names: tuple[tuple[str, State], ...]) -> list[str]:
    """The modules that are frozen, the largest that are so as a whole."""
    every: dict[str, bool] = {}
    for name, state in names:
        if not state.role.startswith("running") and state.role != "none":
            parts = name.split(".")
            frozen = ground.nodes[state.node - 1].frozen
            for end in range(1, len(parts)):
                path = ".".join(parts[:end])
                every[path] = every.get(path, True) and frozen
    return [p for p, is_frozen in every.items() if is_frozen and not every.get(p.rpartition(".")[0], False)]


def state_dict(module: Module, net: Weighted) -> dict[str, np.ndarray]:
    """The tensors under PyTorch's names, in its order. Raises ValueError where one is missing."""
    found: dict[str, np.ndarray] = {}
    for name, state in module.names:
        if state.role == "none":
            found[name] = np.zeros((), np.int64)
            continue
        owner = net.analysis.network.nodes[state.node - 1]
        role, _, local = state.role.partition(" ")
        known = f"{owner.index}.{owner.op}.{role}"
        if known not in net.weights:
            raise ValueError(str(T("There is no tensor {name} among the weights.", name=known)))
        value = np.asarray(net.weights[known])
        if local and role == "bias":
            value = np.moveaxis(value, -1, 0)
        if state.turned is not None:
            value = turned_columns(value, state.turned)
        found[name] = np.ascontiguousarray(value) if value.ndim else value
    return found
