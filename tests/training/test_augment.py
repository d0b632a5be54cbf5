"""Augmentation: each change does what it says, within its bounds, the same on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdsl.engine.cpu.augment import Augmenter
from convdsl.training.settings import Augment

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (300, 9, 7, 3), dtype=np.uint8)
ALL = np.arange(len(IMAGES))


def changed(images: np.ndarray = IMAGES, epoch: int = 0, seed: int = 0, threads: int | None = None,
            **changes: Any) -> np.ndarray:  # fmt: skip
    rows = np.arange(len(images))
    return Augmenter(Augment(**changes), images.shape[1:], len(images), seed, threads).apply(images, rows, epoch).copy()


def plain(images: np.ndarray = IMAGES) -> np.ndarray:
    return images.astype(np.float32) * np.float32(1 / 255)


def test_nothing_asked_for_changes_nothing() -> None:
    assert (changed() == plain()).all()


@pytest.mark.parametrize(
    "changes",
    [{"flip": "both", "shift": 2, "crop": 1}, {"rotate": 20, "scale": 0.2, "shear": 9, "shift": 1},
     {"contrast": 0.4, "brightness": 0.2, "noise": 0.1, "cutout": 3}],
)  # fmt: skip
def test_the_same_on_any_number_of_threads_in_any_order(changes: dict[str, Any]) -> None:
    expected = changed(threads=1, **changes)
    assert (changed(threads=5, **changes) == expected).all()
    order = RANDOM.permutation(len(IMAGES))[:40]
    part = Augmenter(Augment(**changes), IMAGES.shape[1:], 64, 0, 3).apply(IMAGES, order, 0)
    assert (part == expected[order]).all()


def test_other_changes_in_each_epoch_and_for_each_seed() -> None:
    first = changed(shift=3)
    assert (changed(shift=3) == first).all()
    assert (changed(shift=3, epoch=1) != first).any() and (changed(shift=3, seed=1) != first).any()


def test_flips() -> None:
    mirrored = plain()[:, :, ::-1]
    result = changed(flip="horizontal")
    was = [(r == m).all() for r, m in zip(result, mirrored, strict=True)]
    same = [(r == p).all() for r, p in zip(result, plain(), strict=True)]
    assert all(a != b for a, b in zip(was, same, strict=True)) and 100 < sum(was) < 200
    upside_down = changed(flip="vertical")
    assert {(r == p[::-1]).all() or (r == p).all() for r, p in zip(upside_down, plain(), strict=True)} == {True}
    both = changed(flip="both")
    assert sum((r == p[::-1, ::-1]).all() for r, p in zip(both, plain(), strict=True)) > 40


def shifted(image: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The image moved down and right, with its edge repeated."""
    height, width, _ = image.shape
    rows, columns = np.clip(np.arange(height) - dy, 0, height - 1), np.clip(np.arange(width) - dx, 0, width - 1)
    return image[rows][:, columns]


def test_shifts_repeat_the_edge_and_reach_every_place() -> None:
    found = set()
    for result, image in zip(changed(shift=2), plain(), strict=True):
        moves = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (shifted(image, dy, dx) == result).all()]
        assert len(moves) == 1
        found.update(moves)
    assert len(found) == 25


def test_a_crop_shows_zeros_around_the_image() -> None:
    padded = np.pad(plain(), ((0, 0), (1, 1), (1, 1), (0, 0)))
    found = set()
    for result, image in zip(changed(crop=1), padded, strict=True):
        parts = [(y, x) for y in range(3) for x in range(3) if (image[y : y + 9, x : x + 7] == result).all()]
        assert len(parts) == 1
        found.update(parts)
    assert len(found) == 9


def disc(size: int = 31) -> np.ndarray:
    """A smooth blob right of the middle, as a float image: its centre of mass tells how it was moved."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.exp(-((x - 6) ** 2 + y**2) / 8).astype(np.float32)[..., None]


def centre(image: np.ndarray) -> tuple[float, float]:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] - (image.shape[0] - 1) / 2
    weight = image[..., 0]
    return float((y * weight).sum() / weight.sum()), float((x * weight).sum() / weight.sum())


def test_rotations_keep_the_distance_from_the_middle() -> None:
    images = np.repeat(disc()[None], 200, 0)
    places = np.array([centre(i) for i in changed(images, rotate=30)])
    assert np.hypot(*places.T) == pytest.approx(6, abs=0.05)
    angles = np.degrees(np.arctan2(*places.T))
    assert angles.min() < -25 and angles.max() > 25 and np.abs(angles).max() <= 30.1


def test_scales_move_along_the_ray() -> None:
    images = np.repeat(disc()[None], 200, 0)
    places = np.array([centre(i) for i in changed(images, scale=0.2)])
    assert np.abs(places[:, 0]).max() < 0.05
    assert 4.75 < places[:, 1].min() < 5.1 and 6.9 < places[:, 1].max() < 7.25


def test_brightness_and_contrast_of_float_images() -> None:
    images = RANDOM.normal(2, 1, (200, 8, 8, 1)).astype(np.float32)
    means, spreads = images.mean((1, 2, 3)), images.std((1, 2, 3))
    moved = changed(images, brightness=0.5)
    by = moved.mean((1, 2, 3)) - means
    assert np.abs(moved - images - by[:, None, None, None]).max() < 1e-5 and 0.45 < np.abs(by).max() <= 0.5
    spread = changed(images, contrast=0.5)
    assert spread.mean((1, 2, 3)) == pytest.approx(means, abs=1e-5)
    factors = spread.std((1, 2, 3)) / spreads
    assert 0.5 <= factors.min() < 0.55 and 1.45 < factors.max() <= 1.5


def test_noise_is_normal_and_bytes_stay_in_their_range() -> None:
    grey = np.full((100, 20, 20, 1), 2.0, np.float32)
    noise = changed(grey, noise=0.3) - 2
    assert noise.mean() == pytest.approx(0, abs=0.01) and noise.std() == pytest.approx(0.3, abs=0.005)
    assert (np.abs(noise) < 0.3).mean() == pytest.approx(0.68, abs=0.02)
    assert len(np.unique(noise[:2])) > 700
    bounded = changed(noise=0.5)
    assert bounded.min() == 0 and bounded.max() == 1


def test_cutout_is_a_square_of_zeros() -> None:
    sizes = set()
    for image in changed(np.full((200, 9, 7, 3), 255, np.uint8), cutout=4):
        rows, columns = (image == 0).all(-1).any(1).nonzero()[0], (image == 0).all(-1).any(0).nonzero()[0]
        assert (image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 0).all()
        sizes.add((len(rows), len(columns)))
    assert max(sizes) == (4, 4) and len(sizes) > 3


def test_signals_and_volumes() -> None:
    signals = RANDOM.normal(0, 1, (50, 12, 2)).astype(np.float32)
    assert (changed(signals, rotate=20, shear=20) == signals).all()
    for signal, moved in zip(signals, changed(signals, shift=1), strict=True):
        assert any((np.roll(signal, by, 0)[2:-2] == moved[2:-2]).all() for by in (-1, 0, 1))
    volumes = np.repeat(RANDOM.normal(0, 1, (20, 1, 6, 6, 1)), 3, 1).astype(np.float32)
    turned = changed(volumes, rotate=90, flip="both")
    assert (turned[:, 0] == turned[:, 2]).all() and (turned != volumes).any()
