"""convdsl data: what is said of a data set, sheets of its changes, and changes that mix its classes up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convdsl.training.mirrors import mixed
from convdsl.training.settings import Augment
from tests.training.calling import COLOURS, call, photo


def test_data_finds_duplicates_damage_and_imbalance(tmp_path: Path) -> None:
    for name, count in (("a", 12), ("b", 3)):
        for i in range(count):
            photo(tmp_path / "set" / "train" / name / f"{i}.png", COLOURS["blue"], i + 100 * count)
        photo(tmp_path / "set" / "test" / name / "t.png", COLOURS["blue"], 7 + 1000 * count)
    photo(tmp_path / "set" / "test" / "b" / "again.png", COLOURS["blue"], 1 + 100 * 12)  # a/1.png
    photo(tmp_path / "set" / "train" / "a" / "twice.png", COLOURS["blue"], 2 + 100 * 12)
    photo(tmp_path / "set" / "train" / "a" / "large.png", COLOURS["blue"], 5, (9, 9))
    (tmp_path / "set" / "train" / "a" / "bad.png").write_bytes(b"?")
    done = call("data", tmp_path / "set")
    assert done.returncode == 0, done.stderr
    assert "14 times" not in done.stdout and "The classes are uneven: the commonest has 4.7 times" in done.stdout
    assert (
        "1 test image is among the training images too, to the last bit: the test flatters. test/b/again.png = train/a/1.png."
        in done.stdout
    )
    assert "1 training image occurs twice. " in done.stdout and "One of these pairs has two labels." in done.stdout
    assert (
        "The pictures have 2 sizes: 8x8 (" in done.stdout
        and "Damaged: train/a/bad.png (it is no picture)." in done.stdout
    )
    found = json.loads(call("data", tmp_path / "set", "--format", "json").stdout)
    assert found["test_in_train"]["examples"] == [["test/b/again.png", "train/a/1.png"]]
    assert found["damaged"] == [{"file": "train/a/bad.png", "reason": "it is no picture"}]
    assert found["sizes"][0] == {"height": 8, "width": 8, "images": 19} and found["ratio"] == pytest.approx(14 / 3)
    spanish = call("data", tmp_path / "set", "--lang", "es").stdout
    assert "Las clases están desequilibradas" in spanish and "Dañadas: train/a/bad.png (no es una imagen)." in spanish


@pytest.mark.parametrize(
    ("labels", "line", "row"),
    [
        (
            np.tile(np.eye(4, dtype=np.uint8)[0] * 3, (40, 4, 1)),
            "a class for each of 4x4 pixels: 0 75 %, 3 25 %",
            "3 128 32",
        ),
        (np.array([[1, 1, 0]] * 40), "3 labels, several at once: 0 32, 1 32, 2 0", "1 1 32 8"),
        (np.linspace(-2, 5, 40), "the labels are numbers from -2 to 5", ""),
        (np.linspace(-2, 5, 80).reshape(40, 2), "2 numbers for each image, from -2 to 5", ""),
        (np.full((40, 8, 8, 3), 0.5), "a picture of 8x8x3 for each image (0.5 to 0.5)", ""),
    ],
)
def test_data_counts_answers_of_every_kind(tmp_path: Path, labels: Any, line: str, row: str) -> None:
    rng = np.random.RandomState(0)
    np.savez(tmp_path / "d.npz", images=rng.randint(0, 256, (40, 4, 4)).astype(np.uint8), targets=labels)
    said = call("data", tmp_path / "d.npz")
    assert said.returncode == 0 and line in said.stdout
    assert not row or any(" ".join(text.split()[: len(row.split())]) == row for text in said.stdout.splitlines())
    assert json.loads(call("data", tmp_path / "d.npz", "--format", "json").stdout)["answers"]


def test_a_clean_set_says_so() -> None:
    done = call("data", "fashion-mini")
    assert done.returncode == 0 and "No image occurs twice." in done.stdout and "uneven" not in done.stdout


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_sheet_of_changes(tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"sheet.{kind}"
    done = call("data", "fashion-mini", "--augment", "flip, rotate 10", "-o", out)
    assert done.returncode == 0 and done.stdout.endswith("8 images, each with 7 changed copies beside it.\n")
    contents = out.read_bytes()
    assert contents.startswith(b"\x89PNG" if kind == "png" else b"<svg") and call("data", "fashion-mini", "--augment",
        "flip, rotate 10", "-o", out).returncode == 0 and out.read_bytes() == contents  # fmt: skip
    if kind == "svg":
        assert contents.count(b"<image") == 64 and b">T-shirt<" in contents
    else:
        with Image.open(out) as page:
            assert page.size == (8 * 60 + 4, 8 * 76 + 4)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--augment", "flip"), 2, "go together"),
        (("--augment", " ", "-o", "x.png"), 2, "go together"),
        (("--augment", "flip", "-o", "none/x.png"), 2, "convdsl: none/x.png: there is no such file or folder"),
        (("--augment", "flip", "-o", "x.gif"), 2, "a sheet is a .png or an .svg"),
        (("--augment", "flop", "-o", "x.png"), 2, "--augment: "),
        (("--augment", "shift 99", "-o", "x.png"), 1, "leaves nothing of an image of 28x28x1"),
        (("--seed", "-1"), 2, "--seed"),
    ],
)
def test_a_sheet_that_cannot_be(options: tuple[str, ...], status: int, said: str, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = call("data", "fashion-mini", *options)
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr and list(tmp_path.iterdir()) == []


# Changes that mix classes up.


@pytest.mark.parametrize(
    ("classes", "change", "found"),
    [
        ("0123456789", {"flip": "horizontal"}, ("2", "")),
        ("0123456789", {"flip": "both"}, ("6", "9")),
        ("0123456789", {"rotate": 180}, ("6", "9")),
        ("0123456789", {"rotate": 15}, None),
        ("abcd", {"flip": "horizontal"}, ("b", "d")),
        ("ABCD", {"flip": "horizontal"}, None),
        ("bpqd", {"flip": "vertical"}, ("b", "p")),
        (("Left", "right", "stop"), {"flip": "horizontal"}, ("Left", "right")),
        (("izquierda", "derecha"), {"flip": "both"}, ("izquierda", "derecha")),
        (("arriba", "abajo"), {"flip": "vertical"}, ("arriba", "abajo")),
        (("cat", "dog"), {"flip": "both", "rotate": 180}, None),
    ],
)
def test_changes_that_mix_classes_up(classes: Any, change: dict[str, Any], found: tuple[str, str] | None) -> None:
    mix = mixed(tuple(classes), Augment(**change))
    assert (mix and (mix.one, mix.other)) == found


def test_check_and_run_and_data_say_it(tmp_path: Path) -> None:
    program = "input 8x8x1 -> dense 2\ntrain {{\n data {}\n augment flip\n}}\n"
    (tmp_path / "n.cnn").write_text(program.format("mnist"))
    assert "W540" in call("check", tmp_path / "n.cnn").stdout
    (tmp_path / "n.cnn").write_text(program.format("fashion-mini"))
    assert "W540" not in call("check", tmp_path / "n.cnn").stdout
    images, labels = np.random.RandomState(0).randint(0, 256, (40, 8, 8)).astype(np.uint8), np.arange(40) % 2
    np.savez(tmp_path / "letters.npz", images=images, labels=labels, classes=np.array(["b", "d"]))
    sheet = call("data", tmp_path / "letters.npz", "--augment", "flip", "-o", tmp_path / "s.svg")
    assert "`flip` makes b look like d, and leaves it its label. Leave `flip` out." in sheet.stderr
    done = call("run", tmp_path / "n.cnn", "--data", tmp_path / "letters.npz", "--epochs", 0, "--out", tmp_path / "r")
    assert "`flip` makes b look like d" in done.stderr
