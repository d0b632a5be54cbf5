"""The marks of a class: every student of the roster gets a row, whatever he handed in or did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from convdsl.messages import LANGUAGES, T
from convdsl.teaching.classes.forms import Form, read_form, said_of
from convdsl.teaching.classes.grading import How, Work, grade
from convdsl.teaching.classes.intake import Handed
from convdsl.teaching.classes.neighbours import with_neighbours
from convdsl.teaching.classes.owners import owner
from convdsl.teaching.classes.results import Answer, Result
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.sheets.roster import Roster, Student, name_words, same
from convdsl.teaching.sheets.sheet import Sheet
from convdsl.teaching.sheets.tables import alphabetic

LONGEST = 2000
"""Characters of an answer that are kept for the lecturer to see."""


class _Piece(NamedTuple):
    """A file of a student."""

    handed: Handed
    form: Form
    notes: tuple[str, ...]


class _Choice(NamedTuple):
    """What of a student's files counts: no form where nothing can be marked."""

    form: Form | None
    statuses: tuple[str, ...]
    places: tuple[str, ...]
    notes: tuple[str, ...]
    when: datetime | None = None


def of_class(
    sheet: Sheet,
    roster: Roster,
    handed: Sequence[Handed],
    how: How,
    participants: Mapping[str, Student] | None = None,
    times: Mapping[str, datetime] | None = None,
) -> list[Result]:
    """A result for each student, by name as people sort, then one for each file that is nobody's. `participants` and
    `times` (of handing in) are what Moodle's worksheet says, by its number and by the student's id."""
    pieces: dict[str, list[_Piece]] = {s.id: [] for s in roster.students}
    strangers = []
    for file in handed:
        form = read_form(file.text, sheet.exercises, file.stem) if file.problem is None else Form({})
        found = owner(file, form, roster, participants or {})
        if found.student is None:
            note = file.problem or found.note
            strangers.append(Result("", file.person, ("unknown",), (), (file.place,), (str(note),)))
        else:
            notes = (str(found.note),) if found.note else ()
            pieces[found.student.id].append(_Piece(file, form, notes))
    _part_namesakes(pieces, strangers, participants or {})
    chosen = {s.id: _chosen(sheet, pieces[s.id], how, (times or {}).get(s.id)) for s in roster.students}
    works = [Work(sheet.seed(id), _answers(c.form), language=_language(c.form)) for id, c in chosen.items()]
    replies = grade(works, sheet.course, sheet.exercises, how.limits, how.jobs, how.explain)
    results = []
    rights: dict[str, list[dict[str, Any]]] = {}
    for student, work, reply in zip(roster.students, works, replies, strict=True):
        rights[student.id] = reply
        results.append(_result(student, chosen[student.id], reply, sheet, work))
    results = [_perhaps_his(r, strangers) for r in with_neighbours(results, rights, sheet, how)]
    return sorted(results, key=lambda r: (alphabetic(r.name or r.id), alphabetic(r.id))) + strangers


def _perhaps_his(result: Result, strangers: Sequence[Result]) -> Result:
    """The result of an absent student, with the files of somebody of his name that are nobody's so far."""
    if "absent" not in result.statuses or not result.name:
        return result
    places = [s.places[0] for s in strangers if s.name and name_words(s.name) == name_words(result.name)]
    if not places:
        return result
    note = T("These files may be his; they are not marked: {places}.", places=", ".join(places))
    return result._replace(notes=(*result.notes, str(note)))


def _part_namesakes(
    pieces: dict[str, list[_Piece]], strangers: list[Result], participants: Mapping[str, Student]
) -> None:
    """Two participants of Moodle whom only a name joins to one student: neither's work is taken for his."""
    for id, own in pieces.items():
        by_name = [p for p in own if p.handed.number and p.handed.number not in participants]
        if len({p.handed.number for p in own if p.handed.number}) > 1 and by_name:
            for piece in by_name:
                note = T(
                    "Two participants are called {name}: the worksheet of Moodle (--moodle) tells them apart.",
                    name=piece.handed.person,
                )
                strangers.append(Result("", piece.handed.person, ("unknown",), (), (piece.handed.place,), (str(note),)))
            pieces[id] = [p for p in own if p not in by_name]


