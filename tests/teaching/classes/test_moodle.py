"""Moodle's worksheet: found by what stands in it, filled in, and not a byte of it changed besides."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.classes.moodle import Worksheet, date_of
from convdsl.teaching.sheets.roster import read_roster
from convdsl.teaching.sheets.sheet import Sheet
from convdsl.teaching.sheets.tables import TableError, read_table
from tests.conftest import Convdsl
from tests.teaching.classes.conftest import ROSTER, SHEET, filled, rows_of

HEADS = {
    "en": "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments",
    "es": "Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,La calificación puede"
    " ser cambiada,Última modificación (entrega),Última modificación (calificación),Comentarios de retroalimentación",
    "de": "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,Zuletzt geändert"
    " (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar",
}
WORDS = {"en": ("Participant", "Yes", "."), "es": ("Participante", "Sí", ","), "de": ("Teilnehmer/in", "Ja", ",")}


def worksheet(language: str = "es", maximum: str = "10.00", ends: str = "\n") -> str:
    """As Moodle writes it: every cell quoted that has a space or a comma in it."""
    word, yes, comma = WORDS[language]
    maximum = maximum.replace(".", comma)
    time = '"jueves, 10 de diciembre de 2026, 18:03"'
    people = [
        ("10001", "Ana Ruiz", "ana@x.es"),
        ("10002", "Luis Gil", "luis@x.es"),
        ("10003", "Óscar Díaz", "oscar@x.es"),
    ]
    rows = [
        f'"{word} {n}","{name}",{mail},"Enviado ""para"" calificar",,"{maximum}",{yes},{time},-,'
        for n, name, mail in people
    ]
    return ends.join(['"' + '","'.join(HEADS[language].split(",")) + '"', *rows]) + ends


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    (tmp_path / "sheet.toml").write_text(SHEET, encoding="utf-8")
    (tmp_path / "alumnos.csv").write_text(ROSTER, encoding="utf-8")
    return tmp_path


def hand_in(folder: Path, sheet: Sheet) -> None:
    with zipfile.ZipFile(folder / "entregas.zip", "w") as archive:
        archive.writestr("Ana Ruiz_10001_assignsubmission_file_/respuestas.txt", filled(sheet, "101", softmax="17"))
        text = filled(sheet, "103").replace("<", "&lt;").replace("\n", "<br>")
        archive.writestr("Óscar Díaz_10003_assignsubmission_onlinetext_/onlinetext.html", text)


@pytest.mark.parametrize("language", list(HEADS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_only_grades_and_comments_change(language: str, encoding: str, ends: str) -> None:
    text = worksheet(language, ends=ends)
    data = text.encode(encoding)
    found = Worksheet(data, read_roster(ROSTER.encode()))
    assert found.filled({})[0] == data
    filled_in, said = found.filled({"101": (0.85, "0,5 → 1; “bien”"), "103": (1 / 3, 'a "b", c')})
    assert not said
    comma = WORDS[language][2]
    expected = text.split(ends)
    eighty_five, third = f"8{comma}50", f"3{comma}33"
    quoted = '"{}"' if comma == "," else "{}"
    said_back = "0,5 → 1; “bien”" if encoding != "cp1252" else "0,5 ? 1; “bien”"
    expected[1] = expected[1].replace(',,"', f',{quoted.format(eighty_five)},"')[:-1] + f',"{said_back}"'
    expected[3] = expected[3].replace(',,"', f',{quoted.format(third)},"')[:-1] + ',"a ""b"", c"'
    assert filled_in == ends.join(expected).encode(encoding)


def test_the_whole_way(convdsl: Convdsl, course_folder: Path, sheet: Sheet) -> None:
    use_language("es")
    hand_in(course_folder, sheet)
    before = worksheet("es", "100.00").encode("utf-8-sig")
    (course_folder / "calificaciones.csv").write_bytes(before)
    call = ["entregas.zip", "--sheet", "sheet.toml", "--roster", "alumnos.csv", "--moodle", "calificaciones.csv"]
    done = convdsl("grade", *call, "--feedback", "retro.zip", "--csv", "notas.csv", "--lang", "es")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = rows_of((course_folder / "notas.csv").read_text("utf-8-sig"))
    assert [(r["id"], r["puntos"]) for r in rows] == [("101", "9"), ("102", ""), ("103", "10"), ("104", "")]
    table = read_table((course_folder / "calificaciones.csv").read_bytes())
    assert [r.value(4) for r in table.rows[1:]] == ["90,00", "", "100,00"]
    assert "softmax" in table.rows[1].value(9) and table.rows[2].value(9) == ""
    assert (course_folder / "calificaciones.antes.csv").read_bytes() == before
    with zipfile.ZipFile(course_folder / "retro.zip") as archive:
        names = archive.namelist()
        page = archive.read(names[0]).decode()
    assert names == [f"{n}_assignsubmission_file_/comentarios.html" for n in ("Ana Ruiz_10001", "Óscar Díaz_10003")]
    assert "<code>17</code>" in page and 'lang="es"' in page
    again = convdsl("grade", *call, "--lang", "es")
    assert again.returncode == 0 and (course_folder / "calificaciones.antes.csv").read_bytes() == before


def test_the_time_of_handing_in_is_moodles(convdsl: Convdsl, course_folder: Path, sheet: Sheet) -> None:
    hand_in(course_folder, sheet)
    (course_folder / "g.csv").write_text(worksheet())
    for deadline, late in (("2026-12-10T18:02:00", True), ("2026-12-10T18:04:00", False), ("2026-12-10", False)):
        (course_folder / "sheet.toml").write_text(f"deadline = {deadline}\n" + SHEET)
        call = ["--sheet", "sheet.toml", "--roster", "alumnos.csv", "--moodle", "g.csv", "--csv"]
        rows = rows_of(convdsl("grade", "entregas.zip", *call).stdout)
        assert [("late" in r["status"]) for r in rows] == [late, False, late, False]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("jueves, 10 de diciembre de 2026, 18:03", datetime(2026, 12, 10, 18, 3)),
        ("Thursday, 10 December 2026, 6:03 PM", datetime(2026, 12, 10, 18, 3)),
        ("Thursday, December 10, 2026, 12:03 AM", datetime(2026, 12, 10, 0, 3)),
        ("sábado, 5 de septiembre de 2026, 9:00", datetime(2026, 9, 5, 9, 0)),
        ("2026-12-10 18:03:59", datetime(2026, 12, 10, 18, 3, 59)),
        ("-", None),
        ("", None),
        ("31 February 2026, 10:00", None),
        ("85,00", None),
    ],
)
def test_dates(text: str, when: datetime | None) -> None:
    assert date_of(text) == when


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("ana@", "x@").replace("Ana", "Eva").replace("Luis", "Leo").replace("luis@", "y@")
            .replace("Óscar", "Iván").replace("oscar@", "z@"), "another course"),
        (lambda t: t.replace("10002", "10001"), "twice"),
        (lambda t: t.replace('"10,00"', "x"), "maximum grade"),
        (lambda t: "a,b\n1,2\n", "grading worksheet"),
        (lambda t: t.splitlines()[0], "no student"),
        (lambda t: "", "no row"),
        (lambda t: t + '"x,y', "never closed"),
        (lambda t: t + "x,y\n", "cells"),
        (lambda t: t.replace("luis@x.es", "ana@x.es").replace("Luis Gil", "Ana"), "both 101"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_worksheet_of_the_class(change: object, words: str) -> None:
    with pytest.raises(TableError, match=words):
        Worksheet(change(worksheet()).encode(), read_roster(ROSTER.encode()))  # type: ignore[operator]


def test_a_refused_worksheet_stays(convdsl: Convdsl, course_folder: Path, sheet: Sheet) -> None:
    hand_in(course_folder, sheet)
    (course_folder / "g.csv").write_text("a,b\n1,2\n")
    done = convdsl("grade", "entregas.zip", "--sheet", "sheet.toml", "--roster", "alumnos.csv", "--moodle", "g.csv")
    assert done.returncode == 2 and "g.csv: This is not Moodle's" in done.stderr and done.stdout == ""
    assert (course_folder / "g.csv").read_text() == "a,b\n1,2\n"


def test_grades_that_stand_are_named_and_locked_ones_stay() -> None:
    text = worksheet("en").replace("Yes", "No", 1)
    first, second = text.splitlines()[1:3]
    text = text.replace(second, second.replace(',,"', ',7.50,"'))
    found = Worksheet(text.encode(), read_roster(ROSTER.encode()))
    data, said = found.filled({"101": (1.0, ""), "102": (1.0, "")})
    assert first in data.decode() and "10.00" in data.decode().splitlines()[2]
    assert ["cannot be changed" in str(s) for s in said] == [True, False]
    assert "7.50 becomes 10.00" in str(said[1])


def test_without_a_column_for_comments() -> None:
    text = "\n".join(line.rpartition(",")[0] for line in worksheet().splitlines())
    found = Worksheet(text.encode(), read_roster(ROSTER.encode()))
    data, _ = found.filled({"101": (1.0, "hello")})
    assert "hello" not in data.decode() and '"10,00","10,00"' in data.decode()


def test_two_rows_of_one_name_are_nobodys() -> None:
    text = worksheet().replace("Luis Gil", "Ana Ruiz").replace("ana@x.es", "").replace("luis@x.es", "")
    text += (
        text.splitlines()[3].replace("10003", "10004").replace("Óscar Díaz", "Zoe Paz").replace("oscar", "zoe") + "\n"
    )
    found = Worksheet(text.encode(), read_roster(ROSTER.encode()))
    assert [p.student and p.student.id for p in found.participants] == [None, None, "103", "104"]


def test_feedback_is_harmless_html(convdsl: Convdsl, course_folder: Path, sheet: Sheet) -> None:
    (course_folder / "101.txt").write_text(filled(sheet, "101", softmax="<script>alert(1)</script>\x1b[2J"))
    convdsl("grade", "101.txt", "--sheet", "sheet.toml", "--roster", "alumnos.csv", "--feedback", "back")
    page = (course_folder / "back" / "101" / "feedback.html").read_text()
    assert "<script>" not in page and "\x1b" not in page and "&lt;script&gt;" in page


def test_the_same_zip_twice() -> None:
    from convdsl.teaching.classes.feedback import archive

    files = [("b/x.html", "á"), ("a/x.html", "b")]
    assert archive(files) == archive(reversed(files))
    assert zipfile.ZipFile(io.BytesIO(archive(files))).namelist() == ["a/x.html", "b/x.html"]


@pytest.mark.parametrize("groups", [("1", "7", "2"), ("7", "7", "7"), ("1", "7", ""), ("", "", "7")])
def test_the_number_of_a_group_is_nobodys_id(groups: tuple[str, ...]) -> None:
    """A mark would go to the student whose id is 7, from the one whose group is."""
    roster = read_roster("id,name\n7,Ana Ruiz\n102,Luis Gil\n103,Óscar Díaz\n".encode())
    lines = []
    for line, group in zip(worksheet().splitlines(), ("Grupo", *groups), strict=True):
        mail = next(m for m in ("@x.es,", '"Dirección de correo",') if m in line)
        lines.append(line.replace(mail, f"{mail}{group},"))
    found = Worksheet("\n".join(lines).encode(), roster).by_number
    assert {number: s.id for number, s in found.items()} == {"10001": "7", "10002": "102", "10003": "103"}
