"""After the training: predict, evaluate, ensemble, runs; by the command line, in one process."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convdsl
from convdsl.datasets import load
from convdsl.messages import use_language
from convdsl.training.comparing import mean_of, paired
from convdsl.training.ensemble import Misfit, ensemble, predictor, votes
from convdsl.training.files import read_tensors, write_tensors
from convdsl.training.intervals import wilson
from convdsl.training.runs import differences, groups, read_runs, statements
from convdsl.training.trained import trained
from tests.training.calling import COLOURS, call, photo

NET = "net photos\ninput 8x8x3\nconv 6 k3 relu\nmaxpool 2\ndense 3 softmax\n\ntrain {\n  batch 16\n  epochs 6\n  lr 0.01\n}\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder: photos in class folders, a program, three runs that differ in their seed, and another."""
    here = tmp_path_factory.mktemp("student")
    for part, count in (("train", 30), ("test", 10)):
        for number, (name, colour) in enumerate(COLOURS.items()):
            for i in range(count):
                photo(
                    here / "photos" / part / name / f"{i}.png",
                    colour,
                    1000 * number + i + (500 if part == "test" else 0),
                )
    (here / "net.cnn").write_text(NET, encoding="utf-8")
    for seed in (1, 2, 3):
        run(here, f"runs/s{seed}", "--seed", seed)
    (here / "wide.cnn").write_text(NET.replace("conv 6", "conv 12"), encoding="utf-8")
    run(here, "runs/wide", "--lr", "0.001", "--epochs", "1", program="wide.cnn")
    return here


def run(here: Path, out: str, *options: object, program: str = "net.cnn") -> None:
    done = call("run", here / program, "--data", here / "photos", "--out", here / out, "--format", "json", *options)
    assert done.returncode == 0, done.stderr


# predict


def test_one_picture_gets_a_class_and_a_confidence(place: Path) -> None:
    photo(place / "one.png", COLOURS["green"], 7)
    done = call("predict", place / "runs/s1", place / "one.png")
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert (
        lines[0] == "Image prediction: green"
        and lines[1].startswith("Confidence: ")
        and lines[1].endswith(" %") is False
    )
    assert lines[2].startswith("Next: ") and lines[2].count("%") == 2
    spanish = call("predict", place / "runs/s1", place / "one.png", "--lang", "es")
    assert spanish.stdout.startswith("Predicción de la imagen: green\nConfianza: ")


@pytest.mark.parametrize("name", ["mnist", "v1.5", "ñandú"])
def test_a_net_named_by_its_file_keeps_its_name_with_its_weights(place: Path, tmp_path: Path, name: str) -> None:
    """Load, save, load: the program's text says no name, and its file is not there any more."""
    tensors, metadata = read_tensors(place / "runs/s1/weights.safetensors")
    bare = metadata["program"].replace("net photos\n", "")
    assert bare != metadata["program"]
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    write_tensors(first, tensors, {**metadata, "program": bare, "net": name})
    loaded = trained(first, convdsl.Net)
    assert loaded.net.name == name
    write_tensors(second, tensors, {**metadata, "program": loaded.net.text, "net": loaded.net.name})
    assert trained(second, convdsl.Net).net.name == name


def test_pictures_are_made_ready_as_in_training(place: Path) -> None:
    """The probabilities are those of the model on the very arrays of the data set."""
    from convdsl.datasets import load

    data = load(place / "photos", warn=str, size=(8, 8), channels=3)
    assert data.pictures is not None
    one = trained(place / "runs/s1", convdsl.Net)
    expected = one.answers(data.test_images)
    done = call("predict", place / "runs/s1", *(place / "photos" / name for name in data.pictures.test), "--csv")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["file", "class", "probability", *data.classes]
    assert np.allclose([[float(v) for v in row[3:]] for row in rows[1:]], expected, atol=1e-5)
    assert [row[1] for row in rows[1:]] == [data.classes[i] for i in expected.argmax(1)]
    model = convdsl.load(place / "net.cnn").compile()
    model.load(place / "runs/s1/weights.safetensors")
    assert np.allclose(model.predict(data.test_images), expected, atol=1e-6)


