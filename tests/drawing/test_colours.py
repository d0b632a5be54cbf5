"""Colours that can be read and told apart: by everybody, on light and dark pages, and in print."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from convdsl.drawing.telling import KINDS
from convdsl.drawing.themes import HEATS, THEMES, theme

# How eyes without one kind of cone see linear light (Machado, Oliveira and Fernandes, 2009).
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))


def linear(colour: str) -> tuple[float, ...]:
    values = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


def luminance(colour: str) -> float:
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: tuple[float, ...]) -> tuple[float, ...]:
    """CIE L*a*b* of linear sRGB."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (sum(a * b for a, b in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True))
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (max(x, 0), max(y, 0), max(z, 0))]
    return (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))


def seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    rgb = linear(colour)
    return tuple(min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in matrix)


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5


@pytest.mark.parametrize("mono", [False, True])
@pytest.mark.parametrize("name", THEMES)
def test_text_and_outlines_stand_out(name: str, mono: bool) -> None:
    colours = theme(name, mono)
    papers = [colours.of(p) for p in ("paper", "frame", "frame2")]
    for role in colours.colours:
        if role.startswith(("fill:", "heat:")):
            assert contrast(colours.of("ink"), colours.of(role)) >= 4.5, role
            assert contrast(colours.of("muted"), colours.of(role)) >= 4.5 or role.startswith("heat:"), role
        if role.startswith("line:") or role in ("wire", "frameline"):
            for paper in papers:
                assert contrast(colours.of(role), paper) >= 3, (role, paper)
    for paper in papers:
        assert contrast(colours.of("ink"), paper) >= 4.5 and contrast(colours.of("muted"), paper) >= 4.5
    for role in ("paper", "fill:error"):
        assert contrast(colours.of("line:error"), colours.of(role)) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA], ids=["deuteranopia", "protanopia"])
def test_kinds_are_told_apart_without_red_and_green(name: str, matrix: tuple[tuple[float, ...], ...]) -> None:
    """By the outline's colour; kinds of one form (see styles/blocks.py) are compared, others differ by their form."""
    colours = theme(name)
    round_, slanted = ("dense", "input", "act"), ("pool", "up")
    forms = [round_, slanted, tuple(k for k in KINDS if k not in (*round_, *slanted, "join", "block"))]
    for form in forms:
        for one, other in combinations(form, 2):
            a, b = (lab(seen(colours.of(f"line:{k}"), matrix)) for k in (one, other))
            c, d = (lab(seen(colours.of(f"fill:{k}"), matrix)) for k in (one, other))
            assert max(distance(a, b), distance(c, d)) >= 15, (one, other, distance(a, b), distance(c, d))


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("mono", [False, True])
def test_more_is_stronger(name: str, mono: bool) -> None:
    """The steps of a scale are even enough to be told apart, and go one way."""
    colours = theme(name, mono)
    lights = [lab(linear(colours.of(f"heat:{n}")))[0] for n in range(HEATS)]
    steps = [b - a for a, b in pairwise(lights)]
    assert all(step < -3 for step in steps) or all(step > 3 for step in steps), lights
