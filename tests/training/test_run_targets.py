"""`convdsl run` on every kind of targets: trained, validated, reported, resumed, in text and JSON; wrong data refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import convdsl
from tests.conftest import Convdsl
from tests.training.test_run import call, events, files

__all__ = ["call"]

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8, 1)).astype(np.uint8)
BRIGHT = IMAGES.reshape(60, -1).mean(1) > 127
HALVES = np.stack([IMAGES[:, :4].mean((1, 2, 3)) > 127, IMAGES[:, 4:].mean((1, 2, 3)) > 127], 1).astype(np.int64)
MASKS = (IMAGES[..., 0] > 127).astype(np.uint8)
NETS = {
    "yes": ("conv 4 k3 relu -> dense 1 sigmoid", BRIGHT.astype(np.int64), {"class_weights": "balanced"}),
    "several": ("conv 4 k3 relu -> dense 2 sigmoid", HALVES, {}),
    "masks": ("conv 4 k3 p1 relu -> conv 2 k1 softmax", MASKS, {"augment": "flip both, shift 1", "early_stop": "iou patience=2"}),
    "yes_masks": ("conv 4 k3 p1 relu -> conv 1 k1 sigmoid", np.where(MASKS, 255, 0).astype(np.uint8), {}),
    "numbers": ("dense 1", BRIGHT + RANDOM.normal(0, 0.1, 60), {}),
    "counts": ("dense 1", IMAGES.reshape(60, -1).argmax(1), {"loss": "mae"}),
    "pictures": ("conv 4 k3 p1 relu -> conv 1 k3 p1", 255 - IMAGES, {}),
    "itself": ("conv 4 k3 p1 relu -> conv 1 k3 p1", BRIGHT.astype(np.int64), {"target": "images", "augment": "noise 0.1"}),
}  # fmt: skip
FIGURES = {
    "yes": {"accuracy", "balanced_accuracy", "confusion"},
    "several": {"accuracy", "exact", "macro_f1", "labels"},
    "masks": {"accuracy", "mean_iou", "classes"},
    "yes_masks": {"accuracy", "mean_iou", "classes"},
    "numbers": {"mse", "mae", "r2"},
    "counts": {"mse", "mae", "r2"},
    "pictures": {"psnr", "mse", "mae"},
    "itself": {"psnr", "mse", "mae"},
}
WATCHED = {"yes": "val_balanced_accuracy", "several": "val_f1", "masks": "val_iou", "yes_masks": "val_iou",
           "pictures": "val_psnr", "itself": "val_psnr"}  # fmt: skip


def made(folder: Path, kind: str, labels: Any = None, net: str = "") -> list[str]:
    """A program and its data in a folder; the call that trains it."""
    text, targets, settings = NETS[kind]
    np.savez(folder / "data.npz", images=IMAGES, labels=targets if labels is None else labels)
    lines = "\n".join(f"  {name} {value}" for name, value in settings.items())
    program = (
        f'net {kind}\ninput 8x8x1 -> {net or text}\ntrain {{\n  data "data.npz"\n  batch 16\n  epochs 2\n{lines}\n}}\n'
    )
    (folder / "net.cnn").write_text(program)
    return ["run", "net.cnn"]


@pytest.mark.parametrize("kind", NETS)
def test_each_kind_trains_and_reports_its_own_figures(call: Convdsl, tmp_path: Path, kind: str) -> None:
    arguments = made(tmp_path, kind)
    done = events(call(*arguments, "--format", "json", "--out", "a", "--threads", "1"))
    epochs, end = [e for e in done if e["event"] == "epoch"], done[-1]
    named = {"epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy", "images_per_second", "seconds", "event"}
    assert all(e.keys() - named == ({WATCHED[kind]} if kind in WATCHED else set()) for e in epochs)
    assert FIGURES[kind] <= end["evaluation"].keys() and end["evaluation"]["loss"] == end["test_loss"]
    assert (end["test_accuracy"] is None) == (kind in ("numbers", "counts", "pictures", "itself"))
    assert json.loads((tmp_path / "a" / "evaluation.json").read_text()) == end["evaluation"]
    heads = (tmp_path / "a" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert heads[6:] == ([WATCHED[kind]] if kind in WATCHED else [])
    short = call(*arguments, "--epochs", "1", "--format", "json", "--out", "b", "--threads", "2")
    assert short.returncode == 0, short.stderr
    events(call("run", "net.cnn", "--resume", "--epochs", "2", "--out", "b", "--format", "json"))
    one, two = files(tmp_path / "a"), files(tmp_path / "b")
    assert one["weights.safetensors"] == two["weights.safetensors"] and one["metrics.csv"] == two["metrics.csv"]


@pytest.mark.parametrize("kind", ["several", "masks", "pictures", "itself", "yes"])
def test_evaluate_gives_the_figures_of_the_run(call: Convdsl, tmp_path: Path, kind: str) -> None:
    end = events(call(*made(tmp_path, kind), "--format", "json", "--epochs", "1", "--out", "a"))[-1]["evaluation"]
    done = call("evaluate", "a", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in FIGURES[kind] - {"labels", "classes", "confusion"}:
        assert found[name] == pytest.approx(end[name], rel=1e-5), name
    assert found["part"] == "test" and call("evaluate", "a", "--lang", "es").returncode == 0


SAYS = {
    "yes": (r"test accuracy \d+\.\d %, 95 % interval", r"exactitud .*intervalo del 95 %"),
    "several": (r"of the labels right, all of them in .* mean F1", r"de las etiquetas correctas"),
    "masks": (r"mean IoU 0\.\d{3}, \d+\.\d % of the pixels right", r"IoU medi[ao] 0[.,]\d{3}"),
    "counts": (r"mean squared error .* mean absolute error", r"error cuadrático medio"),
    "itself": (r"PSNR -?\d+[.,]\d\d dB", r"PSNR -?\d+[.,]\d\d dB, error"),
}


@pytest.mark.parametrize("kind", SAYS)
@pytest.mark.parametrize("language", [0, 1])
def test_the_report_in_words(call: Convdsl, tmp_path: Path, kind: str, language: int) -> None:
    done = call(*made(tmp_path, kind), "--epochs", "1", "--lang", ("en", "es")[language])
    assert done.returncode == 0 and "\x1b" not in done.stdout, done.stderr
    assert re.search(SAYS[kind][language], done.stdout), done.stdout


def test_whole_numbers_with_squares_are_taken_for_numbers(call: Convdsl, tmp_path: Path) -> None:
    done = call(*made(tmp_path, "counts"))
    assert done.returncode == 0 and "they are numbers to be predicted" in done.stdout
    assert "the labels are numbers" in done.stdout


@pytest.mark.parametrize(
    ("count", "said"), [(3, "(a0, a1, a2), and"), (2, "(a0, a1), and"), (20, "(a0, a1, a10 …), and")]
)
def test_names_are_no_numbers(call: Convdsl, tmp_path: Path, count: int, said: str) -> None:
    names = np.array([f"a{i % count}" for i in range(60)])
    done = call(*made(tmp_path, "counts", names), "--out", "out")
    assert (
        done.returncode == 1
        and f"The labels are names {said} `loss mae` with one output predicts numbers" in done.stderr
    )
    assert f"{count} outputs" in done.stderr and not (tmp_path / "out").exists()


def test_folders_that_are_called_as_numbers_are_these_numbers(call: Convdsl, tmp_path: Path) -> None:
    for age in (1, 5, 10):
        for i in range(6):
            (tmp_path / f"ages/{age}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8), 20 * age + i, np.uint8)).save(tmp_path / f"ages/{age}/{i}.png")
    made(tmp_path, "counts")
    done = call("run", "net.cnn", "--data", "ages", "--out", "out")
    assert done.returncode == 0 and "the labels are numbers from 1 to 10" in done.stdout, done.stderr
    found = call("evaluate", "out", "--data", "ages")
    mae = re.search(r"mean absolute error ([\d.]+)", done.stdout)
    assert found.returncode == 0 and mae and mae[1] in found.stdout
    for kind, data in (("names", ["a", "b"]), ("numbers", ["1", "10"])):
        np.savez(tmp_path / f"{kind}.npz", images=IMAGES, labels=np.array(data)[np.arange(60) % 2])
    refused = call("evaluate", "out", "--data", "names.npz")
    assert refused.returncode == 1 and "The labels of names are a class, and" in refused.stderr
    assert call("evaluate", "out", "--data", "numbers.npz").returncode == 0


def test_pictures_of_bytes_are_no_masks_where_the_loss_says_so(call: Convdsl, tmp_path: Path) -> None:
    done = call(*made(tmp_path, "pictures", (255 - IMAGES)[..., 0]), "--loss", "mse", "--epochs", "1")
    assert done.returncode == 0 and "a picture of 8x8 for each image" in done.stdout, done.stderr


def test_numbers_far_from_0_are_named_where_the_loss_explodes(call: Convdsl, tmp_path: Path) -> None:
    arguments = made(tmp_path, "numbers", BRIGHT * 1e30)
    done = call(*arguments)
    assert done.returncode == 1 and "bring them to a range near −1 … 1 first." in done.stderr
    assert "Try a learning rate" in call(*made(tmp_path, "numbers"), "--lr", "1e9").stderr


def test_data_that_moved_are_found_again_by_their_contents(call: Convdsl, tmp_path: Path) -> None:
    """A run goes on where its data are the same, wherever they lie; `evaluate` says how to name them."""
    arguments = made(tmp_path, "numbers")
    assert call(*arguments, "--data", "data.npz", "--out", "out").returncode == 0
    (tmp_path / "data.npz").rename(tmp_path / "moved.npz")
    lost = call("evaluate", "out")
    assert lost.returncode == 2 and "out was trained on data; `--data` names where they lie now" in lost.stderr
    assert "Known data sets" in call("evaluate", "out", "--data", "nowhere").stderr
    more = call(*arguments, "--data", "moved.npz", "--out", "out", "--resume", "--epochs", "3")
    assert more.returncode == 0 and "going on after epoch 2" in more.stdout, more.stderr
    assert "of moved (test)" in call("evaluate", "out").stdout
    again = call(*arguments, "--out", "out", "--resume", "--epochs", "4")
    assert again.returncode == 0 and "going on after epoch 3" in again.stdout, again.stderr
    np.savez(tmp_path / "other.npz", images=IMAGES[:50], labels=BRIGHT[:50] * 1.5)
    other = call(*arguments, "--data", "other.npz", "--out", "out", "--resume", "--epochs", "5")
    assert other.returncode == 2 and "The data are not the same as when the run in out began" in other.stderr
    assert call(*arguments, "--data", "moved.npz", "--out", "b", "--lr", "0.1", "--epochs", "1").returncode == 0
    head = call("runs", "out", "b", "--csv").stdout.splitlines()[0].split(",")
    assert len(head) == len(set(head)) and {"lr", "epochs"} <= set(head)


def test_labels_that_begin_at_1_are_those_of_the_run(call: Convdsl, tmp_path: Path) -> None:
    """`evaluate` and `ensemble` count as the training did; a class without an image is in nobody's way."""
    text = "input 8x8x1 -> dense 3 softmax\ntrain { epochs 1 }\n"
    (tmp_path / "net.cnn").write_text(text)
    labels = np.arange(60) % 3
    for name, first in (("one", 1), ("nought", 0)):
        parts = {
            "x_train": IMAGES[:40],
            "y_train": labels[:40] + first,
            "x_test": IMAGES[40:],
            "y_test": labels[40:] + first,
        }
        np.savez(tmp_path / f"{name}.npz", **parts)
    lines = ("--data", "one.npz", "--labels-from", "1", "--format", "json")
    for seed in ("0", "1"):
        end = events(call("run", "net.cnn", *lines, "--out", seed, "--seed", seed, "--class-weights", "balanced"))[-1]
    for more in ((), ("--data", "one.npz"), ("--data", "one.npz", "--labels-from", "1")):
        found = call("evaluate", "1", "--format", "json", *more)
        assert found.returncode == 0 and json.loads(found.stdout)["accuracy"] == end["test_accuracy"], found.stderr
    assert call("ensemble", "0", "1", "--out", "both").returncode == call("evaluate", "both").returncode == 0
    for language, said in (
        ("en", "The loss is the plain one, without the `class_weights`"),
        ("es", "sin `class_weights` del"),
    ):
        assert said in call("evaluate", "1", "--lang", language).stdout
    other = call("evaluate", "1", "--data", "nought.npz", "--lang", "en")
    assert (
        other.returncode == 1
        and "nought has the class 0, which 1 was not trained on; it knows 1, 2, 3." in other.stderr
    )


