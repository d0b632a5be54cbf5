"""The colours of a drawing, by role: light, dark, or grey for printing.

The kinds' colours are chosen after Okabe and Ito, told apart by those who do not see red and green as others do; outlines
stand out from the paper by 3 : 1 at least, and text from every fill by 4.5 : 1 (tests/drawing/test_colours.py).
"""

from __future__ import annotations

from typing import NamedTuple

THEMES = ("light", "dark")


class Theme(NamedTuple):
    """A colour for every role. `colours` are `#rrggbb`."""

    name: str
    colours: dict[str, str]

    def of(self, role: str) -> str:
        return role if role == "none" else self.colours[role]


_LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#57606a",
    "wire": "#5c6670",
    "frame": "#f6f8fa",
    "frame2": "#eceff2",
    "frameline": "#808991",
    "onstrong": "#ffffff",
}
_DARK = {
    "paper": "#0d1117",
    "ink": "#eef2f6",
    "muted": "#a8b3bf",
    "wire": "#96a1ac",
    "frame": "#151b23",
    "frame2": "#1d252f",
    "frameline": "#6b7681",
    "onstrong": "#0d1117",
}
_KINDS = {
    # kind: fill and line on light paper, fill and line on dark paper
    "input": ("#ffffff", "#57606a", "#0d1117", "#a8b3bf"),
    "conv": ("#d3e5f6", "#1f6fb2", "#16314a", "#58a6e8"),
    "up": ("#cdebdf", "#00805d", "#0c3a2d", "#2fb68c"),
    "pool": ("#fbdccb", "#c04a00", "#4a2410", "#f0853f"),
    "norm": ("#fbf1c2", "#8a7300", "#3d350c", "#d6ba2e"),
    "act": ("#ffe7bd", "#a56a00", "#45300a", "#e8a63a"),
    "dense": ("#ead6ec", "#8e3f94", "#3c1f40", "#cf83d4"),
    "join": ("#ffffff", "#1b1f24", "#0d1117", "#eef2f6"),
    "shape": ("#e6e9ec", "#6a737c", "#262d35", "#939eaa"),
    "block": ("#dfe6f3", "#44598a", "#202b42", "#8ea5d8"),
    "error": ("#ffd9d9", "#c4001d", "#54141c", "#ff6b75"),
}
_GREYS = {
    "input": ("#ffffff", "#333333"),
    "conv": ("#ececec", "#333333"),
    "up": ("#f6f6f6", "#333333"),
    "pool": ("#d2d2d2", "#333333"),
    "norm": ("#ffffff", "#777777"),
    "act": ("#fafafa", "#777777"),
    "dense": ("#c2c2c2", "#333333"),
    "join": ("#ffffff", "#111111"),
    "shape": ("#ffffff", "#777777"),
    "block": ("#e0e0e0", "#111111"),
    "error": ("#ffffff", "#000000"),
}
HEATS = 6
_HEAT = (
    ("#f4f7fb", "#dce8f5", "#bfd6ee", "#9dc1e4", "#7aaad8", "#5c94cc"),
    ("#18202a", "#1a2e44", "#1c3c5e", "#1e4a78", "#205892", "#2466aa"),
    ("#ffffff", "#eeeeee", "#dddddd", "#cbcbcb", "#b8b8b8", "#a5a5a5"),
)


def theme(name: str, mono: bool = False) -> Theme:
    """The theme `light` or `dark`; `mono` has no colours but greys."""
    dark = name == "dark"
    colours = dict(_DARK if dark else _LIGHT)
    for kind, shades in _KINDS.items():
        fill, line = shades[2:] if dark else shades[:2]
        if mono:
            fill, line = _GREYS[kind]
            fill, line = (_inverted(fill), _inverted(line)) if dark else (fill, line)
        colours[f"fill:{kind}"], colours[f"line:{kind}"] = fill, line
        colours[f"top:{kind}"], colours[f"side:{kind}"] = _mixed(fill, colours["paper"], 0.45), _mixed(fill, line, 0.22)
        colours[f"band:{kind}"] = _mixed(fill, line, 0.45)
    if mono:
        colours["muted"] = "#b9c3cd" if dark else "#454c53"
    heats = _HEAT[2] if mono else _HEAT[dark]
    for step, colour in enumerate(heats):
        colours[f"heat:{step}"] = _inverted(colour) if mono and dark else colour
    colours["line:heat"] = colours["line:conv"]
    return Theme(name, colours)


def embedded() -> Theme:
    """A theme for drawings that stand in a page: its colours are the page's variables (`stylesheet`), light without it."""
    light = theme("light").colours
    return Theme("page", {role: f"var(--{role.replace(':', '-')}, {colour})" for role, colour in light.items()})


def stylesheet(where: str = ".drawing", mono: bool = False) -> str:
    """What gives `embedded` its light and dark colours in the parts of a page that `where` selects."""
    light, dark = (variables(theme(name, mono)) for name in THEMES)
    return f"{where} {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ {where} {{ {dark} }} }}\n"


def variables(colours: Theme) -> str:
    return " ".join(f"--{role.replace(':', '-')}: {colour};" for role, colour in colours.colours.items())


def _inverted(colour: str) -> str:
    """A grey as it is on dark paper."""
    value = 255 - int(colour[1:3], 16)
    value = 13 + value * 230 // 255
    return f"#{value:02x}{value:02x}{value:02x}"


def _mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another."""
    parts = [round(int(colour[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{p:02x}" for p in parts)
