"""Archives and folders made to do harm: named, not followed, not unpacked, and quick about it."""

from __future__ import annotations

import io
import os
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.teaching.classes.intake import Handed, NothingThere, handed_in

Packed = Callable[..., list[Handed]]


def packed(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def taken(tmp_path: Path) -> Packed:
    def run(files: dict[str, bytes], name: str = "entregas.zip") -> list[Handed]:
        path = tmp_path / name
        path.write_bytes(packed(**files))
        return handed_in([path])

    return run


def test_what_moodle_packs(taken: Packed) -> None:
    found = taken(
        {
            "Ana Ruiz_10001_assignsubmission_file_/answers.txt": b"[softmax] 1",
            "O_Neil, Max_10002_assignsubmission_onlinetext_/onlinetext.html": b"<p>[softmax]</p><p>2</p>",
            "__MACOSX/x": b"x",
            "Ana Ruiz_10001_assignsubmission_file_/.DS_Store": b"x",
        }
    )
    assert [(h.person, h.number) for h in found] == [("Ana Ruiz", "10001"), ("O_Neil, Max", "10002")]
    assert found[1].text.split() == ["[softmax]", "2"]


def test_a_bomb_is_read_as_far_as_an_answer_goes(taken: Packed, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a.txt", "w", force_zip64=True) as file:
            for _ in range(200):
                file.write(b"\0" * 1_000_000)
        archive.writestr("b.txt", "[softmax] 1")
    begun = time.monotonic()
    found = handed_in([path])
    assert time.monotonic() - begun < 5
    assert "200000 bytes" in str(found[0].problem) and found[1].problem is None


def test_archives_inside_of_archives(taken: Packed) -> None:
    inner = packed(**{"answers.txt": b"[softmax] 1", "again.zip": packed(x=b"y")})
    found = taken(
        {
            "101/mine.zip": inner,
            "102/mine.zip": b"PK\x03\x04no",
            "103/mine.zip": b"",
            "104/a.txt": b"x",
            "105/mine.zip": packed(),
        }
    )
    assert [(h.place, h.problem is None) for h in found] == [
        ("101/mine.zip/again.zip", False),
        ("101/mine.zip/answers.txt", True),
        ("102/mine.zip", False),
        ("103/mine.zip", False),
        ("104/a.txt", True),
        ("105/mine.zip", False),
    ]


@pytest.mark.parametrize(
    "name", ["../../etc/x.txt", "/etc/x.txt", "a/../../x.txt", "..\\x.txt", "C:\\x.txt", "C:x.txt"]
)
def test_names_that_lead_out(taken: Packed, tmp_path: Path, name: str) -> None:
    (found,) = taken({name: b"[softmax] 1"})
    assert "leads out" in str(found.problem) and not found.text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["entregas.zip"]


def test_links_and_locked_files_in_archives(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("locked.txt", "x")
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + offset] |= 1
    path.write_bytes(data)
    assert ["link" in str(h.problem) or "password" in str(h.problem) for h in handed_in([path])] == [True, True]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 10, packed(a=b"x")[:-30]])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(NothingThere, match="zip archive"):
        handed_in([tmp_path / "a.zip"])


def test_a_damaged_member_is_one_file_less(tmp_path: Path) -> None:
    data = bytearray(packed(**{"a.txt": b"[softmax] 1 and more of it" * 50, "b.txt": b"[softmax] 1"}))
    data[60:70] = b"\xff" * 10
    (tmp_path / "a.zip").write_bytes(data)
    a, b = handed_in([tmp_path / "a.zip"])
    assert a.problem is not None and b.problem is None


def test_a_file_of_a_gigabyte(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(1 << 30)
    begun = time.monotonic()
    (found,) = handed_in([tmp_path])
    assert "bytes" in str(found.problem) and time.monotonic() - begun < 2


def test_too_many_files(monkeypatch: pytest.MonkeyPatch, taken: Packed, tmp_path: Path) -> None:
    monkeypatch.setattr("convdsl.teaching.classes.intake.MOST_FILES", 3)
    with pytest.raises(NothingThere, match="more than 3 files"):
        taken({f"{n}.txt": b"" for n in range(5)})
    for n in range(5):
        (tmp_path / f"{n}.txt").touch()
    with pytest.raises(NothingThere, match="more than 3 files"):
        handed_in([tmp_path])


def test_the_whole_of_an_archive_is_limited(monkeypatch: pytest.MonkeyPatch, taken: Packed) -> None:
    monkeypatch.setattr("convdsl.teaching.classes.intake.MOST_BYTES", 1000)
    found = taken({f"{n}.txt": b"x" * 600 for n in range(4)})
    assert ["too much" in str(h.problem) for h in found] == [False, False, True, True]


def test_folders_in_a_circle_and_names_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "101").mkdir()
    (tmp_path / "101" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "101" / "a.txt").write_text("x")
    if os.name != "nt":
        Path(os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.txt")).write_text("x")
    found = handed_in([tmp_path])
    assert sum(h.problem is None for h in found) == (2 if os.name != "nt" else 1)
