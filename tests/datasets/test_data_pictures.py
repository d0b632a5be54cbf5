import errno
import io
import os
import struct
import sys

import numpy as np
import pytest
from datafiles import class_folders, images, picture, tar, zipped
from PIL import Image

from convdsl.datasets import DataError, DataWarning, load, memory
from convdsl.datasets.pictures import Unreadable, decode, measure, quiet
from convdsl.datasets.tree import File


def loaded(path, **options):
    notes = []
    data = load(path, warn=lambda note: notes.append(str(note)), **options)
    return data, notes


def test_train_and_test_folders_are_used_as_they_are(tmp_path):
    class_folders(tmp_path / "train", {"cat": 5, "ant": 4, "dog": 6})
    class_folders(tmp_path / "test", {"dog": 2, "cat": 3, "ant": 1})
    data, notes = loaded(tmp_path)
    assert data.classes == ("ant", "cat", "dog")
    assert data.train_images.shape == (15, 6, 8, 3)
    assert np.bincount(data.train_labels).tolist() == [4, 5, 6]
    assert np.bincount(data.test_labels).tolist() == [1, 3, 2]
    assert notes == []
    first = {"cat": 0, "ant": 40, "dog": 80}  # the grey of the first picture of each class, see class_folders
    for image, label in zip(data.train_images, data.train_labels, strict=True):
        assert 0 <= int(image[0, 0, 0]) - first[data.classes[label]] < 6
    assert data.train_labels.tolist() != sorted(data.train_labels)


def test_one_set_of_class_folders_is_split(tmp_path):
    root = class_folders(tmp_path / "flowers", {"rose": 10, "tulip": 20})
    data, notes = loaded(root)
    assert data.name == "flowers"
    assert np.bincount(data.test_labels).tolist() == [2, 4]
    assert np.bincount(data.train_labels).tolist() == [8, 16]
    assert len(notes) == 1
    assert "set aside" in notes[0]
    again, _ = loaded(root)
    assert np.array_equal(again.train_images, data.train_images)
    other, _ = loaded(root, seed=3)
    assert not np.array_equal(other.train_images, data.train_images)
    with pytest.warns(DataWarning, match="set aside"):
        load(root)


def test_outer_folders_hidden_files_and_deeper_ones(tmp_path):
    root = class_folders(tmp_path / "outer" / "archive" / "set", {"a/2023": 5, "b/2024": 5})
    (root / ".git").mkdir()
    (root / ".git" / "x.png").write_bytes(picture())
    (root / "a" / "Thumbs.db").write_bytes(b"?")
    (root / "a" / "labels.csv").write_text("no picture")
    data, _ = loaded(tmp_path / "outer")
    assert data.classes == ("a", "b")
    assert len(data.train_images) + len(data.test_images) == 10


def test_validation_pictures_validate_and_test_where_nothing_else_does(tmp_path):
    class_folders(tmp_path / "Train", {"a": 3, "b": 3})
    class_folders(tmp_path / "val", {"a": 2, "b": 2})
    data, notes = loaded(tmp_path)
    assert len(data.test_images) == len(data.validation_images) == 4 and len(data.train_images) == 6
    assert "The folders are parts of a data set: Train for training, val for validation." in notes
    assert any(note.startswith("No test images: the 4 validation images are those of the test too.") for note in notes)
    class_folders(tmp_path / "test", {"a": 1, "b": 1})
    data, notes = loaded(tmp_path)
    assert (len(data.train_images), len(data.validation_images), len(data.test_images)) == (6, 4, 2)
    assert notes == ["The folders are parts of a data set: Train for training, val for validation, test for test."]


