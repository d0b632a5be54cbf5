"""predict, evaluate and ensemble for every kind of answers: yes or no, several labels, maps, numbers, pictures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convdsl
from convdsl.report.png import class_colours
from convdsl.training.comparing import paired_means
from convdsl.training.ensemble import shares
from convdsl.training.settings import Settings
from convdsl.training.splitting import split
from tests.training.calling import call
from tests.training.test_run_targets import HALVES, IMAGES, NETS

LARGE = "input 4x4x1 -> conv 4 k3 p1 relu -> tconv 1 k2 s2"
KINDS = [*NETS, "larger"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each kind a data set with a test part, and two runs that differ in their seed."""
    here = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        text, labels, settings = NETS.get(kind, (LARGE, NETS["itself"][1], {"target": "images"}))
        program = text if kind == "larger" else f"input 8x8x1 -> {text}"
        parts = {"x_train": IMAGES[:40], "y_train": labels[:40], "x_test": IMAGES[40:], "y_test": labels[40:]}
        np.savez(here / f"{kind}.npz", **parts)
        lines = "\n".join(f"  {name} {value}" for name, value in settings.items())
        (here / f"{kind}.cnn").write_text(
            f'net {kind}\n{program}\ntrain {{\n  data "{kind}.npz"\n  batch 16\n  epochs 1\n{lines}\n}}\n'
        )
        for seed in (0, 1):
            done = call(
                "run", here / f"{kind}.cnn", "--seed", seed, "--out", here / f"{kind}-{seed}", "--format", "json"
            )
            assert done.returncode == 0, done.stderr
    np.save(here / "some.npy", IMAGES[40:])
    Image.fromarray(IMAGES[40, ..., 0]).save(here / "one.png")
    return here


