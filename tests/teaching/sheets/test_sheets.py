"""Sheets and rosters as people have them, and what is handed out."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import CourseError
from convdsl.teaching.sheets.assign import folder_names, handouts, variety
from convdsl.teaching.sheets.roster import Student, read_roster
from convdsl.teaching.sheets.sheet import Sheet, read_sheet
from convdsl.teaching.sheets.tables import TableError, alphabetic, read_table, written
from convdsl.teaching.sheets.texts import NoText, text_of
from tests.conftest import Convdsl
from tests.teaching.classes.conftest import SHEET, students

# Rosters.


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n10,Ana Ruiz\n20,Óscar Díaz\n",
        "name;id\nAna Ruiz;10\nÓscar Díaz;20\n",
        "DNI\tNombre\tApellidos\n10\tAna\tRuiz\n20\tÓscar\tDíaz\n",
        "Apellidos;Nombre;Número de matrícula\nRuiz;Ana;10\nDíaz;Óscar;20\n",
        'sep=;\n"Nº expediente";"Apellidos, Nombre"\n"10";"Ruiz, Ana"\n"20";"Díaz, Óscar"\n',
        "Username,First name,Last name\r\n10,Ana,Ruiz\r\n\r\n20,Óscar,Díaz\r\n",
        "Nombre completo,Identificador\nAna Ruiz, 10 \nÓscar Díaz,20",
        "Correo electrónico;Alumno\n10;Ana Ruiz\n20;Óscar Díaz\n",
        "10,Ana Ruiz\n20,Óscar Díaz\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_rosters_as_people_have_them(text: str, encoding: str) -> None:
    roster = read_roster(text.encode(encoding))
    assert [s.id for s in roster.students] == ["10", "20"]
    for id, name in (("10", "Ana Ruiz"), ("20", "oscar diaz"), ("20", "DÍAZ, Óscar")):
        found = roster.named(name)
        assert found is not None and found.id == id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,name\n10,Ana\n20,Eva\n10,Luis\n", "The id 10 stands in lines 2 and 4"),
        ("id\nána\nÁNA\n", "lines 2 and 3"),
        ("id\nána\na\u0301na\n", "lines 2 and 3"),
        ("id,name\n,Ana\n", "Line 2 has no id"),
        ("id,name\n10,Ana,x\n", "more cells"),
        ("alpha,beta\nAna,Ruiz\n", "there are: alpha, beta"),
        ("", "no row"),
        ("id,name\n", "no student"),
        ('id,name\n"10,Ana\n', "never closed"),
        ("%PDF-1.4", "PDF"),
        ("\x00\x01\x02\x03\x04\x05", "no text"),
    ],
)
def test_rosters_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_roster(text.encode())


def test_a_list_that_is_sorted_as_people_do() -> None:
    names = ["Zoe", "Óscar", "ana", "Ñíguez", "Nunez", "Oscar 10", "Oscar 9", "Álvaro", "Nuñez"]
    assert sorted(names, key=alphabetic) == [
        "Álvaro", "ana", "Nunez", "Nuñez", "Ñíguez", "Óscar", "Oscar 9", "Oscar 10", "Zoe",
    ]  # fmt: skip


def test_cells_that_are_no_formulas() -> None:
    rows = [["=1+1", "+2", "-3", "@x", "\tx", "a=b", -3, 1.5]]
    assert written(rows) == "'=1+1,'+2,'-3,'@x,'\tx,a=b,-3,1.5\n"
    assert [c.value for c in read_table(written(rows).encode()).rows[0].cells][:2] == ["'=1+1", "'+2"]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf\xff", b"\xff\xfe\x00", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"{\\rtf1"])
def test_bytes_that_are_no_text(data: bytes) -> None:
    with pytest.raises(NoText):
        text_of(data)


# Sheets.


def test_numbers_come_from_the_secret(sheet: Sheet, tmp_path: Path) -> None:
    seeds = {sheet.seed(id) for id in ("1", "2", " 2 ", "ñ", "n\u0303", "../../x", "", "😀" * 50)}
    assert len(seeds) == 6  # spaces around, and how ñ is composed, make no difference
    (tmp_path / "other.toml").write_text(SHEET.replace("a long secret", "another secret"))
    other = read_sheet(tmp_path / "other.toml")
    assert other.seed("1") != sheet.seed("1") and other.version != sheet.version
    assert sheet.seed("1") == 8_068_474_290_806_106_397 or sheet.seed("1") < 2**63


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('exercises = ["size-valid"]', "needs a secret"),
        ('secret = "short"\nexercises = ["size-valid"]', "needs a secret"),
        ('secret = "12345678"', "`exercises` is missing"),
        ('secret = "12345678"\nexercises = []', "no exercise"),
        ('secret = "12345678"\nexercises = ["size-vali"]', "Did you mean `size-valid`?"),
        ('secret = "12345678"\nexercises = ["size-valid", "size-valid"]', "twice"),
        ('secret = "12345678"\n[exercises]\nsize-valid = 0', "greater than 0"),
        ('secret = "12345678"\n[exercises]\nsize-valid = nan', "greater than 0"),
        ('secret = "12345678"\n[exercises]\nsize-valid = "2"', "greater than 0"),
        ('secret = "12345678"\nexercises = ["size-valid"]\ndeadline = "tomorrow"', "without quotes"),
        ('secret = "12345678"\nexercises = ["size-valid"]\nlate = 2', "from 0 to 1"),
        ('secret = "12345678"\nexercises = ["size-valid"]\npartial = "yes"', "true or false"),
        ('secret = "12345678"\nexercises = ["size-valid"]\nattempts = -1', "from 0 to 1000"),
        ('secret = "12345678"\nexercises = ["size-valid"]\ncolour = 1', "no key `colour`"),
        ('secret = "12345678"\nexercises = ["size-valid"]\ncourse = "nowhere"', "no course"),
        ("secret = ", "not TOML"),
        ("", "empty"),
    ],
)
def test_sheets_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "sheet.toml"
    path.write_text(text)
    with pytest.raises(CourseError, match=words.replace("?", r"\?")):
        read_sheet(path)


def test_deadlines(tmp_path: Path) -> None:
    path = tmp_path / "sheet.toml"
    for text, when in (
        ("2026-12-10", datetime(2026, 12, 10, 23, 59, 59)),
        ("2026-12-10T18:00:00", datetime(2026, 12, 10, 18, 0)),
        (
            "2026-12-10T18:00:00+00:00",
            datetime.fromisoformat("2026-12-10T18:00:00+00:00").astimezone().replace(tzinfo=None),
        ),
    ):
        path.write_text(f'secret = "12345678"\nexercises = ["size-valid"]\ndeadline = {text}\n')
        assert read_sheet(path).deadline == when


def test_everybody_has_numbers_of_his_own(sheet: Sheet) -> None:
    made = list(handouts(sheet, students(30)))
    assert len({h.files["sheet.md"] for h in made}) == 30
    found = variety(sheet, [(h.student, h.numbers) for h in made])
    assert found.different["binary-map"] > 25 and not found.twins
    one = made[0].files["answers.txt"]
    assert f"sheet: s1\nid: 1000\nversion: {sheet.version}\n" in one and one.count("\n[") == len(sheet.exercises)
    assert str(sheet.seed("1000")) not in "".join(made[0].files.values())  # who knows it knows the answers
    assert "**Answer**" in made[0].key or "**Answer:**" in made[0].key
    assert "**Answer" not in made[0].files["sheet.md"]


def test_sheets_that_coincide_are_named(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('secret = "12345678"\nexercises = ["padded-picture"]\n')
    (tmp_path / "r.csv").write_text("id\n" + "".join(f"{n}\n" for n in range(1, 41)))
    done = convdsl("course", "assign", "s.toml", "--roster", "r.csv", "-o", "out")
    assert done.returncode == 0 and "the same sheet: " in done.stderr and "40 sheets in out." in done.stdout


def test_the_same_roster_gives_the_same_bytes(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SHEET)
    (tmp_path / "r.csv").write_text(
        "id;nombre\nÑ/1;Ana\n../../2;Luis\nCON;Eva\ncon ;Zoe\nkeys;Max\n".replace("con ;Zoe\n", "")
    )
    trees = []
    for n, settings in enumerate(
        ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "LC_ALL": "es_ES.UTF-8", "TZ": "Asia/Tokyo"})
    ):
        done = convdsl("course", "assign", "s.toml", "--roster", "r.csv", "-o", f"out{n}", "--lang", "es", **settings)
        assert done.returncode == 0, done.stderr
        folder = tmp_path / f"out{n}"
        trees.append({p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
    assert trees[0] == trees[1] and len(trees[0]) == 4 * 4 + 4 + 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out0", "out1", "r.csv", "s.toml"]
    assert "claves" in os.listdir(tmp_path / "out0") and "CON" not in os.listdir(tmp_path / "out0")


def test_folders_that_are_refused(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SHEET)
    (tmp_path / "r.csv").write_text("id\n1\n")
    call = ["course", "assign", "s.toml", "--roster", "r.csv", "-o"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert "not empty" in convdsl(*call, "full").stderr
    assert convdsl(*call, "out").returncode == 0
    assert convdsl(*call, "out").returncode == 0  # again, the same
    (tmp_path / "s.toml").write_text(SHEET.replace("= 1\n", "= 2\n"))
    done = convdsl(*call, "out")
    assert done.returncode == 2 and "before it was changed" in done.stderr
    assert convdsl(*call, "r.csv").returncode == 2
    for wrong in (
        ["course", "assign", "no.toml", "--roster", "r.csv", "-o", "o"],
        ["course", "assign", "s.toml", "-o", "o"],
    ):
        done = convdsl(*wrong)
        assert done.returncode == 2 and done.stderr.startswith("convdsl: ")


def test_names_of_folders() -> None:
    ids = ["a/b", "a\\b", "a:b", "CON", "nul.txt", "..", "", "A", "a", "keys", "ñ", "x" * 300, ".hidden", "a b"]
    names = folder_names([Student(i, "") for i in ids], ["keys"])
    assert len({n.casefold() for n in names.values()}) == len(ids)
    for name in names.values():
        assert name not in ("", ".", "..") and not set(name) & set('/\\:*?"<>| ') and len(name) < 100
        assert not name.startswith(".") and name.split(".")[0].lower() not in ("con", "nul")


def test_two_hundred_students_with_ten_questions(sheet: Sheet) -> None:
    begun = time.process_time()
    use_language("es")
    assert len(list(handouts(sheet, students(200)))) == 200
    assert time.process_time() - begun < 20
