"""What Keras and PyTorch write, said in this language: `Conv2D(64, (3, 3), activation="relu")` is `conv 64 k3 relu`.

Only used to answer somebody who types it; nothing here is part of the language.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from convdsl.language.foreign_layers import edges, enlarged, neighbours, show_sizes, value_of
from convdsl.language.keywords import CALLS, EXAMPLES
from convdsl.language.not_here import not_here
from convdsl.language.options import OPTIONS, fold

MAX_CHARACTERS = 4000

_KEYWORDS = {
    "filters": "count",
    "out_channels": "count",
    "units": "count",
    "features": "count",
    "output_channels": "count",
    "target_shape": "count",
    "out_features": "count",
    "rate": "count",
    "num_groups": "count",
    "output_size": "count",
    "shape": "count",
    "negative_slope": "count",
    "alpha": "count",
    "upscale_factor": "count",
    "downscale_factor": "count",
    "window_shape": "k",
    "kernel_shape": "k",
    "activation": "activation",
    "eps": "eps",
    "momentum": "momentum",
    "use_bias": "bias",
    "bias": "bias",
    "ceil_mode": "ceil",
    "input_shape": "input",
    "k": "k",
    "s": "s",
    "p": "p",
    "d": "d",
    "g": "g",
}
"""Arguments that are no option here, or another one than their name says; the others are those of OPTIONS."""
_SHOWN = ("k", "s", "p", "d", "g", "op", "m")
_SYMBOLS = re.compile(r"(?:[0-9]+\*)*[A-Z][A-Z0-9_]*(?:[*+-](?:[0-9]+|[A-Z][A-Z0-9_]*))*")
"""`C`, `2*C`."""
_DEFAULTS = {"s1", "p0", "d1", "g1", "op0", "p valid"}


def rewrite(text: str) -> str | None:
    """The line of this language that does what a framework's call does, or None where `text` is no such call."""
    call = _parsed(text)
    return None if call is None else _called(call)


def called(text: str) -> str | None:
    """The name of what a framework's call makes: `Embedding` of `x = nn.Embedding(10, 3)(x)`."""
    call = _parsed(text)
    made = None if call is None else _innermost(call)
    return None if made is None else _name(made) or None


def example(name: str) -> str | None:
    """How the layer is written that has this name here or in a framework."""
    return EXAMPLES.get(fold(name), ("", ""))[0] or None


def _parsed(text: str) -> ast.Call | None:
    text = text.strip().rstrip(",;")
    if len(text) > MAX_CHARACTERS or "(" not in text or text.count("(") > 200:
        return None
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            body = ast.parse(text.replace("×", "x")).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(body) != 1 or not isinstance(body[0], (ast.Expr, ast.Assign)):
        return None
    return body[0].value if isinstance(body[0].value, ast.Call) else None


def _innermost(call: ast.expr) -> ast.Call | None:
    """The call that makes the layer: `Conv2D(8, 3)` of `model.add(Conv2D(8, 3)(x))`."""
    while isinstance(call, ast.Call):
        if isinstance(call.func, ast.Call):
            call = call.func
        elif isinstance(call.func, ast.Attribute) and call.func.attr in ("add", "append") and len(call.args) == 1:
            call = call.args[0]
        else:
            return call
    return None


def _called(call: ast.expr) -> str | None:
    made = _innermost(call)
    if made is None:
        return None
    return _chain(made) if _name(made) == "Sequential" else _layer(made)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _chain(call: ast.Call) -> str | None:
    """`Sequential([A, B])` and `nn.Sequential(A, B)` as `A -> B`."""
    layers = [e for a in call.args for e in (a.elts if isinstance(a, (ast.List, ast.Tuple)) else [a])]
    lines = [_called(layer) for layer in layers]
    return None if None in lines else " -> ".join(line for line in lines if line) or None


