"""Folders, pictures and arrays as people bring them: what each kind is taken for, and what is refused."""

import os
import sys
import unicodedata

import numpy as np
import pytest
from datafiles import class_folders, images, labels, mnist_like, picture

from convdsl.datasets import DataError, Unavailable, load
from convdsl.datasets.names import quoted, same_form
from convdsl.datasets.parts import role_of
from convdsl.datasets.pictures import decode, depth
from convdsl.datasets.tree import File


def loaded(path, **options):
    notes = []
    data = load(path, warn=lambda note: notes.append(str(note)), **options)
    return data, notes


def counts(data):
    watched = None if data.validation_images is None else len(data.validation_images)
    return len(data.train_images), watched, len(data.test_images)


# Parts.


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("asl_alphabet_train", "asl_alphabet_test"),
        ("TrainImages", "TestImages"),
        ("Entrenamiento", "prueba"),
        ("conjunto de entrenamiento", "evaluación"),
        ("traindata", "holdout"),
        ("01_train", "02_test"),
        ("archive/dataset/train-images", "archive/dataset/eval-images"),
    ],
)
def test_parts_are_known_by_how_they_look(tmp_path, train, test):
    class_folders(tmp_path / train, {"cats": 6, "dogs": 5})
    class_folders(tmp_path / test, {"cats": 2, "dogs": 1})
    data, notes = loaded(tmp_path)
    assert data.classes == ("cats", "dogs") and counts(data) == (11, None, 3)
    assert notes[0].startswith("The folders are parts of a data set: ") and notes[0].endswith(" for test.")


def test_three_parts_and_one_without_labels(tmp_path):
    class_folders(tmp_path / "train", {"cats": 6, "dogs": 5})
    class_folders(tmp_path / "dev", {"cats": 2, "dogs": 2})
    class_folders(tmp_path, {"test1": 7})
    data, notes = loaded(tmp_path)
    assert counts(data) == (11, 4, 4) and data.validation_images is data.test_images
    assert "7 images are left out, of the folders test1 (7), which are no labelled part." in notes
    class_folders(tmp_path / "pred", {"x": 1})
    assert "test1 (7)" in "".join(loaded(tmp_path)[1]) and "pred (1)" in "".join(loaded(tmp_path)[1])


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (("summer/cat", "summer/dog", "winter/cat", "winter/dog"), "are summer, winter classes, or are they parts"),
        (("train/cat", "train/dog", "more/cat", "more/dog"), "are more, train classes, or are they parts"),
        (("train/cat", "train/dog", "extra"), "or is train a part of the data set?"),
        (("cats", "dogs", "test"), "are cats, dogs, test classes, or is test a part of the data set?"),
        (("train", "test"), "are parts of a data set, and none of them holds class folders"),
        (("train/a", "train/b", "training/a", "training/b", "test/a", "test/b"), "which of them is to train"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tmp_path, folders, said):
    for folder in folders:
        class_folders(tmp_path, {folder: 5})
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert said in str(caught.value.message)


@pytest.mark.parametrize("names", [("train", "bus", "car"), ("blood_test", "eye_test"), ("train_station", "test_tube")])
def test_classes_that_are_called_like_parts_stay_classes(tmp_path, names):
    class_folders(tmp_path, dict.fromkeys(names, 5))
    data, _ = loaded(tmp_path)
    assert data.classes == tuple(sorted(names))


def test_names_that_speak_of_a_part():
    parts = {
        name: role_of(name) and role_of(name).part for name in ("val2", "validación", "evalset", "valley", "tested")
    }
    assert parts == {
        "val2": "validation",
        "validación": "validation",
        "evalset": "test",
        "valley": None,
        "tested": None,
    }


