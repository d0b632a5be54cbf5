"""Files are whole or not there, whatever happens; safetensors as everybody writes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convdsl.training.events import EpochRecord
from convdsl.training.files import FileTrouble, read_tensors, write_atomically, write_tensors
from convdsl.training.folder import RunFolder, latest_folder, new_folder

TENSORS = {
    "1.conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "optimizer/step": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
}


def test_tensors_come_back(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_tensors(path, TENSORS, {"net": "ñandú", "classes": '["a"]'})
    tensors, metadata = read_tensors(path)
    assert metadata == {"net": "ñandú", "classes": '["a"]'}
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype and tensors[name].shape == tensor.shape
        assert (tensors[name] == tensor).all()


def test_the_same_tensors_are_the_same_bytes(tmp_path: Path) -> None:
    metadata = {f"key{i}": str(i) for i in range(20)}
    write_tensors(tmp_path / "a", TENSORS, metadata)
    write_tensors(tmp_path / "b", TENSORS, metadata)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert len((tmp_path / "a").read_bytes()) % 8 == 0


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0{}x", b"\0" * 100])
def test_what_is_no_safetensors_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileTrouble, match="is no safetensors file"):
        read_tensors(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileTrouble, match="There is no file"):
        read_tensors(tmp_path / "w.safetensors")
    with pytest.raises(FileTrouble):
        read_tensors(tmp_path)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, (b"old",))

    def parts():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(FileTrouble, match="the disk is full") as caught:
        write_atomically(path, parts())
    assert "--out" in str(caught.value)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(FileTrouble, match="a part of the path is a file"), RunFolder(path).held(False):
            pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_only_be_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with (
            pytest.raises(FileTrouble, match="there is no permission"),
            RunFolder(tmp_path / "run").held(False),
        ):
            pass
    finally:
        tmp_path.chmod(0o700)


WRITER = """
import sys, itertools, numpy as np
from pathlib import Path
from convdsl.training.files import write_tensors
for n in itertools.count():
    write_tensors(Path(sys.argv[1]), {"x": np.full(200_000, n, np.float32)}, {"n": str(n)})
    if n == 0: print("ready", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    for number in range(6):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.003 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        tensors, metadata = read_tensors(path)
        assert (tensors["x"] == float(metadata["n"])).all()
    with RunFolder(tmp_path).held(False):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path) == ["w.safetensors"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"program": ""}'])
def test_a_configuration_that_is_none_is_said(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path)
    assert folder.config() is None and not folder.used
    folder.config_file.write_text(content)
    assert folder.used
    with pytest.raises(FileTrouble, match=r"config\.json cannot be read"):
        folder.config()


def test_metrics_are_a_table(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_metrics([EpochRecord(1, 0.1, 2.5, 0.25, None, None), EpochRecord(2, 0.05, 1 / 3, 0.5, 1.0, 0.75)])
    assert folder.metrics.read_text().splitlines() == [
        "epoch,lr,loss,accuracy,val_loss,val_accuracy",
        "1,0.1,2.5,0.25,,",
        "2,0.05,0.3333333333333333,0.5,1.0,0.75",
    ]


def test_runs_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert latest_folder("net") is None
    assert [str(new_folder("net").path) for _ in range(2)] == [str(Path("runs/net-1")), str(Path("runs/net-2"))]
    (tmp_path / "runs" / "net-11").mkdir()
    assert str(new_folder("net").path) == str(Path("runs/net-12"))
    latest = latest_folder("net")
    assert latest is not None and latest.path.name == "net-12"
    assert new_folder("a/../b c").path.parent == Path("runs")
