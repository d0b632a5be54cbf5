"""Pictures in no class folders, whose names begin with their class; what is read so, and what is not."""

import numpy as np
import pytest
from datafiles import class_folders, picture

from convdsl.datasets import DataError, load


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(picture(np.full((6, 8, 3), number, np.uint8)))


def named(*classes, count=12, sep="."):
    return [f"{name}{sep}{i}.png" for name in classes for i in range(count)]


def loaded(path, **options):
    notes = []
    return load(path, warn=lambda note: notes.append(str(note)), **options), notes


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (named("cat", "dog"), ("cat", "dog")),
        (named("great_pyrenees", "Abyssinian", sep="_"), ("Abyssinian", "great_pyrenees")),
        (named("gato", "perro", "ratón", sep=""), ("gato", "perro", "ratón")),
        ([f"{c} ({i}).png" for c in ("left hand", "right hand") for i in range(5)], ("left hand", "right hand")),
        (named("vgg16", "resnet50", sep="-"), ("resnet50", "vgg16")),
    ],
)
def test_names_that_begin_with_their_class(tmp_path, names, classes):
    put(tmp_path / "set", *names)
    data, notes = loaded(tmp_path / "set")
    assert data.classes == classes and len(data.train_images) + len(data.test_images) == len(names)
    each = len(names) // len(classes)
    said = ", ".join(f"{name} ({each})" for name in classes)
    assert f"their classes are what their names begin with: {said}." in notes[0]
    for part, labels in (("train", data.train_labels), ("test", data.test_labels)):
        paths = getattr(data.pictures, part)
        assert all(
            path.startswith(classes[label]) and "/" not in path for path, label in zip(paths, labels, strict=True)
        )


def test_the_layout_of_a_competition(tmp_path):
    put(tmp_path / "cats/train", *named("cat", "dog"))
    put(tmp_path / "cats/test1", *(f"{i}.png" for i in range(1, 8)))
    data, notes = loaded(tmp_path / "cats")
    assert data.classes == ("cat", "dog") and len(data.train_images) + len(data.test_images) == 24
    assert "7 images are left out, of the folders test1 (7), which are no labelled part." in notes
    put(tmp_path / "parts/train", *named("cat", "dog"))
    put(tmp_path / "parts/val", *named("cat", "dog", count=2))
    put(tmp_path / "parts/test", *named("cat", "dog", count=3))
    data, _ = loaded(tmp_path / "parts")
    assert [len(x) for x in (data.train_images, data.validation_images, data.test_images)] == [24, 4, 6]
    put(tmp_path / "lone/train", *named("cat", "dog"))
    assert loaded(tmp_path / "lone")[0].classes == ("cat", "dog")


@pytest.mark.parametrize(
    "names",
    [
        named("IMG", "DSC", sep="_"),  # cameras
        named("IMG_2019", "IMG_2020", sep="_"),
        named("train", "test", sep="_"),  # parts
        named("image", "mask", sep="_"),  # kinds of pictures
        named("cat"),
        [f"{i}.png" for i in range(9)],
        [f"{i}_cat.png" for i in range(9)],
        [*named("cat", "dog"), "notes.png"],
        [*named("cat", "dog"), "bird.1.png"],  # one picture is no class
        ["beach1.png", "me2.png", "sea3.png"],
    ],
    ids=lambda names: names[0],
)
def test_what_names_do_not_say_surely_is_refused(tmp_path, names):
    put(tmp_path / "set", *names)
    with pytest.raises(DataError) as caught:
        load(tmp_path / "set")
    assert "in no class folders" in str(caught.value.message) and "cat.1.jpg" in str(caught.value.help)


def test_folders_and_tables_are_asked_first(tmp_path):
    class_folders(tmp_path / "set", {"a": 5, "b": 5})
    put(tmp_path / "set/a", *named("cat", "dog"))
    assert loaded(tmp_path / "set")[0].classes == ("a", "b")
    put(tmp_path / "table", *named("cat", "dog"))
    lines = [f"{name},{'ab'[i % 2]}" for i, name in enumerate(named("cat", "dog"))]
    (tmp_path / "table/labels.csv").write_text("\n".join(["file,label", *lines]))
    assert loaded(tmp_path / "table")[0].classes == ("a", "b")


def test_capitals_and_harm(tmp_path):
    put(tmp_path / "set", *named("cat", "Cat", "dog"))
    with pytest.raises(DataError, match="the classes Cat and cat, with which names of pictures begin"):
        load(tmp_path / "set")
    put(tmp_path / "other", *named("ca\x1b[31mt", "dog"))
    data, notes = loaded(tmp_path / "other")
    assert "\x1b" not in "".join([*notes, *data.classes])
