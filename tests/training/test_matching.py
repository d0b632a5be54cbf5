"""Whether data and network fit, and what data say about an input that is left open."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.diagnostics import Diagnostic, ProgramError
from convdsl.network import analyse
from convdsl.source import Source
from convdsl.training.examples import examples_from, images_for
from convdsl.training.preparing import WrongOption, settle_input
from convdsl.training.preparing import match as matched
from convdsl.training.settings import Settings
from convdsl.training.task import Unsuitable, targets_for, task_for, truth


def data(shape: tuple[int, ...] = (28, 28, 1), classes: int = 10, targets: tuple[int, ...] = ()) -> Any:
    labels = np.zeros((4, *targets), np.float32) if targets or not classes else np.zeros(4, np.int64)
    return SimpleNamespace(name="things", shape=shape, classes=tuple(map(str, range(classes))), train_labels=labels)


def match(net: Any, given: Any, **settings: Any) -> Any:
    return matched(net, given, task_for(net, given.train_labels, Settings(**settings), given.classes))


def input_of(text: str, shape: tuple[int, ...], **symbols: int) -> tuple[Any, ...]:
    return settle_input(analyse(Source(text, "n.cnn"), symbols=symbols), shape, symbols).network.input


@pytest.mark.parametrize(
    "text",
    ["conv 4 k3 -> dense 10", "input NxNxC -> conv N k3 -> dense C", "input HxWx1 -> conv 2 k3", "input 28xWxC -> bn"],
)
def test_an_open_input_takes_the_size_of_the_data(text: str) -> None:
    assert input_of(text, (28, 28, 1)) == (28, 28, 1)


def test_without_an_input_line_images_may_have_any_rank() -> None:
    assert input_of("conv 4 k3 -> dense 10", (6, 6, 6, 1)) == (6, 6, 6, 1)
    assert input_of("conv 4 k3 -> dense 10", (100, 3)) == (100, 3)


def test_a_given_symbol_and_a_given_input_stay() -> None:
    assert input_of("input NxNx3 -> conv 4 k3", (28, 28, 1), N=32) == (32, 32, 3)
    assert input_of("input 8x8x1 -> conv 4 k3", (28, 28, 1)) == (8, 8, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input NxNx1 -> conv F k3", "the symbol F has no value; give it one with `--set F=…`."),
        ("input NxNx3 -> conv 4 k3", "the symbol N has no value"),
        ("input 8x8x1 -> conv ? k3", "the program has holes (conv); `convdsl solve` finds their values."),
    ],
)
def test_what_stays_open_is_said(text: str, said: str) -> None:
    with pytest.raises(WrongOption) as caught:
        input_of(text, (28, 28, 1))
    assert said in str(caught.value)


def test_an_error_that_only_the_size_shows() -> None:
    with pytest.raises(ProgramError, match="E301"):
        input_of("conv 4 k9 -> dense 10", (8, 8, 1))


def complaint(text: str, given: Any) -> Diagnostic:
    with pytest.raises(ProgramError) as caught:
        match(convdsl.parse(text, "n.cnn"), given)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def under(diagnostic: Diagnostic) -> str:
    return diagnostic.source.text[diagnostic.span.start : diagnostic.span.end]


def test_images_of_another_size() -> None:
    wrong = complaint("input 32x32x3 -> dense 10", data())
    assert (wrong.code, under(wrong)) == ("E320", "input 32x32x3")
    assert str(wrong.message) == "The images of things are 28×28×1, and the network takes 32×32×3."
    assert str(wrong.help) == "Write `input 28x28x1`, or take other data: `--data cifar10`."
    assert wrong.note is None
    unknown = complaint("input 30x30x3 -> dense 10", data())
    assert str(unknown.help) == "Write `input 28x28x1`, or call `convdsl run` with `--input 28x28x1`."


def test_channels_first_are_seen() -> None:
    assert "channels last" in str(complaint("input 3x32x32 -> dense 10", data((32, 32, 3))).note)


def test_a_flat_input_takes_images_of_as_many_values() -> None:
    assert match(convdsl.parse("input 784 -> dense 10"), data()) == ()
    assert match(convdsl.parse("input 28x28 -> conv 4 k3 -> dense 10"), data()) == ()


@pytest.mark.parametrize(
    ("text", "underlined", "message", "help"),
    [
        ("dense 5 softmax", "5", "things has 10 classes, and the network's output is 5.", "Write 10 there."),
        ("dense 5 -> softmax", "5", "things has 10 classes, and the network's output is 5.", "Write 10 there."),
        ("conv 10 k1", "10", "things has 10 classes, and the network's output is 28×28×10.",
         "Put `gap -> dense 10 softmax` at the end."),
        ("maxpool 28", "maxpool 28", "things has 10 classes, and the network's output is 1×1×1.",
         "Put `dense 10 softmax` at the end."),
    ],
)  # fmt: skip
def test_outputs_that_are_no_classes(text: str, underlined: str, message: str, help: str) -> None:
    wrong = complaint(f"input 28x28x1 -> {text}", data())
    assert (wrong.code, under(wrong), str(wrong.message), str(wrong.help)) == ("E321", underlined, message, help)


def test_more_outputs_than_classes_is_a_warning() -> None:
    (warning,) = match(convdsl.parse("input 28x28x1 -> dense 12"), data())
    assert warning.code == "W520" and under(warning) == "12"


def test_numbers_to_be_predicted_need_as_many_outputs() -> None:
    assert match(convdsl.parse("input 28x28x1 -> dense 2"), data(classes=0, targets=(2,))) == ()
    wrong = complaint("input 28x28x1 -> dense 10", data(classes=0, targets=(2,)))
    assert str(wrong.message) == "The labels of things are 2 numbers for each image, and the network gives 10."
    assert str(wrong.help) == "Write 2 there."


# Arrays.

NET = convdsl.parse("input 4x4x1 -> dense 3")


def test_images_as_the_engine_takes_them() -> None:
    images = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    assert images_for(NET, images).shape == (2, 4, 4, 1) and images_for(NET, images).dtype == np.uint8
    assert images_for(NET, images.astype(np.float64)).dtype == np.float32
    assert images_for(NET, images.astype(np.int64)).dtype == np.uint8, "whole numbers up to 255 are bytes"
    assert images_for(NET, images.astype(np.int64) * 100).dtype == np.float32
    flat = images_for(convdsl.parse("input 16 -> dense 3"), images[..., None])
    assert flat.tolist() == images.reshape(2, 16).tolist()
    assert images_for(convdsl.parse("input 4x4 -> conv 2 k3 -> dense 3"), images[..., None]).shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 5, 4, 1)), "The network takes images of 4x4x1, and these are 5x4x1."),
        (np.full((2, 4, 4, 1), np.nan), "no numbers (NaN)"),
        (np.full((2, 4, 4, 1), "a"), "Images are numbers"),
        (np.zeros(()), "The network takes images of 4x4x1"),
    ],
)
def test_images_that_do_not_suit(images: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        images_for(NET, images)
    assert said in str(caught.value)


def test_labels_for_each_loss() -> None:
    labels = np.array([2, 0], np.uint8)
    classes = task_for(NET, labels, Settings())
    assert (classes.kind, classes.loss) == ("classes", "cross_entropy")
    assert targets_for(NET, labels, classes, Settings()).dtype == np.int64
    squares = task_for(NET, labels, Settings(loss="mse"))
    rows = targets_for(NET, labels, squares, Settings())
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]] and truth(rows, squares).tolist() == [2, 0]
    assert task_for(NET, np.array([0.5, 1.0]), Settings()).loss == "mse"
    with pytest.raises(Unsuitable, match="Use `loss mse`"):
        task_for(NET, np.array([0.5, 1.0]), Settings(loss="cross_entropy"))
    with pytest.raises(Unsuitable, match="3 images and 2 labels"):
        examples_from(NET, np.zeros((3, 4, 4, 1)), labels, Settings())
    with pytest.raises(Unsuitable, match="no images"):
        examples_from(NET, np.zeros((0, 4, 4, 1)), labels[:0], Settings())


def test_pictures_are_made_to_fit(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    from convdsl.datasets import load

    for name in ("cat", "dog"):
        for number in range(5):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.new("RGB", (10 + number, 9), (number * 20, 0, 0)).save(path)
    loaded = load(tmp_path, size=(8, 8), channels=3, warn=lambda note: None)
    assert match(convdsl.parse("input 8x8x3 -> dense 2"), loaded) == ()