def test_folders_other_sizes_and_standard_input(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place / "mixed"
    photo(folder / "a.jpg", COLOURS["blue"], 1, (40, 20))
    photo(folder / "sub" / "b.png", COLOURS["rosa ñ"], 2)
    (folder / "notes.txt").write_text("no picture")
    done = call("predict", place / "runs/s1", folder, "--json", "--top", 2)
    first, second = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 0
    assert (first["file"], first["class"]) == (str(folder / "a.jpg"), "blue") and len(first["next"]) == 1
    assert second["class"] == "rosa ñ" and 0 < second["probability"] <= 1
    assert "1 file is no image and is left out: 1 .txt." in done.stderr
    assert f"{folder / 'a.jpg'} is not 8x8 and was stretched to it, as in the training." in done.stderr
    packed = shutil.make_archive(str(place / "packed"), "zip", folder)
    again = list(map(json.loads, call("predict", place / "runs/s1", packed, "--json").stdout.splitlines()))
    assert [one["file"] for one in again] == [f"{packed}/a.jpg", f"{packed}/sub/b.png"]
    assert [one["probability"] for one in again] == [first["probability"], second["probability"]]
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("blue", "red")]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:])
    done = call("predict", place / "runs/s1", folder / "moves.gif")
    assert "1 file has several frames or pages, of which only the first counts:" in done.stderr
    assert done.stdout.startswith("Image prediction: blue")
    contents = io.BytesIO((folder / "a.jpg").read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(contents))
    assert call("predict", place / "runs/s1", "-").stdout.startswith("Image prediction: blue")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    empty = call("predict", place / "runs/s1", "-")
    assert (empty.returncode, empty.stderr) == (1, "convdsl: There is nothing on standard input.\n")


def test_arrays_need_no_pillow_and_pictures_say_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(place / "some.npy", np.full((3, 8, 8, 3), COLOURS["blue"], np.uint8))
    np.savez(place / "some.npz", images=np.full((8, 8, 3), COLOURS["green"], np.uint8))
    monkeypatch.setitem(sys.modules, "PIL", None)
    done = call("predict", place / "runs/s1", place / "some.npy", place / "some.npz", "--csv")
    assert [row.split(",")[1] for row in done.stdout.splitlines()] == ["class", "blue", "blue", "blue", "green"]
    refused = call("predict", place / "runs/s1", place / "photos")
    assert refused.returncode == 2 and "python -m pip install pillow" in refused.stderr and refused.stdout == ""


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        (("nowhere.png",), 2, "There is no file"),
        (("net.cnn",), 1, "net.cnn cannot be read: it is no picture."),
        (("empty.png",), 1, "empty.png cannot be read: the file is empty."),
        (("small.npy",), 1, "small.npy: the images are 5x5x3, and the network was trained on 8x8x3."),
        (("hollow",), 1, "hollow holds no images"),
        (("names.npz",), 1, "the images must be called `images`"),
    ],
)
def test_what_cannot_be_answered_is_named(place: Path, files: tuple[str, ...], status: int, said: str) -> None:
    (place / "empty.png").write_bytes(b"")
    (place / "hollow").mkdir(exist_ok=True)
    np.save(place / "small.npy", np.zeros((2, 5, 5, 3), np.uint8))
    np.savez(place / "names.npz", a=np.zeros(3), b=np.zeros(3))
    done = call("predict", place / "runs/s1", *(place / name for name in files))
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr and "Traceback" not in done.stderr


def test_a_damaged_picture_among_others_is_named_and_the_others_are_answered(place: Path) -> None:
    (place / "broken").mkdir(exist_ok=True)
    (place / "broken" / "a\nb.png").write_bytes(b"?")
    photo(place / "broken" / "z.png", COLOURS["blue"], 3)
    done = call("predict", place / "runs/s1", place / "broken")
    assert done.returncode == 1 and done.stdout.startswith("Image prediction: blue")
    assert done.stderr.count("\n") == 1 and 'a\\nb.png" cannot be read: it is no picture.' in done.stderr


def test_a_run_that_is_none(place: Path, tmp_path: Path) -> None:
    assert call("predict", tmp_path / "no", "x.png").returncode == 2
    (tmp_path / "folder").mkdir()
    done = call("predict", tmp_path / "folder", "x.png")
    assert done.returncode == 1 and "There is no run in" in done.stderr
    (tmp_path / "other.safetensors").write_bytes(b"?")
    assert call("predict", tmp_path / "other.safetensors", "x.png").returncode == 1
    config = json.loads((place / "runs/s1/config.json").read_text())
    (tmp_path / "folder" / "config.json").write_text(json.dumps(config))
    assert "has not come to its end" in call("predict", tmp_path / "folder", "x.png").stderr