def of_files(
    course: Course, exercises: Sequence[Exercise], handed: Sequence[Handed], seed: int | None, how: How
) -> tuple[Sequence[Exercise], list[Result]]:
    """A result for each file, and the exercises that were marked: those given, or all that any of the files names."""
    looked_for = exercises or course.exercises
    forms = [read_form(h.text, looked_for, h.stem, numbers=bool(exercises)) for h in handed]
    if not exercises:
        named = {id for form in forms for id in form.named | form.answers.keys()} | {
            s.near for form in forms for s in form.slips
        }
        exercises = [e for e in course.exercises if e.id in named] or course.exercises[:1]
    seeds = [_seed(seed, form) for form in forms]
    works = [Work(n, _answers(form), language=_language(form)) for n, form in zip(seeds, forms, strict=True)]
    points = {e.id: 1.0 for e in exercises}
    results = []
    replies = grade(works, course, exercises, how.limits, how.jobs, how.explain)
    for file, form, n, work, reply in zip(handed, forms, seeds, works, replies, strict=True):
        problem = file.problem or (None if form.begun or form.answers or not file.text.strip() else _nothing(exercises))
        notes = [str(problem)] if problem else _notes_of(form)
        answers = tuple(_answer(r, form, work, points, partial=False) for r in reply)
        guessed = seed is None and form.seed is None and any(a.status != "right" for a in answers if a.written)
        if guessed:
            notes.insert(0, str(T("It names no seed, so seed 1 was used; `--seed` gives that of the sheet.")))
        status = "unreadable" if problem else "unclear" if _is_unclear(answers) else "marked"
        id = form.head.get("id", "") or file.number
        results.append(Result(id, file.person, (status,), answers, (file.place,), tuple(notes), file.when, n))
    return exercises, sorted(results, key=lambda r: alphabetic(r.places[0]))


def _seed(given: int | None, form: Form) -> int:
    return given if given is not None else form.seed if form.seed is not None else 1


def _nothing(exercises: Sequence[Exercise]) -> T:
    return T("There is no answer in it: a line such as [{id}] comes before each.", id=exercises[0].id)


def _answers(form: Form | None) -> dict[str, str]:
    """The answers that can be marked: not those of which there are two."""
    return {id: a for id, a in form.answers.items() if id not in form.twice} if form else {}


def _language(form: Form | None) -> str:
    """The language that a form says it is written in, if it is one of ours."""
    named = form.head.get("language", "").lower() if form else ""
    return named if named in LANGUAGES else ""


def _notes_of(form: Form) -> list[str]:
    notes = [str(said_of(slip)) for slip in form.slips]
    if form.stray:
        notes.append(str(T("“{text}” stands above all answers and was not marked.", text=form.stray)))
    return notes


