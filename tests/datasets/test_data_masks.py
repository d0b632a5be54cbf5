"""Folders of pictures with masks: names matched, sizes held, classes counted; and each fault with the name of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdsl.datasets import DataError, Dataset, load

Image = pytest.importorskip("PIL.Image")
RANDOM = np.random.default_rng(0)


def write(path: Path, pixels: np.ndarray, palette: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette:
        image = Image.fromarray(pixels, "P")
        image.putpalette([value for i in range(256) for value in (i, 255 - i, 7 * i % 256)])
    image.save(path)


def pair(folder: Path, name: str, *, mask: np.ndarray | None = None, ending: str = ".png", **options: Any) -> None:
    write(folder / "images" / f"{name}.png", RANDOM.integers(0, 256, (6, 8, 3)).astype(np.uint8))
    write(folder / "masks" / f"{name}{ending}", mask if mask is not None else made(name), **options)


def made(name: str) -> np.ndarray:
    mask = np.zeros((6, 8), np.uint8)
    mask[: int(name[-1]) % 5 + 1, :3] = int(name[-1]) % 3
    return mask


def read(path: Path, **options: Any) -> Dataset:
    notes: list[Any] = []
    return load(path, warn=notes.append, **options)


def test_images_and_masks_side_by_side(tmp_path: Path) -> None:
    for i in range(10):
        pair(tmp_path / "d", f"a{i}")
    data = read(tmp_path / "d")
    assert (data.train_images.shape, data.train_labels.shape, len(data.test_labels)) == ((8, 6, 8, 3), (8, 6, 8), 2)
    assert data.train_labels.dtype == np.uint8 and set(np.unique(data.train_labels)) == {0, 1, 2}
    assert [Path(file).parent.name for file in data.seen_in] == ["masks"] * 3
    again = read(tmp_path / "d")
    assert np.array_equal(again.train_images, data.train_images), "the order is that of the seed"


@pytest.mark.parametrize("behind", [False, True])
def test_parts_before_or_behind(tmp_path: Path, behind: bool) -> None:
    for part, count in (("train", 5), ("val", 2), ("test_set", 3)):
        for i in range(count):
            pair(tmp_path / "d" / part, f"{part}{i}")
    if behind:
        for kind in ("images", "masks"):
            for part in ("train", "val", "test_set"):
                (tmp_path / "e" / kind).mkdir(parents=True, exist_ok=True)
                (tmp_path / "d" / part / kind).rename(tmp_path / "e" / kind / part)
    data = read(tmp_path / ("e" if behind else "d"))
    assert data.validation_labels is not None
    assert (len(data.train_labels), len(data.validation_labels), len(data.test_labels)) == (5, 2, 3)


@pytest.mark.parametrize("ending", ["_mask.png", ".bmp", "-gt.png", "_seg.png"])
def test_names_of_masks_may_say_that_they_are(tmp_path: Path, ending: str) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}", ending=ending)
    assert len(read(tmp_path / "d").train_labels) == 5


def test_palettes_and_bilevel_pictures_are_numbers(tmp_path: Path) -> None:
    for i in range(6):
        pair(tmp_path / "p", f"a{i}", palette=True)
        pair(tmp_path / "b", f"a{i}", mask=made(f"a{i}") > 0)
        pair(tmp_path / "c", f"a{i}", mask=np.repeat(made(f"a{i}")[..., None], 3, 2))
    for name in "pc":
        assert set(np.unique(read(tmp_path / name).train_labels)) <= {0, 1, 2}
    assert set(np.unique(read(tmp_path / "b").train_labels)) == {0, 1}


def test_masks_are_made_to_fit_by_the_nearest_pixel(tmp_path: Path) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}")
    data, twice = read(tmp_path / "d"), read(tmp_path / "d", size=(12, 16))
    assert np.array_equal(twice.train_labels, data.train_labels.repeat(2, 1).repeat(2, 2))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda d: write(d / "masks" / "a3.png", np.zeros((5, 8), np.uint8)), "a3.png is 5x8, and its image 6x8"),
        (lambda d: (d / "masks" / "a3.png").unlink(), "the image images/a3.png has no mask"),
        (lambda d: (d / "images" / "a3.png").unlink(), "there is no image for the mask masks/a3.png"),
        (
            lambda d: (d / "masks" / "a3.png").write_bytes(b"no"),
            "masks/a3.png cannot be used as a mask: it is no picture",
        ),
        (lambda d: (d / "images" / "a3.png").write_bytes(b""), "images/a3.png"),
        (lambda d: write(d / "masks" / "a3.png", RANDOM.integers(0, 256, (6, 8, 3)).astype(np.uint8)), "masks/a3.png"),
    ],
)
def test_each_fault_names_its_file(tmp_path: Path, fault: Any, said: str) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}")
    fault(tmp_path / "d")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "d")
    assert said in str(caught.value.message)


@pytest.mark.parametrize(
    ("ending", "options", "said"),
    [
        (".jpg", {}, "JPEG changes the numbers"),
        (".webp", {}, "WebP changes the numbers"),
        (".webp", {"exif": b"Exif\0\0"}, "WebP changes the numbers"),
        (".tif", {"compression": "jpeg"}, "JPEG changes the numbers"),
        (".gif", {}, "different palettes"),  # of greys, each file has those that it needs
        (".webp", {"lossless": True}, ""),
        (".webp", {"lossless": True, "exif": b"Exif\0\0"}, ""),
        (".tif", {"compression": "tiff_lzw"}, ""),
        (".bmp", {}, ""),
    ],
)
def test_masks_are_in_a_format_that_keeps_numbers(
    tmp_path: Path, ending: str, options: dict[str, Any], said: str
) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}", mask=np.full((6, 8), i % 3, np.uint8))
        (tmp_path / "d" / "masks" / f"a{i}.png").unlink()
        Image.fromarray(np.full((6, 8), i % 3, np.uint8)).save(tmp_path / "d" / "masks" / f"a{i}{ending}", **options)
    if said:
        with pytest.raises(DataError, match=said):
            read(tmp_path / "d")
    else:
        assert set(np.unique(read(tmp_path / "d").train_labels)) <= {0, 1, 2}


def test_a_number_has_one_colour_in_all_palettes(tmp_path: Path) -> None:
    """A program that looks for the best palette of each file makes class 2 the number 0 here, and class 1 there."""
    for i in range(6):
        pair(tmp_path / "d", f"a{i}", palette=True)
    assert set(np.unique(read(tmp_path / "d").train_labels)) <= {0, 1, 2}
    image = Image.fromarray(np.full((6, 8, 3), 80, np.uint8)).convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    image.save(tmp_path / "d" / "masks" / "a4.png")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "d")
    assert "masks/a4.png" in str(caught.value) and "#505050" in str(caught.value)


def test_of_several_frames_or_pages_the_first_counts_and_that_is_said(tmp_path: Path) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}", mask=np.full((6, 8), 1, np.uint8))
    masks = tmp_path / "d" / "masks"
    first, other = (Image.fromarray(np.full((6, 8), value, np.uint8)) for value in (1, 2))
    for name, options in (
        ("a1.tif", {}),
        ("a2.png", {}),
        ("a3.gif", {"optimize": False}),
        ("a4.webp", {"lossless": True}),
    ):
        masks.joinpath(name).with_suffix(".png").unlink()
        first.save(masks / name, save_all=True, append_images=[other, other], **options)
    notes: list[Any] = []
    data = load(tmp_path / "d", warn=notes.append)
    assert "4 files have several frames or pages, of which only the first counts: " in "".join(map(str, notes))
    assert "masks/a1.tif" in "".join(map(str, notes))
    assert set(np.unique(data.train_labels)) | set(np.unique(data.test_labels)) == {1}


def test_names_that_would_do_harm_are_quoted(tmp_path: Path) -> None:
    for i in range(6):
        pair(tmp_path / "d", f"a{i}")
    write(tmp_path / "d" / "images" / "b\x1b[31m\n0.png", np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(DataError) as caught:
        read(tmp_path / "d")
    assert "\x1b" not in str(caught.value) and "has no mask" in str(caught.value)


def test_class_folders_of_such_names_stay_classes(tmp_path: Path) -> None:
    for name in ("cat", "mask"):
        for i in range(5):
            write(tmp_path / "d" / name / f"{i}.png", np.zeros((6, 8), np.uint8))
    assert read(tmp_path / "d").classes == ("cat", "mask")
