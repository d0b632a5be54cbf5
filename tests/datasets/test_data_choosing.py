"""Some of the classes of a data set: which images stay, how they are numbered, what cannot be chosen."""

from __future__ import annotations

import numpy as np
import pytest

from convdsl.datasets import DataError, load
from convdsl.datasets.assemble import assemble
from convdsl.datasets.choosing import chosen
from convdsl.datasets.dataset import Dataset
from convdsl.messages import in_english, use_language


def letters(classes: tuple[str, ...] = ("A", "a", "Niño", "T-shirt/top")) -> Dataset:
    """Images whose values are the number of their class."""
    labels = np.arange(40) % 4
    images = np.repeat(labels.astype(np.uint8), 12).reshape(40, 2, 2, 3)
    return assemble("letters", "letters", (images, labels), (images[:8], labels[:8]), classes=classes)


@pytest.mark.parametrize(
    "names, numbers",
    [
        (("A", "a"), (0, 1)),
        (("a", "A"), (1, 0)),
        (("nino", "t-shirt/top", "A"), (2, 3, 0)),
        (("NIÑO", "a"), (2, 1)),
    ],
)
def test_the_chosen_classes_alone_in_their_order(names: tuple[str, ...], numbers: tuple[int, ...]) -> None:
    whole = letters()
    data = chosen(whole, names)
    assert data.classes == tuple(whole.classes[n] for n in numbers)
    for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels)):
        assert np.array_equal(images[:, 0, 0, 0], np.array(numbers)[labels])
    assert (len(data.train_images), len(data.test_images)) == (10 * len(names), 2 * len(names))


@pytest.mark.parametrize(
    "names, said",
    [
        (("A", "b"), "no class b"),
        (("A", "T-shirt/tap"), "Did you mean `T-shirt/top`?"),
        (("A", "zzz\x1b[31m"), "There are: A, a, Niño, T-shirt/top."),
        (("A", "a", "A"), "The class A is given twice"),
        (("A",), "Name two or more of: A, a, Niño, T-shirt/top."),
    ],
)
def test_what_cannot_be_chosen(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError) as refused:
        chosen(letters(), names)
    assert said in str(refused.value) and "\x1b" not in str(refused.value)


def test_only_classes_are_chosen_among() -> None:
    images = np.zeros((10, 2, 2, 1), np.uint8)
    data = assemble("sizes", "sizes", (images, np.linspace(0, 1, 10)), None)
    with pytest.raises(DataError, match="these labels are none"):
        chosen(data, ("0", "1"))


def test_names_count_in_english_too() -> None:
    use_language("es")
    names = load("fashion-mini").classes
    english = [in_english(name) for name in names]
    assert english != list(names)
    for two in (names[:2], english[:2]):
        data = load("fashion-mini", classes=two, warn=lambda note: None)
        assert data.classes == names[:2] and len(data.train_images) == 1200
