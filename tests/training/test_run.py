"""`convdsl run` as a process: events, files, errors, resumption after a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import convdsl as package
from tests.conftest import Convdsl

TINY = """net tiny
input 28x28x1
conv 4 k5 s2 nobias -> bn relu
dropout 0.2
dense 10 softmax

train {
  optimizer adam lr=0.003
  batch 32
  epochs 3
  limit 400
  augment shift 1
  early_stop patience=2
}
"""


@pytest.fixture
def call(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Convdsl:
    """The command line in this process: what costs time is loaded once."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        from convdsl.cli import main

        monkeypatch.chdir(tmp_path)
        capfd.readouterr()
        if arguments[0] == "run" and "--report" not in arguments:  # what no test looks at is not drawn
            arguments = ("run", "--no-report", *arguments[1:])
        try:
            status = main([a for a in arguments if a != "--report"])
        except SystemExit as end:
            status = int(end.code or 0)
        output = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, output.out, output.err)

    return run


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.cnn"
    path.write_text(TINY)
    return path


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_json_events_and_files(call: Convdsl, program: Path, tmp_path: Path) -> None:
    done = events(call("run", str(program), "--format", "json", "--epochs", "2", "--out", "out"))
    kinds = [e["event"] for e in done if e["event"] not in ("checkpoint", "note")]
    assert kinds == ["start", "epoch", "epoch", "end"]
    start, *epochs = (e for e in done if e["event"] in ("start", "epoch"))
    assert (start["train"], start["validation"], start["test"], start["params"]) == (
        360,
        40,
        400,
        108 + 144 * 4 * 10 + 10,
    )
    assert [e["epoch"] for e in epochs] == [1, 2]
    assert all(e[k] > 0 for e in epochs for k in ("loss", "accuracy", "val_loss", "val_accuracy", "images_per_second"))
    end = done[-1]
    assert {"test_accuracy", "epochs", "seconds", "device", "weights"} <= end.keys()
    assert (end["epochs"], end["device"], end["weights"]) == (2, "cpu", "out/weights.safetensors")
    assert set(files(tmp_path / "out")) == {
        "config.json", "checkpoint.safetensors", "metrics.csv", "weights.safetensors", "evaluation.json"}  # fmt: skip
    weights = load_file(tmp_path / "out" / "weights.safetensors")
    norm = {f"2.bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")}
    assert weights.keys() == {"1.conv.weight", "4.dense.weight", "4.dense.bias"} | norm
    assert weights["1.conv.weight"].shape == (4, 1, 5, 5)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["program"] == TINY and config["settings"]["epochs"] == 2 and len(config["data"]["sha256"]) == 64
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert evaluation["accuracy"] == end["test_accuracy"] and sum(map(sum, evaluation["confusion"])) == 400
    table = (tmp_path / "out" / "metrics.csv").read_text().splitlines()
    assert len(table) == 3 and float(table[1].split(",")[2]) == epochs[0]["loss"]

    model = package.load(program).compile()
    model.load(tmp_path / "out" / "weights.safetensors")
    data = __import__("convdsl.datasets").datasets.load("fashion-mini")
    rows = np.sort(np.random.RandomState([0, 1_000_033]).permutation(1000)[:400])
    assert model.evaluate(data.test_images[rows], data.test_labels[rows]).accuracy == end["test_accuracy"]


def test_text_into_a_pipe_is_plain(call: Convdsl, program: Path, tmp_path: Path) -> None:
    done = call("run", str(program), "--epochs", "1", "--optimizer", "sgd lr=0.02", "--early-stop", "none")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "\r" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "tiny: 5,878 parameters, fashion-mini: 360 images to train, 40 to validate, 400 to test"
    assert lines[1].startswith(
        "data: 6,000 to train, 1,000 to test; 28x28, grey, 8 bits (0 to 255); 10 classes of 600: T-shirt, trousers, "
    )
    assert lines[3].startswith("epoch 1/1  loss ") and lines[3].endswith("images/s")
    assert any(line.startswith("test accuracy ") for line in lines)
    assert "Weights and figures: runs/tiny-1" in lines
    assert lines[-1] == f"Try next: convdsl run {program} --resume --out runs/tiny-1 --epochs 5"
    again = call("run", str(program), "--resume", "--epochs", "2")
    assert again.returncode == 0, again.stderr
    assert "going on after epoch 1" in again.stdout and "epoch 2/2" in again.stdout
    config = json.loads((tmp_path / "runs" / "tiny-1" / "config.json").read_text())
    assert config["call"]["settings"] == {"epochs": "2", "optimizer": "sgd lr=0.02", "early_stop": "none"}
    assert config["settings"]["optimizer"]["kind"] == "sgd"
    for epochs in ("1", "2"):
        fewer = call("run", str(program), "--resume", "--epochs", epochs)
        word = f"{epochs} epochs are asked for, and this run has 2 already: nothing is left to train."
        assert fewer.returncode == 0 and (word.replace("1 epochs are", "One epoch is") in fewer.stderr + fewer.stdout)
        assert "epoch 2/" not in fewer.stdout
    kept = json.loads((tmp_path / "runs" / "tiny-1" / "config.json").read_text())
    assert kept["settings"]["epochs"] == 2, "what was trained is what was planned"