def expected(place: Path, kind: str) -> np.ndarray:
    """The outputs of the model itself on the test images."""
    model = convdsl.load(place / f"{kind}.cnn").compile()
    model.load(place / f"{kind}-0/weights.safetensors")
    images = IMAGES[40:]
    if kind == "larger":
        images = np.rint(images.reshape(20, 4, 2, 4, 2, 1).mean((2, 4))).astype(np.uint8)
    return model.predict(images)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_model(place: Path, kind: str) -> None:
    one = convdsl.trained(place / f"{kind}-0")
    answers, outputs = one.answers(IMAGES[40:]), expected(place, kind)
    if kind in ("yes", "yes_masks"):
        assert np.allclose(answers[..., 1:], outputs, atol=1e-6) and np.allclose(answers.sum(-1), 1)
    else:
        assert np.allclose(answers, outputs.reshape(answers.shape), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_evaluate_agrees_with_the_run_for_one_and_for_two(place: Path, kind: str) -> None:
    before = json.loads((place / f"{kind}-0/evaluation.json").read_text())
    found = json.loads(call("evaluate", place / f"{kind}-0", "--format", "json").stdout)
    for name, value in before.items():
        if isinstance(value, float) and name != "loss":
            assert found[name] == pytest.approx(value, rel=1e-4), name
    if "class_weights" not in NETS.get(kind, ("", "", {}))[2]:
        assert found["loss"] == pytest.approx(before["loss"], rel=1e-4)
    table = list(csv.reader(io.StringIO(call("evaluate", place / f"{kind}-0", "--csv").stdout)))
    heads = {"yes": "class", "several": "class", "masks": "class", "yes_masks": "class"}
    assert table[0][0] == heads.get(kind, "loss") and len({len(row) for row in table}) == 1
    out = place / f"{kind}-together"
    done = call("ensemble", place / f"{kind}-0", place / f"{kind}-1", "--out", out, "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    again = json.loads(call("evaluate", out, "--format", "json").stdout)
    main = next(iter(told.keys() & {"accuracy", "mse"}))
    assert again[main] == pytest.approx(told[main]) and told["members"][0][main] == pytest.approx(
        before[main], rel=1e-4
    )
    both = [convdsl.trained(place / f"{kind}-{seed}").answers(IMAGES[40:]) for seed in (0, 1)]
    assert np.allclose(convdsl.trained(out).answers(IMAGES[40:]), np.mean(both, axis=0), atol=1e-6)


def test_the_figures_of_an_ensemble_by_hand(place: Path) -> None:
    """The gain is the mean difference of the images' errors, and its interval that of a mean."""
    told = json.loads(
        call("ensemble", place / "pictures-0", place / "pictures-1", "--out", place / "p", "--format", "json").stdout
    )
    targets = (255 - IMAGES[40:]) / 255.0
    each = [convdsl.trained(place / f"pictures-{seed}").answers(IMAGES[40:]) for seed in (0, 1)]
    errors = [np.square(a - targets).mean((1, 2, 3)) for a in (*each, (each[0] + each[1]) / 2)]
    best = min(errors[:2], key=lambda e: float(e.mean()))
    away = best - errors[2]
    half = 1.96 * away.std(ddof=1) / np.sqrt(20)
    assert told["gain"] == pytest.approx(away.mean(), rel=1e-3)
    assert told["gain_95"] == pytest.approx([away.mean() - half, away.mean() + half], rel=1e-2)
    assert paired_means(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("kind", ["several", "masks", "yes_masks", "numbers", "itself"])
def test_weights_by_hand(place: Path, kind: str) -> None:
    """Those of the part that each member kept aside: odds of being right, or inverse squared errors."""
    done = call("ensemble", place / f"{kind}-0", place / f"{kind}-1", "--weighted", "--out", place / f"{kind}-w",
                "--format", "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    labels = NETS[kind][1][:40]
    wanted = []
    for seed in (0, 1):
        one = convdsl.trained(place / f"{kind}-{seed}")
        targets = one.targets(IMAGES[:40], labels)
        _, rows = split(np.arange(40), IMAGES[:40] if kind == "itself" else labels, Settings(seed=seed, validation=0.1))
        given, true = one.answers(IMAGES[rows]), targets[rows]
        if kind in ("numbers", "itself"):
            wanted.append(1 / np.square(given.reshape(true.shape) - true).mean())
            continue
        yes = given > 0.5 if kind == "several" else given.argmax(-1)
        right = float((yes == (true if true.ndim == yes.ndim else true[..., 0])).mean())
        wanted.append(max(np.log(right / (1 - right)), 1e-3))
    told = [member["weight"] for member in json.loads(done.stdout)["members"]]
    assert told == pytest.approx(np.array(wanted) / sum(wanted), rel=1e-3)
    assert shares([0.0, 4.0]) == pytest.approx([250_000.0, 0.25]) and shares([0.0, 0.0]) == pytest.approx([1e30, 1e30])


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_words(place: Path, kind: str, language: str, tmp_path: Path) -> None:
    evaluated = call("evaluate", place / f"{kind}-0", "--lang", language)
    together = call("ensemble", place / f"{kind}-0", place / f"{kind}-1", "--out", tmp_path / "e", "--lang", language)
    out = ("--out", tmp_path / "o") if kind in ("pictures", "itself", "larger") else ()
    predicted = call("predict", place / f"{kind}-0", place / "some.npy", *out, "--lang", language)
    for done in (evaluated, together, predicted):
        assert done.returncode == 0 and done.stdout and "\x1b" not in done.stdout, done.stderr
    assert predicted.stdout.count("\n") == 20


def test_predict_says_yes_or_no(place: Path) -> None:
    rows = list(csv.reader(io.StringIO(call("predict", place / "yes-0", place / "some.npy", "--csv").stdout)))
    yes = expected(place, "yes")[:, 0]
    assert rows[0] == ["file", "class", "probability", "0", "1"] and [row[1] for row in rows[1:]] == [
        str(int(p > 0.5)) for p in yes
    ]
    assert call("predict", place / "yes-0", place / "one.png").stdout.startswith("Image prediction: ")


def test_predict_gives_several_labels(place: Path) -> None:
    said = expected(place, "several") > 0.5
    told = [
        json.loads(line)
        for line in call("predict", place / "several-0", place / "some.npy", "--format", "json").stdout.splitlines()
    ]
    assert [one["labels"] for one in told] == [[str(i) for i in range(2) if row[i]] for row in said]
    assert told[0]["each"][0].keys() == {"label", "probability"}
    rows = list(csv.reader(io.StringIO(call("predict", place / "several-0", place / "some.npy", "--csv").stdout)))
    assert rows[0] == ["file", "labels", "0", "1"] and len(rows) == 21


def test_predict_writes_maps_that_can_be_read_as_masks(place: Path, tmp_path: Path) -> None:
    maps = expected(place, "masks").argmax(-1)
    done = call(
        "predict", place / "masks-0", place / "some.npy", place / "one.png", "--out", tmp_path / "m", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[0]["shares"][1]["share"] == pytest.approx(maps[0].mean()) and told[20]["written"] == str(
        tmp_path / "m/one.png"
    )
    with Image.open(tmp_path / "m" / "some-3.png") as picture:
        assert picture.mode == "P" and (np.asarray(picture) == maps[3]).all()
        assert tuple((picture.getpalette() or [])[3:6]) == class_colours(2)[1] == (128, 0, 0)
    for i in range(8):  # what was written is a set of masks
        (tmp_path / "set" / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "masks").mkdir(exist_ok=True)
        Image.fromarray(IMAGES[40 + i, ..., 0]).save(tmp_path / "set/images" / f"{i}.png")
        (tmp_path / "m" / f"some-{i}.png").rename(tmp_path / "set/masks" / f"{i}.png")
    figures = call("evaluate", place / "masks-0", "--data", tmp_path / "set", "--part", "train", "--format", "json")
    assert json.loads(figures.stdout)["mean_iou"] == 1.0
    call("predict", place / "masks-0", place / "some.npy", "--out", tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as kept:
        assert (kept["answers"] == maps).all() and kept["files"][3].endswith("some.npy:3")
    heads = call("predict", place / "masks-0", place / "one.png", "--csv").stdout.splitlines()[0]
    assert heads == "file,0,1"


@pytest.mark.parametrize("kind", ["pictures", "itself", "larger"])
def test_predict_writes_pictures(place: Path, tmp_path: Path, kind: str) -> None:
    outputs = expected(place, kind)
    done = call("predict", place / f"{kind}-0", place / "some.npy", place / "one.png", "--out", tmp_path / "p")
    assert done.returncode == 0 and f"one.png → {tmp_path / 'p/one.png'}" in done.stdout, done.stderr
    with Image.open(tmp_path / "p" / "some-3.png") as picture:
        assert (np.asarray(picture) == np.rint(outputs[3, ..., 0].clip(0, 1) * 255)).all()
    done = call("predict", place / f"{kind}-0", place / "some.npy", "--out", tmp_path / "p.npz", "--csv")
    assert done.stdout.splitlines()[0] == "file,answer" and done.stdout.count("\n") == 21
    with np.load(tmp_path / "p.npz") as kept:
        assert np.allclose(kept["answers"], outputs, atol=1e-6) and kept["answers"].dtype == np.float32


def test_a_small_picture_is_made_larger(place: Path, tmp_path: Path) -> None:
    """What a network for larger pictures takes is a small one."""
    Image.fromarray(IMAGES[0, :4, :4, 0]).save(tmp_path / "small.png")
    done = call("predict", place / "larger-0", tmp_path / "small.png", "--out", tmp_path / "o")
    assert done.returncode == 0 and done.stderr == ""
    with Image.open(tmp_path / "o/small.png") as picture:
        assert picture.size == (8, 8)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("predict", "pictures-0", "some.npy"), 1, "answers with pictures. `--out` says where they go"),
        (("predict", "several-0", "some.npy", "--out", "x"), 1, "`--out` is for maps of classes and for pictures"),
        (("predict", "masks-0", "some.npy", "--out", "masks-0"), 2, "holds something already"),
        (("predict", "masks-0", "some.npy", "--out", "some.npy"), 2, "holds something already"),
        (("evaluate", "masks-0", "--data", "several.npz"), 1, "The labels of several are several labels, and"),
        (("evaluate", "several-0", "--data", "pictures.npz"), 1, "answers with several labels"),
        (("evaluate", "pictures-0", "--data", "yes.npz"), 1, "The labels of yes are a class, and"),
        (("evaluate", "numbers-0", "--data", "masks.npz"), 1, "answers with numbers"),
        (("evaluate", "yes-0", "--data", "numbers.npz"), 1, "The labels of numbers are numbers, and"),
        (("evaluate", "masks-0", "--data", "beyond.npz"), 1, "The masks have a class beyond the 2"),
        (
            ("ensemble", "masks-0", "several-0"),
            1,
            "do not fit together: the answers are a class for each pixel and several",
        ),
        (("ensemble", "masks-0", "masks-1", "--data", "yes_masks.npz", "--weighted"), 1, "needs the data that masks-0"),
        (("ensemble", "itself-0", "larger-0"), 1, "do not fit together: the inputs are 8x8x1 and 4x4x1"),
    ],
)
def test_what_does_not_go_together_is_refused(
    place: Path, command: tuple[str, ...], status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    np.savez(place / "beyond.npz", images=IMAGES, labels=np.full((60, 8, 8), 7, np.uint8))
    before = {path.name for path in place.iterdir()}
    done = call(*command)
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in place.iterdir()} == before


def test_labels_that_data_do_not_tell_are_left_out(place: Path, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "d.npz", images=IMAGES[40:], labels=np.stack([HALVES[40:, 1], HALVES[40:, 1]], 1), classes=["1", "0"]
    )
    found = json.loads(call("evaluate", place / "several-0", "--data", tmp_path / "d.npz", "--part", "train",
                            "--format", "json").stdout)  # fmt: skip
    assert [one["name"] for one in found["labels"]] == ["0", "1"] and found["labels"][1]["images"] == found["labels"][
        0
    ]["images"]
