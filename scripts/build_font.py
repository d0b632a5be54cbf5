"""Makes the font of the drawings: the letters that drawings need, cut out of Arimo, with the few signs that it lacks.

    python scripts/build_font.py FOLDER-WITH-ARIMO

Arimo has the widths of Arial, Helvetica and Liberation Sans, one of which every browser has, so that one table of widths
(convdsl/drawing/widths.json) serves drawings with and without the font in them. It is under the SIL Open Font License,
and what is made of it has another name. Debian has it in `fonts-croscore`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent.parent / "convdsl" / "drawing" / "fonts"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x218, 0x21B), (0x386, 0x3CE), (0x401, 0x45F), (0x2010, 0x2027))
SIGNS = "‰‹›⁄€№™←↑→↓∂∆∏∑−∙√∞∫≈≠≤≥◊½¼¾"
NARROW = 0x202F
BRACKETS = {0x2308: (0, 1), 0x2309: (1, 1), 0x230A: (0, 0), 0x230B: (1, 0)}
"""Ceilings and floors: whether the foot points left, and whether it is at the top."""
RAISED = {0x2070: "0", 0x2074: "4", 0x2075: "5", 0x2076: "6", 0x2077: "7", 0x2078: "8", 0x2079: "9", 0x207F: "n"}


def build(source: Path, style: str) -> None:
    """Writes sans-STYLE.ttf."""
    font = TTFont(source)
    options = Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [1, 2, 4, 6]
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "kern", "DSIG", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1)] + [ord(c) for c in SIGNS])
    subsetter.subset(font)
    for code in BRACKETS:
        _bracket(font, code, *BRACKETS[code])
    for code, letter in RAISED.items():
        _raised(font, code, letter)
    _add(font, NARROW, TTGlyphPen(None).glyph(), font["hmtx"]["space"][0] * 2 // 3)
    for record in font["name"].names:
        record.string = {1: "Convdsl Sans", 2: style, 4: f"Convdsl Sans {style}", 6: f"ConvdslSans-{style}"}[
            record.nameID
        ]
    font["head"].modified = font["head"].created  # the same bytes whenever it is made
    font.recalcTimestamp = False
    font.save(FONTS / f"sans-{style.lower()}.ttf")


def _add(font: TTFont, code: int, glyph: object, width: int) -> None:
    name = f"uni{code:04X}"
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"].glyphs[name] = glyph
    font["glyf"].glyphOrder = font.getGlyphOrder()
    font["hmtx"].metrics[name] = (width, getattr(glyph, "xMin", 0) if getattr(glyph, "numberOfContours", 0) else 0)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[code] = name


def _bracket(font: TTFont, code: int, left: int, top: int) -> None:
    """A bracket of Arimo without one of its feet."""
    model = font["glyf"]["bracketleft"]
    width = font["hmtx"]["bracketleft"][0]
    low, high = model.yMin, model.yMax
    stroke = 150 if "Bold" not in font["name"].getDebugName(4) else 240
    reach = model.xMax - model.xMin
    pen = TTGlyphPen(None)
    edge = model.xMin

    def box(x0: int, y0: int, x1: int, y1: int) -> None:
        if left:
            x0, x1 = width - x1, width - x0
        pen.moveTo((x0, y0))
        for point in ((x0, y1), (x1, y1), (x1, y0)):
            pen.lineTo(point)
        pen.closePath()

    box(edge, low, edge + stroke, high)
    box(edge + stroke, high - stroke, edge + reach, high) if top else box(
        edge + stroke, low, edge + reach, low + stroke
    )
    glyph = pen.glyph()
    glyph.recalcBounds(font["glyf"])
    _add(font, code, glyph, width)


def _raised(font: TTFont, code: int, letter: str) -> None:
    """A digit as an exponent."""
    name = font.getBestCmap()[ord(letter)]
    width = font["hmtx"][name][0]
    pen = TTGlyphPen(font.getGlyphSet())
    pen.addComponent(name, (0.6, 0, 0, 0.6, 0, 640))
    glyph = pen.glyph()
    glyph.recalcBounds(font["glyf"])
    _add(font, code, glyph, width * 6 // 10)


def widths() -> None:
    """Writes widths.json: for each weight, the letters by their width in thousandths of the size."""
    table = {}
    for style in ("regular", "bold"):
        font = TTFont(FONTS / f"sans-{style}.ttf")
        by_width: dict[int, str] = {}
        for code, name in sorted(font.getBestCmap().items()):
            by_width[round(font["hmtx"][name][0] * 1000 / 2048)] = by_width.get(
                round(font["hmtx"][name][0] * 1000 / 2048), ""
            ) + chr(code)
        table[style] = {str(width): by_width[width] for width in sorted(by_width)}
    (FONTS / "widths.json").write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    FONTS.mkdir(parents=True, exist_ok=True)
    for style in ("Regular", "Bold"):
        build(folder / f"Arimo-{style}.ttf", style)
    widths()
