"""`run --engine torch`: in one process or in several what our own engine comes to; and what goes wrong among several is said
once, with nobody left waiting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdsl.cli import main
from convdsl.training.files import read_tensors

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="torchrun is for Linux and macOS")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """net few
input 12x12x1
conv 6 k3 relu
dropout 0.2
conv 4 k3 nobias -> bn relu
maxpool 2
dense 10 softmax
train {
  data "lines.npz"
  epochs 5
  batch 50
  validation 10
  augment shift 1, noise 0.05
  optimizer momentum lr=0.01
}
"""
"""230 images to train, so five steps an epoch; the last of them takes 30."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.cnn").write_text(PROGRAM)
    _data(tmp_path / "lines.npz", 0)
    return tmp_path


def _data(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.arange(300) % 10
    images = rng.integers(0, 120, (300, 12, 12, 1)).astype(np.uint8)
    images[np.arange(300), labels + 1] += 120
    np.savez(
        path, train_images=images[:240], train_labels=labels[:240], test_images=images[240:], test_labels=labels[240:]
    )


def weights(run: str) -> dict[str, Any]:
    return read_tensors(Path(run) / "weights.safetensors")[0]


def apart(one: str, other: str) -> float:
    first, second = weights(one), weights(other)
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


def environment(**more: str) -> dict[str, str]:
    paths = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return {**os.environ, **paths, **more}


def torchrun(*words: str) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    call = [*launcher, "-m", "convdsl", "run", "few.cnn", "--engine", "torch", *words]
    done = subprocess.run(call, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def by_hand(*words: str, count: int = 2, port: int = 0, folders: tuple[str, ...] = ("", "")) -> Iterator[list[Any]]:
    """Processes of a run of two, without a launcher."""
    port = port or free_port()
    running = []
    for number in range(count):
        told = {"RANK": number, "WORLD_SIZE": 2, "LOCAL_RANK": number, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
        env = environment(MASTER_ADDR="127.0.0.1", CONVDSL_WAIT="25", **{name: str(v) for name, v in told.items()})
        call = [sys.executable, "-m", "convdsl", "run", "few.cnn", "--engine", "torch", *words]
        pipe = subprocess.PIPE
        running.append(
            subprocess.Popen(call, env=env, stdout=pipe, stderr=pipe, text=True, cwd=folders[number] or None)
        )
    try:
        yield running
    finally:
        for one in running:
            one.kill()
            one.communicate()


def ends(running: list[Any], within: float = 90) -> tuple[list[int], str]:
    """How they end, and all that they say of what went wrong."""
    said = [one.communicate(timeout=within)[1] for one in running]
    return [one.returncode for one in running], "".join(said)


def test_two_processes_one_and_our_own_engine_come_to_the_same(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "few.cnn", "--out", "own"]) == 0
    assert main(["run", "few.cnn", "--out", "one", "--engine", "torch", "--threads", "1", "--accumulate", "1"]) == 0
    assert "with PyTorch on the CPU, batches of 50" in capfd.readouterr().out
    torchrun("--sync-bn", "--out", "two")
    assert apart("one", "two") < 1e-5
    assert apart("own", "one") < 1e-4 and apart("own", "two") < 1e-4
    assert (place / "two" / "metrics.csv").read_text().count("\n") == 6


def test_killed_at_two_it_goes_on_at_one_and_in_our_own_engine(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "few.cnn", "--out", "whole", "--epochs", "40"]) == 0
    call = ["--sync-bn", "--out", "broken", "--epochs", "40"]
    with by_hand(*call) as running:
        until = time.monotonic() + 60
        metrics = place / "broken" / "metrics.csv"
        while not (metrics.exists() and metrics.read_text().count("\n") > 2) and time.monotonic() < until:
            time.sleep(0.02)
        running[1].send_signal(signal.SIGKILL)
        begun = time.monotonic()
        statuses, said = ends(running[:1])
        assert time.monotonic() - begun < 20
    assert statuses == [2] and said == "convdsl: Another process of this run has ended before its time.\n"
    done = metrics.read_text().count("\n") - 1
    assert done < 40
    go_on = ["run", "few.cnn", "--out", "broken", "--resume"]
    assert main([*go_on, "--epochs", "30", "--engine", "torch", "--threads", "1"]) == 0
    assert main([*go_on, "--epochs", "40"]) == 0
    assert apart("whole", "broken") < 1e-3  # rounding grows in 200 steps
    assert (place / "broken" / "metrics.csv").read_text().count("\n") == 41


def test_processes_that_see_different_data_say_so_once(place: Path) -> None:
    other = place / "other"
    other.mkdir()
    (other / "few.cnn").write_text(PROGRAM)
    _data(other / "lines.npz", 1)
    with by_hand("--out", "run", folders=(str(place), str(other))) as running:
        statuses, said = ends(running)
    assert statuses == [2, 2] and said.count("\n") == 1
    assert "The processes do not see the same: of process 1 on" in said and "the data" in said
    assert not (place / "run").exists() and not (other / "run").exists()


def test_a_port_in_use_is_named(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with by_hand("--out", "run", count=1, port=port) as running:
            statuses, said = ends(running)
    assert statuses == [2] and said == (
        f"convdsl: Port {port} is in use on this machine. Name another: MASTER_PORT, or `torchrun --standalone`.\n"
    )


CALLS = {
    "accumulate": (["--accumulate", "2"], "`--accumulate` belongs to `--engine torch`"),
    "sync-bn": (["--sync-bn"], "`--sync-bn` belongs to `--engine torch`"),
    "parts": (["--engine", "torch", "--accumulate", "0"], "`0` is no number of parts"),
    "plain": (["--engine", "torch", "--device", "plain"], "`--engine torch` computes on `cpu` or `cuda`"),
    "engine": (["--engine", "jax"], "jax"),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls_that_are_wrong(case: str, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words, message = CALLS[case]
    try:
        status = main(["run", "few.cnn", *words])
    except SystemExit as end:
        status = end.code  # type: ignore[assignment]
    assert status == 2 and message in capfd.readouterr().err
    assert not (place / "runs").exists()


def test_wrong_words_of_a_launcher(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["run", "few.cnn"]) == 2
    assert "with `--engine torch` only" in capfd.readouterr().err
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("MASTER_PORT", "many")
    assert main(["run", "few.cnn", "--engine", "torch"]) == 2
    assert "MASTER_PORT" in capfd.readouterr().err