def test_one_image_is_one(call: Convdsl, tmp_path: Path) -> None:
    parts = {"x_train": IMAGES[:40], "y_train": BRIGHT[:40] * 1.5, "x_test": IMAGES[:1], "y_test": BRIGHT[:1] * 1.5}
    made(tmp_path, "numbers")
    np.savez(tmp_path / "data.npz", **parts)
    assert call("run", "net.cnn", "--out", "out").returncode == 0
    assert "on one image of data (test)" in call("evaluate", "out").stdout
    assert "en una imagen de data (prueba)" in call("evaluate", "out", "--lang", "es").stdout


def test_a_sigmoid_before_softmax_is_warned_of_and_read(call: Convdsl, tmp_path: Path) -> None:
    done = call(*made(tmp_path, "yes", net="conv 4 k3 relu -> dense 2 sigmoid"), "--epochs", "1")
    assert done.returncode == 0 and "W521" in done.stderr and "0.313" in done.stderr
    assert "W521" not in call(*made(tmp_path, "several"), "--epochs", "1").stderr


@pytest.mark.parametrize(
    ("kind", "labels", "net", "said"),
    [
        ("masks", MASKS + 3, "", "The masks of data have 5 classes, and the network answers 2."),
        ("masks", MASKS[:, :4], "", "The masks of data are 4×8, and the network answers at 8×8 places."),
        ("masks", MASKS[:50], "", "60 images, but 50 labels"),
        ("several", HALVES, "dense 3 sigmoid", "data has 2 labels that an image may have at once, and the network's output is 3."),
        ("several", HALVES + 3, "dense 3 sigmoid", "The labels of data are 2 numbers for each image, and the network gives 3."),
        ("pictures", IMAGES[:, :4], "", "The pictures to be answered are 4×8×1, and the network gives 8×8×1."),
        ("yes", np.arange(60) % 3, "", "data has 3 classes, and the network's output is 1."),
    ],
)  # fmt: skip
def test_targets_that_do_not_fit_are_one_message(
    call: Convdsl, tmp_path: Path, kind: str, labels: np.ndarray, net: str, said: str
) -> None:
    done = call(*made(tmp_path, kind, labels, net), "--out", "out")
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists(), "nothing is written"


