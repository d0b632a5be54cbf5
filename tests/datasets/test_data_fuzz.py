"""Damaged files of every kind: the answer is a sound data set or one clear DataError, and never anything else."""

import gzip
import random

import numpy as np
import pytest
from datafiles import cifar_binary, cifar_python, idx_bytes, images, labels, mnist_like, picture, tar, zipped

from convdsl.datasets import DataError, load
from convdsl.datasets.unpickle import unpickle

PICTURES = {
    f"{name}/{i}.{format.lower()}": picture(images(1, 6, 8, 3, seed=i)[0], format)
    for name in "ab"
    for i, format in enumerate(["PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP"])
}


def npz(path, save=np.savez):
    save(path, x_train=images(12), y_train=labels(12), x_test=images(6).astype(float), y_test=labels(6))
    return path


def idx(folder, packed):
    mnist_like(folder, packed=packed)
    return folder / ("train-images-idx3-ubyte" + ".gz" * packed)


MADE = {
    "idx": lambda folder: idx(folder, False),
    "idx.gz": lambda folder: idx(folder, True),
    "npz": lambda folder: npz(folder / "x.npz"),
    "npz compressed": lambda folder: npz(folder / "x.npz", np.savez_compressed),
    "tar": lambda folder: tar(folder / "x.tar", PICTURES, "w"),
    "tar.gz": lambda folder: tar(folder / "x.tar.gz", PICTURES),
    "tar.xz": lambda folder: tar(folder / "x.tar.xz", PICTURES, "w:xz"),
    "zip": lambda folder: zipped(folder / "x.zip", PICTURES),
    "cifar binary": lambda folder: tar(folder / "c.tar", cifar_binary(2), "w"),
    "cifar python": lambda folder: tar(folder / "c.tar", cifar_python(2), "w"),
}


def damaged(contents: bytes, dice: random.Random) -> bytes:
    """`contents` with a few bytes changed, taken out, doubled or cut off; mostly near the start, where headers are."""
    changed = bytearray(contents)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(min(len(changed), dice.choice([16, 200, len(changed)])) or 1)
        kind = dice.randrange(6)
        if kind < 2:
            changed[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 2:
            changed[at : at + 1] = dice.choice([b"\0", b"\xff", b"\x7f", b"\x80", b"9", b"-"])
        elif kind == 3:
            del changed[at : at + dice.randint(1, 40)]
        elif kind == 4:
            changed[at:at] = changed[at : at + dice.randint(1, 40)]
        elif dice.random() < 0.3:
            del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("kind", MADE)
def test_damaged_files(tmp_path, kind):
    path = MADE[kind](tmp_path)
    whole, dice = path.read_bytes(), random.Random(kind)
    answers = set()
    for _ in range(120):
        path.write_bytes(damaged(whole, dice))
        try:
            data = load(path, warn=str)
        except DataError as error:
            assert str(error)
            answers.add("refused")
        else:
            assert len(data.train_images) == len(data.train_labels) > 0
            assert len(data.test_images) == len(data.test_labels)
            assert data.train_images.dtype in (np.uint8, np.float32)
            assert data.train_labels.min() >= 0
            answers.add("loaded")
    assert "refused" in answers


def test_damaged_pickles():
    whole, dice = cifar_python(2)["cifar-10-batches-py/test_batch"], random.Random(1)
    head = whole[:120] + whole[-80:]  # hits the commands, not the pixels
    refused = 0
    for _ in range(3000):
        try:
            unpickle(damaged(head, dice))
        except ValueError:
            refused += 1
    assert refused > 1000


@pytest.mark.parametrize(
    "name", ["x", "x.gz", "x.npz", "x.tar", "x.tar.gz", "x.zip", "train-images-idx3-ubyte", "x.jpg"]
)
def test_files_of_anything(tmp_path, name):
    dice = random.Random(name)
    for begin in (
        b"",
        b"PK\3\4",
        b"\x1f\x8b\x08\0",
        b"\0\0\x08\3",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x93NUMPY",
        b"\xff\xd8\xff",
    ):
        for size in (0, 1, 600, 20_000):
            contents = begin + dice.randbytes(size)
            for packed in (contents, gzip.compress(contents)):
                (tmp_path / name).write_bytes(packed)
                with pytest.raises(DataError):
                    load(tmp_path / name)


def test_an_idx_file_may_have_any_rank(tmp_path):
    for rank in range(1, 6):
        mnist_like(tmp_path, packed=False)
        (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros([30] + [2] * (rank - 1), np.uint8)))
        with pytest.raises(DataError):
            load(tmp_path)