@pytest.mark.parametrize(
    "names", [("x_val", "y_val"), ("X_valid", "Y_valid")], ids=str
)  # fmt: skip
def test_arrays_to_validate_are_used(tmp_path, names):
    pairs = {"x_train": images(12), "y_train": labels(12), "x_test": images(3, seed=2)}
    np.savez(tmp_path / "d.npz", **pairs, **dict(zip(names, (images(6, seed=1), labels(6)), strict=True)))
    data, notes = loaded(tmp_path / "d.npz")
    assert counts(data) == (12, 6, 6)
    assert notes[0] == "Not used: x_test." and notes[1].startswith("No test images: the 6 validation images")
    np.savez(tmp_path / "e.npz", train_images=images(12), train_labels=labels(12), test_images=images(3),
             test_labels=labels(3), val_images=images(6, seed=1), val_labels=labels(6))  # fmt: skip
    data, notes = loaded(tmp_path / "e.npz")
    assert counts(data) == (12, 6, 3) and notes == []
    assert np.array_equal(data.validation_images[..., 0], images(6, seed=1))


# Depth.


def deep_folders(root, low, high, dtype=np.uint16):
    for number, name in enumerate(("a", "b")):
        (root / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.random.RandomState(10 * number + i).randint(low, high + 1, (6, 8)).astype(dtype)
            pixels[0, 0] = high
            (root / name / f"{i}.png").write_bytes(picture(pixels))
    return root


@pytest.mark.parametrize(
    ("high", "bits"), [(252, 8), (255, 8), (256, 10), (1023, 10), (4032, 12), (4095, 12), (16000, 14), (65535, 16)]
)
def test_sixteen_bits_are_kept_and_scaled_by_what_the_set_uses(tmp_path, high, bits):
    data, notes = loaded(deep_folders(tmp_path / "set", 0, high))
    scale = 2**bits - 1
    assert data.train_images.dtype == np.float32 and data.scale == scale
    assert data.train_images.max() == np.float32(high) / np.float32(scale)
    assert len(np.unique(data.train_images)) > 150
    assert f"go up to {high}: they are taken as {bits} bits and divided by {scale}." in "".join(notes)


def test_bytes_among_deep_pictures_are_scaled_as_bytes(tmp_path):
    root = deep_folders(tmp_path / "set", 4000, 4000)
    class_folders(root, {"c": 6}, (6, 8))
    data, _ = loaded(root)
    assert set(np.unique(data.train_images[data.train_labels < 2])) == {np.float32(4000) / np.float32(4095)}
    assert set(np.unique(data.train_images[data.train_labels == 2])) <= {
        np.float32(i) / np.float32(255) for i in range(6)
    }


def deep_png(pixels):
    """A PNG with 16 bits for each of 2, 3 or 4 channels, which Pillow cannot write."""
    import struct
    import zlib

    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_colours_of_sixteen_bits_are_kept_too(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 4096, (6, 8, 3)).astype(np.uint16)
    one = decode(File("x", lambda: deep_png(pixels)), 6, 8, 3)
    assert one.deep and np.array_equal(one.pixels, pixels.astype(np.float32))
    grey = decode(File("x", lambda: deep_png(pixels)), 6, 8, 1).pixels[..., 0]
    assert np.allclose(grey, pixels @ [0.299, 0.587, 0.114], rtol=1e-5)
    clear = np.dstack([pixels, np.full((6, 8), 65535, np.uint16)])
    clear[:3, :, 3] = 0
    seen = decode(File("x", lambda: deep_png(clear)), 6, 8, 3).pixels
    assert (seen[:3] == 65535).all() and np.array_equal(seen[3:], pixels[3:])
    assert decode(File("x", lambda: deep_png(pixels)), 3, 4, 3).pixels.shape == (3, 4, 3)


def test_deep_arrays_are_scaled_alike_in_all_parts(tmp_path):
    train, test = images(12).astype(np.uint16) * 16, images(6).astype(np.uint16)
    np.savez(tmp_path / "d.npz", x_train=train, y_train=labels(12), x_test=test, y_test=labels(6))
    data, notes = loaded(tmp_path / "d.npz")
    assert data.scale == 4095 and np.array_equal(data.test_images[..., 0], test.astype(np.float32) / np.float32(4095))
    assert notes == [f"The pixels go up to {train.max()}: they are taken as 12 bits and divided by 4095."]


def test_depth():
    assert [depth(n) for n in (0, 255, 256, 4095, 4096, 65535, 65536)] == [8, 8, 10, 12, 14, 16, 24]


# Labels.


def one_to_ten(path, **more):
    np.savez(path, x_train=images(40), y_train=labels(40, 10) + 1, x_test=images(20), y_test=labels(20, 10) + 1, **more)
    return path


def test_labels_that_begin_at_one_are_offered_and_taken(tmp_path):
    data, notes = loaded(one_to_ten(tmp_path / "d.npz"))
    assert len(data.classes) == 11
    assert notes == ["The labels begin at 1. `--labels-from 1` counts classes from there; class 0 has no image."]
    data, notes = loaded(tmp_path / "d.npz", labels_from=1)
    assert data.classes == tuple(map(str, range(1, 11))) and data.train_labels.min() == 0 and data.first == 1
    assert notes == []
    data, notes = loaded(one_to_ten(tmp_path / "e.npz", labels_from=1))
    assert len(data.classes) == 10 and notes == []
    with pytest.raises(DataError, match="a label is 1, and labels were said to begin at 2"):
        load(tmp_path / "d.npz", labels_from=2)
    class_folders(tmp_path / "f", {"a": 5, "b": 5})
    with pytest.raises(DataError, match="for labels that are numbers"):
        load(tmp_path / "f", labels_from=1)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (np.arange(-3, 37) * 1000, "from -3000 to 36000"),
        (np.arange(40) - 1, "from -1 to 38"),
        (np.arange(40) * 10**8, "from 0 to 3900000000"),
    ],
)
def test_whole_numbers_that_count_no_classes_are_numbers(tmp_path, numbers, said):
    np.savez(tmp_path / "d.npz", x_train=images(40), y_train=numbers)
    data, notes = loaded(tmp_path / "d.npz")
    assert data.regression and data.classes == () and said in notes[0]
    assert set(data.train_labels) | set(data.test_labels) == set(numbers.astype(float))
    np.savez(tmp_path / "e.npz", x_train=images(40), y_train=np.stack([numbers, numbers], 1))
    assert loaded(tmp_path / "e.npz")[0].train_labels.shape == (32, 2)


