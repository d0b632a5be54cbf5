import gzip
import io
import tarfile

import pytest
from datafiles import class_folders, picture, tar, zipped

from convdsl.datasets import DataError, load, memory
from convdsl.datasets import tree as trees
from convdsl.datasets.tree import read_tree


def everything(name):
    return True


def paths(tree):
    return [file.path for file in tree.files]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_compression(tmp_path, mode):
    path = tar(tmp_path / "x.tar", {"b/2": b"two", "a/1": b"one", "a/.hidden": b"", "__MACOSX/a/1": b""}, mode)
    tree = read_tree(path, everything)
    assert paths(tree) == ["a/1", "b/2"]
    assert [file.read() for file in tree.files] == [b"one", b"two"]
    assert tree.folders == {"a", "b"}
    assert tree.notes == ()


def test_zip_and_folder(tmp_path):
    files = {"a/1": b"one", "b/c/2": b"two"}
    tree = read_tree(zipped(tmp_path / "x.zip", files), everything)
    assert paths(tree) == list(files)
    assert tree.folders == {"a", "b", "b/c"}
    for name, contents in files.items():
        (tmp_path / "y" / name).parent.mkdir(parents=True)
        (tmp_path / "y" / name).write_bytes(contents)
    folder = read_tree(tmp_path / "y", everything)
    assert paths(folder) == paths(tree)
    assert folder.folders == tree.folders
    assert [file.read() for file in folder.files] == [b"one", b"two"]


@pytest.mark.parametrize("name", ["../a/1.png", "a/../../1.png", "/etc/1.png", "..\\a\\1.png", "C:\\a\\1.png"])
@pytest.mark.parametrize("make", [tar, zipped])
def test_paths_that_lead_outside_are_refused(tmp_path, make, name):
    path = make(tmp_path / "x.tar.gz", {"a/0.png": picture(), name: picture()})
    with pytest.raises(DataError, match="leads outside"):
        load(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.tar.gz"]


def test_links_and_devices_are_left_out(tmp_path):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"a/{kind.decode()}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert read_tree(path, everything).files == ()


def test_cut_archives(tmp_path):
    whole = {f"{name}/{i}.png": picture() for name in "ab" for i in range(30)}
    path = tar(tmp_path / "x.tar.gz", whole)
    contents = path.read_bytes()
    path.write_bytes(contents[: len(contents) * 2 // 3])
    with pytest.raises(DataError, match="damaged or cut short"):
        load(path)
    plain = gzip.decompress(contents)
    path.write_bytes(plain[:20000])
    with pytest.raises(DataError, match="damaged or cut short"):
        load(path)
    path.write_bytes(plain[: 512 * 2 * 40])  # between two members, which tarfile takes for the end
    notes = []
    load(path, warn=lambda note: notes.append(str(note)))
    assert any("has no end mark" in note for note in notes)
    path = zipped(tmp_path / "x.zip", whole)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="damaged or cut short"):
        load(path)


def test_an_archive_larger_than_the_memory(tmp_path, monkeypatch):
    path = tar(tmp_path / "x.tar.gz", {f"a/{i}.png": bytes(300_000) for i in range(4)})
    monkeypatch.setattr(memory, "available", lambda: 1_000_000)
    with pytest.raises(DataError, match="does not fit into the memory"):
        read_tree(path, everything)
    monkeypatch.setattr(memory, "available", lambda: 200_000)
    with pytest.raises(DataError, match=r"unpacks to more than \d+ kB"):
        read_tree(path, lambda name: False)


def test_members_that_claim_to_be_huge(tmp_path, monkeypatch):
    monkeypatch.setattr(trees, "LARGEST", 100_000)
    path = tar(tmp_path / "x.tar", {"a/1.png": bytes(100_001)}, "w")
    with pytest.raises(DataError, match=r"a/1\.png has 100 kB"):
        read_tree(path, everything)
    assert read_tree(path, lambda name: False).files == ()
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 20
    path.write_bytes(header.tobuf() + bytes(10240))
    with pytest.raises(DataError, match=r"1048576 bytes in one piece"):
        read_tree(path, everything)


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(trees, "_MOST_FILES", 10)
    class_folders(tmp_path, {"a": 6, "b": 6})
    with pytest.raises(DataError, match="holds more than 10 files"):
        load(tmp_path)


@pytest.mark.parametrize(
    "contents", [b"", b"PK\3\4", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"text", bytes(600), b"\0" * 9]
)
def test_files_that_are_no_archives(tmp_path, contents):
    for name in ("x.tar.gz", "x.zip", "x"):
        (tmp_path / name).write_bytes(contents)
        with pytest.raises(DataError) as caught:
            load(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


def test_the_guard_keeps_what_was_read_last():
    guard = trees._Guarded(io.BytesIO(b"abcdef"))
    assert guard.read(2) == b"ab"
    assert guard.read(9) == b"cdef" == guard.last
