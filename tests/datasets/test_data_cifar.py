import os
import pickle

import numpy as np
import pytest
from datafiles import cifar_binary, cifar_python, tar

from convdsl.datasets import DataError, load
from convdsl.datasets.unpickle import unpickle


def unpacked(folder, files):
    for name, contents in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(contents)
    return folder / next(iter(files)).split("/")[0]


@pytest.mark.parametrize("files", [cifar_binary(), cifar_python()], ids=["binary", "python"])
@pytest.mark.parametrize("packed", [True, False])
def test_both_versions_packed_and_unpacked(tmp_path, files, packed):
    extra = {"cifar-10-batches-bin/readme.html": b"<html>", "cifar-10-batches-bin/batches.meta.txt": b"cat"}
    path = tar(tmp_path / "c.tar.gz", files | extra) if packed else unpacked(tmp_path, files)
    data = load(path)
    assert data.train_images.shape == (100, 32, 32, 3)
    assert data.test_images.shape == (20, 32, 32, 3)
    assert data.train_images.dtype == np.uint8
    assert data.train_images.flags.writeable
    assert data.train_labels.tolist() == list(range(10)) * 10
    assert data.train_images[13].reshape(-1, 3).min(0).tolist() == [13, 100, 200]
    assert data.train_images[13].reshape(-1, 3).max(0).tolist() == [13, 100, 200]
    assert data.classes[:2] == ("airplane", "automobile")


def test_planes_become_rows_of_pixels(tmp_path):
    files = cifar_binary()
    record = bytearray(files["cifar-10-batches-bin/test_batch.bin"])
    record[1 + 1024 + 5 * 32 + 7] = 77  # green, row 5, column 7 of the first image
    files["cifar-10-batches-bin/test_batch.bin"] = bytes(record)
    data = load(unpacked(tmp_path, files))
    assert np.argwhere(data.test_images == 77).tolist() == [[0, 5, 7, 1]]


def test_a_batch_may_be_missing_but_not_the_test(tmp_path):
    folder = unpacked(tmp_path, cifar_binary())
    (folder / "data_batch_3.bin").unlink()
    assert len(load(folder).train_images) == 80
    (folder / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3\.bin, test_batch\.bin is missing"):
        load(folder)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (bytes(3072), "test_batch.bin has 3072 bytes"),
        (b"", "test_batch.bin has 0 bytes"),
        (bytes([3]) + bytes(3072) + bytes([10]) + bytes(3072), "test label 1 is 10: classes go from 0 to 9"),
    ],
)
def test_damaged_binary_batches(tmp_path, contents, message):
    folder = unpacked(tmp_path, cifar_binary())
    (folder / "test_batch.bin").write_bytes(contents)
    with pytest.raises(DataError, match=message):
        load(folder)


class Evil:
    def __reduce__(self):
        return os.abort, ()


class EvilExtension:
    def __reduce__(self):
        return eval, ("__import__('os').abort()",)


HOSTILE = {
    "a call": pickle.dumps(Evil()),
    "a call inside": pickle.dumps({b"data": EvilExtension(), b"labels": [1]}),
    "a name": b"cos\nsystem\n(S'false'\ntR.",
    "builtins": b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
    "an attribute of an allowed name": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
    "memory": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "a long string": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx.",
    "an extension": b"\x80\x02\x82\x01.",
    "text": b"<html>",
    "nothing": b"",
    "no stop": b"\x80\x02}",
    "a list": pickle.dumps([1, 2]),
    "no data": pickle.dumps({b"labels": [1]}, 3),
    "data of the wrong width": pickle.dumps({b"data": np.zeros((1, 9), np.uint8), b"labels": [1]}, 3),
    "floats": pickle.dumps({b"data": np.zeros((1, 3072)), b"labels": [1]}, 3),
    "objects": pickle.dumps({b"data": np.array([[None] * 3072], object), b"labels": [1]}, 3),
    "data as a list": pickle.dumps({b"data": [[0] * 3072], b"labels": [1]}, 3),
    "labels that are words": pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": ["a"]}, 3),
    "ragged labels": pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [[1, 2], [3]]}, 3),
    "huge labels": pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10**30]}, 3),
    "a shape that lies": pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, 3).replace(
        b"K\x02M\x00\x0c", b"K\x09M\x00\x0c"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pickles_run_nothing(tmp_path, name):
    files = cifar_python() | {"cifar-10-batches-py/data_batch_2": HOSTILE[name]}
    with pytest.raises(DataError, match="data_batch_2 is no batch of CIFAR-10"):
        load(tar(tmp_path / "x.tar.gz", files))


def test_what_a_pickle_asks_for_is_named():
    with pytest.raises(ValueError, match=r"it asks for posix\.abort|it asks for nt\.abort"):
        unpickle(HOSTILE["a call"])


def test_both_orders_of_an_array_are_read():
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for order in "CF":
        assert np.array_equal(unpickle(pickle.dumps({b"data": array.copy(order)}, 3))[b"data"], array)
