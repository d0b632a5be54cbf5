import io
import zipfile

import numpy as np
import pytest
from datafiles import images, labels, zipped

from convdsl.datasets import DataError, load, memory


def saved(tmp_path, **arrays):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, **arrays)
    return path


def loaded(tmp_path, **arrays):
    """The data set of an .npz file with these arrays, and what was said about it."""
    notes = []
    data = load(saved(tmp_path, **arrays), warn=lambda note: notes.append(str(note)))
    return data, notes


def keras(train, train_labels, test=None, test_labels=None):
    test = train[:6] if test is None else test
    test_labels = train_labels[:6] if test_labels is None else test_labels
    return {"x_train": train, "y_train": train_labels, "x_test": test, "y_test": test_labels}


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_the_usual_names(tmp_path, names):
    arrays = images(12), labels(12), images(6, seed=1), labels(6)
    data, notes = loaded(tmp_path, **dict(zip(names, arrays, strict=True)))
    assert np.array_equal(data.train_images[..., 0], arrays[0])
    assert np.array_equal(data.test_images[..., 0], arrays[2])
    assert data.test_labels.tolist() == arrays[3].tolist()
    assert data.name == "data"
    assert notes == []


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("data", "target"), ("x_train", "y_train")])
def test_without_a_test_part_every_class_gives_a_fifth(tmp_path, names):
    data, notes = loaded(tmp_path, **dict(zip(names, (images(50), labels(50, 5)), strict=True)))
    assert np.bincount(data.test_labels).tolist() == [2] * 5
    assert np.bincount(data.train_labels).tolist() == [8] * 5
    assert "one in 5" in notes[0]
    pictures = {image.tobytes() for image in [*data.train_images, *data.test_images]}
    assert pictures == {image.tobytes() for image in images(50)}
    again = load(tmp_path / "data.npz", warn=str)
    assert np.array_equal(again.test_images, data.test_images)
    other = load(tmp_path / "data.npz", warn=str, seed=1)
    assert not np.array_equal(other.test_images, data.test_images)


def test_floats_are_kept_as_they_are(tmp_path):
    train = np.random.RandomState(0).randn(12, 4, 5, 2)
    data, notes = loaded(tmp_path, **keras(train, labels(12)))
    assert data.train_images.dtype == np.float32
    assert np.array_equal(data.train_images, train.astype(np.float32))
    assert notes == []


def test_float_targets_are_a_regression(tmp_path):
    targets = np.linspace(0, 1, 12)
    data, _ = loaded(tmp_path, **keras(images(12), targets))
    assert data.regression
    assert data.classes == ()
    assert np.array_equal(data.train_labels, targets)
    data, _ = loaded(tmp_path, images=images(12), labels=np.stack([targets, targets * 0.3], 1))
    assert data.train_labels.shape[1:] == (2,)


def test_other_number_types_become_bytes_if_they_fit(tmp_path):
    data, notes = loaded(tmp_path, **keras(images(12).astype(np.int64), labels(12).astype(np.int32)[:, None]))
    assert data.train_images.dtype == np.uint8
    assert data.train_labels.shape == (12,)
    data, _ = loaded(tmp_path, **keras(images(12) > 127, labels(12)))
    assert set(np.unique(data.train_images)) == {0, 255}
    assert notes == []
    data, notes = loaded(tmp_path, **keras(images(12).astype(np.uint16) * 200, labels(12)))
    assert data.train_images.dtype == np.float32
    assert data.train_images.max() == np.float32(images(12).max() * 200.0) / np.float32(65535)
    assert "taken as 16 bits and divided by 65535" in notes[0]
    data, notes = loaded(tmp_path, **keras(images(12).astype(np.int16) - 9, labels(12)))
    assert data.train_images.min() < 0 and "as they are, unscaled" in notes[0]
    data, notes = loaded(tmp_path, **keras(images(12).astype(np.float64), labels(12)))
    assert "as uint8 they would be scaled" in notes[0]


def test_one_hot_words_and_names_of_classes(tmp_path):
    data, notes = loaded(tmp_path, **keras(images(12), np.eye(3)[labels(12)]))
    assert data.train_labels.tolist() == labels(12).tolist()
    assert "one-hot" in notes[0]
    words = np.array(["gato", "perro", "ave"])
    data, _ = loaded(tmp_path, **keras(images(12), words[labels(12)]))
    assert data.classes == ("ave", "gato", "perro")
    assert [data.classes[i] for i in data.train_labels[:3]] == ["gato", "perro", "ave"]
    data, _ = loaded(tmp_path, **keras(images(12), words[labels(12)].astype("S")))
    assert data.classes == ("ave", "gato", "perro")
    data, _ = loaded(tmp_path, **keras(images(12), labels(12)), class_names=words)
    assert data.classes == ("gato", "perro", "ave")


def test_words_that_differ_in_capitals_only(tmp_path):
    images, labels = np.zeros((20, 4, 4), np.uint8), np.arange(20) % 2
    for name, names in (
        ("words", {"labels": np.array(["Cat", "cat"])[labels]}),
        ("names", {"labels": labels, "class_names": ["x1", "X1"]}),
    ):
        np.savez(tmp_path / f"{name}.npz", images=images, **names)
        with pytest.raises(DataError, match=r"npz: the classes (Cat and cat|X1 and x1) differ in capitals only"):
            load(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "letters.npz", images=images, labels=np.array(["A", "a"])[labels])
    assert load(tmp_path / "letters.npz", warn=lambda note: None).classes == ("A", "a")