def test_a_run_that_stopped_early_says_so_when_it_is_to_go_on(call: Convdsl, program: Path) -> None:
    arguments = (
        "run",
        str(program),
        "--out",
        "out",
        "--limit",
        "60",
        "--lr",
        "1e-9",
        "--early-stop",
        "patience=1 min_delta=1",
    )
    assert call(*arguments, "--epochs", "9").returncode == 0
    more = call(*arguments, "--epochs", "12", "--resume")
    assert (
        more.returncode == 0 and "`early_stop` ended this run after epoch 2: nothing is left to train." in more.stdout
    )


def test_weights_are_taken_from_a_run_as_from_its_file(call: Convdsl, program: Path, tmp_path: Path) -> None:
    short = ("run", str(program), "--epochs", "1", "--limit", "60")
    assert call(*short, "--out", "a").returncode == 0
    for source, out in (("a", "b"), ("a/weights.safetensors", "c")):
        done = call(*short, "--init-from", source, "--out", out)
        assert done.returncode == 0 and f"were taken from {source}." in done.stdout, done.stderr
    one, other = (load_file(tmp_path / out / "weights.safetensors") for out in ("b", "c"))
    assert one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
    again = tmp_path / "again.cnn"
    again.write_text(program.read_text("utf-8").replace("train {", 'train {\n  init_from "a"'), "utf-8")
    done = call("run", str(again), *short[2:], "--out", "e")
    assert done.returncode == 0 and "were taken from a." in done.stdout, done.stderr
    (tmp_path / "empty").mkdir()
    wrong = call(*short, "--init-from", "empty", "--out", "d")
    assert wrong.returncode and "There is no run in empty." in wrong.stderr and not (tmp_path / "d").exists()


def test_the_same_bytes_on_any_number_of_threads(call: Convdsl, program: Path, tmp_path: Path) -> None:
    for threads in ("1", "2"):
        events(call("run", str(program), "--format", "json", "--epochs", "1", "--threads", threads, "--out", threads))
    assert files(tmp_path / "1") == files(tmp_path / "2")


# Killing and going on.


def start(program: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "convdsl",
        "run",
        str(program),
        "--no-report",
        "--format",
        "json",
        "--out",
        str(folder),
        *options,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "LC_ALL": "C.UTF-8"})  # fmt: skip


def wait_for(process: subprocess.Popen[str], reached: Callable[[dict[str, Any]], bool]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if reached(json.loads(line)):
            return
    raise AssertionError(process.stderr.read() if process.stderr else "")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_any_moment_it_ends_with_the_same_bytes(program: Path, tmp_path: Path) -> None:
    alone, broken = tmp_path / "alone", tmp_path / "broken"
    assert start(program, alone, "--save-every", "1000").wait() == 0
    moments: list[tuple[Callable[[dict[str, Any]], bool], float]] = [
        (lambda e: e["event"] == "start", 0.0),
        (lambda e: e["event"] == "checkpoint" and e["step"] > 0, 0.001),
        (lambda e: e["event"] == "epoch" and e["epoch"] == 1, 0.0),
        (lambda e: e["event"] == "checkpoint" and e["epoch"] == 2, 0.002),
    ]
    for number, (reached, delay) in enumerate(moments):
        process = start(program, broken, "--save-every", "0", *(["--resume"] if number else []))
        wait_for(process, reached)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (broken / "weights.safetensors").exists()
    process = start(program, broken, "--resume")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[-1])["event"] == "end"
    assert files(broken) == files(alone)
    process = start(program, broken, "--resume")
    process.communicate()
    assert process.returncode == 0 and files(broken) == files(alone)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_ctrl_c_saves_and_says_how_to_go_on(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    process = start(program, folder, "--epochs", "2000", "--early-stop", "none", "--save-every", "1000")
    wait_for(process, lambda e: e["event"] == "epoch")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    last = json.loads(output.splitlines()[-1])
    assert last["event"] == "interrupted" and last["path"] == str(folder / "checkpoint.safetensors")
    assert "Stopping after this step" in errors and "Traceback" not in errors
    assert len((folder / "metrics.csv").read_text().splitlines()) == last["epoch"] + 1
    process = start(program, folder, "--resume", "--epochs", str(last["epoch"] + 1))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[0])["done"] == last["epoch"]


