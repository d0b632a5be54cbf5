"""Tables of labels beside pictures: as spreadsheets, pandas and competitions write them."""

import numpy as np
import pytest
from datafiles import class_folders, picture, zipped

from convdsl.datasets import DataError, load

CATS = [("cat", "dog")[i % 2] for i in range(20)]


def pictures(root, names):
    """Pictures of one shade each, so that an image tells its number."""
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture(np.full((6, 8, 3), i, np.uint8)))


def lines(head, cells, mark=",", end="\n", name="{}.png"):
    return (
        end.join(
            [head, *(name.format(i) + mark + mark.join([c] if isinstance(c, str) else c) for i, c in enumerate(cells))]
        )
        + end
    )


def loaded(root, text, names=None, encoding="utf-8", table="labels.csv", **options):
    pictures(root, names or [f"{i}.png" for i in range(20)])
    (root / table).write_bytes(text.encode(encoding))
    notes = []
    return load(root, warn=lambda note: notes.append(str(note)), **options), notes


def by_number(data):
    """The label of each picture by its number, from all parts."""
    found = {}
    for part in ("train", "test"):
        for image, label in zip(getattr(data, f"{part}_images"), getattr(data, f"{part}_labels"), strict=True):
            found[int(image.flat[0])] = label.tolist()
    return [found[i] for i in sorted(found)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (lines("file,label", CATS), "utf-8"),
        (lines("archivo;clase", CATS, ";"), "utf-8-sig"),
        (lines("id\tlabel", CATS, "\t", "\r\n", name="{}"), "utf-8"),
        (lines("image,label", CATS), "utf-16"),
        (lines("0.png,cat", CATS).split("\n", 1)[1], "utf-8"),
        (lines("path,label", CATS, name="C:\\data\\photos\\{}.png"), "utf-8"),
        (lines("path,label", CATS, name='"./{}.png"'), "utf-8"),
        ("sep=;\n" + lines("file;label", CATS, ";"), "utf-8"),
        ("\n" + lines("file,label", CATS).replace("\n", "\n\n"), "utf-8"),
    ],
)
def test_one_of_several_classes(tmp_path, text, encoding):
    data, notes = loaded(tmp_path, text, encoding=encoding)
    assert data.classes == ("cat", "dog") and "The labels are those of labels.csv." in notes
    assert by_number(data) == [i % 2 for i in range(20)]


def test_names_with_accents_in_an_old_encoding(tmp_path):
    data, _ = loaded(tmp_path, lines("file,label", ["año", "niño"] * 10), encoding="cp1252")
    assert data.classes == ("año", "niño")


@pytest.mark.parametrize(
    ("head", "cells", "mark"),
    [
        ("file,labels", ["cat;dog", "dog", ""], ","),
        ("file,label", ["cat|dog", "dog", "dog"], ","),
        ("file,tags", ['"cat, dog"', "dog", '""'], ","),
        ("fichero;etiquetas", ["cat,dog", "dog", ""], ";"),
        ("file,cat,dog", [("1", "1"), ("0", "1"), ("0", "0")], ","),
        ("file,cat,dog", [("1.0", "1.0"), ("0.0", "1.0"), ("0.0", "0.0")], ","),
    ],
)
def test_several_labels_at_once(tmp_path, head, cells, mark):
    data, _ = loaded(tmp_path, lines(head, [cells[i % 3] for i in range(20)], mark))
    wanted = [[1, 1], [0, 1], [0, 1] if "dog" in cells[2] else [0, 0]]
    assert data.classes == ("cat", "dog") and by_number(data) == [wanted[i % 3] for i in range(20)]


def test_columns_of_which_one_is_1_are_classes(tmp_path):
    data, notes = loaded(
        tmp_path, lines("image,MEL,NV", [(str(i % 2) + ".0", str(1 - i % 2) + ".0") for i in range(20)])
    )
    assert (
        data.classes == ("MEL", "NV")
        and by_number(data) == [1 - i % 2 for i in range(20)]
        and any("one-hot" in note for note in notes)
    )


