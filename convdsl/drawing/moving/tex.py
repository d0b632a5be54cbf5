"""A film as LaTeX: a page for each picture, to be stepped through, or shown by the package `animate`."""

from __future__ import annotations

from convdsl.drawing.moving.film import Film
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.tex import pages


def write(film: Film, colours: Theme) -> bytes:
    """The content of a .tex file."""
    return pages([film.scene(n) for n in range(len(film.pictures))], colours).encode()