def test_without_a_softmax_there_are_probabilities_too(place: Path) -> None:
    (place / "plain.cnn").write_text(NET.replace(" softmax", ""), encoding="utf-8")
    run(place, "runs-plain/a", "--seed", 1, program="plain.cnn")
    with_it, without = (trained(place / name, convdsl.Net) for name in ("runs/s1", "runs-plain/a"))
    images = np.random.RandomState(0).randint(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    assert np.allclose(without.answers(images).sum(1), 1) and np.allclose(
        with_it.answers(images), without.answers(images), atol=1e-5
    )


# evaluate


def test_evaluate_gives_what_the_run_gave(place: Path) -> None:
    before = json.loads((place / "runs/s1/evaluation.json").read_text())
    done = call("evaluate", place / "runs/s1", "--data", place / "photos", "--format", "json")
    after = json.loads(done.stdout)
    assert after["accuracy"] == before["accuracy"] and after["confusion"] == before["confusion"]
    assert after["loss"] == pytest.approx(before["loss"], rel=1e-4) and after["images"] == 30
    assert after["accuracy_95"] == pytest.approx(wilson(30 * before["accuracy"], 30))
    alone = call("evaluate", place / "runs/s1", "--format", "json")  # the data of the training
    assert json.loads(alone.stdout)["confusion"] == before["confusion"]
    text = call("evaluate", place / "runs/s1", "--part", "train", "--data", place / "photos")
    assert "on 90 images of photos (training)" in text.stdout
    table = call("evaluate", place / "runs/s1", "--data", place / "photos", "--csv").stdout
    assert table.splitlines()[0] == "class,images,precision,recall,F1" and table.count("\n") == 4


@pytest.mark.parametrize("language", ["en", "es"])
def test_chosen_classes_keep_their_order_and_their_names(tmp_path: Path, language: str) -> None:
    """Two of ten classes, which are no longer those numbers; and all ten, turned round."""
    words = {}
    for known in ("en", "es"):
        use_language(known)
        words[known] = [str(name) for name in load("fashion-mini").classes]
    for numbers in ([4, 0], [*range(9, -1, -1)]):
        program, run = tmp_path / "net.cnn", tmp_path / f"run{len(numbers)}"
        program.write_text(f"input 28x28x1 -> avgpool 4 -> dense {len(numbers)} softmax\n")
        names = ",".join(words[language][number] for number in numbers)
        done = call(
            "run",
            program,
            "--classes",
            names,
            "--epochs",
            "3",
            "--limit",
            "900",
            "--lr",
            "0.01",
            "--out",
            run,
            "--lang",
            language,
        )
        assert done.returncode == 0, done.stderr
        before = json.loads((run / "evaluation.json").read_text())
        assert before["accuracy"] > 1.5 / len(numbers)
        for other in ("en", "es"):
            done = call("evaluate", run, "--format", "json", "--lang", other)
            after = json.loads(done.stdout)
            assert after["images"] == 100 * len(numbers)
            assert after["accuracy"] == pytest.approx(before["accuracy"], abs=0.06)
            assert [c["name"] for c in after["classes"]] == [words[other][number] for number in numbers]


def test_classes_are_matched_by_name(place: Path, tmp_path: Path) -> None:
    for name in ("rosa ñ", "green"):
        for i in range(10):
            photo(tmp_path / "two" / name / f"{i}.png", COLOURS[name], i)
    done = json.loads(call("evaluate", place / "runs/s1", "--data", tmp_path / "two", "--format", "json").stdout)
    assert [c["images"] for c in done["classes"]] == [0, 2, 2] and done["accuracy"] >= 0.5
    photo(tmp_path / "two" / "red" / "1.png", (255, 0, 0), 1)
    photo(tmp_path / "two" / "red" / "2.png", (255, 0, 0), 2)
    refused = call("evaluate", place / "runs/s1", "--data", tmp_path / "two")
    assert refused.returncode == 1 and "has the class red, which" in refused.stderr
    none = call("evaluate", place / "runs/s1", "--data", place / "photos", "--part", "validation")
    assert none.returncode == 1 and "has no part to validate" in none.stderr


def test_what_was_set_aside_for_the_test_is_what_the_training_set_aside(tmp_path: Path) -> None:
    """Another seed sets other images aside; measured on those, a network would be asked what it was trained on."""
    random = np.random.RandomState(0)
    np.savez(
        tmp_path / "d.npz",
        images=random.randint(0, 256, (60, 4, 4, 1)).astype(np.uint8),
        labels=random.randint(0, 2, 60),
    )
    (tmp_path / "n.cnn").write_text("dense 16 relu -> dense 2 softmax")
    for seed in (0, 5):
        done = call("run", tmp_path / "n.cnn", "--data", tmp_path / "d.npz", "--seed", seed, "--epochs", 30, "--lr", 0.01,
                    "--out", tmp_path / f"s{seed}")  # fmt: skip
        assert done.returncode == 0, done.stderr
        before = json.loads((tmp_path / f"s{seed}/evaluation.json").read_text())
        after = json.loads(call("evaluate", tmp_path / f"s{seed}", "--format", "json").stdout)
        assert after["confusion"] == before["confusion"]
    refused = call("ensemble", tmp_path / "s0", tmp_path / "s5", "--out", tmp_path / "e")
    assert refused.returncode == 1 and "each seed sets other images aside" in refused.stderr
    assert not (tmp_path / "e").exists()


# ensemble


def test_an_ensemble_is_the_mean_of_its_members_and_one_thing(place: Path) -> None:
    done = call("ensemble", *(place / f"runs/s{i}" for i in (1, 2, 3)), "--data", place / "photos",
                "--out", place / "runs/all", "--format", "json")  # fmt: skip
    told = json.loads(done.stdout)
    members = [trained(place / f"runs/s{i}", convdsl.Net) for i in (1, 2, 3)]
    images = np.random.RandomState(1).randint(0, 256, (20, 8, 8, 3)).astype(np.uint8)
    mean = np.mean([m.answers(images) for m in members], axis=0)
    one = predictor(place / "runs/all", convdsl.Net)
    assert np.allclose(one.answers(images), mean, atol=1e-6)
    assert np.allclose(convdsl.trained(place / "runs/all").answers(images), mean, atol=1e-6)
    assert [m["accuracy"] for m in told["members"]] == [
        json.loads((place / f"runs/s{i}/evaluation.json").read_text())["accuracy"] for i in (1, 2, 3)
    ]
    evaluated = json.loads(call("evaluate", place / "runs/all", "--data", place / "photos", "--format", "json").stdout)
    assert evaluated["accuracy"] == told["accuracy"]
    photo(place / "one.png", COLOURS["green"], 7)
    assert call("predict", place / "runs/all", place / "one.png").stdout.startswith("Image prediction: green")
    moved = place / "elsewhere.safetensors"
    moved.write_bytes((place / "runs/all/ensemble.safetensors").read_bytes())
    assert call("predict", moved, place / "one.png").stdout.startswith("Image prediction: green")
    again = call("ensemble", place / "runs/s1", place / "runs/s2", "--out", place / "runs/all")
    assert again.returncode == 2 and "holds something already" in again.stderr


def test_weights_come_from_the_images_that_each_member_kept_aside(place: Path) -> None:
    done = call("ensemble", place / "runs/s1", place / "runs/wide", "--data", place / "photos", "--weighted",
                "--out", place / "weighted")  # fmt: skip
    assert done.returncode == 0 and "together" in done.stdout and "Saved as one: " in done.stdout
    one = predictor(place / "weighted", convdsl.Net)
    assert sum(one.weights) == pytest.approx(1) and one.weights[0] >= one.weights[1]  # type: ignore[attr-defined]
    assert votes([0.9, 0.5], 2) == pytest.approx([np.log(9), 1e-3])
    assert votes([0.5], 3) == pytest.approx([np.log(2)]) and votes([1.0, 0.0], 10)[1] == 1e-3


def test_members_that_do_not_fit_are_named(place: Path, tmp_path: Path) -> None:
    for name in ("blue", "green"):
        for i in range(10):
            photo(tmp_path / "two" / name / f"{i}.png", COLOURS[name], i)
    (place / "two.cnn").write_text(NET.replace("dense 3", "dense 2"), encoding="utf-8")
    done = call("run", place / "two.cnn", "--data", tmp_path / "two", "--out", tmp_path / "run", "--epochs", 1)
    assert done.returncode == 0, done.stderr
    refused = call("ensemble", place / "runs/s1", tmp_path / "run", "--out", tmp_path / "none")
    assert (
        refused.returncode == 1
        and "do not fit together: the classes are 3 (blue, green, rosa ñ) and 2" in refused.stderr
    )
    assert str(place / "runs/s1") in refused.stderr and not (tmp_path / "none").exists()
    one = trained(place / "runs/s1", convdsl.Net)
    with pytest.raises(Misfit, match="at least two"):
        ensemble([one])
    with pytest.raises(ValueError, match="positive weight"):
        ensemble([one, one], [1, -1])
    assert call("ensemble", place / "runs/s1").returncode == 2
    assert call("ensemble", place / "runs/s1", place / "runs/s1").returncode == 2


def test_intervals_worked_by_hand() -> None:
    """Sources: the mean of 1, 2, 3 has t(2) · 1/√3; ten pairs of which four are won and one is lost (Agresti and Min)."""
    assert mean_of([1.0, 2.0, 3.0])[:2] == pytest.approx((2.0, 4.303 / np.sqrt(3)))
    assert mean_of([5.0]).half is None
    first = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0], bool)
    second = np.array([0, 0, 0, 0, 1, 1, 1, 0, 0, 0], bool)
    half = 1.96 * np.sqrt(6 - 9 / 12) / 12
    assert paired(first, second) == pytest.approx((0.3, 0.25 - half, 0.25 + half))


