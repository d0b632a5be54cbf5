"""Draws the pictures of the README: what the terminal shows, as SVG."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.report.terminal import print_analysis
from convdsl.source import read

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


def draw(program: str, image: str, language: str) -> None:
    """Writes the answer of `convdsl check PROGRAM` to docs/images/IMAGE."""
    use_language(language)
    source = read(ROOT / program)
    source.name = program
    console = Console(record=True, width=96, highlight=False, markup=False, force_terminal=True, file=io.StringIO())
    print_analysis(console, analyse(source))
    console.save_svg(str(IMAGES / image), title=f"convdsl check {program}")


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw("examples/lenet5.cnn", "check.svg", "en")
    draw("examples/lenet5.cnn", "check.es.svg", "es")
