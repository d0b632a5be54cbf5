"""`convdsl convolve` as a process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

M = "3 0 1 2 7 4;1 5 8 9 3 1;2 7 2 5 1 3;0 1 3 1 7 8;4 2 1 6 2 8;2 4 5 2 3 9"
VERTICAL = "1 0 -1; 1 0 -1; 1 0 -1"


def test_the_first_place_of_the_first_lecture(convdsl: Any) -> None:
    done = convdsl("convolve", M, "--kernel", VERTICAL, "--at", "1,1")
    assert done.returncode == 0
    assert "3·1 + 0·0 + 1·(−1)" in done.stdout
    assert "= −5" in done.stdout
    assert "(6 + 2·0 − 3)/1 + 1 = 4" in done.stdout
    assert "\x1b" not in done.stdout


def test_in_spanish(convdsl: Any) -> None:
    done = convdsl("convolve", M, "--kernel", "prewitt_x", "--true", "--at", "1,1", "--lang", "es")
    assert "Fila 1, columna 1" in done.stdout
    assert "180°" in done.stdout


def test_steps_in_a_pipe_are_a_line_each(convdsl: Any) -> None:
    lines = convdsl("convolve", M, "--kernel", "mean", "--steps").stdout.splitlines()
    assert len(lines) == 16
    assert lines[0].startswith("row 1, column 1: (3·1 + 0·1")
    assert lines[0].endswith("= 29/9 ≈ 3.222")


def test_json_has_everything(convdsl: Any) -> None:
    data = json.loads(
        convdsl("convolve", M, "-k", "sobel_x", "-s", "2", "-p", "same", "--at", "1,1", "--format", "json").stdout
    )
    assert data["size"] == [3, 3]
    assert data["stride"] == [2, 2]
    assert data["padding"] == [[0, 1], [0, 1]]
    assert data["places"][0]["result"] == data["output"][0][0] == sum(a * b for a, b in data["places"][0]["products"])


def test_json_of_several_kernels_and_of_fractions(convdsl: Any) -> None:
    data = json.loads(convdsl("convolve", M, "-k", "mean", "--then", "sobel_x", "--format", "json").stdout)
    assert data["equivalent"]["divisor"] == 9
    assert data["same_at"] == data["places_in_all"] == 4
    assert data["output"][0] == ["-35/9", "-1/3"]
    data = json.loads(convdsl("convolve", "1 2; 3 4", "--pool", "avg", "2", "--format", "json").stdout)
    assert data["output"] == [[2.5]]


def test_slides(convdsl: Any) -> None:
    latex = convdsl("convolve", M, "-k", "mean", "--at", "1,1", "--format", "latex").stdout
    assert r"\begin{array}{rrrrrr} 3 & 0 & 1 & 2 & 7 & 4 \\" in latex
    assert r"= \frac{29}{9} \approx 3.222" in latex
    assert "−" not in latex
    markdown = convdsl("convolve", M, "-k", "prewitt_x", "--format", "markdown").stdout
    assert markdown.startswith("$$\n")
    assert "(6 + 2·0 − 3)/1 + 1 = 4" in markdown


def test_flattening_reads_line_by_line(convdsl: Any) -> None:
    given = "0 23 45 84; 39 100 185 75; 96 56 201 89; 78 35 72 84"
    data = json.loads(convdsl("convolve", given, "--flatten", "--format", "json").stdout)
    assert data["flat"] == [0, 23, 45, 84, 39, 100, 185, 75, 96, 56, 201, 89, 78, 35, 72, 84]
    assert "one row of 16 values" in convdsl("convolve", given, "--flatten").stdout


def test_gradients_on_a_matrix(convdsl: Any) -> None:
    out = convdsl("convolve", M, "--gradient", "prewitt", "--at", "1,1").stdout
    assert "√((−5)² + (−7)²) = √74 ≈ 8.602" in out


def test_a_matrix_from_a_file_and_from_standard_input(convdsl: Any, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("1;2;3\n0,5;1;2\n")
    done = convdsl("convolve", "m.csv", "--pool", "max", "2")
    assert "[ 2 ]" in done.stdout
    assert "the last column is read by no window" in done.stdout.replace("The stride does not divide: ", "")
    (tmp_path / "k.txt").write_text("1 1\n1 1\n")
    assert "[ 10 ]" in convdsl("convolve", "-k", "k.txt", stdin="1 2\n3 4\n").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("1 2; 3 4", "-k", "mean"), "(2 + 2·0 − 3)/1 + 1 = 0"),
        (("1 2; 3", "-k", "mean"), "row 1 has 2, row 2 has 1"),
        (("1 a; 3 4", "-k", "mean"), "`a` is not a number"),
        (("1 2; 3 4",), "Say what to do"),
        (("1 2; 3 4", "-k", "sobel"), "`sobel_x` and `sobel_y`"),
        (("1 2; 3 4", "-k", "1", "--pool", "max", "2"), "two operations"),
        (("1 2; 3 4", "-k", "1", "-s", "0"), "at least 1"),
        (("1 2; 3 4", "-k", "1", "-p", "-1"), "-p/--padding"),
        (("1 2; 3 4", "-k", "1", "-p", "half"), "`half`"),
        (("1 2; 3 4", "-k", "1", "--at", "0,1"), "both from 1"),
        (("1 2; 3 4", "-k", "1", "--at", "9,9"), "2 rows and 2 columns"),
        (("1 2; 3 4", "--pool", "max", "2", "-p", "2"), "holds nothing but padding"),
        (("1 2; 3 4", "--pool", "most", "2"), "max, min, avg, median"),
        (("1 2; 3 4", "-k", "median", "--true"), "no convolution"),
        (("1 2; 3 4", "--then", "mean", "--flatten"), "go with `--kernel`"),
        (("1 2; 3 4", "-k", "1", "--out", "x.png"), "one of .svg, .gif, .html, .tex"),
        (("1 2; 3 4", "-k", "1", "--decimals", "99"), "between 0 and 12"),
        (("missing.txt", "-k", "mean"), "no file missing.txt"),
        (("missing.png", "-k", "mean"), "no file missing.png"),
        (("nothing", "-k", "mean"), "no matrix, no file and no data set"),
        (("fashion-mini:5000", "-k", "mean"), "0 to 999"),
        (("fashion-mini:5", "--flatten"), "are for matrices"),
    ],
)
def test_wrong_calls_say_why(convdsl: Any, arguments: tuple[str, ...], complaint: str) -> None:
    done = convdsl("convolve", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kernel", ["mean", "gaussian 5", "sharpen", "sobel_x", "prewitt_y", "median", "gradient"])
def test_pictures_are_filtered(convdsl: Any, tmp_path: Path, kernel: str) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:15, 10:20] = (250, 120, 30)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    what = ("--gradient", "sobel") if kernel == "gradient" else ("-k", kernel)
    done = convdsl("convolve", "in.png", *what, "--out", "out.png")
    assert done.returncode == 0, done.stderr
    assert "20×30×3 → 20×30×3" in done.stdout
    assert "Values from" in done.stdout
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == (20, 30, 3)


def test_a_place_of_a_picture(convdsl: Any) -> None:
    out = convdsl("convolve", "fashion-mini:3", "-k", "mean", "--at", "10,14").stdout
    assert "Row 10, column 14" in out
    assert ")/9" in out


def test_a_matrix_does_not_load_numpy() -> None:
    from tests.test_architecture import loaded_by

    code = f"from convdsl.cli import main; main(['convolve', {M!r}, '-k', 'mean'])"
    assert not loaded_by(code) & {"numpy", "numba", "sympy", "PIL", "lark"}


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        ("2 0 -2; 2 0 -2; 2 0 -2", "2 times `prewitt_x`"),
        ("1 2 1; 0 0 0; -1 -2 -1", "`sobel_y`"),
        ("1/16 [1 2 1; 2 4 2; 1 2 1]", "This kernel is `gaussian`."),
        ("1 1 1; 1 1 1; 1 1 1", "add up to 9"),
    ],
)
def test_a_typed_kernel_is_recognised(convdsl: Any, kernel: str, said: str) -> None:
    assert said in convdsl("convolve", "1 2 3; 4 5 6; 7 8 9", "-k", kernel).stdout
    assert "This kernel" not in convdsl("convolve", "1 2 3; 4 5 6; 7 8 9", "-k", "1 2 3; 4 5 7; 7 8 9").stdout


def test_a_place_of_a_picture_behind_two_kernels(convdsl: Any) -> None:
    at = ["--at", "10,10"]
    both = convdsl("convolve", "fashion-mini:3", "-k", "mean", "--then", "sobel_x", *at)
    assert both.returncode == 0 and "Step 2" in both.stdout and both.stdout.count("Row 10, column 10") == 1
    once = convdsl("convolve", "fashion-mini:3", "-k", "mean", "--at", "9,9").stdout
    assert once.strip().endswith("= 1/9 ≈ 0.1111") and "= 1/9 + 0 −" in both.stdout


CHANNELS = ["1 2 0; 3 4 1; 0 1 2", "-k", "1 0; 0 -1", "--channel", "0 1 1; 1 0 2; 1 1 1", "1 1; 1 1"]


def test_a_filter_over_channels_with_bias_and_relu(convdsl: Any) -> None:
    done = convdsl("convolve", *CHANNELS, "--bias", "-4", "--relu", "--at", "1,1")
    assert done.returncode == 0 and "max(0, −3 + 2 − 4) = max(0, −5) = 0" in done.stdout
    data = json.loads(convdsl("convolve", *CHANNELS, "--bias", "-4", "--relu", "--format", "json").stdout)
    pictures = [np.array(c["input"]) for c in data["channels"]]
    kernels = [np.array(c["kernel"]["rows"]) for c in data["channels"]]
    places = [(r, c) for r in range(2) for c in range(2)]
    sums = [
        sum(int((p[r : r + 2, c : c + 2] * k).sum()) for p, k in zip(pictures, kernels, strict=True)) for r, c in places
    ]
    assert np.array(data["sums"]).ravel().tolist() == sums
    assert np.array(data["output"]).ravel().tolist() == [max(0, s - 4) for s in sums]


@pytest.mark.parametrize(
    ("format", "part"),
    [
        ("text", "[ 0  1 ]"),
        ("markdown", r"\max\left(0, \left[\begin{array}{rr} -1 & 5"),
        ("latex", r"\right] - 4\right)"),
        ("html", "<h3>Suma, sesgo, ReLU</h3>"),
    ],
)
def test_channels_in_every_format(convdsl: Any, format: str, part: str) -> None:
    done = convdsl("convolve", *CHANNELS, "--bias", "-4", "--relu", "--format", format, "--lang", "es")
    assert done.returncode == 0 and part in done.stdout and ("Canal 2" in done.stdout)


def test_steps_over_channels_and_a_bias_alone(convdsl: Any) -> None:
    assert convdsl("convolve", *CHANNELS, "--steps").stdout.splitlines()[0] == "row 1, column 1: −3 + 2 = −1"
    assert "0.5" in convdsl("convolve", "1 2; 3 4", "-k", "1 0; 0 -1", "--bias", "7/2").stdout


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((*CHANNELS, "--channel", "1 2; 3 4", "1 1; 1 1"), "channel 3 is 2×2"),
        ((*CHANNELS, "--channel", "1 2 0; 3 4 1; 0 1 2", "1 1"), "that of channel 3 is 1×2"),
        ((*CHANNELS, "--then", "1 1"), "`--channel` goes with one `--kernel`"),
        (("1 2; 3 4", "--pool", "max", "2", "--relu"), "`--relu` goes with"),
        (("1 2; 3 4", "-k", "median 2", "--relu"), "median is no convolution"),
        (("1 2; 3 4", "-k", "1", "--bias", "much"), "`much` is not a number"),
        (("1 2; 3 4", "-k", "1", "--channel", "picture.png", "1"), "takes a matrix"),
        (("fashion-mini:7", "-k", "mean", "--relu"), "go with matrices"),
    ],
)
def test_channels_that_do_not_fit(convdsl: Any, words: tuple[str, ...], part: str) -> None:
    done = convdsl("convolve", *words)
    assert done.returncode == 2 and part in done.stderr and "Traceback" not in done.stderr
