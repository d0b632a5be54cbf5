"""Weights of another framework for a network of here: by name, else by order and shape, or as a list says.

Tensors come in modules (`layer1.0.conv1`: `weight`, `bias`). Both sides have theirs in the order of the data, or nearly: the
longest row of pairs in order is taken in which every tensor fits by role and shape; what is left over on both sides (side
exits, which some write last) is paired in the same way after that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np

from convdsl.bridges.pieces import Foreign
from convdsl.bridges.rows import channels_first as axes_first
from convdsl.bridges.rows import unturned
from convdsl.messages import T
from convdsl.network import Analysis

ROLES = {
    "kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var",
    "depthwise_kernel": "weight", "alpha": "weight",
}  # fmt: skip
"""What Keras calls the roles."""
MOST = 4000
"""Modules on a side: two of that many are paired in seconds."""


class Module(NamedTuple):
    """Tensors that belong to one layer, by role; `names` are those that they have where they come from."""

    name: str
    tensors: dict[str, Any]
    names: dict[str, str]


@dataclass
class Matched:
    """`weights` by the names of here; `pairs` of names, here and there; what had no partner on either side."""

    weights: dict[str, np.ndarray] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def modules(tensors: Mapping[str, np.ndarray]) -> list[Module]:
    """The tensors of a file, grouped by the name before the last dot (or stroke, as Keras writes it)."""
    found: dict[str, Module] = {}
    for name, value in tensors.items():
        head, _, role = re.sub(r":\d+$", "", name.replace("/", ".")).rpartition(".")
        if role == "num_batches_tracked":
            continue
        module = found.setdefault(head, Module(head, {}, {}))
        module.tensors[ROLES.get(role, role)], module.names[ROLES.get(role, role)] = value, name
    return list(found.values())


def own_modules(analysis: Analysis) -> list[Module]:
    """The layers of a network that have weights, in order; the tensors are shapes. A learned slope is a module of its own,
    as elsewhere."""
    found = []
    for node in analysis.network.nodes:
        facts = analysis.report[node.index]
        shapes = {**facts.weights, **facts.buffer_shapes} if not node.shared else {}
        name = f"{node.index}.{node.op}"
        slope = {"weight": shapes.pop("prelu")} if "prelu" in shapes else None
        if shapes:
            found.append(Module(name, shapes, {role: f"{name}.{role}" for role in shapes}))
        if slope:
            found.append(Module(f"{name}.prelu", slope, {"weight": f"{name}.prelu"}))
    return found


def matched(
    analysis: Analysis,
    tensors: Mapping[str, np.ndarray],
    chosen: Mapping[str, str] | None = None,
    channels_first: bool = True,
) -> Matched:
    """The weights of a file for a network. `chosen` names partners, ours first, modules or single tensors. With
    `channels_first` what stands behind a map in a dense layer lies in the order C, H, W, as in PyTorch.

    Raises Foreign where a name in `chosen` is unknown or its partner does not fit.
    """
    ours, theirs = own_modules(analysis), modules(tensors)
    if len(ours) > MOST or len(theirs) > MOST:
        raise Foreign(T("There are more than {most} layers with weights.", most=MOST))
    result = Matched()
    turn = _turned(analysis) if channels_first else {}
    pairs = _chosen(ours, theirs, chosen or {})
    _pair(ours, theirs, pairs)
    for mine, other in sorted(pairs.items()):
        module, partner = ours[mine], theirs[other]
        result.pairs.append((module.name, partner.name))
        for role, shape in module.tensors.items():
            value = np.ascontiguousarray(partner.tensors[role], np.float32).reshape(tuple(map(int, shape)))
            name = module.names[role]
            result.weights[name] = unturned(value, (turn[name], axes_first(turn[name]))) if name in turn else value
    result.missing = [name for i, m in enumerate(ours) if i not in pairs for name in m.names.values()]
    result.unused = [name for i, m in enumerate(theirs) if i not in pairs.values() for name in m.names.values()]
    return result


def _pair(ours: Sequence[Module], theirs: Sequence[Module], pairs: dict[int, int]) -> None:
    """Adds pairs in order, then once more for what is left. Where several rows are as good (the last layer of a side exit has the
    shape of the last of all), the one counts that leaves more partners to the rest, breaks up fewer modules and keeps more
    neighbours together."""
    rows: list[dict[int, int]] = []
    for early in (True, False):
        found = dict(pairs)
        for _ in range(2):
            mine = [i for i in range(len(ours)) if i not in found]
            taken = set(found.values())
            other = [i for i in range(len(theirs)) if i not in taken]
            found.update(_in_order(ours, theirs, mine, other, early))
        rows.append(found)
    best = min(rows, key=lambda row: (-len(row), _broken(theirs, set(row.values())), -_beside(row)))
    pairs.update(best)


def _broken(theirs: Sequence[Module], used: set[int]) -> int:
    """Of how many modules of modules (`aux1`, `layer1.0`) only a part is used."""
    parts: dict[str, list[bool]] = {}
    for i, module in enumerate(theirs):
        words = module.name.split(".")
        for n in range(1, len(words)):
            parts.setdefault(".".join(words[:n]), []).append(i in used)
    return sum(any(one) and not all(one) for one in parts.values())


def _beside(pairs: Mapping[int, int]) -> int:
    """How many neighbours on one side have partners that are neighbours too."""
    return sum(pairs.get(mine + 1) == other + 1 for mine, other in pairs.items())


def _in_order(
    ours: Sequence[Module], theirs: Sequence[Module], mine: list[int], other: list[int], early: bool
) -> dict[int, int]:
    """The longest row of pairs that fit and keep the order on both sides, of these one that keeps most neighbours together; of
    several the one whose partners come early, or late."""
    fits = [_fits(ours[i], theirs[j]) for i in mine for j in other]
    free, paired = _scores(np.array(fits, bool).reshape(len(mine), len(other)))
    found, a, b, joined = {}, 0, 0, False
    while a < len(mine) and b < len(other):
        skips = free[a, b + 1] == free[a, b], free[a + 1, b] == free[a, b]
        here = paired[a, b] == free[a, b] and (early or not any(skips))
        if here or (joined and paired[a, b] + 1 >= free[a, b]):
            found[mine[a]] = other[b]
            a, b, joined = a + 1, b + 1, True
        else:
            across = skips[0] if not early else not skips[1]
            a, b, joined = (a, b + 1, False) if across else (a + 1, b, False)
    return found


def _scores(fits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What rows of pairs from (a, b) on are worth: of any, and of those that begin with this pair. A pair is worth more than all
    neighbours, of which every two that stay together are worth 1."""
    worth = fits.shape[0] + 1
    free = np.zeros((fits.shape[0] + 1, fits.shape[1] + 1), np.int64)
    paired = np.full_like(free, -2)  # less than no pairs, even beside one
    for a in range(fits.shape[0] - 1, -1, -1):
        rest = np.maximum(free[a + 1, 1:], paired[a + 1, 1:] + 1)
        paired[a, :-1] = np.where(fits[a], worth + rest, -2)
        best = np.maximum(paired[a], free[a + 1])
        free[a] = np.maximum.accumulate(best[::-1])[::-1]
    return free, paired


