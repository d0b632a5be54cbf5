"""An exam on paper: versions with numbers of their own, points, a grid for the answers, and the key. It is a document, and
set by LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from convdsl.document import Answers, Code, Fields, Heading, Items, Node, PageBreak, Sentence, Title
from convdsl.document.latex import whole
from convdsl.messages import Rounded, T
from convdsl.teaching.questions import Question
from convdsl.teaching.sheets.printing import asked, worth

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Version(NamedTuple):
    """One version: its letter and its questions."""

    letter: str
    questions: Sequence[Question]

    @property
    def name(self) -> str:
        return str(T("Version {letter}", letter=self.letter))


def exam(title: str, versions: Sequence[Version], points: Mapping[str, float]) -> str:
    """All versions, each with its grid of answers, in one document."""
    return whole(_paper(title, v, points) for v in versions)


def key(title: str, versions: Sequence[Version]) -> str:
    """The right answers of all versions, for those who mark."""
    return whole(_key(title, v) for v in versions)


def _paper(title: str, version: Version, points: Mapping[str, float]) -> Iterator[Node]:
    total = sum(points[q.exercise.id] for q in version.questions)
    yield Title(title, below=version.name)
    yield Fields(((str(T("Name:")), 6), (str(T("Id:")), 3)))
    only = T("Only the answers in the table at the end count.")
    yield Sentence(f"{T('Points: {points}', points=Rounded(total))}. {only}")
    for number, question in enumerate(version.questions, 1):
        yield Heading(f"{number}. {question.title} ({worth(points[question.exercise.id])})")
        yield from asked(question)
    yield PageBreak()
    yield Title(str(T("Answers")), below=version.name)
    yield Answers(
        tuple(
            (str(number), tuple(question.lettered), str(Rounded(points[question.exercise.id])), question.multiline)
            for number, question in enumerate(version.questions, 1)
        )
    )


def _key(title: str, version: Version) -> Iterator[Node]:
    yield Title(title, below=version.name)
    yield Items([_line(question) for question in version.questions])


def _line(question: Question) -> str | tuple[Node, ...]:
    if question.multiline or "\n" in question.answer:
        return Sentence(question.title), Code(question.answer)
    return f"{question.title}: {question.answer}"
