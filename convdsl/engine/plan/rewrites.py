"""What a plan does otherwise than the layers are written, by name: each can be switched off.

Without any of them a plan is the layers one after another, forward and back. A result may then differ in its last bits and
in nothing else; the tests hold the one against the other. CONVDSL_WITHOUT names what is to be off, with commas between, or
says `all`: for whoever looks for a fault.
"""

from __future__ import annotations

import os

from convdsl.engine.errors import BadInput
from convdsl.messages import T

REWRITES = {
    "activations": "activations in place, ReLU within the operation before it",
    "whole_windows": "a convolution that sees all of its input is a dense layer",
    "fusion": "a convolution, its ReLU and the maximum of 2x2 behind it are one",
    "strips": "a convolution and a dense layer behind it are done strip by strip",
    "winograd": "3x3 and 5x5 convolutions with fewer multiplications",
    "together": "large dense layers are done for all images at once, in shares",
    "few": "of a few images all threads take shares of each large step",
    "interleaving": "images of networks with few channels lie side by side",
    "deferral": "gradients of many weights are computed once, after all others",
    "folding": "at inference a normalisation, or a sum, is done by the product before it",
    "views": "a reshape is another name for the same memory",
    "sharing": "a gradient that goes to several branches is one value",
    "recomputing": "normalised values are computed again rather than kept",
    "overlap": "values that do not live at the same time lie in the same memory",
    "epilogues": "on a GPU an activation is applied by the product before it",
}
"""By name, what each of them does."""


def switched_off() -> frozenset[str]:
    """What CONVDSL_WITHOUT names. Raises BadInput if there is no such thing."""
    names = {name.strip() for name in os.environ.get("CONVDSL_WITHOUT", "").split(",")} - {""}
    if names == {"all"}:
        return frozenset(REWRITES)
    if unknown := sorted(names - set(REWRITES)):
        raise BadInput(
            str(
                T(
                    "CONVDSL_WITHOUT names {unknown}, which no plan does. There are: {known}; or `all`.",
                    unknown=", ".join(f"`{name}`" for name in unknown),
                    known=", ".join(REWRITES),
                )
            )
        )
    return frozenset(names)