@pytest.mark.parametrize(
    ("kind", "option", "value", "said"),
    [
        ("numbers", "--class-weights", "balanced", "needs classes"),
        ("yes", "--class-weights", "1, 2, 3", "gives 3 numbers, and there are 2 classes"),
        ("yes", "--early-stop", "iou", "a class for each pixel"),
        ("masks", "--loss", "binary_cross_entropy", ""),
        ("yes", "--loss", "mae", "these targets are numbers"),
    ],
)
def test_settings_of_another_task(call: Convdsl, tmp_path: Path, kind: str, option: str, value: str, said: str) -> None:
    done = call(*made(tmp_path, kind), option, value, "--epochs", "1")
    assert "Traceback" not in done.stderr and said in done.stderr
    assert done.returncode == (1 if said else 0)


def test_a_small_input_gets_the_images_made_smaller(call: Convdsl, tmp_path: Path) -> None:
    arguments = made(tmp_path, "itself")
    text = (tmp_path / "net.cnn").read_text().replace("8x8x1 -> conv 4 k3 p1 relu", "4x4x1 -> tconv 4 k2 s2 relu")
    (tmp_path / "net.cnn").write_text(text)
    assert events(call(*arguments, "--format", "json"))[-1]["evaluation"]["psnr"] > 0


