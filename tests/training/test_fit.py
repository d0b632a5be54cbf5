"""`Model.fit` and its neighbours, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl import engine
from convdsl.diagnostics import ProgramError
from convdsl.training.events import EpochDone, Finished
from convdsl.training.health import examine
from convdsl.training.model import settings_of

TEXT = "input 6x6x1 -> conv 4 k3 relu -> dense 3 softmax"
RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, 3, 300)
IMAGES = RANDOM.integers(0, 60, (300, 6, 6, 1), dtype=np.uint8)
IMAGES[np.arange(300), LABELS * 2] += 150
"""The bright row tells the class."""


@pytest.fixture
def net() -> convdsl.Net:
    return convdsl.parse(TEXT, "net.cnn")


def test_fit_learns_and_returns_a_history(net: convdsl.Net) -> None:
    model = net.compile(batch=32, seed=1)
    history = model.fit(IMAGES, LABELS, epochs=8, lr=0.02)
    assert len(history) == 8 and history.epoch == list(range(1, 9))
    assert history.loss[-1] < 0.3 < history.loss[0] and history.accuracy[-1] > 0.95
    assert history.val_loss == [None] * 8 and history[0].lr == 0.02
    assert "epochs" in repr(history) and history.reading
    assert model.evaluate(IMAGES, LABELS).accuracy > 0.95
    with pytest.raises(AttributeError):
        history.nonsense  # noqa: B018


def test_the_same_seed_is_the_same_training(net: convdsl.Net) -> None:
    def weights(seed: int) -> np.ndarray:
        model = net.compile(batch=32, seed=seed)
        model.fit(IMAGES, LABELS, epochs=2, augment="shift 1")
        return model.weights["1.conv.weight"]

    assert (weights(3) == weights(3)).all() and (weights(3) != weights(4)).any()


def test_a_second_call_goes_on(net: convdsl.Net) -> None:
    whole, parts = net.compile(batch=32), net.compile(batch=32)
    through = whole.fit(IMAGES, LABELS, epochs=4)
    first = parts.fit(IMAGES, LABELS, epochs=3)
    second = parts.fit(IMAGES, LABELS, epochs=1)
    assert [*first, *second] == list(through)
    assert all((a == b).all() for a, b in zip(whole.weights.values(), parts.weights.values(), strict=True))


def test_settings_are_those_of_the_block_and_of_the_call() -> None:
    net = convdsl.parse(
        f"{TEXT}\ntrain {{\n  epochs 2\n  lr 0.5\n  batch 20\n  validation 30\n  optimizer sgd\n}}", "n.cnn"
    )
    model = net.compile()
    assert model.batch == 20 and model.optimizer.kind == "sgd"
    seen: list[Any] = []
    history = model.fit(IMAGES, LABELS, lr=0.01, schedule="step every=1 gamma=0.5", progress=seen.append)
    assert history.lr == [0.01, 0.005] and None not in history.val_accuracy
    assert [type(e) for e in seen if isinstance(e, (EpochDone, Finished))] == [EpochDone, EpochDone, Finished]
    assert settings_of(net, {"epochs": 9}).epochs == 9 and settings_of(net).epochs == 2


def test_an_optimiser_may_be_an_object_or_text(net: convdsl.Net) -> None:
    by_text = net.compile(batch=32, optimizer="sgd momentum=0.9 lr=0.02")
    by_object = net.compile(batch=32, optimizer=engine.Optimizer("sgd", momentum=0.9))
    assert by_text.optimizer == by_object.optimizer
    assert by_text.settings.lr == 0.02 and by_object.settings.lr == 0.01
    by_text.fit(IMAGES, LABELS, epochs=1, lr=0.01)
    by_object.fit(IMAGES, LABELS, epochs=1)
    assert (by_text.weights["1.conv.weight"] == by_object.weights["1.conv.weight"]).all()


def test_what_fit_does_not_take(net: convdsl.Net) -> None:
    model = net.compile(batch=32)
    with pytest.raises(ProgramError, match="There is no setting `learning_rate`"):
        model.fit(IMAGES, LABELS, learning_rate=0.1)
    with pytest.raises(ValueError, match=r"`net.compile\(optimizer=…\)`"):
        model.fit(IMAGES, LABELS, optimizer="sgd")
    with pytest.raises(ValueError, match="arrays"):
        model.fit(IMAGES, LABELS, data="mnist")
    with pytest.raises(ValueError, match="6x6x1, and these are 5x6x1"):
        model.fit(IMAGES[:, 1:], LABELS)
    with pytest.raises(ValueError, match="between 0 and 2"):
        model.fit(IMAGES, LABELS + 1)
    with pytest.raises(ValueError, match="batch=len"):
        convdsl.parse(f"{TEXT}\ntrain {{\n  batch full\n}}").compile()


def test_all_images_at_once(net: convdsl.Net) -> None:
    model = net.compile(batch=len(IMAGES))
    seen: list[Any] = []
    model.fit(IMAGES, LABELS, epochs=1, progress=seen.append)
    (progress,) = (e for e in seen if type(e).__name__ == "Progress")
    assert (progress.step, progress.steps) == (1, 1)


def test_early_stopping_takes_the_best_weights_back(net: convdsl.Net) -> None:
    model = net.compile(batch=32, optimizer="sgd lr=2")
    history = model.fit(IMAGES, LABELS, epochs=12, validation=0.3, early_stop="accuracy patience=2")
    best = max(history.val_accuracy)
    from convdsl.training.examples import examples_from

    watched = examples_from(net, IMAGES, LABELS, settings_of(net, {"validation": 0.3})).validation
    assert model.evaluate(IMAGES, LABELS, watched).accuracy == pytest.approx(best)


def test_squares_for_numbers_and_for_classes() -> None:
    net = convdsl.parse("input 6x6x1 -> dense 8 tanh -> dense 2")
    targets = np.stack([LABELS * 0.5, 1 - LABELS], 1)
    model = net.compile(batch=32, loss="mse", optimizer="adam lr=0.01")
    history = model.fit(IMAGES, targets, epochs=20, validation=0.2)
    assert history.val_loss[-1] < 0.01 < history.val_loss[0] and history.accuracy == [None] * 20
    classes = convdsl.parse(TEXT).compile(batch=32, loss="mse", optimizer="adam lr=0.01")
    assert classes.fit(IMAGES, LABELS, epochs=10, validation=0.2).val_accuracy[-1] > 0.9


def test_a_class_for_each_position_of_a_map() -> None:
    net = convdsl.parse("input 6x6x1 -> conv 8 k3 p1 relu -> conv 2 k1")
    labels = (IMAGES[..., 0] > 100).astype(np.int64)
    history = net.compile(batch=32, optimizer="adam lr=0.02").fit(IMAGES, labels, epochs=6, validation=0.1)
    assert 0.5 < history.accuracy[0] <= history.accuracy[-1] <= 1 and history.val_accuracy[-1] > 0.95


def test_weights_are_saved_and_taken_back(net: convdsl.Net, tmp_path: Path) -> None:
    model = net.compile(seed=1)
    model.save(tmp_path / "w.safetensors")
    other = net.compile(seed=2)
    loaded = other.load(tmp_path / "w.safetensors")
    assert loaded.taken == list(model.weights) and not loaded.missing
    assert all((other.weights[n] == w).all() for n, w in model.weights.items())
    wider = convdsl.parse(TEXT.replace("dense 3", "dense 4")).compile()
    with pytest.raises(ValueError, match="do not fit"):
        wider.load(tmp_path / "w.safetensors")
    assert wider.load(tmp_path / "w.safetensors", strict=False).mismatched == ["2.dense.weight", "2.dense.bias"]


def test_dead_units_are_found(net: convdsl.Net, monkeypatch: pytest.MonkeyPatch) -> None:
    model = net.compile(batch=32)
    weights = model.weights
    weights["1.conv.weight"][:] = np.abs(weights["1.conv.weight"])
    model.load_weights(weights)
    assert examine(model, IMAGES, np.arange(300)).dead == ()
    weights["1.conv.weight"][:3] *= -1
    model.load_weights(weights)
    ((name, share, images),) = examine(model, IMAGES, np.arange(300)).dead
    assert (name, share, images) == ("1 (conv 4 k3 relu)", 0.75, 128)
    monkeypatch.setattr("convdsl.training.health.MOST_VALUES", 1)
    assert examine(model, IMAGES, np.arange(300)).dead == ((name, share, 30),), (
        "one image at a time, and enough of them"
    )
    frozen = convdsl.parse(TEXT.replace("conv 4 k3 relu", "freeze { conv 4 k3 relu }")).compile(batch=32)
    frozen.load_weights(weights)
    assert examine(frozen, IMAGES, np.arange(300)).dead == (), "what does not learn cannot be brought back"


def test_smoothed_labels_pull_the_bias_towards_all_classes() -> None:
    """The gradient of a bias is the mean of softmax − label, where a share of each label is spread over all classes."""
    net = convdsl.parse("input 6 -> dense 4")
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((8, 6)).astype(np.float32), np.array([0, 0, 0, 0, 0, 1, 1, 2])
    model = net.compile(batch=8, label_smoothing=0.2)
    scores = model.predict(images)
    chances = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    wanted = (chances - (0.8 * np.eye(4)[labels] + 0.05)).mean(0)
    assert np.allclose(model.gradients(images, labels)["1.dense.bias"], wanted, atol=1e-6)
    assert not np.allclose(net.compile(batch=8).gradients(images, labels)["1.dense.bias"], wanted, atol=1e-3)


def test_maps_of_every_layer_of_an_example_can_be_seen() -> None:
    net = convdsl.load(Path(__file__).resolve().parents[2] / "examples" / "fashion_mnist.cnn")
    model = net.compile(batch=2)
    for node, facts in net.report:
        assert model.activations(np.zeros((1, 28, 28, 1), np.uint8), node.index).shape == (1, *facts.output)


def test_sizes_that_are_open_are_named() -> None:
    for text, name in (
        ("input NxNx3 -> conv 8 k3", "N"),
        ("input 8x8x3 -> conv 8 k?", "k"),
        ("input 8x8x3 -> conv K k3", "K"),
    ):
        with pytest.raises(ValueError, match=f"these are open: {name}"):
            convdsl.parse(text).compile()


def test_what_is_given_from_outside_is_looked_at() -> None:
    text = "input NxNx3 -> conv 8 k3"
    assert convdsl.parse(text, input=[10, 12, 3]).input == (10, 12, 3)
    for wrong in (224, "224x224x3"):
        with pytest.raises(TypeError, match="is a shape"):
            convdsl.parse(text, input=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no symbol M; it has N"):
        convdsl.parse(text, symbols={"M": 5})
    assert convdsl.parse(text, symbols={"N": 5}).report.output == (3, 3, 8)


def test_whole_numbers_up_to_255_are_bytes_everywhere(net: convdsl.Net) -> None:
    model = net.compile(batch=32)
    for other in (IMAGES.astype(np.int64), IMAGES.tolist()):
        assert (model.predict(other) == model.predict(IMAGES)).all()
        assert model.evaluate(other, LABELS).loss == model.evaluate(IMAGES, LABELS).loss


def test_arrays_that_no_answer_can_be_given_for(net: convdsl.Net) -> None:
    model = net.compile(batch=32)
    with pytest.raises(ValueError, match=r"one image.*images\[None\]"):
        model.predict(IMAGES[0])
    with pytest.raises(ValueError, match="no images"):
        model.evaluate(IMAGES[:0], LABELS[:0])
    with pytest.raises(ValueError, match="takes images"):
        model.predict("a")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no layer conv"):
        model.activations(IMAGES, layer="conv")  # type: ignore[arg-type]