@pytest.mark.parametrize(
    ("head", "cells", "mark", "wanted"),
    [
        ("file,value", [str(-1000.5 * i) for i in range(20)], ",", [-1000.5 * i for i in range(20)]),
        ("file,value", [str(10**9 * i) for i in range(20)], ",", [1e9 * i for i in range(20)]),
        ("file,value", [str(i - 3) for i in range(20)], ",", [i - 3 for i in range(20)]),
        ("file;valor", [f"{i},25" for i in range(20)], ";", [i + 0.25 for i in range(20)]),
        ("file,x,y", [(str(i), str(-i)) for i in range(20)], ",", [[i, -i] for i in range(20)]),
        ("file,value", [f"{i}e3" for i in range(20)], ",", [1000.0 * i for i in range(20)]),
    ],
)
def test_numbers(tmp_path, head, cells, mark, wanted):
    data, _ = loaded(tmp_path, lines(head, cells, mark))
    assert data.regression and by_number(data) == wanted


def test_whole_numbers_are_classes_also_from_one_on(tmp_path):
    text = lines("file,label", [str(1 + i % 3) for i in range(20)])
    assert by_number(loaded(tmp_path, text, labels_from=1)[0]) == [i % 3 for i in range(20)]
    with pytest.raises(DataError, match="and these are words"):
        loaded(tmp_path, lines("file,label", CATS), labels_from=1)


@pytest.mark.parametrize("split", ["split", "conjunto", "table", "folder"])
def test_parts(tmp_path, split):
    told = ["train"] * 12 + ["valid"] * 4 + ["test"] * 4
    names = [f"{told[i]}/{i}.png" if split in ("folder", "table") else f"{i}.png" for i in range(20)]
    if split == "table":
        for part in ("train", "valid", "test"):
            text = "file,label\n" + "".join(f"{i}.png,{CATS[i]}\n" for i in range(20) if told[i] == part)
            (tmp_path / f"{part}.csv").write_text(text)
        data, _ = loaded(tmp_path, "nothing,here\nx,y\n", names)
    elif split == "folder":
        data, _ = loaded(tmp_path, lines("file,label", CATS), names)
    else:
        data, _ = loaded(tmp_path, lines(f"file,label,{split}", list(zip(CATS, told, strict=True))))
    assert data.validation_images is not None
    assert [len(part) for part in (data.train_images, data.validation_images, data.test_images)] == [12, 4, 4]
    assert set(data.test_images[:, 0, 0, 0]) == set(range(16, 20))


def test_the_layout_of_competitions(tmp_path):
    """train.csv with ids, train/ and test/ with pictures, and a sample of what is to be handed in."""
    pictures(tmp_path, [f"train/{i}.jpg.png" for i in range(12)] + [f"test/{i}.jpg.png" for i in range(5)])
    (tmp_path / "train.csv").write_text("id,breed\n" + "".join(f"{i}.jpg,{'ab'[i % 2]}\n" for i in range(12)))
    (tmp_path / "test.csv").write_text("id\n" + "".join(f"{i}.jpg\n" for i in range(5)))
    notes = []
    data = load(tmp_path, warn=lambda note: notes.append(str(note)))
    assert data.classes == ("a", "b") and len(data.train_images) + len(data.test_images) == 12
    assert "5 pictures are in no line of train.csv and are left out." in notes


def test_class_folders_win_unless_the_table_is_named(tmp_path):
    class_folders(tmp_path, {"a": 10, "b": 10})
    (tmp_path / "labels.csv").write_text("".join(f"{c}/{i:04}.png,{'xyz'[i % 3]}\n" for c in "ab" for i in range(10)))
    assert load(tmp_path, warn=lambda note: None).classes == ("a", "b")
    assert load(tmp_path / "labels.csv", warn=lambda note: None).classes == ("x", "y", "z")