def _fits(module: Module, partner: Module) -> bool:
    """Whether all tensors of two modules agree in role and shape; one number for each channel may have further axes of 1."""
    if set(module.tensors) != set(partner.tensors):
        return False
    return all(_same(tuple(map(int, shape)), partner.tensors[role].shape) for role, shape in module.tensors.items())


def _same(shape: tuple[int, ...], given: tuple[int, ...]) -> bool:
    return shape == tuple(given) or (len(shape) == 1 and prod(given) == shape[0])


def _chosen(ours: Sequence[Module], theirs: Sequence[Module], chosen: Mapping[str, str]) -> dict[int, int]:
    here, there = ({m.name: i for i, m in enumerate(side)} for side in (ours, theirs))
    pairs = {}
    for mine, other in chosen.items():
        for name, known, side in ((mine, here, T("this network")), (other, there, T("the file"))):
            if name not in known:
                close = ", ".join([*known][:6])
                raise Foreign(T("There is no {name} in {side}; it has {names} …", name=name, side=side, names=close))
        i, j = here[mine], there[other]
        if not _fits(ours[i], theirs[j]):
            raise Foreign(T("{mine} and {other} do not fit: {here} and {there}.", mine=mine, other=other,
                            here=_shapes(ours[i]), there=_shapes(theirs[j])))  # fmt: skip
        pairs[i] = j
    return pairs


def _shapes(module: Module) -> str:
    shapes = {role: getattr(value, "shape", value) for role, value in module.tensors.items()}
    return ", ".join(f"{role} {'x'.join(map(str, shape))}" for role, shape in shapes.items())


def _turned(analysis: Analysis) -> dict[str, tuple[int, ...]]:
    """The map behind which a tensor has a value for each of a row, by the tensor's name."""
    found: dict[str, tuple[int, ...]] = {}
    lying: dict[int, tuple[int, ...]] = {}
    for node in analysis.network.nodes:
        facts = analysis.report[node.index]
        x = tuple(map(int, facts.inputs[0])) if facts.inputs else ()
        before = lying.get(node.inputs[0]) if node.inputs else None
        shape = x if len(x) > 1 else before
        if node.op == "dense" and shape:
            found[f"{node.index}.dense.weight"] = shape
        elif node.op == "flatten" and len(x) > 1:
            lying[node.index] = x
        elif before and node.op != "dense":
            lying[node.index] = before
            for role in (*facts.weights, *facts.buffer_shapes):
                found[f"{node.index}.{node.op}.{role}"] = before
    return found


def read_map(text: str) -> dict[str, str]:
    """Pairs out of a list with a line for each, `1.conv = features.0`; `←` is taken too, and `#` begins a comment. Raises
    Foreign."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        written = line.split("#")[0].strip()
        if not written:
            continue
        parts = [part.strip() for part in re.split(r"←|<-|=", written)]
        if len(parts) != 2 or not all(parts):
            raise Foreign(
                T("Line {n} of the map is not of the form `1.conv = features.0`: {line}", n=number, line=written)
            )
        found[parts[0]] = parts[1]
    return found