def test_sizes_become_the_commonest_or_the_one_asked_for(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5})
    (tmp_path / "a" / "big.png").write_bytes(picture(np.full((40, 20, 3), 9, np.uint8)))
    (tmp_path / "a" / "small.jpg").write_bytes(picture(np.full((4, 4, 3), 9, np.uint8), "JPEG"))
    data, notes = loaded(tmp_path)
    assert data.shape == (6, 8, 3)
    assert "2 images are not 6x8 and were stretched to it." in notes
    data, notes = loaded(tmp_path, size=(40, 20))
    assert data.shape == (40, 20, 3)
    assert "11 images are not 40x20 and were stretched to it." in notes
    data, notes = loaded(tmp_path, size=(3, 3), channels=1)
    assert data.shape == (3, 3, 1)


def test_of_several_frames_or_pages_the_first_counts_and_that_is_said(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5}, (6, 8))

    def several(name, count=2, **options):
        first, *rest = (Image.fromarray(np.full((6, 8, 3), 90 * i + 20, np.uint8)) for i in range(count))
        first.save(tmp_path / name, save_all=True, append_images=rest, **options)

    several("a/one.gif", 1), several("a/one.tif", 1), several("a/one.webp", 1, lossless=True), several("a/one.png", 1)
    assert not [note for note in loaded(tmp_path)[1] if "frames" in note]
    several("a/x.gif")
    assert "1 file has several frames or pages, of which only the first counts: a/x.gif." in loaded(tmp_path)[1]
    several("a/x.apng", format="PNG"), several("b/x.png"), several("b/x.webp", lossless=True), several("b/x.tiff", 3)
    data, notes = loaded(tmp_path)
    assert "5 files have several frames or pages, of which only the first counts: a/x.apng, a/x.gif, b/x.png." in notes
    firsts = sum(int((image == 20).all()) for image in (*data.train_images, *data.test_images))
    assert firsts == 9
    moving = (tmp_path / "a/x.gif").read_bytes()
    (tmp_path / "a/x.gif").write_bytes(moving[: len(moving) - 12])  # the second frame is cut
    assert len(loaded(tmp_path)[0].train_images) == len(data.train_images)


def test_grey_stays_grey_until_a_colour_comes(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5}, (6, 8))
    assert loaded(tmp_path)[0].shape == (6, 8, 1)
    assert loaded(tmp_path, channels=3)[0].shape == (6, 8, 3)
    (tmp_path / "b" / "red.png").write_bytes(picture())
    data, _ = loaded(tmp_path)
    assert data.shape == (6, 8, 3)
    assert loaded(tmp_path, channels=1)[0].shape == (6, 8, 1)


def decoded(contents, height=6, width=8, channels=3):
    return decode(File("x", lambda: contents), height, width, channels).pixels


def test_kinds_of_pixels():
    grey, colour = images(1, 6, 8)[0], images(1, 6, 8, 3)[0]
    assert np.array_equal(decoded(picture(colour)), colour)
    assert np.array_equal(decoded(picture(grey), channels=1)[..., 0], grey)
    assert np.array_equal(decoded(picture(grey)), np.stack([grey] * 3, -1))
    alpha = np.dstack([colour, np.zeros((6, 8), np.uint8)])
    alpha[:3, :, 3] = 255
    seen = decoded(picture(alpha))
    assert np.array_equal(seen[:3], colour[:3])
    assert (seen[3:] == 255).all()
    palette = Image.fromarray(colour).quantize(200)
    stream = io.BytesIO()
    palette.save(stream, "PNG")
    assert np.array_equal(decoded(stream.getvalue()), np.asarray(palette.convert("RGB")))
    with Image.new("CMYK", (8, 6), (0, 255, 255, 0)) as image:
        stream = io.BytesIO()
        image.save(stream, "JPEG")
    assert np.abs(decoded(stream.getvalue()).astype(int) - [255, 0, 0]).max() < 12


def test_photographs_are_turned_as_their_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = np.zeros((16, 32, 3), np.uint8)
    lying[:, :16] = 250  # white on the left; standing, it is on top
    contents = picture(lying, "JPEG", exif=exif, quality=95)
    kind = measure(File("x", lambda: contents))
    assert (kind.height, kind.width) == (32, 16)
    standing = decoded(contents, 32, 16)
    assert standing[:14].min() > 230
    assert standing[18:].max() < 20
    assert decoded(contents, 8, 4)[:3].min() > 200