def test_a_batch_of_one_and_bn(call: Convdsl, tmp_path: Path) -> None:
    arguments = made(tmp_path, "yes", net="dense 4 -> bn -> relu -> dense 1 sigmoid")
    refused = call(*arguments, "--batch", "1")
    assert refused.returncode != 0 and "2 bn" in refused.stderr and "the variance of one value is 0" in refused.stderr
    done = events(call(*arguments, "--batch", "7", "--validation", "5", "--format", "json"))  # 43 = 6·7 + 1
    assert any("it is left out" in e.get("message", "") for e in done)
    free = events(call(*made(tmp_path, "yes"), "--batch", "7", "--validation", "5", "--format", "json"))
    assert not any("it is left out" in e.get("message", "") for e in free)


def test_a_rate_that_begins_anew_is_said(call: Convdsl, tmp_path: Path) -> None:
    arguments = [*made(tmp_path, "yes"), "--schedule", "cosine", "--lr", "0.05", "--format", "json", "--out", "a"]
    events(call(*arguments, "--epochs", "4"))
    more = events(call("run", "net.cnn", "--resume", "--epochs", "8", "--format", "json", "--out", "a"))
    (said,) = [e["message"] for e in more if e["event"] == "warning" and "schedule" in e["message"]]
    assert "over 8 epochs now, and not over 4" in said and "to 0.025" in said
    even = [*made(tmp_path, "yes"), "--format", "json", "--out", "b"]
    events(call(*even, "--epochs", "1"))
    more = events(call("run", "net.cnn", "--resume", "--epochs", "2", "--format", "json", "--out", "b"))
    assert not any(e["event"] == "warning" and "schedule" in e["message"] for e in more)


