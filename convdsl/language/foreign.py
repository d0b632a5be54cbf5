"""What Keras and PyTorch write, said in this language: `Conv2D(64, (3, 3), activation="relu")` is `conv 64 k3 relu`.

Only used to answer somebody who types it; nothing here is part of the language.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from convdsl.language.keywords import CALLS
from convdsl.language.options import OPTIONS, fold

MAX_CHARACTERS = 4000

_KEYWORDS = {
    "filters": "count",
    "out_channels": "count",
    "units": "count",
    "out_features": "count",
    "rate": "count",
    "num_groups": "count",
    "output_size": "count",
    "shape": "count",
    "negative_slope": "count",
    "alpha": "count",
    "size": "count",
    "scale_factor": "count",
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
_DEFAULTS = {"s1", "p0", "d1", "g1", "op0", "p valid"}


def rewrite(text: str) -> str | None:
    """The line of this language that does what a framework's call does, or None where `text` is no such call."""
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
    return _called(body[0].value)


def _called(call: ast.expr) -> str | None:
    while isinstance(call, ast.Call):
        if isinstance(call.func, ast.Call):
            call = call.func
        elif isinstance(call.func, ast.Attribute) and call.func.attr in ("add", "append") and len(call.args) == 1:
            call = call.args[0]
        elif _name(call) == "Sequential":
            return _chain(call)
        else:
            return _layer(call)
    return None


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
    if plain not in CALLS:
        return None
    word, keras, torch = CALLS[plain]
    if word in ("pad", "crop"):
        return _edges(word, call, re.search(r"ad[123]d", name) is not None)
    found: dict[str, Any] = {}
    of_torch = re.search(r"[123]d", name) is not None
    roles = torch if of_torch else keras
    loose = []
    for number, argument in enumerate(call.args):
        value = _value(argument)
        if isinstance(argument, ast.Name):
            loose.append(argument.id)
        elif number < len(roles) and roles[number] and value is not None:
            found[roles[number]] = value
        elif not roles and word == "input" and isinstance(value, int):
            found["count"] = (*found.get("count", ()), value)
    if word == "input" and call.args and all(isinstance(_value(a), int) for a in call.args):
        found["count"] = tuple(_value(a) for a in call.args)
    for keyword in call.keywords:
        role = _KEYWORDS.get(keyword.arg or "") or OPTIONS.get(fold(keyword.arg or ""))
        value = _value(keyword.value)
        if plain == "dropout" and role == "p":
            role = "count"
        if role == "momentum" and of_torch and isinstance(value, (int, float)):
            value = round(1 - value, 12)  # PyTorch writes down the part that is new
        if role and value is not None:
            found[role] = value
    if word == "gn" and "g" in found:
        found["count"] = found.pop("g")
    if name.lower().endswith("normalization"):  # what Keras takes where nothing is written
        found.setdefault("eps", 1e-3)
        found.setdefault("momentum", 0.99)
    return _write(word, found, loose)


def _edges(word: str, call: ast.Call, of_torch: bool) -> str | None:
    """Padding and cropping: Keras pairs the sides of each axis, PyTorch has them in a row, the last axis first."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("padding", "cropping"))]
    if not given:
        return None
    try:
        value = ast.literal_eval(given[0])
    except ValueError:
        return None
    if isinstance(value, int):
        return f"{word} {value}"
    if of_torch and isinstance(value, tuple) and len(value) in (2, 4, 6):
        value = tuple(zip(value[-2::-2], value[::-2], strict=True))
    elif isinstance(value, tuple):
        value = tuple(v if isinstance(v, tuple) else (v, v) for v in value)
    if (
        not isinstance(value, tuple)
        or not value
        or not all(len(v) == 2 and all(isinstance(n, int) for n in v) for v in value)
    ):
        return None
    before, after = zip(*value, strict=True)
    if before == after:
        return f"{word} {_sizes(before)}"
    sides = (f"{n}={_sizes(v)}" for n, v in (("before", before), ("after", after)) if any(v))
    return " ".join((word, *sides))


def _write(word: str, found: dict[str, Any], loose: list[str]) -> str | None:
    parts = [word]
    if "count" in found:
        sizes = found["count"]
        parts.append(_sizes(sizes, full=word == "input"))
    for option in _SHOWN:
        value = found.get(option)
        if value is not None and value is not False:
            pooled = option == "k" and word.endswith("pool")
            written = f"{option} {value}" if isinstance(value, str) else ("" if pooled else option) + _sizes(value)
            if written not in _DEFAULTS and not (option == "s" and word.endswith("pool") and value == found.get("k")):
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
        line = f"input {_sizes(found['input'], full=True)} -> {line}"
    return line or None


def _sizes(value: Any, full: bool = False) -> str:
    if not isinstance(value, tuple):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if not full and len(set(value)) == 1:
        return str(value[0])
    return "x".join(map(str, value))


def _value(node: ast.expr) -> Any:
    """A number, tuple of whole numbers, lower-case word or truth value; None for anything else."""
    if isinstance(node, (ast.Tuple, ast.List)):
        values = tuple(_value(e) for e in node.elts)
        return values if values and all(isinstance(v, int) for v in values) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value.lower() if isinstance(node.value, str) else node.value
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return node.id == "true"
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    return None
