"""Windows that slide, as films: as many pictures as places, lit what the operation says, and at the end its output."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from convdsl.cli import main
from convdsl.drawing.moving.film import FORMATS, Film, written
from convdsl.drawing.scene import Rect, Text
from convdsl.layers import SizeError
from convdsl.messages import use_language
from convdsl.report.arithmetic import Notation
from convdsl.report.convolution_film import film_of, with_zeros
from convdsl.teaching.worked.convolution import Correlation, Options, Pooling, Transposed
from convdsl.teaching.worked.kernels import Kernel

KERNEL = ((0, 1, 2), (2, 2, 0), (0, 1, 2))
# The fifteen animations of Dumoulin and Visin (2016): kind, input, window, stride, padding, dilation, output padding, output.
CASES = {
    "no padding, no strides": ("conv", 4, 3, 1, 0, 1, 0, 2),
    "arbitrary padding, no strides": ("conv", 5, 4, 1, 2, 1, 0, 6),
    "same padding, no strides": ("conv", 5, 3, 1, 1, 1, 0, 5),
    "full padding, no strides": ("conv", 5, 3, 1, 2, 1, 0, 7),
    "no padding, strides": ("conv", 5, 3, 2, 0, 1, 0, 2),
    "padding, strides": ("conv", 5, 3, 2, 1, 1, 0, 3),
    "padding, strides, odd": ("conv", 6, 3, 2, 1, 1, 0, 3),
    "no padding, no strides, transposed": ("tconv", 2, 3, 1, 0, 1, 0, 4),
    "arbitrary padding, no strides, transposed": ("tconv", 6, 4, 1, 2, 1, 0, 5),
    "same padding, no strides, transposed": ("tconv", 5, 3, 1, 1, 1, 0, 5),
    "full padding, no strides, transposed": ("tconv", 7, 3, 1, 2, 1, 0, 5),
    "no padding, strides, transposed": ("tconv", 2, 3, 2, 0, 1, 0, 5),
    "padding, strides, transposed": ("tconv", 3, 3, 2, 1, 1, 0, 5),
    "padding, strides, odd, transposed": ("tconv", 3, 3, 2, 1, 1, 1, 6),
    "dilation": ("conv", 7, 3, 1, 0, 2, 0, 3),
    "two by two, stride two, transposed": ("tconv", 2, 2, 2, 0, 1, 0, 4),
}


def made(kind: str, n: int, k: int, s: int, p: int, d: int, op: int = 0) -> Any:
    matrix = tuple(tuple((7 * r + 3 * c) % 5 for c in range(n)) for r in range(n))
    kernel = Kernel(None, tuple(tuple((r * k + c) % 4 - 1 for c in range(k)) for r in range(k)))
    how = Options((s,), (p,), (d,), (op,))
    return Transposed(matrix, kernel, how) if kind == "tconv" else Correlation(matrix, kernel, how)


def numbers_at_the_end(film: Film, size: tuple[int, int]) -> list[int]:
    """The numbers in the output's cells of the last picture, row by row."""
    shapes = film.pictures[-1]
    cells = {}
    for number, shape in enumerate(shapes):
        if isinstance(shape, Rect) and shape.fill in ("fill:up", "band:up"):
            text = shapes[number + 1]
            assert (
                isinstance(text, Text)
                and shape.x <= text.left
                and text.left + text.width <= shape.x + shape.width + 0.01
            )
            cells[round(shape.y, 2), round(shape.x, 2)] = int(text.text.replace("−", "-"))
    assert len(cells) == size[0] * size[1]
    return [cells[place] for place in sorted(cells)]


@pytest.mark.parametrize("name", CASES)
def test_the_classic_cases(name: str) -> None:
    *case, output = CASES[name]
    work = made(*case)
    assert work.size == (output, output)
    wanted = [v for row in work.output for v in row]
    film = film_of(work, Notation())
    assert len(film.pictures) == (case[1] ** 2 if case[0] == "tconv" else output**2) == len(film.said)
    assert numbers_at_the_end(film, work.size) == wanted
    if case[0] == "tconv":  # both readings come to the same
        zeros = film_of(work, Notation(), reading="zeros")
        assert len(zeros.pictures) == output**2
        assert numbers_at_the_end(zeros, work.size) == wanted
        assert with_zeros(work).output == work.output


