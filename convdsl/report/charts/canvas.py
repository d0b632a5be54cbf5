"""What all charts share: a figure in our font and with roles for colours, and its text as SVG.

matplotlib takes a second to load, so this is imported where a chart is drawn and nowhere else.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from convdsl.drawing import measure
from convdsl.drawing.themes import Theme, embedded
from convdsl.drawing.writers.svg import escaped

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of its cache of fonts a reader of charts need not know
ROLES = ("paper", "ink", "muted", "frameline", "frame2", "line:conv", "line:pool", "line:up", "line:dense", "line:error",
         "fill:conv", "fill:pool", "fill:up", "fill:dense")  # fmt: skip
PAINTS = {role: f"#0{number:x}fe{number:02x}" for number, role in enumerate(ROLES, 1)}
"""Colours that stand for roles while a chart is made: nobody else uses them."""
SERIES = ("line:conv", "line:pool", "line:up", "line:dense")
_FAMILY = "Liberation Sans"
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "convdsl",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "font.family": [_FAMILY],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PAINTS["frameline"],
    "axes.labelcolor": PAINTS["ink"],
    "axes.titlecolor": PAINTS["ink"],
    "axes.facecolor": "none",
    "axes.linewidth": 1.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PAINTS["frame2"],
    "grid.linewidth": 0.8,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.dpi": 72,
    "text.color": PAINTS["ink"],
    "xtick.color": PAINTS["frameline"],
    "ytick.color": PAINTS["frameline"],
    "xtick.labelcolor": PAINTS["ink"],
    "ytick.labelcolor": PAINTS["ink"],
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "patch.edgecolor": PAINTS["ink"],
}


class Chart:
    """A figure `width` × `height` pixels, with axes in `rows` and `columns`; used in a `with`, in which it is drawn."""

    def __init__(self, width: float, height: float, rows: int = 1, columns: int = 1, **grid: Any) -> None:
        self._size = (width / 72, height / 72)
        self._grid = (rows, columns, grid)
        self._context: Any = None

    def __enter__(self) -> Chart:
        self._context = matplotlib.rc_context(_STYLE)
        self._context.__enter__()
        _take_font()
        self.figure = Figure(figsize=self._size, layout="constrained")
        FigureCanvasSVG(self.figure)
        rows, columns, grid = self._grid
        found = self.figure.subplots(rows, columns, squeeze=False, **grid)
        self.axes = [axes for row in found for axes in row]
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)

    def svg(self, title: str, about: str, colours: Theme | None = None, titles: Mapping[str, str] | None = None) -> str:
        """The text of the SVG; colours are variables of a page, or those of a theme. `titles` are said of the parts that
        were given these names (`set_gid`)."""
        file = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # letters that our font lacks are in the reader's
            self.figure.savefig(file, format="svg", metadata={"Date": None})
        return _ours(file.getvalue(), title, about, colours or embedded(), titles or {})


def _take_font() -> None:
    """Our font is known to matplotlib as what its widths are."""
    path = str(measure.FONTS / "sans-regular.ttf")
    if not any(entry.fname == path for entry in font_manager.fontManager.ttflist):
        for weight, file in ((400, "sans-regular.ttf"), (700, "sans-bold.ttf")):
            entry = font_manager.FontEntry(
                fname=str(measure.FONTS / file), name=_FAMILY, style="normal", variant="normal", weight=weight,
                stretch="normal", size="scalable",
            )  # fmt: skip
            font_manager.fontManager.ttflist.insert(0, entry)


def _ours(text: str, title: str, about: str, colours: Theme, titles: Mapping[str, str]) -> str:
    """matplotlib's SVG without what a part of a page must not have: a head, a style for everything, addresses."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" stroke-linejoin="round" font-family="{measure.FAMILY}">\n'
        f"<title>{escaped(title)}</title>\n<desc>{escaped(about)}</desc>"
    )
    text = re.sub(r"<svg[^>]*>", lambda _: head, text, count=1)
    text = text.replace("xlink:href", "href").replace(f"font-family: '{_FAMILY}'; ", "")
    text = re.sub(rf"font: ((?:\d+ )?)([\d.]+)px '{_FAMILY}'", r"font-weight: \1; font-size: \2px", text)
    text = text.replace("font-weight: ; ", "").replace(" ; font-size", "; font-size")
    text = re.sub(r' id="[A-Za-z.]+\d?[A-Za-z]*_\d+"', "", text)  # names of no use, the same in each chart of a page
    for role, paint in PAINTS.items():
        text = text.replace(paint, colours.of(role))
    for name, said in titles.items():
        text = text.replace(f'<g id="{name}">', f'<g id="{name}">\n<title>{escaped(said)}</title>')
    return re.sub(r"\n\s*\n+", "\n", text)