def float_tiff(pixels):
    """An uncompressed TIFF of 32-bit fractions in as many channels as there are; Pillow reads and writes one only."""
    height, width, channels = pixels.shape
    body = pixels.astype("<f4").tobytes()
    start = 8 + len(body)
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 32), (259, 3, 1, 1), (262, 3, 1, 1 if channels == 1 else 2),
               (273, 4, 1, 8), (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(body)), (339, 3, 1, 3)]  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", start) + body + table


@pytest.mark.parametrize(
    ("channels", "said"), [(1, "fractions; save them as whole numbers"), (3, "TIFF is not read; save it as PNG")]
)
def test_fractions_in_tiff_are_refused_with_a_way_out(tmp_path, channels, said):
    class_folders(tmp_path, {"a": 8, "b": 8})
    for i in range(8):
        (tmp_path / "a" / f"{i:04}.png").unlink()
        (tmp_path / "a" / f"{i}.tif").write_bytes(float_tiff(np.random.default_rng(i).random((6, 8, channels))))
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert said in str(caught.value) and "a/0.tif" in str(caught.value)


def test_some_unreadable_pictures_are_left_out_and_named(tmp_path):
    class_folders(tmp_path, {"a": 40, "b": 40})
    whole = picture(images(1, 60, 80, 3)[0], "JPEG")
    (tmp_path / "a" / "0007.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b" / "0003.png").write_bytes(b"")
    (tmp_path / "b" / "0004.png").write_bytes(b"<html>")
    data, notes = loaded(tmp_path, size=(6, 8), channels=3)
    assert len(data.train_images) + len(data.test_images) == 77
    (note,) = [note for note in notes if "cannot be read" in note]
    assert "3 images cannot be read and are left out" in note
    assert "(it is no picture)" in note and "BytesIO" not in note
    for name in ("a/0007.png", "b/0003.png", "b/0004.png"):
        assert name in note
    assert np.array_equal(loaded(tmp_path)[0].train_images, data.train_images)
    for i in range(10, 20):
        (tmp_path / "a" / f"{i:04}.png").write_bytes(b"x")
    with pytest.raises(DataError, match="13 of 80 images cannot be read"):
        load(tmp_path)


def test_all_unreadable(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"No image can be read, such as b/1\.png"):
        load(tmp_path)


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(DataError, match="holds no images") as caught:
        load(tmp_path)
    assert "cat/1.jpg" in str(caught.value.help)
    (tmp_path / "1.png").write_bytes(picture())
    with pytest.raises(DataError, match="lie in no class folders"):
        load(tmp_path)
    class_folders(tmp_path, {"a": 5})
    with pytest.raises(DataError, match="all images are in one class folder, a"):
        load(tmp_path)
    class_folders(tmp_path, {"b": 5})
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "deeper").mkdir()
    with pytest.raises(DataError, match="the class folder c holds no images"):
        load(tmp_path)
    (tmp_path / "c" / "deeper" / "metrics.csv").write_text("0")
    data, notes = loaded(tmp_path)
    assert data.classes == ("a", "b")
    assert "1 image lies in no class folder and is left out." in notes
    assert "The folder c holds no images and is no class." in notes
    assert "1 file is no image and is left out: 1 .csv." in notes


def test_class_folders_must_agree(tmp_path):
    class_folders(tmp_path / "train", {"a": 3, "b": 3})
    class_folders(tmp_path / "test", {"a": 3, "c": 3})
    with pytest.raises(DataError, match="class folder c is among the test images"):
        load(tmp_path)


def test_one_image_for_each_class(tmp_path):
    class_folders(tmp_path, {"a": 1, "b": 1})
    with pytest.raises(DataError, match="none can be set aside"):
        load(tmp_path)


def test_memory_is_asked_before_anything_is_decoded(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 5, "b": 5})
    monkeypatch.setattr(memory, "available", lambda: 10**9)
    with pytest.raises(DataError, match=r"10 images of 9000x9000x3: 2\.4 GB of memory are needed, 1\.0 GB are free"):
        load(tmp_path, size=(9000, 9000), channels=3)


