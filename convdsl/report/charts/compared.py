"""Accuracy against operations, the area of each point the parameters (after Canziani, Paszke and Culurciello, 2016)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from convdsl.algebra.numbers import short
from convdsl.drawing import measure
from convdsl.drawing.themes import Theme
from convdsl.messages import T
from convdsl.report.charts.canvas import PAINTS, Chart
from convdsl.report.charts.training import shares
from convdsl.report.comparing import Compared, title, told
from convdsl.report.diagnostics import clean

WIDTH, HEIGHT = 860.0, 520.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 18.0, 16.0, 52.0
LARGEST = 1500.0
"""The area of the largest point, in square points."""
SIZE = 9.5
FILLS = ("line:conv", "line:pool", "line:up", "line:dense")

Box = tuple[float, float, float, float]


def compared_chart(found: Sequence[Compared], colours: Theme | None = None) -> str:
    """The chart as SVG; each point tells its figures and their source. Those without an accuracy are left out."""
    known = [one for one in found if one.accuracy is not None and one.macs > 0]
    most = max(one.params for one in known)
    data = list(dict.fromkeys(one.data for one in known))
    with Chart(WIDTH, HEIGHT) as chart:
        chart.figure.set_layout_engine("none")
        (axes,) = chart.axes
        axes.set_position((LEFT / WIDTH, BOTTOM / HEIGHT, 1 - (LEFT + RIGHT) / WIDTH, 1 - (TOP + BOTTOM) / HEIGHT))
        axes.set_xscale("log")
        macs, right = [one.macs for one in known], [one.accuracy or 0.0 for one in known]
        axes.set_xlim(min(macs) / 2, max(macs) * 2.4)
        room = max(max(right) - min(right), 0.02) * 0.18
        axes.set_ylim(min(right) - room, min(max(right) + room, 1.02))
        wide = max(macs) > 300 * min(macs)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _operations(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        shares(axes.yaxis)
        axes.set_xlabel(str(T("MACs for one image")))
        axes.set_ylabel(str(T("right answers")))
        titles = {}
        for number, one in enumerate(known):
            name = f"net-{number}-"
            titles[name] = told(one)
            axes.scatter([one.macs], [one.accuracy], s=[LARGEST * one.params / most], gid=name, alpha=0.55, linewidths=1.2,
                         color=PAINTS[FILLS[data.index(one.data) % len(FILLS)]])  # fmt: skip
        axes.plot(macs, right, ".", markersize=2.5, color=PAINTS["ink"], linestyle="none")
        for text, x, y in labels(axes, known, most):
            axes.annotate(
                text, (x, y), xycoords="figure pixels", fontsize=SIZE, ha="left", va="baseline", annotation_clip=False
            )
        if len(data) > 1:
            handles = [
                axes.scatter([], [], s=60, alpha=0.55, color=PAINTS[FILLS[n % len(FILLS)]], label=clean(d))
                for n, d in enumerate(data)
            ]
            axes.legend(handles=handles, loc="lower left", fontsize=9)
        axes.text(0.99, 0.02, str(T("area: parameters, the largest {params}", params=short(most))), transform=axes.transAxes,
                  ha="right", fontsize=8.5, color=PAINTS["muted"])  # fmt: skip
        about = "\n".join(map(told, known))
        return chart.svg(title(), about, colours, titles)


def labels(axes: object, known: Sequence[Compared], most: int) -> list[tuple[str, float, float]]:
    """Names beside their points, in pixels from the lower left: for each the first of eight places, nearer and further, where
    it lies on no other name and on no point's middle, and nearer to its own point than to any other."""
    found = []
    taken: list[Box] = []
    centres = [axes.transData.transform((one.macs, one.accuracy)) for one in known]  # type: ignore[attr-defined]
    radii = [(LARGEST * one.params / most / 3.1416) ** 0.5 for one in known]
    circles = [(x - r * 0.8, y - r * 0.8, x + r * 0.8, y + r * 0.8) for (x, y), r in zip(centres, radii, strict=True)]
    for place in sorted(range(len(known)), key=lambda n: -known[n].params):
        one, (x, y) = known[place], centres[place]
        radius = radii[place]
        wide, high = measure.width(clean(one.name), SIZE), SIZE
        best: tuple[float, Box] | None = None
        for far in (3.0, 12.0, 24.0, 40.0, 60.0, 90.0):
            d = radius + far
            for box in (
                (x + d, y - high / 3), (x - d - wide, y - high / 3), (x - wide / 2, y + d), (x - wide / 2, y - d - high * 0.7),
                (x + d * 0.7, y + d * 0.7), (x + d * 0.7, y - d * 0.7 - high), (x - d * 0.7 - wide, y + d * 0.7),
                (x - d * 0.7 - wide, y - d * 0.7 - high),
            ):  # fmt: skip
                area = (box[0] - 2, box[1] - 2, box[0] + wide + 2, box[1] + high)
                cost = sum(_overlap(area, other) for other in taken)
                cost += sum(0.4 * _overlap(area, c) for n, c in enumerate(circles) if n != place)
                own = _gap(area, centres[place], radius)
                cost += sum(50.0 for n, c in enumerate(centres) if n != place and _gap(area, c, radii[n]) < own + 2)
                cost += far / 10
                cost += sum(60.0 for n, c in enumerate(centres) if n != place and _holds(area, c))
                cost += 1e4 * (area[0] < LEFT or area[2] > WIDTH - 4 or area[1] < BOTTOM or area[3] > HEIGHT - 2)
                if best is None or cost < best[0]:
                    best = (cost, area)
        assert best is not None
        taken.append(best[1])
        found.append((clean(one.name), best[1][0] + 2, best[1][1] + 2))
    return found


def _operations(value: float) -> str:
    """`200 k`, `1 M`, `20 G`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def _overlap(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _gap(box: Box, middle: Sequence[float], radius: float) -> float:
    """How far a name is from the edge of a point."""
    x = max(box[0] - middle[0], 0.0, middle[0] - box[2])
    y = max(box[1] - middle[1], 0.0, middle[1] - box[3])
    return float((x * x + y * y) ** 0.5) - radius


def _holds(box: Box, point: Sequence[float]) -> bool:
    return box[0] - 3 <= point[0] <= box[2] + 3 and box[1] - 3 <= point[1] <= box[3] + 3