def test_a_negative_number_of_another_part_counts_too(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=images(40), y_train=labels(40), x_test=images(3), y_test=np.array([0, -5, 1]))
    assert loaded(tmp_path / "d.npz")[0].test_labels.tolist() == [0, -5, 1]


@pytest.mark.parametrize("names", [("x_{}", "y_{}"), ("imágenes_{}", "etiquetas_{}"), ("{}_IMAGENES", "{}_etiquetas")])
def test_arrays_with_spanish_names(tmp_path, names):
    parts = {"entrenamiento": 12, "validación": 4, "prueba": 6}
    arrays = {}
    for part, count in parts.items():
        arrays |= {names[0].format(part): images(count), names[1].format(part): labels(count)}
    np.savez(tmp_path / "d.npz", **arrays)
    assert counts(loaded(tmp_path / "d.npz")[0]) == (12, 4, 6)


# IDX.


def test_idx_files_are_found_where_others_put_them(tmp_path):
    raw = tmp_path / "torchvision" / "MNIST" / "raw"
    mnist_like(raw, packed=False)
    mnist_like(raw)
    data, _ = loaded(tmp_path / "torchvision")
    assert counts(data) == (30, None, 9) and data.name == "MNIST"
    kaggle = tmp_path / "kaggle"
    for name, contents in mnist_like(tmp_path / "plain", packed=False).items():
        (kaggle / name).mkdir(parents=True)
        (kaggle / name / name).write_bytes(contents)
        (kaggle / name.replace("-idx", ".idx")).write_bytes(contents)
    assert counts(loaded(kaggle)[0]) == (30, None, 9)
    for path in kaggle.glob("*.idx*"):
        path.unlink()
    assert counts(loaded(kaggle)[0]) == (30, None, 9)
    mnist_like(tmp_path / "torchvision" / "FashionMNIST" / "raw")
    with pytest.raises(DataError, match=r"several data sets: FashionMNIST/raw, MNIST/raw"):
        load(tmp_path / "torchvision")
    assert counts(loaded(raw / "train-images-idx3-ubyte")[0]) == (30, None, 9)


