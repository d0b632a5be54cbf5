"""A run's folder: one process at a time, checkpoints under sums, the one before them, and a configuration that is believed
only where it is what the run was started with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import convdsl
from convdsl.locks import Held, locked
from convdsl.messages import use_language
from convdsl.training.files import FileTrouble, read_tensors
from convdsl.training.folder import RunFolder
from tests.safety.runs import PROGRAM, content, data, events, experiment, notes

RESULTS = {"config.json", "checkpoint.safetensors", "metrics.csv", "weights.safetensors", "evaluation.json"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    events(folder)
    return content(folder)


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half") / "run"
    events(folder, steps=7)
    assert {p.name for p in folder.iterdir()} >= {"checkpoint.safetensors", "checkpoint-before.safetensors"}
    return folder


@pytest.fixture
def broken_off(halfway: Path, tmp_path: Path) -> Path:
    """The folder of a run that was broken off after seven steps."""
    return Path(shutil.copytree(halfway, tmp_path / "run"))


def test_what_is_left(whole: dict[str, bytes]) -> None:
    assert whole.keys() == RESULTS


def test_going_on_gives_the_same_bytes(broken_off: Path, whole: dict[str, bytes]) -> None:
    assert notes(events(broken_off, resume=True)) == []
    assert content(broken_off) == whole


@pytest.mark.parametrize("damage", ["cut", "empty", "overwritten", "a bit", "gone", "pipe"])
def test_a_damaged_checkpoint_falls_back(broken_off: Path, whole: dict[str, bytes], damage: str) -> None:
    path = broken_off / "checkpoint.safetensors"
    old = path.read_bytes()
    path.unlink()
    if damage == "pipe":
        os.mkfifo(path)
        with pytest.raises(FileTrouble, match="a pipe"):
            events(broken_off, resume=True)
        return
    if damage != "gone":
        spoilt = bytearray(old)
        if damage == "overwritten":
            spoilt[-300:-100] = bytes(range(200))
        elif damage == "a bit":
            spoilt[len(old) // 2] ^= 1
        path.write_bytes({"cut": old[:-1], "empty": b""}.get(damage, bytes(spoilt)))
    said = notes(events(broken_off, resume=True))
    if damage != "gone":
        assert "checkpoint.damaged-1.safetensors" in said[0] and "from the checkpoint before it: epoch 2" in said[1]
        (broken_off / "checkpoint.damaged-1.safetensors").unlink()
    assert content(broken_off) == whole


def test_no_checkpoint_in_good_order(broken_off: Path) -> None:
    for name in ("checkpoint.safetensors", "checkpoint-before.safetensors"):
        (broken_off / name).write_bytes(b"x" * 100)
    with pytest.raises(FileTrouble, match="There is no other checkpoint: begin anew"):
        events(broken_off, resume=True)


def test_checkpoints_of_another_kind_are_not_taken(broken_off: Path) -> None:
    """A file without a sum, and one whose tensors have changed names."""
    path = broken_off / "checkpoint.safetensors"
    tensors = load_file(path)
    save_file(tensors, path)
    assert "damaged" in notes(events(broken_off, resume=True))[0]


def test_a_configuration_that_is_missing_is_written_again(broken_off: Path, whole: dict[str, bytes]) -> None:
    (broken_off / "config.json").unlink()
    (said,) = notes(events(broken_off, resume=True))
    assert "was missing; it is written again" in said and content(broken_off) == whole


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["settings"].update(lr=0.5), "settings.lr"),
        (lambda c: c.update(program=PROGRAM + "\n"), "program"),
        (lambda c: c["data"].update(sha256="0" * 64), "data.sha256"),
        (lambda c: c["call"].update(set=[["N", 3]]), "call.set"),
        (lambda c: c["settings"].pop("label_smoothing"), "settings.label_smoothing"),
        (lambda c: c.update(seed=3, device="cuda"), "seed, device"),
    ],
)
def test_a_configuration_that_was_edited_is_answered(broken_off: Path, change: object, said: str) -> None:
    config = json.loads((broken_off / "config.json").read_text())
    change(config)  # type: ignore[operator]
    (broken_off / "config.json").write_text(json.dumps(config))
    with pytest.raises(FileTrouble, match="was edited since the run began") as caught:
        events(broken_off, resume=True)
    assert said in str(caught.value) and "remove the file" in str(caught.value)
    (broken_off / "config.json").unlink()
    events(broken_off, resume=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{" * 100_000,
        "[" * 100_000,
        "\x00",
        '{"program": 1, "call": 2, "settings": 3, "data": 4}',
        "NaN",
        "9" * 9999,
    ],
)
def test_a_configuration_that_is_none(broken_off: Path, text: str) -> None:
    (broken_off / "config.json").write_text(text)
    with pytest.raises(FileTrouble, match=r"config.json cannot be read"):
        events(broken_off, resume=True)


def test_weights_alone_do_not_tell_how_they_came_about(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(FileTrouble, match="nobody knows what the run was started with"):
        events(tmp_path, resume=True)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        for resume in (False, True):
            with pytest.raises(FileTrouble, match=f"another process is at work: number {holder.pid}"):
                events(tmp_path, resume=resume)
    finally:
        holder.communicate("")
    events(tmp_path)
    with pytest.raises(FileTrouble, match="holds a run already"):
        events(tmp_path)


HOLD = """
import sys
from pathlib import Path
from convdsl.training.folder import RunFolder
with RunFolder(Path(sys.argv[1])).held(False):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        with pytest.raises(Held) as caught, locked(path):
            pass
        assert caught.value.holder == os.getpid()
    assert not path.exists()
    path.write_text("99999999")  # left by a process that was killed
    with locked(path):
        assert path.read_text() == f"{os.getpid()}\n"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), locked(path):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_the_same_bytes_in_every_language(tmp_path: Path) -> None:
    contents = []
    for language in ("en", "es"):
        use_language(language)
        one = experiment(tmp_path / language)
        from convdsl.datasets import load

        one.data = load("fashion-mini")
        one.net = convdsl.parse("input 28x28x1\nflatten -> dense 10 softmax")
        one.settings = type(one.settings)(epochs=1, limit=100)
        from convdsl.training.experiment import run

        list(run(one))
        contents.append(content(tmp_path / language))
    assert contents[0] == contents[1] and b"T-shirt" in contents[0]["weights.safetensors"]


