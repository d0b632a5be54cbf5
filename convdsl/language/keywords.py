"""The words that statements other than layers begin with, and those before braces that are no layers: once, for the parser's
answers, the formatter, `check`, completion and the reference."""

from __future__ import annotations

from convdsl.messages import T

KEYWORDS: dict[str, T] = {
    "input": T("the size of the input: input 28x28x1"),
    "net": T("the name of the network"),
    "let": T("a name for a value: let C = 64"),
    "expect": T("what holds here: expect 28x28x6, expect params <= 10K"),
    "block": T("layers with a name: block down(C) {{ … }}"),
    "shared": T("layers with a name and one set of weights: shared tower {{ … }}"),
    "train": T("how it is trained: train {{ epochs 5 }}"),
}
"""What each of them is for, with an example."""

STRUCTURES: dict[str, tuple[str, T]] = {
    "residual": ("residual { A }", T("A(x) + x, the same as `add {{ A | identity }}`")),
    "repeat": (
        "repeat N { A }",
        T("A, N times in a row, each with weights of its own; with `repeat N as I`, I is the number of the turn"),
    ),
    "split": (
        "split { A | B }",
        T("an equal share of the channels for each branch, and the results side by side again"),
    ),
    "aux": ("aux W { A }", T("a side exit, trained with W times its own loss and not on the main path")),
    "output": (
        "output a { A }",
        T(
            "an output with a name and targets of its own; the chain goes on from before it. `output a` alone: the value here"
        ),
    ),
    "freeze": ("freeze { A }", T("nothing in A changes: weights are not trained, running statistics stand still")),
}
"""Words before braces that are no layers: how they are written and what they mean."""

NAMED: dict[str, tuple[str, T]] = {
    "keep": ("keep a", T("gives the value here a name, inside its block")),
    "from": ("from a", T("goes on from the value kept as a, as in `add {{ identity | from a }}`")),
}
"""Words before the name of a kept value: how they are written and what they mean."""

WORDS = {**STRUCTURES, **NAMED}
"""All of them: what begins a statement and is neither a layer nor a keyword."""

BRACED = {*STRUCTURES, "softmax"}
"""All words that stand before braces: the layers that join branches come to them (convdsl/layers/registry.py)."""

ACTIVATION_NAMES: list[str] = []
"""All activations; the declarations of the layers come to it."""

CALLS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "activation": ("", ("activation",), ("activation",)),
    "input": ("input", ("count",), ("count",)),
    "inputlayer": ("input", ("count",), ("count",)),
}
"""What a framework's layer is here, by its name there without rank, case and underscores: the word, and the roles of its
arguments without names, in Keras and in PyTorch; an empty role is one that is not said here. The declarations of the layers
fill it: what a layer is called elsewhere is said there (`Layer.frameworks`)."""

EXAMPLES: dict[str, tuple[str, str]] = {}
"""How each layer is written, and the role without which it is not (`count`, `k` or none), by all its names there and here
without rank, case and underscores."""