# Endings and names.


def test_jfif_is_read_and_the_rest_is_counted_by_ending(tmp_path):
    class_folders(tmp_path, {"a": 6, "b": 6})
    for i in range(4):
        (tmp_path / "a" / f"{i}.JFIF").write_bytes(picture(format="JPEG"))
        (tmp_path / "b" / f"{i}.heic").write_bytes(b"?")
    (tmp_path / "b" / "README").write_bytes(b"?")
    data, notes = loaded(tmp_path)
    assert len(data.train_images) + len(data.test_images) == 16
    assert "4 pictures are of kinds that are not read, and are left out: 4 .heic. Save them as JPEG or PNG." in notes
    assert "1 file is no image and is left out: 1 without an ending." in notes
    assert data.pictures.left_out == {".heic": 4, "": 1}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system stores one form only")
def test_names_are_compared_in_one_form_of_unicode(tmp_path):
    composed, apart = (unicodedata.normalize(form, "año") for form in ("NFC", "NFD"))
    class_folders(tmp_path / "train", {apart: 4, "mes": 4})
    class_folders(tmp_path / "test", {composed: 2, "mes": 2})
    data, _ = loaded(tmp_path)
    assert data.classes == (composed, "mes") and same_form(apart) == composed


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\nb", '"a\\nb"'),
        (b"\x1b[31mred", '"\\x1b[31mred"'),
        (b"caf\xe9", '"caf\\xe9"'),
        ("ratón".encode(), "ratón"),
        (b"tab\there", '"tab\\there"'),
    ],
)
def test_names_in_any_bytes_are_shown_without_harm(tmp_path, name, shown):
    assert quoted(os.fsdecode(name)) == shown
    root = class_folders(tmp_path / "set", {"z": 40})
    os.mkdir(os.path.join(os.fsencode(root), name))
    for i in range(20):
        with open(os.path.join(os.fsencode(root), name, b"%d.png" % i), "wb") as file:
            file.write(picture() if i else b"?")
    data, notes = loaded(root)
    assert shown in data.classes
    "".join([*data.classes, *notes, *data.pictures.train]).encode()
    assert any(f"{shown}/0.png" in note or quoted(os.fsdecode(name + b"/0.png")) in note for note in notes)


def test_names_that_look_alike_are_told_apart(tmp_path):
    class_folders(tmp_path, {" cat": 5, "cat": 5, "c\u200bat": 5})
    assert loaded(tmp_path)[0].classes == ('" cat"', '"c\\u200bat"', "cat")


# What cannot be used.


def test_what_systems_put_beside_the_files_is_no_class(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5, "@eaDir": 2, "$RECYCLE.BIN": 2, "__MACOSX/a": 2, "System Volume Information": 1,
                             ".git": 3})  # fmt: skip
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "a" / "thumbs.db").write_bytes(b"?")
    data, notes = loaded(tmp_path)
    assert data.classes == ("a", "b") and "left out" not in "".join(notes)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes there")
def test_pipes_and_dead_links_are_counted_and_links_in_a_ring_are_no_class(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5})
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "b" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "ring").symlink_to(tmp_path)
    data, notes = loaded(tmp_path)
    assert data.classes == ("a", "b")
    left = "2 pipes or dead links, 1 link to a folder that is here already."
    assert f"3 files are no images and are left out: {left}" in notes


@pytest.mark.parametrize("link", ["0", "z"])
def test_a_folder_counts_under_its_own_name_and_not_under_that_of_a_link(tmp_path, link):
    class_folders(tmp_path / "d", {"a": 5, "b": 5})
    class_folders(tmp_path / "elsewhere", {"far": 5})
    (tmp_path / "d" / link).symlink_to(tmp_path / "d" / "a")
    (tmp_path / "d" / "c").symlink_to(tmp_path / "elsewhere" / "far")
    data, notes = loaded(tmp_path / "d")
    assert data.classes == ("a", "b", "c")
    assert "1 file is no image and is left out: 1 link to a folder that is here already." in notes


