"""A call of a function of torch.nn.functional as a sample: the machinery; layers.py and pointwise.py hold one small
function for each kind of layer.

What is right is the call itself, in float64, with its gradients by autograd.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from tests.foreign.sample import Refused, Right, Sample, difference

Tensor = torch.Tensor


class Call(NamedTuple):
    """`name` of the function, its first argument, and the others by name."""

    name: str
    x: Tensor
    given: dict[str, Any]


class Layer(NamedTuple):
    """The argument names behind the input, in their order, with their defaults; and the translation."""

    defaults: dict[str, Any]
    translate: Callable[..., Sample]


LAYERS: dict[str, Layer] = {}


def layer(names: str, **defaults: Any) -> Callable[[Callable[..., Sample]], Callable[..., Sample]]:
    def register(function: Callable[..., Sample]) -> Callable[..., Sample]:
        LAYERS.update(dict.fromkeys(names.split(), Layer(defaults, function)))
        return function

    return register


def translate(name: str, x: Any, args: Any = (), kwargs: Any = None) -> Sample:
    """Raises Refused."""
    if name not in LAYERS:
        raise Refused(f"not in the language: {name}")
    defaults, function = LAYERS[name]
    given = {**defaults, **dict(zip(defaults, args, strict=False)), **(kwargs or {})}
    if not torch.is_tensor(x) or x.is_complex():
        raise Refused("an input that is no tensor of real numbers")
    if not x.numel() and (x.ndim < 2 or 0 in x.shape[1:]):
        raise Refused("an empty image")
    return function(Call(name, x.detach(), given), **given)


def last(t: Tensor) -> Any:
    """Channels to the end."""
    t = t.detach().float()
    return (t.movedim(1, -1) if t.ndim > 2 else t).contiguous().numpy()


def built(
    program: str,
    x: Tensor,
    f: Callable[..., Tensor],
    weights: dict[str, Tensor | None] | None = None,
    *,
    inference: Callable[..., Tensor] | None = None,
    statistics: dict[str, Tensor] | None = None,
    gradients: bool = True,
    slack: bool = False,
) -> Sample:
    """`f(x, **weights)` is right; in training, if `inference` is given too."""
    learned = {k: v.detach() for k, v in (weights or {}).items() if v is not None}

    def right() -> Right:
        w64 = {k: v.double() for k, v in learned.items()}
        with torch.no_grad():
            result = Right(last((inference or f)(x.double(), **w64)))
        if gradients and len(x):
            with torch.no_grad():
                shape = f(x.double(), **w64).shape
            target = torch.randn(shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64).float()
            result.target = last(target)
            result.gradients = _gradients(f, x.double(), w64, target.double())
            if slack:
                near = _gradients(f, x.float(), {k: v.float() for k, v in learned.items()}, target)
                largest = max(abs(g).max() for g in result.gradients.values())
                gaps = [difference(near[k], g, 1e-2 * largest) for k, g in result.gradients.items()]
                result.slack = max(gaps) + 1e-7 / max(largest, 1e-12)  # where terms of size 1 cancel
        return result

    kept = {k: v.float().numpy() for k, v in {**learned, **(statistics or {})}.items()}
    return Sample(program, last(x), right, kept)


def _gradients(f: Callable[..., Tensor], x: Tensor, weights: dict[str, Tensor], target: Tensor) -> dict[str, Any]:
    """Of the mean of squared differences."""
    x = x.detach().clone().requires_grad_()
    weights = {k: v.detach().clone().requires_grad_() for k, v in weights.items()}
    ((f(x, **weights) - target) ** 2).mean().backward()
    return {"scale": of_scale(x), **{k: v.grad.double().numpy() for k, v in weights.items()}}  # type: ignore[union-attr]


def of_scale(x: Tensor) -> Any:
    """The gradient of factors of 1 in front, one for each channel."""
    assert x.grad is not None
    return (x.grad * x.detach()).double().movedim(1, -1).flatten(0, -2).sum(0).numpy()


def batched(x: Tensor, rank: int) -> Tensor:
    """With a batch, which a layer of `rank` axes may have been called without."""
    return x[None] if x.ndim == rank + 1 else x


def rows(x: Tensor) -> Tensor:
    """With a batch and at least one other axis."""
    return x.reshape(1, 1) if x.ndim == 0 else x[None] if x.ndim == 1 else x


def to_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1) if x.ndim > 2 else x


def to_second(x: Tensor) -> Tensor:
    return x.movedim(-1, 1) if x.ndim > 2 else x


def rank_of(call: Call) -> int:
    return int(re.search(r"([123])d", call.name)[1])  # type: ignore[index]