def _layer(call: ast.Call) -> str | None:
    name = _name(call)
    plain = re.sub(r"[123]d", "", name.lower()).replace("_", "")
    if plain.removeprefix("lazy") not in CALLS or not_here(name) is not None:
        return None
    lazy = plain not in CALLS
    plain = plain.removeprefix("lazy") if lazy else plain
    word, keras, torch = CALLS[plain]
    of_torch = (re.search(r"[123]d", name) is not None and not lazy) or _origin(call) == "nnx"
    given = call.args
    if isinstance(call.func, ast.Attribute) and name[0].islower() and given and value_of(given[0]) is None:
        given = given[1:]  # what a function is applied to
    if word in ("pad", "crop"):
        return edges(word, call, re.search(r"ad[123]d", name) is not None)
    if word in ("upsample", "resize"):
        return enlarged(word, given, call.keywords, name)
    if word == "lrn":
        of_tensorflow = "normalization" in plain or (plain == "lrn" and isinstance(call.func, ast.Attribute))
        return neighbours(given, call.keywords, of_tensorflow, 2 if name == "lrn" else 1)
    if word == "reshape" and isinstance(call.func, ast.Attribute) and name[0].islower():
        return None  # PyTorch's, with the batch and the channels first
    if plain == "linear" and len(given) == 1:  # Haiku's
        torch = keras = ("count",)
    found: dict[str, Any] = {}
    roles = torch if of_torch else keras
    loose = []
    for number, argument in enumerate(given):
        value = value_of(argument)
        written = ast.unparse(argument).replace(" ", "")
        if number < len(roles) and roles[number] == "count" and _SYMBOLS.fullmatch(written):
            found["count"] = written
        elif isinstance(argument, ast.Name):
            loose.append(argument.id)
        elif number < len(roles) and roles[number] and value is not None:
            found[roles[number]] = value
        elif not roles and word == "input" and isinstance(value, int):
            found["count"] = (*found.get("count", ()), value)
    if word == "relu" and (
        6 in (found.get("count"), *map(value_of, given)) or _keyword(call.keywords, "max_value") == 6
    ):
        word = "relu6"
    if word == "input" and call.args and all(isinstance(value_of(a), int) for a in call.args):
        found["count"] = tuple(value_of(a) for a in call.args)
    for keyword in call.keywords:
        role = _KEYWORDS.get(keyword.arg or "") or OPTIONS.get(fold(keyword.arg or ""))
        value = value_of(keyword.value)
        if plain == "dropout" and role == "p":
            role = "count"
        if role == "momentum" and of_torch and isinstance(value, (int, float)):
            value = round(1 - value, 12)  # PyTorch writes down the part that is new
        if role and value is not None:
            found[role] = value
    if word == "gn" and "g" in found:
        found["count"] = found.pop("g")
    if name in ("Conv", "ConvTranspose") or (_origin(call) == "hk" and word.endswith("conv")):
        found.setdefault("p", "same")  # what Flax and Haiku take where nothing is written
    if word.endswith("pool") and name in ("max_pool", "avg_pool", "min_pool") and "k" in found:
        found.setdefault("s", 1)
    if word in ("maxpool", "avgpool") and plain.endswith("pooling") and not given:
        found.setdefault("k", 2)
    if word == "gn" and "groupnormalization" in plain:
        found.setdefault("count", 32)
    needed = EXAMPLES.get(fold(word), ("", ""))[1]
    if needed and needed not in found:
        return None
    if any(found.get(role) == 0 for role in ("count", "k", "s", "d", "g")) and word not in (
        "dropout",
        "droppath",
        "leaky_relu",
    ):
        return None
    if name.lower().endswith("normalization"):  # what Keras takes where nothing is written
        found.setdefault("eps", 1e-3)
        found.setdefault("momentum", 0.99)
    line = _write(word, found, loose)
    if word != "ln" or (given and isinstance(value_of(given[0]), tuple) and len(value_of(given[0])) > 1):
        return line
    axes = _keyword(call.keywords, "axis")
    return line if isinstance(axes, tuple) and len(axes) > 1 else line and line.replace("ln", "ln channels", 1)


def _origin(call: ast.Call) -> str:
    """What stands before the point: `nn` of `nn.Conv`."""
    func = call.func
    return func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""


def _keyword(keywords: list[ast.keyword], name: str) -> Any:
    return next((value_of(k.value) for k in keywords if k.arg == name), None)


def _write(word: str, found: dict[str, Any], loose: list[str]) -> str | None:
    parts = [word]
    if "count" in found:
        sizes = found["count"]
        parts.append(show_sizes(sizes, full=word in ("input", "reshape")))
    for option in _SHOWN:
        value = found.get(option)
        if value is not None and value is not False:
            pooled = option == "k" and word.endswith("pool")
            written = f"{option} {value}" if isinstance(value, str) else ("" if pooled else option) + show_sizes(value)
            is_usual = written in _DEFAULTS and not (written == "s1" and word.endswith("pool"))
            if not is_usual and not (option == "s" and word.endswith("pool") and value == found.get("k")):
                parts.append(written)
    windowed = word in ("conv", "tconv", "dwconv", "local")
    if windowed and "k" not in found and not any(name.startswith("k") for name in loose):
        parts.append("k3")
    parts += [name for name in loose if re.fullmatch(r"[a-z]{1,2}[0-9]+|[a-z_]{3,}", name)]
    if word in ("bn", "ln", "in", "gn"):
        usual = {"eps": 1e-5, "momentum": 0.9} if word == "bn" else {"eps": 1e-5}
        parts += [
            f"{n}={found[n]:g}" for n, v in usual.items() if isinstance(found.get(n, ""), float) and found[n] != v
        ]
    if found.get("ceil") is True:
        parts.append("ceil")
    if found.get("bias") in (False, 0):
        parts.append("nobias")
    if isinstance(found.get("activation"), str) and found["activation"] != "linear":
        parts.append(found["activation"])
    line = " ".join(filter(None, parts))
    if isinstance(found.get("input"), tuple):
        line = f"input {show_sizes(found['input'], full=True)} -> {line}"
    return line or None