def test_shapes_are_drawn_and_learned(call: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(
        "net s\ninput 16x16x3 -> conv 8 k5 p2 relu -> conv 8 k5 p2 relu -> conv 2 k1 softmax\n"
        "train {\n  data shapes\n  optimizer adam lr=0.02\n  batch 16\n  epochs 4\n}\n"
    )
    end = events(call("run", "net.cnn", "--format", "json"))[-1]
    assert [one["name"] for one in end["evaluation"]["classes"]] == ["ground", "shape"]
    always_ground = end["evaluation"]["classes"][0]["pixels"] / (16 * 16 * 150) / 2
    assert end["evaluation"]["mean_iou"] > always_ground + 0.1


def test_a_mask_with_a_class_too_many_anywhere_stops_the_run_before_it_begins(call: Convdsl, tmp_path: Path) -> None:
    masks = MASKS.copy()
    masks[3, 0, 0] = 5
    for part, others in (("images", None), ("val_images", MASKS), ("test_images", MASKS)):
        arrays = {"images": IMAGES, "masks": masks}
        if others is not None:
            arrays = {
                "train_images": IMAGES,
                "train_masks": others,
                part: IMAGES[:9],
                part.replace("images", "masks"): masks[:9],
            }
        made(tmp_path, "masks")
        np.savez(tmp_path / "data.npz", **arrays)
        wrong = call("run", "net.cnn", "--out", "x")
        assert wrong.returncode == 1 and "E321" in wrong.stderr and "have 6 classes" in wrong.stderr
        assert "Write 6 there" in wrong.stderr, "the classes to train are numbered well"
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("end", "low", "high", "said"), [
    ("dense 1 sigmoid", 0.0, 80.0, "`sigmoid` gives numbers from 0 to 1, and those to be answered go from 0 to 80"),
    ("dense 1 relu", -3.0, 3.0, "`relu` gives no numbers below 0, and those to be answered go from -3 to 3"),
    ("dense 1 tanh", -3.0, 3.0, "`tanh` gives numbers from -1 to 1"),
    ("dense 1 sigmoid", 0.0, 1.0, ""), ("dense 1 tanh", -1.0, 1.0, ""), ("dense 1", -9.0, 9.0, ""), ("dense 1 relu", 0.0, 9.0, ""),
])  # fmt: skip
def test_numbers_that_the_last_activation_cannot_give(end: str, low: float, high: float, said: str) -> None:
    from types import SimpleNamespace

    from convdsl.training.preparing import match

    data = SimpleNamespace(
        train_images=IMAGES, train_labels=np.linspace(low, high, 60), shape=(8, 8, 1), classes=(), name="d"
    )
    found = match(convdsl.parse(f"input 8x8x1 -> {end}"), data)
    assert [d.code for d in found] == ["W521"] * bool(said) and said in "".join(str(d.message) for d in found)


@pytest.mark.parametrize(("labels", "said"), [
    (np.arange(60) % 4 * 100, "Of these numbers only 0, 100, 200, 300 occur: the classes are to be numbered from 0 to 3, as"),
    (np.arange(60) % 6 * 45, "only 0, 45, 90, 135, 180, 225 occur: the classes are to be numbered from 0 to 5, as `np.unique("),
    (np.arange(60) % 6 * 45, "and the network needs 6 outputs."),
    (np.arange(60) % 5, "Write 5 there."),
    (np.arange(60) % 4 - 1, "Classes are whole numbers from 0 on, and these labels go from -1 to 2."),
])  # fmt: skip
def test_numbers_that_are_no_classes_are_told_what_to_do(call: Convdsl, tmp_path: Path, labels: Any, said: str) -> None:
    wrong = call(*made(tmp_path, "yes", labels, net="dense 4 softmax"), "--out", "x", "--class-weights", "none")
    assert wrong.returncode == 1 and said in " ".join(wrong.stderr.split()) and not (tmp_path / "x").exists()
