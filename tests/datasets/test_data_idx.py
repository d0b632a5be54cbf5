import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from datafiles import idx_bytes, images, labels, mnist_like, sha256

from convdsl.datasets import DataError, load, memory
from convdsl.datasets.idx import read_idx


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_of_number_comes_back(tmp_path, kind, packed):
    array = np.arange(-6, 6).reshape(2, 3, 2).astype(kind)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    back = read_idx(path)
    assert np.array_equal(back, array)
    assert back.dtype == array.dtype.newbyteorder(">")


def test_a_folder_and_any_of_its_files_are_the_same_data(tmp_path):
    mnist_like(tmp_path)
    data = load(tmp_path)
    assert data.train_images.shape == (30, 4, 5, 1)
    assert data.train_images.dtype == np.uint8
    assert data.train_images.flags.writeable
    assert np.array_equal(data.train_images[..., 0], images(30))
    assert data.train_labels.dtype == np.int64
    assert np.array_equal(data.test_labels, labels(9))
    assert data.classes == ("0", "1", "2")
    assert data.notes == ()
    other = load(tmp_path / "t10k-labels-idx1-ubyte.gz")
    assert np.array_equal(other.test_images, data.test_images)


def test_names_as_emnist_and_kaggle_write_them(tmp_path):
    mnist_like(tmp_path, prefix="emnist-letters-")
    assert load(tmp_path).name == "emnist-letters"
    mnist_like(tmp_path, prefix="emnist-digits-", packed=False)
    with pytest.raises(DataError, match=r"several data sets: emnist-digits-, emnist-letters-"):
        load(tmp_path)
    assert load(tmp_path / "emnist-digits-train-images-idx3-ubyte").name == "emnist-digits"
    for path in list(tmp_path.glob("emnist-letters-*")):
        path.unlink()
    for path in list(tmp_path.glob("emnist-digits-*")):
        path.rename(tmp_path / path.name.replace("emnist-digits-", "").replace("-idx", ".idx"))
    assert len(load(tmp_path).train_images) == 30


def test_without_test_files_a_fifth_is_set_aside(tmp_path):
    mnist_like(tmp_path)
    for path in tmp_path.glob("t10k-*"):
        path.unlink()
    notes = []
    data = load(tmp_path, warn=notes.append)
    assert (len(data.train_images), len(data.test_images)) == (24, 6)
    assert np.bincount(data.test_labels).tolist() == [2, 2, 2]
    assert "set aside" in str(notes[0])


def test_the_checksum_is_of_the_uncompressed_contents(tmp_path):
    contents = mnist_like(tmp_path)["train-labels-idx1-ubyte"]
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(contents, 1))
    assert len(read_idx(path, sha256(contents))) == 30
    with pytest.raises(DataError, match="damaged, or is another file"):
        read_idx(path, sha256(contents[:-1] + b"\x09"))


WHOLE = idx_bytes(images(3, 4, 5))
PACKED = gzip.compress(WHOLE, mtime=0)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "cut short"),
        (WHOLE[:3], "cut short"),
        (WHOLE[:9], "cut short"),
        (WHOLE[:-1], "cut short"),
        (PACKED[:-9], "cut short"),
        (gzip.compress(WHOLE[:-1], mtime=0), "cut short"),
        (WHOLE + b"\0", "longer than"),
        (gzip.compress(WHOLE + b"\0", mtime=0), "longer than"),
        (b"\x01\0" + WHOLE[2:], "no IDX file: it begins with 01 00 08 03"),
        (b"\0\0\x07" + WHOLE[3:], "no IDX file"),
        (b"\0\0\x08\x00", "no IDX file"),
        (b"\0\0\x08\xff" + bytes(2000), "no IDX file"),
        (b"<html>not found</html>", "no IDX file"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1), "cut short"),
        (gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 60000, 28, 28) + bytes(9), mtime=0), "cut short"),
        (PACKED[:-8] + b"\1\2\3\4" + PACKED[-4:], "cannot be read"),
        (PACKED[:10] + b"\xff" * 30, "cannot be read"),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else len(value),
)
def test_damaged_files_say_so(tmp_path, contents, message):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value.message)


def test_memory_is_asked_before_it_is_taken(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros((1000, 28, 28), np.uint8))))
    monkeypatch.setattr(memory, "available", lambda: 500_000)
    monkeypatch.setattr(np, "empty", None)
    with pytest.raises(DataError, match=r"784 kB of memory are needed, 500 kB are free"):
        read_idx(path)


def test_labels_and_images_must_agree(tmp_path):
    mnist_like(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels(29))))
    with pytest.raises(DataError, match="training: 30 images, but 29 labels"):
        load(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="no train-labels file"):
        load(tmp_path)


def test_a_file_with_another_name_cannot_be_placed(tmp_path):
    path = tmp_path / "pictures.gz"
    path.write_bytes(PACKED)
    with pytest.raises(DataError, match="does not show in its name") as caught:
        load(path)
    assert "train-images-idx3-ubyte" in str(caught.value.help)


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("inner", ["", ".gz"])
def test_idx_files_in_an_archive(tmp_path: Path, form: str, inner: str) -> None:
    """As MNIST comes from Kaggle: an archive of IDX files, each plain or gzipped, perhaps in folders of their own."""
    random = np.random.RandomState(0)
    folder = tmp_path / "archive"
    arrays = {
        "train-images-idx3-ubyte": random.randint(0, 256, (12, 4, 4)).astype(np.uint8),
        "train-labels-idx1-ubyte": np.arange(12, dtype=np.uint8) % 3,
        "t10k-images-idx3-ubyte": random.randint(0, 256, (6, 4, 4)).astype(np.uint8),
        "t10k-labels-idx1-ubyte": np.arange(6, dtype=np.uint8) % 3,
    }
    for name, array in arrays.items():
        place = folder / "MNIST" / "raw" / f"{name}{inner}"
        place.parent.mkdir(parents=True, exist_ok=True)
        head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        contents = head + array.tobytes()
        place.write_bytes(gzip.compress(contents) if inner else contents)
    kinds = {"zip": "zip", "tar": "tar", "tar.gz": "gztar"}
    packed = Path(shutil.make_archive(str(tmp_path / "mnist"), kinds[form], folder))
    data = load(packed, warn=str)
    assert data.name == "mnist" and (data.train_images[..., 0] == arrays["train-images-idx3-ubyte"]).all()
    assert (data.test_labels == arrays["t10k-labels-idx1-ubyte"]).all() and data.notes == ()
    (folder / "MNIST" / "raw" / f"train-labels-idx1-ubyte{inner}").unlink()
    packed = Path(shutil.make_archive(str(tmp_path / "less"), kinds[form], folder))
    with pytest.raises(DataError, match=r"less.*there is no train-labels file"):
        load(packed, warn=str)