def _chosen(sheet: Sheet, pieces: Sequence[_Piece], how: How, time: datetime | None) -> _Choice:
    """What counts of a student's files: the newest with answers in it, of as many as the sheet allows."""
    order = sorted(pieces, key=lambda p: (p.handed.when or datetime.min, p.handed.place))
    places = [p.handed.place for p in reversed(order)]
    problems = [(p, _problem(sheet, p)) for p in order]
    notes = [f"{p.handed.place}: {problem}" for p, problem in problems if problem is not None]
    readable = [p for p, problem in problems if problem is None]
    if not pieces:
        return _Choice(None, ("absent",), (), ())
    if not readable:
        return _Choice(None, ("unreadable",), tuple(places), tuple(notes))
    statuses = []
    allowed = readable
    if sheet.attempts and len(readable) > sheet.attempts:
        allowed = readable[: sheet.attempts]
        notes.append(str(T("One file was allowed.", "{n} files were allowed.", n=sheet.attempts)))
    piece = max(allowed, key=lambda p: (bool(p.form.answers), allowed.index(p)))
    notes = [*piece.notes, *_notes_of(piece.form), *notes]
    if len(readable) > 1:
        statuses.append("several")
        others = ", ".join(p.handed.place for p in readable if p is not piece)
        notes.append(str(T("{place} counts; there are also: {others}.", place=piece.handed.place, others=others)))
    when = time or piece.handed.when
    places = [piece.handed.place, *(p for p in places if p != piece.handed.place)]
    refusal = _refusal(sheet, piece.form, how)
    if refusal is not None:
        return _Choice(None, ("refused", *statuses), tuple(places), (str(refusal), *notes), when)
    if sheet.deadline is not None and when is not None and when > sheet.deadline:
        statuses.append("late")
    if not piece.form.answers:
        notes.append(str(T("Nothing is filled in.")))
    return _Choice(piece.form, ("marked", *statuses), tuple(places), tuple(notes), when)


def _problem(sheet: Sheet, piece: _Piece) -> T | None:
    """Why nothing can be read in a file."""
    if piece.handed.problem is not None:
        return piece.handed.problem
    return None if piece.form.begun or piece.form.answers else _nothing(sheet.exercises)


def _refusal(sheet: Sheet, form: Form, how: How) -> T | None:
    """Why a form is not marked with this sheet."""
    named, version = form.head.get("sheet", ""), form.head.get("version", "").lower()
    if named and same(named) != same(sheet.id):
        return T("The form is that of another sheet, {other}.", other=named)
    if version and version != sheet.version and not how.changed:
        return T(
            "The form was made from another version of the sheet ({form}; this one is {sheet}), whose numbers or points may"
            " be others. Mark it with that version, or with --changed-sheet.",
            form=version[:20],
            sheet=sheet.version,
        )
    return None


def _result(student: Student, chosen: _Choice, reply: list[dict[str, Any]], sheet: Sheet, work: Work) -> Result:
    statuses = chosen.statuses
    points = dict(zip((e.id for e in sheet.exercises), sheet.points, strict=True))
    form = chosen.form
    answers = tuple(_answer(r, form, work, points, sheet.partial) for r in reply) if form is not None else ()
    if _is_unclear(answers):
        statuses = (*statuses, "unclear")
    share = sheet.late if "late" in statuses else 1.0
    return Result(
        student.id, student.name, statuses, answers, chosen.places, chosen.notes, chosen.when, work.seed, share
    )


def _is_unclear(answers: Sequence[Answer]) -> bool:
    return any(a.status == "unclear" for a in answers)


def _answer(reply: dict[str, Any], form: Form, work: Work, points: Mapping[str, float], partial: bool) -> Answer:
    """One question's answer from what the worker says and what the form had that could not be marked."""
    id = reply["exercise"]
    status, message = reply["status"], reply.get("message", "")
    worth = reply.get("worth", 0.0) if partial or status == "right" else 0.0
    written = form.answers.get(id, "")
    slip = next((s for s in form.slips if s.near == id and s.answer), None)
    if id in form.twice:
        status, message = "unclear", str(T("There are two answers that differ; which one is meant?"))
    elif status == "missing" and slip is not None:
        status, message, written = "unclear", str(said_of(slip)), slip.answer
    return Answer(
        exercise=id,
        status=status,
        points=round(points[id] * worth, 6),
        of=points[id],
        written=written[:LONGEST],
        understood=reply.get("understood", ""),
        message=message,
        mistake=reply.get("mistake", ""),
        value=reply.get("value"),
        right=reply.get("right"),
        key=reply.get("key", ""),
        hints=tuple(reply.get("hints", ())),
        why=reply.get("why", ""),
    )
