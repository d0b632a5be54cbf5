"""Question banks, read again by readers of their own: they say what the course says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import Course, Exercise
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import Question, ask
from convdsl.teaching.sheets.gift import escaped, gift
from convdsl.teaching.sheets.moodle_xml import moodle_xml
from convdsl.teaching.sheets.quiz import FRACTIONS, Bank, banks, decimal, item_of
from tests.conftest import Convdsl


class Answer(NamedTuple):
    text: str
    fraction: float
    tolerance: float
    feedback: str


class Read(NamedTuple):
    """A question as a platform has it after the import."""

    kind: str
    name: str
    category: str
    text: str
    answers: list[Answer]

    def marks(self, typed: str) -> tuple[float, str]:
        """What a platform gives for an answer: the first that it matches."""
        for answer in self.answers:
            if self.kind == "number":
                close = abs(float(typed) - float(answer.text)) <= answer.tolerance * (1 + 1e-9)
                if close or float(typed) == float(answer.text):
                    return answer.fraction, answer.feedback
            elif answer.text.strip().casefold() == typed.strip().casefold():
                return answer.fraction, answer.feedback
        return 0.0, ""


def from_xml(text: str) -> list[Read]:
    kinds = {"numerical": "number", "shortanswer": "text", "multichoice": "choice"}
    found, category = [], ""
    for question in ElementTree.fromstring(text):
        if question.get("type") == "category":
            category = question.findtext("category/text") or ""
            continue
        kind = kinds[question.get("type") or ""]
        answers = [
            Answer(
                _with_files(a),
                float(a.get("fraction") or 0),
                float(a.findtext("tolerance") or 0),
                a.findtext("feedback/text") or "",
            )
            for a in question.findall("answer")
        ]
        name = question.findtext("name/text") or ""
        found.append(Read(kind, name, category, _with_files(question.find("questiontext")), answers))
        if kind == "choice":
            assert question.findtext("shuffleanswers") == "true" and question.findtext("single") == "true"
    return found


def _with_files(element: ElementTree.Element | None) -> str:
    """A text with its pictures back in it; every file is used, and each that is used is there."""
    assert element is not None
    text = element.findtext("text") or ""
    for file in element.findall("file"):
        place = f"@@PLUGINFILE@@/{file.get('name')}"
        assert place in text and file.get("encoding") == "base64"
        text = text.replace(place, f"data:image/svg+xml;base64,{file.text}")
    assert "@@PLUGINFILE@@" not in text
    return text


def bare(text: str) -> str:
    """A text of GIFT with its escapes undone."""
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text).strip()


def from_gift(text: str) -> list[Read]:
    found, category = [], ""
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("$CATEGORY:"):
            category = block.partition(":")[2].strip()
            continue
        head, body = re.fullmatch(r"(.*?(?<!\\))\{(.*)\}", block, re.DOTALL).groups()  # type: ignore[union-attr]
        name, text_of = re.fullmatch(r"::(.*?)(?<!\\)::\[html\](.*)", head, re.DOTALL).groups()  # type: ignore[union-attr]
        numeric = body.startswith("#\n")
        body = re.split(r"(?<!\\)####", body.removeprefix("#"))[0]
        answers, kind = [], "number" if numeric else "text"
        for line in body.strip().splitlines():
            value, _, said = re.sub(r"(?<!\\)#", "\0", line, count=1).partition("\0")
            sign, share, value = re.fullmatch(r"([=~])(?:%(-?[\d.]+)%)?(.*)", value).groups()  # type: ignore[union-attr]
            kind = "choice" if sign == "~" else kind
            number, _, tolerance = value.partition(":") if numeric else (value, "", "")
            fraction = float(share) if share else 100.0 if sign == "=" else 0.0
            answers.append(Answer(bare(number), fraction, float(tolerance or 0), bare(said)))
        found.append(Read(kind, name, category, bare(text_of), answers))
    return found


READERS: dict[str, tuple[Callable[..., Iterator[str]], Callable[[str], list[Read]]]] = {
    "moodle-xml": (moodle_xml, from_xml),
    "gift": (gift, from_gift),
}


def exported(course: Course, variants: int, format: str) -> tuple[list[Bank], list[Read]]:
    made = list(banks(course, course.exercises, variants))
    write, read = READERS[format]
    return made, read("\n".join(write(made)))


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_bank_says_what_the_course_says(course: Course, format: str, language: str) -> None:
    use_language(language)
    made, read = exported(course, 2, format)
    items = [item for bank in made for item in bank.items]
    assert [r.name for r in read] == [i.name for i in items] and len(read) > 180
    for item, again in zip(items, read, strict=True):
        assert again.kind == item.kind, item.name
        assert again.text.split() == item.text.split(), item.name
        assert {a.fraction for a in again.answers} <= set(FRACTIONS) and max(a.fraction for a in again.answers) == 100
        texts = [(g.text, g.fraction) for g in item.answers]
        if item.kind != "choice":
            assert [(a.text, a.fraction) for a in again.answers] == texts, item.name
        else:
            assert [a.fraction for a in again.answers].count(100) == 1
            assert sorted(a.text.split() for a in again.answers) == sorted(g.text.split() for g in item.answers)


@pytest.mark.parametrize("format", READERS)
def test_verdicts_are_the_same(course: Course, format: str) -> None:
    made, read = exported(course, 3, format)
    by_name = {r.name: r for r in read}
    compared = 0
    for bank in made:
        for number, question in enumerate(_same_questions(bank.exercise, 3, len(bank.items)), 1):
            again = by_name[f"{bank.exercise.id} {number:03}"]
            if question.exercise.options:
                continue
            for answer in again.answers:
                verdict = mark(question, answer.text)
                assert verdict.correct == (again.marks(answer.text)[0] == 100), (again.name, answer.text, verdict)
                compared += 1
    assert compared > 600


def _same_questions(exercise: Exercise, variants: int, items: int) -> list[Question]:
    found, seen = [], set()
    for seed in range(1, 1 + variants * 40):
        question: Question = ask(exercise, seed)
        if repr(sorted(question.drawn.items())) not in seen:
            seen.add(repr(sorted(question.drawn.items())))
            found.append(question)
        if len(found) == items:
            break
    return found[:items]


def test_every_exercise_is_there_or_named(course: Course) -> None:
    for bank in banks(course, course.exercises, 1):
        assert bank.items or bank.left_out, bank.exercise.id
        assert bool(bank.items) != (bank.exercise.kind in ("complete", "repair", "build")), bank.exercise.id


def test_versions_differ_and_have_a_category_each(course: Course) -> None:
    (bank,) = banks(course, [course.by_id["conv-params"]], 20)
    assert len({i.text for i in bank.items}) == len(bank.items) == 20
    (fixed,) = banks(course, [course.by_id["transposed-size"]], 5) if "transposed-size" in course.by_id else (bank,)
    assert fixed.items
    text = "\n".join(moodle_xml([bank]))
    assert text.count('type="category"') == 1 and "$course$/top/" in text and "conv-params" in text


@pytest.mark.parametrize("nasty", ["a ~ b = c # d { e } f : g \\ h", "]]> & <b>", "línea\ndos", "=~#{}:\\n"])
def test_special_signs(nasty: str) -> None:
    assert bare(escaped(nasty)) == nasty and not re.search(r"(?<!\\)[~=#{}:]", escaped(nasty).replace("\\\\", ""))


def test_a_hole_with_one_name_is_a_number(course: Course) -> None:
    item, _ = item_of(ask(course.by_id["keep-the-size"], 7), "x")
    assert item.kind == "number" and item.answers[0].fraction == 100


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (-20, "-20"), (25_691_136, "25691136")])
def test_decimals(value: int, text: str) -> None:
    assert decimal(value) == text


def test_exporting_from_the_command_line(convdsl: Convdsl) -> None:
    done = convdsl(
        "course", "export", "conv-params", "under-a-budget", "--format", "gift", "--variants", "3", "--lang", "es"
    )
    assert done.returncode == 0 and len(from_gift(done.stdout)) == 3
    assert "under-a-budget: se pide un programa" in done.stderr
    done = convdsl("course", "export", "--concept", "size", "--format", "moodle-xml", "--variants", "4")
    assert len(from_xml(done.stdout)) > 20
    assert convdsl("course", "export", "nothing").returncode == 2
    assert convdsl("course", "export", "conv-params", "--variants", "0").returncode == 2