@pytest.mark.parametrize(
    ("name", "said"),
    [("1.HEIC", "JPEG or PNG"), ("1.svg", "JPEG or PNG"), ("1.mov", "frames"), ("set.zip", "the archive"),
     ("set.tar.gz", "the archive"), ("notes.txt", "One folder for each class")],
)  # fmt: skip
def test_where_nothing_can_be_read_the_way_out_is_that_of_what_is_there(tmp_path, name, said):
    (tmp_path / "d" / "a").mkdir(parents=True)
    (tmp_path / "d" / "a" / name).write_bytes(b"?")
    with pytest.raises(DataError, match="holds no images") as caught:
        load(tmp_path / "d")
    assert said in str(caught.value)


def test_of_what_was_set_aside_only_what_can_be_read_is_counted(tmp_path):
    class_folders(tmp_path, {"a": 30, "b": 30})
    for path in sorted((tmp_path / "a").iterdir())[:6]:
        path.write_bytes(b"?")
    data, notes = loaded(tmp_path)
    said = f"No test images: one in 5 of the training images was set aside for the test ({len(data.test_images)})."
    assert said in notes and len(data.train_images) + len(data.test_images) == 54


def test_words_in_bytes_are_words(tmp_path):
    pictures = images(20, 6, 8)
    words = np.array(["año", "mes"])[np.arange(20) % 2]
    in_bytes = np.array([word.encode() for word in words])
    np.savez(tmp_path / "a.npz", x_train=pictures, y_train=words, x_test=pictures, y_test=in_bytes)
    data, _ = loaded(tmp_path / "a.npz")
    assert data.classes == ("año", "mes") and np.array_equal(data.test_labels, np.arange(20) % 2)
    latin = np.array([b"a\xf1o", b"a\xf2o"])[np.arange(20) % 2]
    np.savez(tmp_path / "b.npz", x_train=pictures, y_train=latin, x_test=pictures, y_test=latin)
    assert len(set(loaded(tmp_path / "b.npz")[0].classes)) == 2


def test_a_class_of_which_nothing_can_be_read_is_named_with_a_file(tmp_path):
    class_folders(tmp_path, {"a": 30, "b": 30, "c": 2})
    for path in (tmp_path / "c").iterdir():
        path.write_bytes(b"?")
    with pytest.raises(DataError, match=r"no image of the class c can be read: c/0000\.png"):
        load(tmp_path)


def test_a_lone_part_that_is_not_to_train_is_said(tmp_path):
    class_folders(tmp_path, {"test/a": 5, "test/b": 5})
    assert (
        "There is no part but test: its images are taken to train, and some of them for the test."
        in loaded(tmp_path)[1]
    )
    class_folders(tmp_path / "other", {"train/a": 5, "train/b": 5})
    assert "no part but" not in "".join(loaded(tmp_path / "other")[1])


def test_a_class_without_images_is_named(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5})
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "1.heic").write_bytes(b"?")
    with pytest.raises(DataError, match=r"the class folder c holds no images \(1 \.heic\)"):
        load(tmp_path)


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="one folder there")
def test_classes_that_differ_in_capitals_only(tmp_path):
    class_folders(tmp_path / "train", {"Cat": 5, "dog": 5})
    class_folders(tmp_path / "test", {"cat": 5, "dog": 5})
    with pytest.raises(DataError, match="Cat and cat differ in capitals only"):
        load(tmp_path)


def test_labels_for_other_images_name_the_file(tmp_path):
    np.savez(tmp_path / "d.npz", images=images(12), labels=labels(11))
    with pytest.raises(DataError, match=r"d\.npz: training: 12 images, but 11 labels"):
        load(tmp_path / "d.npz")


def test_what_is_not_there_is_another_matter_than_what_is_wrong(tmp_path):
    with pytest.raises(Unavailable):
        load(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        load(tmp_path / "empty")
    assert not isinstance(caught.value, Unavailable)
