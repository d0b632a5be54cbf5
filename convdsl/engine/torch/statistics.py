"""Mean and variance over the images of all processes, for batch normalisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def normalised_over_all(
    run: Any, x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor, told: dict[str, float]
) -> Tensor:
    """Batch normalisation in training; the running statistics move. `run.over_all` adds a tensor up over all processes
    (None: there is one), `run.counted` says which images count."""
    rows = x.detach() if run.counted is None else x.detach()[run.counted]
    rows = rows.reshape(-1, x.shape[-1]).double()
    sums = torch.stack([rows.sum(0), rows.square().sum(0), torch.full_like(rows.sum(0), float(len(rows)))])
    if run.over_all is not None:
        run.over_all(sums)
    count = sums[2, 0].clamp(min=1)
    middle = sums[0] / count
    spread = (sums[1] / count - middle.square()).clamp(min=0)
    with torch.no_grad():
        for kept, seen in ((mean, middle), (variance, spread * count / (count - 1).clamp(min=1))):
            kept.copy_(told["keep"] * kept + told["take"] * seen)
    deviation = torch.rsqrt(spread + told["eps"])
    return _Normalised.apply(x, weight, bias, middle.to(x.dtype), deviation.to(x.dtype), count.to(x.dtype), run)


class _Normalised(torch.autograd.Function):
    """(x − mean)/deviation·weight + bias, where mean and deviation are those of all images that count."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, factor: Tensor, count: Tensor,
                run: Any) -> Tensor:  # fmt: skip
        hat = (x - mean) * factor
        ctx.save_for_backward(hat, weight, factor, count)
        ctx.over_all, ctx.counted = run.over_all, run.counted
        return hat * weight + bias

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        hat, weight, factor, count = ctx.saved_tensors
        axes = tuple(range(g.dim() - 1))
        if ctx.counted is not None:
            g = g * ctx.counted.to(g.dtype).reshape(-1, *(1,) * (g.dim() - 1))
        total, tilt = g.sum(axes), (g * hat).sum(axes)
        sums = torch.stack([total, tilt])
        if ctx.over_all is not None:
            ctx.over_all(sums)
        gx = (g - sums[0] / count - hat * (sums[1] / count)) * (weight * factor)
        return gx, tilt, total, None, None, None, None
