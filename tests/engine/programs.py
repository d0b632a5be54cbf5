"""Small networks that between them use every option of the language, and a generator of random ones."""

from __future__ import annotations

import random

PROGRAMS = [
    "input 9x9x3 -> conv 8 k3 relu -> maxpool 2 -> dense 10 softmax",
    "input 9x8x3 -> conv 5 k3x2 s2x1 p1x0 d1x2 tanh -> dense 4",
    "input 9x9x4 -> conv 6 k3 g2 p same relu -> conv 20 k3 p1 s2 relu -> dense 4",
    "input 9x9x4 -> conv 6 k3 p same -> conv 6 k3 s3 p1 relu -> gap -> dense 4",
    "input 6x6x4 -> conv 6 k1 -> tconv 5 k3 s2 p1 op1 relu -> tconv 4 k2 s3 -> gap -> dense 3",
    "input 6x6x4 -> conv 6 k1 -> tconv 4 k4 s2 p same g2 -> dwconv k3 p1 m2 relu -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> local 3 k3 p1 relu -> local 2 k2 s2 nobias -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> avgpool 3 s2 p1 ceil -> minpool 2 s1 -> medianpool 3 s1 p1 -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> avgpool 3 s2 p1 exclude_pad -> adaptiveavgpool 2x3 -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> maxpool 3 s2 p1 d1 ceil -> gmp -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> maxpool 3 s1 p2 -> avgpool 4x3 s2x1 p3x2 ceil exclude_pad -> minpool 2 d3 s2 p3 -> dense 3",
    "input 7x6x8 -> conv 16 k3 p1 relu -> maxpool 3 s1 p2 -> medianpool 3x2 s1 p2x1 -> avgpool 5 s3 p4 -> dense 3",
    "input 9x3 -> conv 8 k1 -> avgpool 4 s1 p3 exclude_pad -> maxpool 2 s3 d2 p2 ceil -> dense 3",
    "input 4x4x4x2 -> conv 4 k1 -> maxpool 3 s2 p2 -> avgpool 2 s1 d2 p2 exclude_pad -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> bn relu -> conv 4 k3 -> bn -> dense 3",
    "input 8x8x4 -> conv 4 k3 -> ln relu -> ln channels -> in -> gn 2 sigmoid -> lrn -> scale -> dense 3",
    "input 8x8x4 -> conv 4 k3 -> bn eps=0.1 momentum=0.99 relu -> conv 4 k1 -> freeze { bn eps=0.5 momentum=0.2 } -> "
    "ln eps=0.3 -> ln channels eps=0.2 -> in eps=0.1 tanh -> gn 2 eps=0.4 -> dense 3",
    "input 6x6x3 -> conv 4 k3 relu6 -> conv 4 k1 leaky_relu 0.1 -> conv 4 k1 prelu -> conv 4 k1 elu -> dense 3",
    "input 6x6x3 -> conv 4 k3 selu -> conv 4 k1 gelu -> conv 4 k1 silu -> conv 4 k1 hardsigmoid -> hardswish -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> residual { conv 4 k3 p1 relu -> conv 4 k3 p1 } -> mul { identity | gap -> conv 4 k1 sigmoid } "
    "-> concat { conv 3 k1 | conv 2 k3 p1 | identity } -> shuffle 3 -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> aux 0.3 { gap -> dense 3 softmax } -> freeze { conv 4 k3 } -> pad 1 -> crop 1x2 "
    "-> upsample 2 -> upsample 2 bilinear -> dense 3 softmax",
    "input 6x6x4 -> conv 4 k3 p1 -> filter gaussian -> filter median -> conv 3 k3 p1 -> dense 8 -> reshape 2x2x2 "
    "-> conv 3 k2 p1 softmax -> flatten -> dense 3",
    "input 20x3 -> conv 4 k3 relu -> maxpool 2 -> tconv 3 k3 s2 -> dense 3",
    "input 4x5x6x2 -> conv 4 k3 p1 relu -> maxpool 2 -> conv 3 k2 -> bn relu -> upsample 2 bilinear -> dense 3",
    "input 12 -> dense 20 relu -> bn -> dense 300 relu -> dense 5 softmax",
    "input 6x6x4 -> freeze { conv 4 k3 relu } -> conv 5 k3 relu -> dense 3",
    "input 8x8x3 -> freeze { conv 4 k3 -> bn relu } -> conv 4 k1 -> freeze { bn relu -> conv 3 k3 -> bn tanh -> bn } "
    "-> residual { freeze { bn } } -> bn -> dense 3",
]


def random_program(seed: int) -> str:
    """A network of a few layers, each of which fits the sizes that the ones before it leave."""
    rng = random.Random(seed)
    height, width, channels = rng.randint(5, 9), rng.randint(5, 9), rng.randint(1, 6)
    lines = [f"input {height}x{width}x{channels}"]
    for _ in range(rng.randint(2, 4)):
        line, height, width, channels = _layer(rng, height, width, channels)
        lines.append(line)
    lines.append(f"dense {rng.randint(2, 5)}" + rng.choice(["", " softmax"]))
    return "\n".join(lines)


def _activation(rng: random.Random) -> str:
    return rng.choice(["", "", " relu", " tanh", " sigmoid", " gelu", " elu", " prelu", " leaky_relu 0.2"])


def _layer(rng: random.Random, h: int, w: int, c: int) -> tuple[str, int, int, int]:
    kind = rng.choice(
        ["conv", "conv", "conv", "dwconv", "tconv", "pool", "norm", "residual", "concat", "move", "local"]
    )
    if kind == "conv":
        k, s, p = rng.randint(1, min(3, h, w)), rng.randint(1, 2), rng.randint(0, 1)
        g = rng.choice([d for d in range(1, c + 1) if c % d == 0])
        f = g * rng.randint(1, 4)
        return f"conv {f} k{k} s{s} p{p} g{g}{_activation(rng)}", _out(h, k, s, p), _out(w, k, s, p), f
    if kind == "dwconv":
        m = rng.randint(1, 2)
        return f"dwconv k3 p1 m{m}{_activation(rng)}", h, w, c * m
    if kind == "tconv":
        f, s, k = rng.randint(1, 4), rng.randint(1, 2), rng.randint(1, 3)
        return f"tconv {f} k{k} s{s}{_activation(rng)}", (h - 1) * s + k, (w - 1) * s + k, f
    if kind == "pool" and min(h, w) >= 3:
        name, k, s, p = (
            rng.choice(["maxpool", "avgpool", "minpool"]),
            rng.randint(2, 3),
            rng.randint(1, 2),
            rng.randint(0, 1),
        )
        return f"{name} {k} s{s} p{p}", _out(h, k, s, p), _out(w, k, s, p), c
    if kind == "residual":
        return f"residual {{ conv {c} k3 p1{_activation(rng)} -> bn }}{_activation(rng)}", h, w, c
    if kind == "concat":
        f = rng.randint(1, 4)
        return f"concat {{ conv {f} k1{_activation(rng)} | identity | conv {f} k3 p1 }}", h, w, c + 2 * f
    if kind == "move" and h * w <= 64:
        return rng.choice([("pad 1", h + 2, w + 2, c), ("upsample 2", 2 * h, 2 * w, c), (f"shuffle {c}", h, w, c)])
    if kind == "local" and min(h, w) >= 3:
        return f"local 2 k3{_activation(rng)}", h - 2, w - 2, 2
    return rng.choice(["bn", "ln", "in", "ln channels"]) + _activation(rng), h, w, c


def _out(n: int, k: int, s: int, p: int) -> int:
    return (n + 2 * p - k) // s + 1