def test_the_numbers_of_the_paper() -> None:
    """Figure 1.1 of Dumoulin and Visin, with stride 2 and padding 1."""
    matrix = ((3, 3, 2, 1, 0), (0, 0, 1, 3, 1), (3, 1, 2, 2, 3), (2, 0, 0, 2, 2), (2, 0, 0, 0, 1))
    work = Correlation(matrix, Kernel(None, KERNEL), Options((2,), (1,)))
    assert numbers_at_the_end(film_of(work, Notation()), (3, 3)) == [6, 17, 3, 8, 17, 13, 6, 4, 4]


def test_the_figures_that_are_wrong_in_the_guide() -> None:
    """Its animation `numerical_padding_strides` shows 1 6 5 / 7 10 9 / 7 10 8 for these (conv_arithmetic, issue 17)."""
    matrix = ((2, 2, 3, 3, 3), (0, 1, 3, 0, 3), (2, 3, 0, 1, 3), (3, 3, 2, 1, 2), (3, 3, 0, 2, 3))
    work = Correlation(matrix, Kernel(None, ((2, 0, 1), (1, 0, 0), (0, 1, 1))), Options((2,), (1,)))
    assert numbers_at_the_end(film_of(work, Notation()), (3, 3)) == [1, 5, 6, 7, 8, 3, 3, 10, 4]


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), k=st.integers(1, 4), s=st.integers(1, 3), p=st.integers(0, 3), d=st.integers(1, 2),
       op=st.integers(0, 2),
       kind=st.sampled_from(["conv", "tconv", "max", "avg"]))  # fmt: skip
def test_what_is_lit_is_what_the_window_sees(n: int, k: int, s: int, p: int, d: int, op: int, kind: str) -> None:
    try:
        if kind in ("max", "avg"):
            matrix = tuple(tuple(r + c for c in range(n)) for r in range(n))
            work: Any = Pooling(matrix, kind, (k, k), Options((s,), (p,), (d,)))
        else:
            work = made(kind, n, k, s, p, d, op if kind == "tconv" else 0)
    except SizeError:
        return
    if kind != "avg":
        film = film_of(work, Notation())
        assert numbers_at_the_end(film, work.size) == [v for row in work.output for v in row]
    if kind == "tconv":
        return
    film = film_of(work, Notation())
    for picture, (row, column) in zip(film.pictures, work.places(), strict=True):
        lit = [shape for shape in picture if isinstance(shape, Rect) and shape.fill == "fill:act"]
        seen = [c for cells in work.cells(row, column) for c in cells if c.inside or kind != "max"]
        assert len(lit) == len(seen)
        assert sum(shape.dashed for shape in lit) == sum(not c.inside for c in seen)
        assert all(shape.x >= 0 and shape.x + shape.width <= film.width for shape in lit)


def convolve(*arguments: object) -> int:
    try:
        return main(["convolve", *map(str, arguments)])
    finally:
        use_language("en")


MATRIX = "3 3 2 1 0; 0 0 1 3 1; 3 1 2 2 3; 2 0 0 2 2; 2 0 0 0 1"


def test_every_format_has_every_picture(tmp_path: Path) -> None:
    for format in FORMATS:
        assert convolve(MATRIX, "-k", "0 1 2; 2 2 0; 0 1 2", "-p", 1, "-o", tmp_path / f"a.{format}") == 0
    drawn = (tmp_path / "a.svg").read_text()
    import xml.etree.ElementTree as ElementTree

    assert len(ElementTree.fromstring(drawn).findall("{http://www.w3.org/2000/svg}g")) == 25
    assert "prefers-reduced-motion" in drawn and "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    moving = Image.open(tmp_path / "a.gif")
    assert moving.n_frames == 25 and (tmp_path / "a.gif").stat().st_size < 200_000  # type: ignore[attr-defined]
    page = (tmp_path / "a.html").read_text()
    assert page.count('<g class="p') == 25 and 'aria-live="polite"' in page and "src=" not in page
    assert (tmp_path / "a.tex").read_text().count(r"\begin{tikzpicture}") == 25


