"""The course in the page: the same session as at the terminal, its answers as data. Progress is a text that the browser keeps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from convdsl.document import Node, Sentence, html, nodes_of
from convdsl.messages import T
from convdsl.page.answers import Refused
from convdsl.teaching.answers import Answer, Asked, Listed, Marked, Reviewed, Told
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.practice import Practice
from convdsl.teaching.sheets.printing import option, shown

_COMMANDS = ("next", "exercise", "hint", "skip", "answer", "review", "list")


@cache
def _practice() -> Practice:
    practice = Practice()
    practice.session(studying=False, asked=False)
    return practice


def course(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Follows a command of the course (`do`, with what stands behind it in `rest`), or marks an answer (`do` is `mark`, the
    text in `rest`; `id` the exercise that it is for).

    `progress` is what the browser keeps, written as the file of the command line is; what it is afterwards comes back.
    """
    file = Path(os.environ["CONVDSL_DATA_HOME"]) / "progress.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    if asked.get("progress"):
        file.write_text(asked["progress"], "utf-8")
    else:
        file.unlink(missing_ok=True)
    practice = _practice()
    found: dict[str, Any] = {"told": _told(_done(practice, asked))}
    question = practice.question
    if asked["do"] == "mark" and question is None:  # solved: the next one follows when it is asked for
        found["done"] = True
    return {**found, "progress": file.read_text("utf-8") if file.is_file() else ""}


def _done(practice: Practice, asked: Mapping[str, Any]) -> Answer:
    do, rest = asked["do"], asked.get("rest", "")
    if do == "mark":
        if practice.question is None or practice.question.exercise.id != asked["id"]:
            practice.command("exercise", asked["id"])  # after a worker was replaced, or in another tab
        if practice.question is None:
            raise Refused(str(T("This exercise is not there.")))
        return practice.answer(rest)
    if do not in _COMMANDS:
        raise Refused(str(T("There is no command `{name}`.", name=do)))
    if do in ("hint", "skip", "answer") and asked.get("id") and practice.question is None:
        practice.command("exercise", asked["id"])
    return practice.command(do, rest)


def _told(answer: Answer) -> dict[str, Any]:
    match answer:
        case Asked():
            return _question(answer)
        case Marked(_, verdict, finished, counted):
            said = [verdict.message]
            if not counted:
                said.append(str(T("It does not count: the answer to these numbers has been shown.")))
            if finished:
                said.append(str(T("All exercises are solved.")))
            understood = str(T("Understood: {what}", what=verdict.understood)) if verdict.understood else ""
            return {"is": "marked", "status": verdict.status, "understood": understood, "html": _html(*said)}
        case Reviewed():
            if answer.asked is not None:
                return _question(answer.asked)
            if answer.coming:
                days = [f"{day}: {T('one exercise', '{n} exercises', n=n)}" for day, n in answer.coming]
                return {"is": "told", "html": _html(str(T("Nothing comes back today.")), *days)}
            return {"is": "told", "html": _html(str(T("Nothing was wrong yet that would come back.")))}
        case Listed():
            return _list(answer)
        case Told(text):
            return {"is": "told", "html": _html(str(text))}
        case _:
            raise Refused(str(T("This exercise is not there.")))


def _question(asked: Asked) -> dict[str, Any]:
    question = asked.question
    return {
        "is": "asked",
        "id": question.exercise.id,
        "number": asked.course.number(question.exercise),
        "of": len(asked.course.exercises),
        "title": question.title,
        "kind": str(KINDS[question.kind]),
        "notice": str(asked.notice) if asked.notice is not None else "",
        "html": html.fragment(shown(question.told)),
        "program": question.program or "",
        "options": [
            [letter, html.fragment(nodes_of(option(question.option_told(o))))]
            for letter, o in question.lettered.items()
        ],
        "how": str(question.how),
        "multiline": question.multiline,
        "hints": len(question.hints),
    }


def _list(listed: Listed) -> dict[str, Any]:
    """All concepts with their exercises: number, id, title, and how far one is with each."""
    course, progress = listed.course, listed.progress
    concepts = [
        {
            "title": str(concept.title),
            "solved": solved,
            "exercises": [
                [course.number(e), e.id, str(e.title), progress.state(e), progress.of(e).tries]
                for e in concept.exercises
            ],
        }
        for concept, solved, _ in progress.summary(course)
    ]
    return {"is": "list", "concepts": concepts, "due": len(progress.due())}


def _html(*texts: str) -> str:
    """Texts as paragraphs; their lines stay lines."""
    nodes: list[Node] = [Sentence(line) for text in texts for line in text.splitlines() if line.strip()]
    return html.fragment(nodes)
