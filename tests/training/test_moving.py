"""Masks and pictures move with their images: the same draws, whole pixels for classes."""

from __future__ import annotations

import numpy as np
import pytest

from convdsl.engine.cpu.augment import Augmenter
from convdsl.engine.cpu.moving import TargetMover
from convdsl.training.settings import Augment

INDEX = np.arange(6)
MASKS = (np.random.default_rng(0).random((6, 9, 8)) < 0.4).astype(np.int64)
MOVES = [Augment(flip="both"), Augment(shift=2), Augment(crop=2), Augment(flip="horizontal", shift=1, crop=1)]


@pytest.mark.parametrize("changes", MOVES)
def test_masks_go_where_their_pixels_go(changes: Augment) -> None:
    images = MASKS[..., None].astype(np.float32) + 1
    moved = Augmenter(changes, (9, 8, 1), 6, seed=3).apply(images, INDEX, 2)[..., 0]
    masks = TargetMover(changes, (9, 8, 1), (9, 8), seed=3).apply(MASKS, INDEX, 2)
    assert np.array_equal(masks, np.where(moved == 0, -1, moved - 1)), "what comes from outside is not known"
    assert not np.array_equal(masks, MASKS)


def test_turned_masks_stay_near_their_pixels_and_are_classes() -> None:
    blocks = np.kron(np.arange(16).reshape(4, 4), np.ones((8, 8), np.int64))[None].repeat(6, 0)
    changes = Augment(rotate=20, scale=0.2, shear=5)
    masks = TargetMover(changes, (32, 32, 1), (32, 32), seed=1).apply(blocks, INDEX, 0)
    smooth = Augmenter(changes, (32, 32, 1), 6, seed=1).apply(blocks[..., None].astype(np.float32), INDEX, 0)[..., 0]
    assert set(np.unique(masks)) <= set(range(16))
    assert (np.abs(masks - smooth) < 1e-3).mean() > 0.6 and (masks != blocks).mean() > 0.1


def test_tones_leave_targets_alone() -> None:
    changes = Augment(noise=0.3, brightness=0.2, contrast=0.5, cutout=3)
    assert np.array_equal(TargetMover(changes, (9, 8, 1), (9, 8), seed=0).apply(MASKS, INDEX, 0), MASKS)
    pictures = np.random.default_rng(1).random((6, 9, 8, 3)).astype(np.float32)
    same = TargetMover(changes, (9, 8, 3), (9, 8, 3), seed=0, smooth=True).apply(pictures, INDEX, 0)
    assert np.array_equal(same, pictures)


def test_pictures_are_interpolated_as_images_are() -> None:
    pictures = np.random.default_rng(1).random((6, 9, 8, 3)).astype(np.float32)
    changes = Augment(rotate=15, flip="vertical")
    moved = TargetMover(changes, (9, 8, 3), (9, 8, 3), seed=5, smooth=True).apply(pictures, INDEX, 1)
    assert np.array_equal(moved, Augmenter(changes, (9, 8, 3), 6, seed=5).apply(pictures, INDEX, 1))


def test_larger_targets_move_by_as_many_of_their_pixels() -> None:
    changes = Augment(shift=2, flip="horizontal")
    large = np.kron(MASKS, np.ones((2, 2), np.int64))
    small = TargetMover(changes, (9, 8, 1), (9, 8), seed=4).apply(MASKS, INDEX, 0)
    assert np.array_equal(
        TargetMover(changes, (9, 8, 1), (18, 16), seed=4).apply(large, INDEX, 0),
        np.kron(small, np.ones((2, 2), np.int64)),
    )
    with pytest.raises(ValueError):
        TargetMover(changes, (9, 8, 1), (4, 4), seed=0)


def test_the_batch_counts_not_the_whole_set() -> None:
    mover = TargetMover(Augment(flip="both"), (9, 8, 1), (9, 8), seed=0)
    assert np.array_equal(mover.apply(MASKS[[4, 1]], np.array([4, 1]), 0), mover.apply(MASKS, INDEX, 0)[[4, 1]])
