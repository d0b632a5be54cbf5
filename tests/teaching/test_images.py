"""Filters on pictures agree with the same filters on matrices, and pictures of any kind are read or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convdsl.datasets import DataError
from convdsl.teaching.worked.convolution import POOLINGS, Operation, Options
from convdsl.teaching.worked.images import Picture, apply, as_bytes, grey, picture_of, read_picture, write_picture
from convdsl.teaching.worked.kernels import Kernel, read_kernel
from convdsl.teaching.worked.matrix import MatrixError
from convdsl.teaching.worked.tasks import Task, perform

HOW = [Options(p="same"), Options(s=(2,), p=(1,)), Options(s=(2, 1), p=(0,), d=(2,)), Options(s=(1,), p=(1, 0))]


def task(kind: str, how: Options) -> Task:
    if kind in POOLINGS:
        return Task("pool", how, mode=kind, window=(3,))
    found = read_kernel("sobel_x" if kind == "kernels" else "gaussian")
    assert isinstance(found, Kernel)
    return Task(kind, how, (found,), true=kind == "kernels")


@pytest.mark.parametrize("kind", [*POOLINGS, "kernels", "transposed"])
@pytest.mark.parametrize("how", HOW)
def test_a_picture_is_filtered_as_its_matrices_are(kind: str, how: Options) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (70, 9, 3), np.uint8)
    for channel in range(3):
        work = perform(task(kind, how), tuple(map(tuple, pixels[:, :, channel].tolist())))
        assert isinstance(work, Operation)
        exact = np.array([[float(v) for v in row] for row in work.output])
        np.testing.assert_allclose(apply(pixels, work)[:, :, channel], exact, rtol=1e-12, atol=1e-9)


def test_a_filter_that_would_take_hours_is_refused() -> None:
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    work = perform(Task("pool", Options(s=(1,), p="same"), mode="median", window=(51,)), Sized(pixels))  # type: ignore[arg-type]
    assert isinstance(work, Operation)
    with pytest.raises(MatrixError, match="20,000,000,000"):
        apply(pixels, work)


class Sized:
    """Rows that know how many they are, which is all that an operation asks before it computes."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> np.ndarray:
        return self.pixels[row, :, 0]


@pytest.mark.parametrize(
    ("values", "mapping", "signed", "shown", "cut"),
    [
        ([0, 12.4, 255], "auto", False, [0, 12, 255], 0),
        ([-20, 100, 300], "auto", False, [0, 100, 255], 2),
        ([-200, 0, 100], "auto", True, [1, 128, 192], 0),
        ([0, 255, 510], "auto", True, [0, 128, 255], 0),
        ([-300, -10, 20], "abs", True, [255, 10, 20], 1),
        ([-10, 0, 10], "stretch", True, [0, 128, 255], 0),
        ([7, 7, 7], "stretch", False, [0, 0, 0], 0),
        ([0, 0, 0], "auto", True, [0, 0, 0], 0),
        ([-20, 100, 300], "clip", True, [0, 100, 255], 2),
    ],
)
def test_values_become_bytes(values: list[float], mapping: str, signed: bool, shown: list[int], cut: int) -> None:
    answer = as_bytes(np.array(values, np.float64).reshape(1, 3, 1), mapping, signed)
    assert answer.pixels.ravel().tolist() == shown
    assert answer.cut == cut
    assert (answer.low, answer.high) == (min(values), max(values))


def test_brightness_weighs_the_colours() -> None:
    picture = Picture("x", np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8))
    assert grey(picture).pixels.ravel().tolist() == [76, 150, 29, 9]


def test_pictures_go_to_files_and_back(tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    write_picture(pixels, tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png").pixels == pixels).all()
    write_picture(pixels[:, :, :1], tmp_path / "b.png")
    assert (read_picture(tmp_path / "b.png").pixels == pixels[:, :, :1]).all()
    with pytest.raises(DataError, match=r"\.png or \.jpg"):
        write_picture(pixels, tmp_path / "a.xyz")


def test_transparent_and_damaged_files(tmp_path: Path) -> None:
    Image.new("RGBA", (3, 2), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png").pixels.tolist() == [[[255] * 3] * 3] * 2
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="no image that can be read"):
        read_picture(tmp_path / "bad.png")


def test_images_of_the_shipped_data_set() -> None:
    picture = picture_of("fashion-mini:3")
    assert picture is not None
    assert picture.pixels.shape == (28, 28, 1)
    assert picture_of("something") is None
    for wrong in ("fashion-mini:1000", "fashion-mini:x"):
        with pytest.raises(DataError):
            picture_of(wrong)