def test_a_run_is_not_overwritten_nor_mixed_with_another(call: Convdsl, program: Path, tmp_path: Path) -> None:
    arguments = ("run", str(program), "--epochs", "1", "--limit", "50", "--out", "out")
    assert call(*arguments).returncode == 0
    before = files(tmp_path / "out")
    again = call(*arguments)
    assert again.returncode == 2 and "holds a run already" in again.stderr
    other = call(*arguments, "--resume", "--lr", "0.5")
    assert other.returncode == 2 and "`lr` is another than when the run in out began" in other.stderr
    program.write_text(TINY.replace("conv 4", "conv 5"))
    changed = call("run", str(program), "--out", "out", "--resume")
    assert changed.returncode == 2 and "The program has changed" in changed.stderr
    assert files(tmp_path / "out") == before


# What does not fit.


@pytest.mark.parametrize(
    ("text", "options", "status", "said"),
    [
        ("input 32x32x3 -> conv 4 k3 -> dense 10", (), 1, "E320"),
        ("conv 4 k3 relu -> dense 5 softmax", (), 1, "fashion-mini has 10 classes, and the network's output is 5."),
        ("conv 4 k3 relu -> conv 10 k1", (), 1, "Put `gap -> dense 10 softmax` at the end."),
        ("conv F k3 -> dense 10", (), 2, "the symbol F has no value; give it one with `--set F=…`."),
        ("conv 4 k? -> dense 10", (), 2, "`convdsl solve` finds their values."),
        ("cnov 4 k3 -> dense 10", (), 1, "Did you mean `conv`?"),
        ("dense 10\ntrain {\n  augment cutout 28\n}", (), 1, "leaves nothing of an image"),
        ("dense 10\ntrain {\n  epohcs 3\n}", (), 1, "Did you mean `epochs`?"),
        ("dense 10", ("--optimizer", "adma"), 2, "Did you mean `adam`?"),
        ("dense 10", ("--epochs", "-1"), 2, "`epochs` is at least 0; here it is -1."),
        ("dense 10", ("--augment", "shift 99"), 2, "leaves nothing of an image"),
        ("dense 10", ("--device", "tpu"), 2, "invalid choice"),
        ("dense 10", ("--threads", "0"), 2, "`0` is no number of threads"),
        ("dense 10", ("--data", "no-such-data"), 2, "There is no data set `no-such-data`"),
        ("dense 10", ("--init-from", "none.safetensors"), 2, "There is no file none.safetensors."),
        ("dense 10", ("--lr", "0,1"), 2, "--lr: A comma cannot stand inside a number. Decimals are written with a point: 0.1."),
        ("dense 10", ("--optimizer", "sgd", "lr=0.1"), 2, '`--optimizer "sgd lr=0.1"`'),
        ("dense 10", ("--resume", "--out", "nope"), 2, "there is no run in nope to go on with."),
        ("dense 10", ("--resume",), 2, "there is no run of net in the folder runs to go on with."),
        ("", (), 1, "There is no layer here."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(
    text: str, options: tuple[str, ...], status: int, said: str, tmp_path: Path, call: Convdsl
) -> None:
    (tmp_path / "net.cnn").write_text(text)
    done = call("run", "net.cnn", *options)
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr
    assert not (tmp_path / "runs").exists() and not (tmp_path / "nope").exists()


def test_a_gpu_that_is_not_there(call: Convdsl, program: Path) -> None:
    from convdsl.training.device import NoDevice, choose_device

    try:
        choose_device("cuda")
    except NoDevice as reason:
        done = call("run", str(program), "--device", "cuda")
        assert done.returncode == 2 and str(reason) in done.stderr
        device, remark = choose_device("auto")
        assert device == "cpu" and str(remark).startswith("The CPU trains")
    else:
        assert choose_device("auto") == ("cuda", None)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_is_said_and_leaves_nothing_half_written(program: Path, tmp_path: Path) -> None:
    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    command = [sys.executable, "-m", "convdsl", "run", str(program), "--no-report", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 2 and "cannot be written: the file is larger than is allowed." in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path / "out") == ["config.json"]


def test_a_disk_that_fills_up_stops_no_training_but_is_said(
    call: Convdsl, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convdsl.training.files import FileTrouble
    from convdsl.training.folder import RunFolder

    save, calls = RunFolder.save_state, []

    def full(folder: RunFolder, *arguments: Any) -> Path:
        calls.append(arguments)
        if len(calls) == 2:
            raise FileTrouble("the disk is full.")
        return save(folder, *arguments)

    monkeypatch.setattr(RunFolder, "save_state", full)
    done = events(call("run", str(program), "--epochs", "2", "--limit", "50", "--format", "json", "--out", "out"))
    kinds = [e["event"] for e in done]
    assert kinds == ["start", "epoch", "warning", "epoch", "checkpoint", "end"]
    assert done[2]["message"] == "The checkpoint was not saved: the disk is full."


def test_a_disk_that_is_full_at_the_end_loses_nothing(
    call: Convdsl, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convdsl.training.files import FileTrouble
    from convdsl.training.folder import RunFolder

    def full(folder: RunFolder, *arguments: Any) -> Path:
        raise FileTrouble("The disk is full.")

    arguments = ("run", str(program), "--epochs", "2", "--limit", "50")
    assert call(*arguments, "--out", "alone").returncode == 0
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_weights", full)
        done = call(*arguments, "--out", "out")
    assert done.returncode == 2
    assert "The disk is full. When that is mended, `--resume --out out` goes on from the last" in done.stderr
    assert "epoch 3, 0 steps." in done.stderr
    assert call("run", str(program), "--resume", "--out", "out").returncode == 0
    assert files(tmp_path / "out") == files(tmp_path / "alone")


def test_too_little_memory_names_a_batch_that_fits(
    call: Convdsl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convdsl.training.model.available", lambda: 10_000_000)
    (tmp_path / "n.cnn").write_text("conv 16 k3 -> bn relu -> conv 16 k3 -> bn relu -> dense 10")
    done = call("run", "n.cnn", "--batch", "1000", "--limit", "2000", "--epochs", "1")
    found = re.search(r"and 0\.01 GB are free\. A batch of (\d+) would fit\.", done.stderr)
    assert done.returncode == 2 and found is not None and not (tmp_path / "runs").exists()
    assert call("run", "n.cnn", "--batch", found[1], "--limit", "50", "--epochs", "1").returncode == 0


def test_a_network_that_does_not_learn_is_examined(call: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "n.cnn").write_text("freeze { dense 8 relu } -> freeze { dense 10 }")
    done = events(call("run", "n.cnn", "--limit", "60", "--epochs", "2", "--format", "json"))
    assert [r["kind"] for r in done[-1]["reading"]] == ["nothing_trained"]


def test_an_exploding_loss_ends_with_the_layer(call: Convdsl, program: Path) -> None:
    done = call("run", str(program), "--optimizer", "sgd", "--lr", "1e12", "--format", "json", "--epochs", "3")
    assert done.returncode == 1
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "error" and last["layer"] in (1, 2, 4)
    assert "learning rate ten times lower (`--lr 1e+11`)" in done.stderr


# Symbols, transfer.


def test_transfer_learning_takes_what_fits_and_leaves_what_is_frozen(call: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "base.cnn").write_text("conv 4 k5 s2 relu -> dense 10")
    (tmp_path / "new.cnn").write_text("freeze { conv 4 k5 s2 relu } -> dense 12 relu -> dense 10")
    small = ("--limit", "200", "--epochs", "1", "--format", "json")
    events(call("run", "base.cnn", *small, "--out", "base"))
    done = events(call("run", "new.cnn", *small, "--out", "new", "--init-from", "base/weights.safetensors"))
    notes = [e["message"] for e in done if e["event"] == "note"]
    assert notes[0] == "Of 6 tensors, 2 were taken from base/weights.safetensors."
    assert any(n.startswith("2.dense.weight is 10x576 there and 12x576 here") for n in notes)
    assert "Not in the file, so they start afresh: 3.dense.weight, 3.dense.bias." in notes
    base, new = (load_file(tmp_path / name / "weights.safetensors") for name in ("base", "new"))
    assert (base["1.conv.weight"] == new["1.conv.weight"]).all() and (base["1.conv.bias"] == new["1.conv.bias"]).all()
    random = events(call("run", "new.cnn", *small))
    (warning,) = (e["message"] for e in random if e["event"] == "warning")
    assert "The layers in `freeze` keep the weights that chance gave them" in warning
    assert not [e for e in done if e["event"] == "warning"]
    (tmp_path / "other.cnn").write_text("dense 10")
    wrong = call("run", "other.cnn", *small, "--init-from", "base/weights.safetensors")
    assert wrong.returncode == 2 and "No tensor of base/weights.safetensors fits" in wrong.stderr