# Weights from elsewhere.


def model() -> convdsl.training.Model:  # type: ignore[name-defined]
    return convdsl.parse(PROGRAM).compile(threads=1)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.full(2, np.nan, np.float32), "not finite"),
        (np.full(2, np.inf, np.float16), "not finite"),
        (np.full(2, 1e300), "beyond float32"),
        (np.full(2, 1 + 1j, np.complex64), "complex64"),
        (np.zeros(2, np.int64), "int64"),
        (np.zeros(2, bool), "bool"),
    ],
)
def test_weights_that_are_none(tmp_path: Path, value: np.ndarray, said: str) -> None:
    made = model()
    before = made.weights
    wrong = {**made.weights, **made.buffers, "1.conv.bias": value}
    with pytest.raises(ValueError, match=r"1\.conv\.bias") as caught:
        made.load_weights(wrong)
    assert said in str(caught.value)
    assert all((made.weights[name] == tensor).all() for name, tensor in before.items())
    if value.dtype != np.complex64:
        save_file(wrong, tmp_path / "w.safetensors")
        with pytest.raises(ValueError, match=r"1\.conv\.bias"):
            made.load(tmp_path / "w.safetensors")


def test_saved_weights_have_a_sum(tmp_path: Path) -> None:
    made = model()
    path = tmp_path / "w.safetensors"
    made.save(path)
    tensors, metadata = read_tensors(path)
    assert metadata["net"] == "small" and (tensors["1.conv.weight"] == made.weights["1.conv.weight"]).all()
    whole = path.read_bytes()
    for place in range(8, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(FileTrouble):
            made.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_files_that_are_none(tmp_path: Path) -> None:
    made = model()
    path = tmp_path / "w.safetensors"
    os.mkfifo(path)
    for act in (made.load, made.save):
        with pytest.raises(FileTrouble, match="a pipe"):
            act(path)
    path.unlink()
    path.write_bytes((40).to_bytes(8, "little") + b"{}".ljust(40))
    os.truncate(path, 1 << 39)
    with pytest.raises(FileTrouble, match="of memory are free"):
        made.load(path)
    with pytest.raises(FileTrouble, match="a device"):
        made.save("/dev/full")
    made.save(tmp_path / "right.safetensors")
    (tmp_path / "right.safetensors").chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(FileTrouble, match="there is no permission"):
            made.load(tmp_path / "right.safetensors")


def test_the_folder_is_not_touched_where_nothing_fits(tmp_path: Path) -> None:
    save_file({"other": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    one = experiment(tmp_path / "run")
    one.init_from = tmp_path / "w.safetensors"
    from convdsl.training.experiment import run

    with pytest.raises(FileTrouble, match="No tensor of"):
        list(run(one))
    assert not (tmp_path / "run").exists() and not RunFolder(tmp_path / "run").used and len(data().classes) == 3