def test_other_columns_are_not_used_and_said(tmp_path):
    text = lines(",age,label,sex", [("41", c, "f") for c in CATS])
    data, notes = loaded(tmp_path, text)
    assert data.classes == ("cat", "dog") and "Not used: age, sex." in notes
    counted = "\n".join(f"{i - 1 if i else ''},{line}" for i, line in enumerate(lines("file,label", CATS).splitlines()))
    assert by_number(loaded(tmp_path, counted)[0]) == [i % 2 for i in range(20)]


def test_in_an_archive(tmp_path):
    files = {f"set/{i}.png": picture(np.full((6, 8, 3), i, np.uint8)) for i in range(20)}
    zipped(tmp_path / "d.zip", {**files, "set/labels.csv": lines("file,label", CATS).encode()})
    assert by_number(load(tmp_path / "d.zip", warn=lambda note: None)) == [i % 2 for i in range(20)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines("file,label", [*CATS, "cat"]), r"labels\.csv, line 22: there is no picture 20\.png"),
        (
            lines("file,label", CATS) + "3.png,cat\n",
            r"labels\.csv, line 22: 3\.png has another label already, in labels\.csv, line 5",
        ),
        (lines("file,label", [*CATS[:5], "", *CATS[6:]]), r"labels\.csv, line 7: the picture has no label"),
        (lines("file,age,sex", [("3", "f")] * 20), "which of the columns age, sex is the label"),
        (lines("file,label", CATS) + "3.png\n", "line 22: it has 1 cells, and the first line 2"),
        (lines("file,x,y", [("1", "2")] * 19 + [("1", "nan")]), r"labels\.csv, line 21: `nan` is no number"),
        (lines("file,label", CATS, name="other{}.png"), r"labels\.csv: there is no picture other0\.png"),
        (lines("file,label", ["Cat", *CATS[1:]]), r"labels\.csv: the classes Cat and cat differ in capitals only"),
        (lines("file,labels", ["Cat;dog", *CATS[1:]]), r"labels\.csv: the classes Cat and cat differ in capitals only"),
        (
            lines("file,age", [*(str(i) for i in range(7)), "tall", *(str(i) for i in range(8, 20))]),
            "line 9: `tall` is no number",
        ),
        (
            lines("file,height", ["1.5", "2.5"] * 9 + ["?", "1.5"]),
            r"line 20: `\?` is no number, and most of the labels are",
        ),
        (lines("file,label", ["cat"] * 20), "all training images are of one class"),
        ("a,b\nc,d\n", "lie in no class folders"),
        ("", "lie in no class folders"),
        (lines("file,label", CATS).replace("dog", "d\x00g" + "x" * 200_000), "no table that can be read"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "other"] * 6 + ["1", "2"],
        ["A", "a"] * 10,
        ["5 mm", "tall"] * 10,
        ["1.5", "long", "short", "wide"] * 5,
    ],
)
def test_words_and_letters_that_are_classes(tmp_path, cells):
    """A number may be the name of a class, and a letter's small form another one."""
    data, _ = loaded(tmp_path, lines("file,label", cells))
    assert data.classes == tuple(sorted(set(cells)))


def test_a_table_of_something_else_is_not_blamed(tmp_path):
    for name in ("a", "b"):
        pictures(tmp_path / name, [f"{i}.png" for i in range(3)])
    (tmp_path / "c").mkdir()
    (tmp_path / "labels.csv").write_text(lines("file,label", CATS, name="other{}.png"))
    with pytest.raises(DataError, match="the class folder c holds no images"):
        load(tmp_path)


def test_a_table_that_names_nothing_is_told_what_to_hold(tmp_path):
    pictures(tmp_path, ["a.png"])
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match="names no pictures with their labels"):
        load(tmp_path / "t.csv")