def test_channels_first_is_turned_and_said(tmp_path):
    train = images(12, 3, 8, 6)
    data, notes = loaded(tmp_path, **keras(train, labels(12)))
    assert data.shape == (8, 6, 3)
    assert np.array_equal(data.train_images, train.transpose(0, 2, 3, 1))
    assert "channels-first (12×3×8×6)" in notes[0]


def test_vectors_and_volumes_keep_their_shape(tmp_path):
    assert loaded(tmp_path, **keras(images(12, 7), labels(12)))[0].shape == (7,)
    assert loaded(tmp_path, **keras(images(12, 3, 4, 5, 2), labels(12)))[0].shape == (3, 4, 5, 2)


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


FLOATS = np.ones((12, 4, 5), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": labels(3)}, "holds a, but no images with labels"),
        ({}, "holds —, but no images with labels"),
        (keras(images(12), labels(11)), "training: 12 images, but 11 labels"),
        (
            keras(images(12), labels(12), None, changed(labels(6), 2, 250)),
            "test label 2 is 250: classes go from 0 to 2",
        ),
        (keras(images(12), changed(labels(12).astype(np.uint64), 3, 2**63 + 1)), "9223372036854775809 is out of range"),
        (keras(images(12), labels(12, 1)), "all training images are of one class"),
        (keras(changed(FLOATS, (5, 1, 1), np.nan), labels(12)), "training images: entry 5 holds nan"),
        (keras(changed(FLOATS, (0, 0, 0), -np.inf), labels(12)), "training images: entry 0 holds -inf"),
        (keras(FLOATS, changed(np.zeros(12), 11, np.nan)), "training labels: entry 11 holds nan"),
        (keras(FLOATS.astype(np.float64) * 1e300, labels(12)), "training images: entry 0 holds inf"),
        (keras(images(12), np.zeros((12, 0), int)), "cannot be used"),
        (keras(images(12), labels(12), images(6, 5, 5)), "training images are 4×5×1, test images 5×5×1"),
        (keras(images(12), labels(12), FLOATS[:6]), "training images are uint8, test images float32"),
        (keras(images(12), labels(12), None, np.ones(6)), "of different kinds"),
        (keras(images(12), labels(12).astype(complex)), "type complex128"),
        (keras(images(12).astype(complex), labels(12)), "type complex128"),
        (keras(images(0), labels(0)), "shape 0×4×5"),
        (keras(images(12, 4, 0), labels(12)), "shape 12×4×0"),
        (keras(np.ones(12), labels(12)), "training: the images have the shape"),
        ({"images": images(1), "labels": labels(1)}, "too few images"),
        (
            keras(images(6), np.array(list("ababab")), None, np.array(list("abcaba"))),
            "label c is among the labels of another part",
        ),
        (keras(np.array([{}] * 12, object), labels(12)), "holds Python objects"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        loaded(tmp_path, **arrays)


def test_a_missing_class_is_said(tmp_path):
    _, notes = loaded(tmp_path, **keras(images(12), labels(12) + 1))
    assert notes == ["The labels begin at 1. `--labels-from 1` counts classes from there; class 0 has no image."]
    _, notes = loaded(tmp_path, **keras(images(12), labels(12) * 2))
    assert notes == ["No training images of 2 classes, such as 1, 3."]
    _, notes = loaded(tmp_path, **keras(images(12), labels(12) + 5))
    assert notes == ["No training images of 5 classes, such as 0, 1, 2."]


def npy(header: str, contents: bytes = b"") -> bytes:
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + contents


@pytest.mark.parametrize(
    "member",
    [
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 9)}\n"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}\n", b"\0"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}\n", b"\0"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1e3,)}\n"),
        npy("{'descr': '|u1'\n"),
        npy("__import__('os').abort()\n"),
        npy("(" * 60000 + "\n"),
        b"\x93NUMPY\x09\x00",
        b"no array",
        b"",
    ],
)
def test_headers_that_lie(tmp_path, member):
    stream = io.BytesIO()
    np.save(stream, labels(3))
    path = zipped(tmp_path / "x.npz", {"images.npy": member, "labels.npy": stream.getvalue()})
    with pytest.raises(DataError, match=r"damaged, or no \.npz file"):
        load(path)


def test_cut_and_empty_files(tmp_path):
    path = saved(tmp_path, **keras(images(40), labels(40)))
    whole = path.read_bytes()
    for size in (2, 30, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"damaged, or no \.npz file|of no kind|cut short"):
            load(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        load(path)
    flipped = bytearray(whole)
    flipped[200] ^= 255
    path.write_bytes(flipped)
    with pytest.raises(DataError, match="damaged"):
        load(path)


def test_memory_is_asked_before_it_is_taken(tmp_path, monkeypatch):
    path = saved(tmp_path, **keras(np.zeros((1000, 40, 40), np.uint8), labels(1000)))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(memory, "available", lambda: 1_000_000)
    monkeypatch.setattr(np.lib.format, "read_array", None)
    with pytest.raises(DataError, match=r"1\.6 MB of memory are needed, 1\.0 MB are free"):
        load(path)


def test_encrypted_members_are_refused(tmp_path):
    path = saved(tmp_path, **keras(images(12), labels(12)))
    contents = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        directory = archive.start_dir
    damaged = bytearray(contents)
    damaged[directory + 8] |= 1
    damaged[6] |= 1
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"damaged, or no \.npz file: .*encrypted"):
        load(path)