# runs


def test_runs_tell_what_differs_and_group_seeds(place: Path) -> None:
    runs, troubles = read_runs([place / "runs"])
    plain = [one for one in runs if not one.members]
    assert [one.path.name for one in plain] == ["s1", "s2", "s3", "wide"] and troubles == []
    told = differences(plain)
    assert told["network"] == ["conv 6 k3 relu"] * 3 + ["conv 12 k3 relu"]
    assert told["lr"] == ["0.01"] * 3 + ["0.001"] and told["epochs"] == ["6"] * 3 + ["1"]
    assert set(told) == {"network", "lr", "epochs"}
    (group,) = groups(plain)
    accuracies = [one.figures["accuracy"] for one in plain[:3]]
    assert group.means["accuracy"].value == pytest.approx(np.mean(accuracies)) and len(group.runs) == 3
    done = call("runs", place / "runs/s1", place / "runs/s2", place / "runs/wide", "--sort", "loss")
    losses = [one.figures["loss"] for one in plain if one.path.name != "s3"]
    lines = done.stdout.splitlines()
    first = lines[next(i for i, line in enumerate(lines) if "───" in line) + 1]
    assert done.returncode == 0 and f"{min(losses):.4g}" in first and "± " in done.stdout and "2 seeds" in done.stdout
    rows = list(csv.DictReader(io.StringIO(call("runs", place / "runs", "--csv").stdout)))
    assert {"run", "network", "lr", "seed", "epochs", "params", "accuracy", "loss", "val_accuracy"} <= rows[0].keys()
    data = json.loads(call("runs", place / "runs", "--format", "json").stdout)
    assert data["seeds"][0]["means"]["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))


def test_runs_that_are_unfinished_damaged_or_not_there(place: Path, tmp_path: Path) -> None:
    assert call("runs", tmp_path / "no").returncode == 2
    empty = call("runs", tmp_path)
    assert empty.returncode == 1 and "there are no runs in" in empty.stderr
    (tmp_path / "a").mkdir()
    config = (place / "runs/s1/config.json").read_text()
    (tmp_path / "a" / "config.json").write_text(config)
    done = call("runs", tmp_path)
    assert done.returncode == 0 and "has not come to its end" in done.stdout
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "config.json").write_text("{")
    done = call("runs", tmp_path)
    assert done.returncode == 1 and "b/config.json cannot be read" in done.stderr and "a " in done.stdout
    assert "nothing of that name" in call("runs", tmp_path, "--sort", "beauty").stderr


