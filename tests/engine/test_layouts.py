"""Where weights are: every layout's formula, on whole numbers and on arrays, and there and back."""

from __future__ import annotations

import numpy as np
import pytest

from convdsl.engine.plan.layouts import Copied, FilterByFilter, Filters, Layout, Local, Plain, Rows, TapsFirst

LAYOUTS = [
    Plain((7, 3)),
    TapsFirst((6, 1, 3, 3)),
    Local((4, 5, 6, 2, 3, 3), positions=20, filters=6, channels=2),
    Filters((12, 3, 3, 3), groups=2, filters=6, channels=3, taps=9, lanes=4, vectors=1),
    Filters((10, 48), groups=1, filters=10, channels=48, taps=1, lanes=4, vectors=2),
    FilterByFilter((6, 8, 5, 5), filters=6, channels=8, rows=5, columns=5, lanes=4, vectors=2),
    FilterByFilter((6, 1, 5, 5), filters=6, channels=1, rows=5, columns=5, lanes=8, vectors=0),
    Rows((3, 16), 4),
    Rows((3, 6, 2, 2), 4),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: type(layout).__name__)
def test_every_weight_has_a_place_of_its_own(layout: Layout) -> None:
    weights = np.random.default_rng(0).uniform(1, 2, layout.shape).astype(np.float32)
    packed, places = layout.pack(weights), layout.places()
    assert packed.shape == (layout.size,) and np.array_equal(layout.unpack(packed), weights)
    assert len(set(places)) == len(places) == np.count_nonzero(packed) == weights.size
    assert np.array_equal(packed[list(places)], weights.reshape(-1))


def test_large_weights_are_packed_part_by_part() -> None:
    """More than are placed at once, and a last part that is smaller."""
    layout = Filters((1030, 1100), groups=1, filters=1030, channels=1100, taps=1, lanes=4, vectors=2)
    weights = np.arange(layout.shape[0] * layout.shape[1], dtype=np.float32).reshape(layout.shape)
    packed = layout.pack(weights)
    assert np.array_equal(layout.unpack(packed), weights)
    assert packed[layout.place(1029, 1099, 0)] == weights[1029, 1099]


def test_filters_are_written_in_full() -> None:
    """[group][block][taps][channels][width], as the kernels walk them; what has no filter is zero."""
    layout = Filters((3, 2, 1, 2), groups=1, filters=3, channels=2, taps=2, lanes=2, vectors=1)
    packed = layout.pack(np.arange(1, 13).reshape(3, 2, 1, 2))
    assert list(packed) == [1, 5, 3, 7, 2, 6, 4, 8, 9, 0, 11, 0, 10, 0, 12, 0]


def test_a_copy_knows_where_it_comes_from() -> None:
    kept = LAYOUTS[5]
    filters = Filters(kept.shape, groups=1, filters=6, channels=8, taps=25, lanes=4, vectors=1)
    assert isinstance(kept, FilterByFilter)
    weights = np.random.default_rng(0).standard_normal(kept.shape).astype(np.float32)
    table = Copied(filters).table(kept)
    copied = np.where(table < 0, 0, kept.pack(weights)[table])
    assert np.array_equal(copied, filters.pack(weights))
