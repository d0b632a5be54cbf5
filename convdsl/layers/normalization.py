"""Normalisations. All have a learned scale and shift per channel, and count two FLOPs per element (as at inference)."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.layers.arguments import Count, Flag, Real
from convdsl.layers.base import Layer, Sizes, check_divided
from convdsl.messages import T


class Normalization(Layer):
    """Shifts and scales values to mean 0 and variance 1, then by a learned scale (γ) and shift (β) per channel."""

    activates = True
    bias = False

    eps = Real(1e-5, "what is added to the variance (ε)", low=1e-12, high=10)

    def weights(self, x: Sizes) -> dict[str, Sizes]:
        return {"weight": (x[-1],), "bias": (x[-1],)}

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return 2 * prod(y)

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return T("A scale (γ) and a shift (β) for each channel.")

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("Two operations for each value, as at inference: one multiplication and one addition.")


class BatchNorm(Normalization):
    """Batch normalisation: each channel over the images of the batch and all positions. At inference, and
    inside `freeze`, the running mean and variance are used, which are kept but not learned."""

    name = "bn"
    aliases = ("batchnorm",)
    elsewhere = ("batchnormalization", "normalización", "normalizar", "batchnormalisation", "syncbatchnorm")
    frameworks = {"": ((), ())}
    example = "bn relu"

    momentum = Real(
        0.9,
        "the part of the running statistics that a batch leaves as it was, as in Keras; PyTorch gives the other part, "
        "and its 0.1 is 0.9 here",
        low=0,
        high=0.9999,
    )

    def buffers(self, x: Sizes) -> dict[str, Sizes]:
        return {"running_mean": (x[-1],), "running_var": (x[-1],)}

    def why_params(self, x: Sizes, y: Sizes) -> T | None:
        return T(
            "A scale (γ) and a shift (β) for each channel. The running mean and variance are kept but not learned."
        )


class LayerNorm(Normalization):
    """Layer normalisation: each image over H×W×C, or over C at each position with `channels`."""

    name = "ln"
    aliases = ("layernorm",)
    elsewhere = ("layernormalization",)
    frameworks = {"": ((), ())}
    example = "ln"

    channels = Flag("channels", True, "over the channels of each position")


class InstanceNorm(Normalization):
    """Instance normalisation: each channel of each image over its positions."""

    name = "in"
    aliases = ("instancenorm",)
    elsewhere = ("instancenormalization",)
    frameworks = {"": ((), ())}
    example = "in relu"


class GroupNorm(Normalization):
    """Group normalisation: each group of channels of each image."""

    name = "gn"
    aliases = ("groupnorm",)
    elsewhere = ("groupnormalization",)
    frameworks = {"": (("count",), ("count",))}
    example = "gn 2 relu"

    g = Count(doc="number of groups", positional=True)

    def output(self, x: Sizes) -> Sizes:
        check_divided(self.g, x[-1], T("channels"))
        return x


class LocalResponseNorm(Layer):
    """Local response normalisation (AlexNet): each value over (k + alpha/n · sum of squares of n neighbouring
    channels)^beta. Nothing is learned."""

    name = "lrn"
    elsewhere = ("localresponsenorm", "localresponsenormalization")
    loose = ("n", "alpha", "beta", "k")
    frameworks = {"": ((), ())}
    example = "lrn"
    activates = True

    n = Count(5, "neighbouring channels, the channel itself among them")
    alpha = Real(1e-4, "weight of the squares", low=0)
    beta = Real(0.75, "exponent", low=0)
    k = Real(2.0, "what is added", low=0)

    def flops(self, x: Sizes, y: Sizes) -> Any:
        return 2 * prod(y)

    def why_flops(self, x: Sizes, y: Sizes) -> T | None:
        return T("Two operations for each value, by convention.")