def test_tex_has_a_page_for_each(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no LaTeX here")
    assert (
        convolve("1 2; 3 4", "-k", "1 0; 0 1", "--transposed", "-s", 2, "-o", tmp_path / "a.tex", "--lang", "es") == 0
    )
    done = subprocess.run(["pdflatex", "-halt-on-error", "a.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-800:]
    assert re.search(r"\(4 pages", done.stdout)


@pytest.mark.parametrize(
    "program, layer, size",
    [("input 227x227x3 -> conv 96 k11 s4 relu", 1, 16), ("input 8x8x4 -> maxpool 2", 1, 16),
     ("input 10x3 -> conv 2 k3 p causal", 1, 10), ("input 7x7x3 -> tconv 4 k4 s2 p1", 1, 49),
     ("input 9x9x1 -> conv 4 k3 -> avgpool 3 s2", 2, 9), ("input 5x9x1 -> conv 2 k3x5 d1 p same", 1, 45)],
)  # fmt: skip
def test_a_layer_of_a_program(tmp_path: Path, program: str, layer: int, size: int) -> None:
    (tmp_path / "net.cnn").write_text(program)
    assert convolve("--layer", layer, "--of", tmp_path / "net.cnn", "-o", tmp_path / "a.svg") == 0
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn.count('<g class="p') == size
    assert ("instead of 227×227" in drawn) == ("227" in program)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("1 2; 3 4", "-k", "1 1", "-o", "a.mp4"), "one of .svg, .gif, .html, .tex"),
        (("1 2; 3 4", "-k", "1", "--then", "2", "-o", "a.svg"), "A film shows one window that slides"),
        (("1 2 3; 3 4 5; 6 7 8", "--gradient", "sobel", "-o", "a.svg"), "A film shows one window that slides"),
        (("--layer", "1", "-o", "a.svg"), "go together"),
        (("--layer", "9", "--of", "{net}", "-o", "a.svg"), "There is no layer 9; the last one is 2."),
        (("--layer", "2", "--of", "{net}", "-o", "a.svg"), "has no window that slides"),
        (("--layer", "1", "--of", "{net}"), "`-o` says where the film goes"),
        (("1 2; 3 4", "-k", "1", "-o", "no/such/a.svg"), "cannot be written"),
        (
            (";".join([" ".join("1" * 60)] * 60), "-k", "1", "-o", "a.gif"),
            "That would be 3,600 cells; a film shows 2,500 at most. Take a smaller matrix",
        ),
    ],
)
def test_what_is_no_film_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: Any, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text("input 8x8x1 -> conv 2 k3 -> dense 3")
    assert convolve(*(a.format(net="net.cnn") for a in arguments)) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["net.cnn"]


@pytest.mark.parametrize("kind", ["conv", "tconv"])
def test_of_many_places_some_are_shown_and_it_says_so(kind: str) -> None:
    """The last picture is the whole output all the same."""
    work = made(kind, 18, 3, 1, 1, 1)
    film = film_of(work, Notation(), note="A note.")
    assert len(film.pictures) == len(film.said) == 324 // 6
    assert film.about.endswith("A note. Of 324 places one in 6 is shown.")
    assert film.said[-1].startswith("row 18, column 18")
    assert numbers_at_the_end(film, work.size) == [int(v) for row in work.output for v in row]
    whole = film_of(made(kind, 14, 3, 1, 1, 1), Notation())
    assert len(whole.pictures) == 196 and "one in" not in whole.about


def test_films_are_the_same_each_time() -> None:
    work = made("conv", 4, 3, 1, 1, 1)
    assert all(written(film_of(work, Notation()), f) == written(film_of(work, Notation()), f) for f in FORMATS)