def test_statements_of_a_program() -> None:
    text = "net a # x\ninput 8x8x1 -> conv 4 k3  # y\n\nexpect 10\ndense 10\ntrain {\n lr 0.1\n}\n"
    assert statements(text) == ("input 8x8x1", "conv 4 k3", "dense 10")


# What is loaded.


def test_looking_at_help_loads_nothing_heavy() -> None:
    code = "import sys; from convdsl.cli import main\ntry: main(['predict', '--help'])\nexcept SystemExit: pass\n" \
           "print(*{m.partition('.')[0] for m in sys.modules}, file=sys.stderr)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & {"numba", "numpy", "PIL", "safetensors"}


# Several seeds, and tables that fit.


def test_several_seeds_are_runs_of_their_own_and_a_mean(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--data", place / "photos", "--epochs", 1)
    done = call("run", place / "net.cnn", *options, "--seeds", 3, "--seed", 5, "--format", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [e["seed"] for e in events if e["event"] == "end"] == [5, 6, 7], done.stderr
    assert all("seed" in e for e in events[:-1]) and events[-1]["event"] == "seeds"
    one = tmp_path / "alone"
    assert call("run", place / "net.cnn", *options, "--seed", 6, "--out", one).returncode == 0
    series = tmp_path / "runs" / "photos-1"
    assert (series / "seed-6/weights.safetensors").read_bytes() == (one / "weights.safetensors").read_bytes()
    accuracies = [json.loads((series / f"seed-{s}/evaluation.json").read_text())["accuracy"] for s in (5, 6, 7)]
    mean = events[-1]["means"]["accuracy"]
    assert (mean["mean"], mean["half_95"]) == pytest.approx(mean_of(accuracies)[:2])
    text = call("runs").stdout
    assert "3 seeds" in text and "An interval of 3 runs is wide" in text
    for name in ("checkpoint.safetensors", "weights.safetensors", "evaluation.json", "metrics.csv", "config.json"):
        (series / "seed-7" / name).unlink()
    done = call("run", place / "net.cnn", *options, "--seeds", 4, "--seed", 5, "--resume")
    assert done.returncode == 0 and "4 seeds" in done.stdout and "Seed 8, run 4 of 4:" in done.stdout, done.stderr
    again = json.loads((series / "seed-7/evaluation.json").read_text())["accuracy"]
    assert again == accuracies[2] and [p.name for p in (tmp_path / "runs").iterdir()] == ["photos-1"]
    refused = call("run", place / "net.cnn", *options, "--seeds", 2, "--seed", 8, "--out", series)
    assert (
        refused.returncode == 2 and "seed-8 holds a run already" in refused.stderr and not (series / "seed-9").exists()
    )
    assert call("run", place / "net.cnn", *options, "--resume").returncode == 2  # a series is no run to go on with
    assert call("run", place / "net.cnn", "--seeds", 1).returncode == 2


def test_a_stop_ends_all_seeds(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from convdsl.cli import run as room

    monkeypatch.chdir(tmp_path)
    asked = []

    class Stopper(room.Stopper):
        def __call__(self) -> bool:
            asked.append(1)
            return len(asked) > 8  # in the second run: six steps each

    monkeypatch.setattr(room, "Stopper", Stopper)
    done = call("run", place / "net.cnn", "--data", place / "photos", "--epochs", 1, "--seeds", 3)
    assert done.returncode == 130 and "All runs are stopped." in done.stdout and "Seed 2" not in done.stdout
    assert [p.name for p in sorted((tmp_path / "runs/photos-1").iterdir())] == ["seed-0", "seed-1"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    done = call("run", place / "net.cnn", "--data", place / "photos", "--epochs", 1, "--seeds", 3, "--resume")
    assert done.returncode == 0 and "3 seeds" in done.stdout


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_table_of_quite_different_networks_is_readable_at_80_columns(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "deep.cnn").write_text(
        "net deep\ninput 8x8x3\nconv 8 k3 p1 relu -> bn\nconv 16 k3 p1 s2 relu -> bn\nconv 32 k3 relu -> gap\ndense 3 softmax\n"
    )
    done = call("run", tmp_path / "deep.cnn", "--data", place / "photos", "--out", tmp_path / "runs/deep", "--epochs", 1,
                "--batch", 32, "--optimizer", "sgd")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = call("runs", place / "runs", tmp_path / "runs", "--lang", language).stdout.splitlines()
    rows = [line for line in lines if "%" in line and "±" not in line]
    assert any("deep (" in line for line in lines) and all(
        len(line) <= 80 for line in lines[: lines.index("") if "" in lines else 12]
    )
    assert len(rows) >= 5 and all(line.split()[-1] == "%" for line in rows)
    heads = " ".join(lines[: next(i for i, line in enumerate(lines) if "───" in line)]).split()
    assert set(heads) >= ({"seed", "epochs", "accuracy"} if language == "en" else {"semilla", "épocas", "exactitud"})
