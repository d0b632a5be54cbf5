"""The words that statements other than layers begin with."""

from __future__ import annotations

from convdsl.messages import T

KEYWORDS: dict[str, T] = {
    "input": T("the size of the input: input 28x28x1"),
    "net": T("the name of the network"),
    "let": T("a name for a value: let C = 64"),
    "expect": T("what holds here: expect 28x28x6, expect params <= 10K"),
    "block": T("layers with a name: block down(C) {{ … }}"),
    "train": T("how it is trained: train {{ epochs 5 }}"),
}
"""What each of them is for, with an example."""