@pytest.mark.parametrize("size", ["20000 8000", "60000 60000"])
def test_pictures_that_are_bombs_are_not_decoded(size):
    with quiet(), pytest.raises(Unreadable, match=r"it is too large: .* pixels"):
        measure(File("a", lambda: f"P5 {size} 255\n".encode()))


def test_without_pillow_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 2, "b": 2})
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="Pillow") as caught:
        load(tmp_path)
    assert "pip install pillow" in str(caught.value.help)


@pytest.mark.parametrize("make", [tar, zipped])
def test_archives_give_the_same_as_folders(tmp_path, make):
    root = class_folders(tmp_path / "set", {"a": 10, "b": 10})
    files = {f"./set/{path.relative_to(root)}": path.read_bytes() for path in sorted(root.rglob("*.png"))}
    archive = make(tmp_path / "set.tar.gz", files)
    data, _ = loaded(archive)
    assert data.name == "set"
    assert np.array_equal(data.train_images, loaded(root)[0].train_images)


def test_progress_is_told(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5})
    told = []
    load(tmp_path, warn=str, progress=lambda what, done, total: told.append((str(what), done, total)))
    assert told[0] == ("Looking at the images", 0, 10)
    assert ("Reading the training images", 8, 8) in told
    assert told[-1] == ("Reading the test images", 2, 2)


def test_links_that_lead_round_in_circles(tmp_path):
    class_folders(tmp_path / "set", {"a": 5, "b": 5})
    (tmp_path / "set" / "a" / "up").symlink_to(tmp_path / "set", target_is_directory=True)
    data, _ = loaded(tmp_path / "set")
    assert len(data.train_images) + len(data.test_images) == 10


@pytest.mark.parametrize("name", ["", "b", "d.npz", "d.tar", "d/labels.csv"])
def test_what_the_system_refuses_is_no_damage(tmp_path, monkeypatch, name):
    class_folders(tmp_path / "set", {"a": 5, "b": 5})
    for file in ("d.npz", "d.tar", "d/labels.csv"):
        (tmp_path / "set" / "a" / file).parent.mkdir(exist_ok=True)
        (tmp_path / "set" / "a" / file).write_bytes(b"PK")
    refused = str(tmp_path / "set" / name) if name in ("", "b") else str(tmp_path / "set/a" / name)
    scandir, plain = os.scandir, os.open

    def guarded(of):
        def call(path, *arguments, **options):
            if str(path) == refused:
                raise PermissionError(errno.EACCES, "Permission denied", refused)
            return of(path, *arguments, **options)

        return call

    monkeypatch.setattr(os, "scandir", guarded(scandir))
    monkeypatch.setattr(os, "open", guarded(plain))
    with pytest.raises(DataError) as caught:
        load(tmp_path / "set" if name in ("", "b") else refused)
    assert str(caught.value.message) == f"{refused} cannot be read: there is no permission."
    assert "Its owner can give the right" in str(caught.value.help)


@pytest.mark.parametrize("mode", ["RGB", "I;16"])
@pytest.mark.parametrize("size", [(40, 20), (20, 40), (20, 20), (41, 20), (1, 9)])
def test_the_middle_of_a_picture_of_other_proportions(size, mode):
    width, height = size
    pixels = np.zeros((height, width), np.uint16 if mode != "RGB" else np.uint8)
    side = min(size)
    top, left = (height - side) // 2, (width - side) // 2
    pixels[top : top + side, left : left + side] = 200
    file = io.BytesIO()
    Image.fromarray(pixels if mode != "RGB" else np.stack([pixels] * 3, -1)).save(file, "PNG")
    one = File("a.png", file.getvalue)
    assert (decode(one, 10, 10, 3, cut=True).pixels == 200).all()
    assert (decode(one, 10, 10, 3).pixels == 200).all() == (width == height)
