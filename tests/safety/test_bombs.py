"""A few bytes that stand for more than there is memory or time for: refused in time, by one message."""

from __future__ import annotations

import os
import struct
import sys
import time
import zipfile
from pathlib import Path

import pytest

from convdsl.bridges import pth
from convdsl.bridges.pieces import Foreign
from tests.safety.rooms import NET, call

SECONDS = 5.0
"""Of the processor's time."""
START, END = b"\x80\x02", b"."
STORAGE = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\1tQ"


def tensor(size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """A pickle's code for a tensor over a storage of one value."""
    sizes, strides = (b"(" + b"".join(b"J" + struct.pack("<i", n) for n in ns) + b"t" for ns in (size, stride))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\0" + sizes + strides + b"\x89}tR"


def doubled(times: int) -> bytes:
    """A pair of a pair of a pair …: hashed, it takes for ever. In the memo as the last one, and not on the stack."""
    pairs = b"".join(b"h%ch%c\x86q%c0" % (n, n, n + 1) for n in range(times))
    return b")q%c0" % 0 + pairs + b"h%c" % times


def lists(times: int, width: int) -> bytes:
    """A list of so many times the list before."""
    made = b"".join(b"]q%c(" % n + b"h%c" % (n - 1) * width + b"e0" for n in range(1, times))
    return b"]q%c0" % 0 + made + b"h%c" % (times - 1)


INDICES = {
    "a key that takes for ever": (b"}" + doubled(60) + b"K\1s", "other keys"),
    "an ordered key": (b"ccollections\nOrderedDict\n]" + doubled(60) + b"K\1\x86a\x85R", "other keys"),
    "a set": (b"\x8f(" + doubled(60) + b"\x90", "do not need"),
    "a dictionary of old": (b"(" + doubled(60) + b"K\1d", "do not need"),
    "lists of lists": (b"}X\1\0\0\0w" + lists(24, 20) + b"s", "nested too deep"),
    "a value that is repeated": (b"}X\1\0\0\0w" + tensor((10**5, 10**6), (0, 0)) + b"s", "larger than their storages"),
    "many names for one": (b"}" + b"".join(b"X\2\0\0\0%02dq\1" % n + tensor((10**6,), (0,)) + b"s" for n in range(9)), "larger"),
    "a key that is a tensor": (b"}" + tensor((1,), (1,)) + b"K\1s", "other keys"),
    "another's function": (b"cos\nsystem\nX\2\0\0\0id\x85R", "os.system"),
}  # fmt: skip


def archive(path: Path, index: bytes, order: bytes = b"little", storage: bytes = bytes(4)) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (("data.pkl", START + index + END), ("byteorder", order), ("data/0", storage)):
            made.writestr(f"a/{name}", content)
    return path


def refused(path: Path) -> str:
    begun = time.process_time()
    with pytest.raises(Foreign) as caught:
        pth.read_pth(path)
    assert time.process_time() - begun < SECONDS
    return str(caught.value)


def test_what_is_right_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "w.pth", b"}X\1\0\0\0w" + tensor((1, 3), (0, 0)) + b"s")
    assert pth.read_pth(path)["w"].tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("index", INDICES)
def test_indices_of_pytorch(tmp_path: Path, index: str) -> None:
    written, said = INDICES[index]
    assert said in refused(archive(tmp_path / "w.pth", written))


def test_archives_of_pytorch(tmp_path: Path) -> None:
    one = b"}X\1\0\0\0w" + tensor((1,), (1,)) + b"s"
    assert "too large" in refused(archive(tmp_path / "w.pth", one, storage=bytes(1 << 26)))
    assert "other order" in refused(archive(tmp_path / "w.pth", one, order=b"little" + bytes(1 << 26)))
    assert "too large" in refused(archive(tmp_path / "w.pth", b"N0" * (1 << 23) + one))


def test_nothing_of_ours_is_changed_by_a_pickle(tmp_path: Path) -> None:
    given = b"ctorch._utils\n_rebuild_tensor_v2\nN}X\x0c\0\0\0__defaults__K\1\x86bs\x86b"
    refused(archive(tmp_path / "w.pth", given))
    refused(archive(tmp_path / "w.pth", b"ccollections\nOrderedDict\nN}X\x0b\0\0\0__setitem__NsN\x86b"))
    assert pth._rebuild.__defaults__ is None and callable(pth._Dict.__setitem__)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no holes there")
def test_onnx_with_a_hole_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    monkeypatch.chdir(tmp_path)
    Path("net.cnn").write_text(NET)
    assert call("export", "onnx", "net.cnn") == 0
    model = onnx.load("net.onnx")
    del model.metadata_props[:]
    tensor = max(model.graph.initializer, key=lambda t: len(t.raw_data))
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "hole.bin"
    Path("hole.bin").touch()
    os.truncate("hole.bin", 1 << 42)
    Path("net.onnx").write_bytes(model.SerializeToString())
    capsys.readouterr()
    assert call("import", "net.onnx") in (1, 2)
    assert "too large" in capsys.readouterr().err
    length = tensor.external_data.add()
    length.key, length.value = "length", "-5"
    Path("net.onnx").write_bytes(model.SerializeToString())
    assert call("import", "net.onnx") in (1, 2)
    assert "hole.bin cannot be read" in capsys.readouterr().err


def test_arrays_that_unpack_to_much_more(tmp_path: Path) -> None:
    from convdsl.datasets import DataError, load

    path = tmp_path / "bomb.npz"
    head = (
        b"\x93NUMPY\1\0v\0"
        + b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000, 6, 6, 1), }".ljust(117)
        + b"\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("images", "labels"):
            with made.open(f"{name}.npy", "w") as file:
                file.write(head)
                for _ in range(36):
                    file.write(bytes(10**6))
    begun = time.process_time()
    with pytest.raises(DataError):
        load(str(path))
    assert time.process_time() - begun < SECONDS


def test_a_whole_disk_is_no_folder_of_images() -> None:
    from convdsl.datasets import DataError, tree

    with pytest.raises(DataError, match="whole disk"):
        list(tree._folder(Path(Path.cwd().anchor)))
