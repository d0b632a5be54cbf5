"""Draws the pictures of the README and the docs: networks as `convdsl draw` has them, light and dark, and what the terminal
shows. `tests/drawing/test_pictures.py` holds that they are what is drawn now.

    python scripts/pictures.py
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from convdsl.drawing.moving.film import written
from convdsl.drawing.picture import draw
from convdsl.messages import LANGUAGES, use_language
from convdsl.network import analyse
from convdsl.report.arithmetic import Notation
from convdsl.report.convolution_film import film_of
from convdsl.report.terminal import print_analysis
from convdsl.source import read
from convdsl.teaching.worked.convolution import Correlation, Options, Transposed
from convdsl.teaching.worked.kernels import Kernel

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
DRAWINGS: dict[str, dict[str, Any]] = {
    "lenet5": {"style": "maps", "width": 900},
    "alexnet": {"style": "boxes", "width": 960},
    "unet": {"style": "u", "legend": True},
    "resnet18": {"depth": 2, "width": 1000},
    "googlenet": {"width": 1000, "colour": "macs", "legend": True},
    "inception_block": {"style": "blocks"},
}
"""Each example that is shown, and how it is drawn."""


def drawings() -> Iterator[tuple[Path, str]]:
    """Every drawing of a network: where it belongs, and its text."""
    for language in LANGUAGES:
        use_language(language)
        for name, chosen in DRAWINGS.items():
            for theme in ("light", "dark"):
                made = draw(analyse(read(ROOT / "examples" / f"{name}.cnn")), theme, **chosen)
                parts = [name, *(["es"] if language == "es" else []), *(["dark"] if theme == "dark" else [])]
                yield IMAGES / f"{'.'.join(parts)}.svg", made.svg
        yield from films(language)
    use_language(None)


def films(language: str) -> Iterator[tuple[Path, str]]:
    """The windows that slide in the page on `convdsl convolve`, which play by themselves."""
    matrix = ((3, 3, 2, 1, 0), (0, 0, 1, 3, 1), (3, 1, 2, 2, 3), (2, 0, 0, 2, 2), (2, 0, 0, 0, 1))
    works = {
        "convolution": Correlation(matrix, Kernel(None, ((0, 1, 2), (2, 2, 0), (0, 1, 2))), Options((2,), (1,))),
        "transposed": Transposed(((1, 2), (3, 4)), Kernel(None, ((1, 2, 3), (4, 5, 6), (7, 8, 9))), Options((2,))),
    }
    for name, work in works.items():
        for dark in (False, True):
            parts = [name, *(["es"] if language == "es" else []), *(["dark"] if dark else [])]
            yield IMAGES / f"{'.'.join(parts)}.svg", written(film_of(work, Notation()), "svg", dark).decode()


def terminal(program: str, image: str, language: str) -> None:
    """Writes the answer of `convdsl check PROGRAM` to docs/images/IMAGE, in a font of the reader's own."""
    use_language(language)
    source = read(ROOT / program)
    source.name = program
    console = Console(record=True, width=96, highlight=False, markup=False, force_terminal=True, file=io.StringIO())
    print_analysis(console, analyse(source))
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)
    form = form.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    form = re.sub(r"<!-- Generated with .*?-->\s*", "", form)
    console.save_svg(str(IMAGES / image), title=f"convdsl check {program}", code_format=form)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for path, text in drawings():
        path.write_text(text, encoding="utf-8")
    terminal("examples/lenet5.cnn", "check.svg", "en")
    terminal("examples/lenet5.cnn", "check.es.svg", "es")
