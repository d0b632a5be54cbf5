"""Practising: one loop for the REPL and the course, commands in both languages, answers of several lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from convdsl.cli import prompt
from convdsl.cli.entries import Pipe
from convdsl.cli.loop import Outcome, talk
from convdsl.messages import use_language
from convdsl.report.console import console
from convdsl.teaching.answers import Asked, Marked, Told
from convdsl.teaching.commands import COMMANDS, SHORT, SPANISH, WITHOUT_NET, closest, meant, shown
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.practice import Practice
from convdsl.teaching.progress import Progress
from convdsl.teaching.questions import ask
from convdsl.teaching.session import Session
from tests.test_architecture import loaded_by

COURSE = load()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("COLUMNS", raising=False)
    yield


def studying(asked: bool = False) -> Session:
    return Session(Practice(COURSE, Progress.open(COURSE)), studying=True, asked=asked)


def piped(session: Session, text: str, first: Any = None) -> tuple[str, Outcome]:
    file = io.StringIO()
    out = console(file)
    done = talk(session, out, Pipe(session, text.splitlines(keepends=True)), first)
    return file.getvalue(), done


def typed(session: Session, keys: str, first: Any = None) -> tuple[str, Outcome]:
    file = io.StringIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text(keys)
        out = console(file)
        done = talk(session, out, prompt.Keyboard(session, out), first)
    return file.getvalue(), done


# The loop.


def test_a_course_asks_one_question_after_the_other() -> None:
    session = studying()
    first = session.practice.begin(None, 3)
    right = session.practice.question.answer  # type: ignore[union-attr]
    shown, done = piped(session, f"no idea at all\n\n{right}\n:skip\n:answer\n:list\n", first)
    assert not done.last_wrong
    assert [f"\n{n}/{len(COURSE.exercises)} " in shown for n in (1, 2, 3, 4)] == [True] * 4
    assert "→ " in shown and ":hint :skip :answer :quit" in shown and "`:next`" not in shown


def test_a_course_ends_when_all_is_solved() -> None:
    session = studying()
    progress = session.practice.progress
    assert progress is not None
    for exercise in COURSE.exercises[1:]:
        progress.records[exercise.id] = progress.of(exercise)._replace(solved=True)
    first = session.practice.begin(None, None)
    shown, _ = piped(session, f"{session.practice.question.answer}\n:list\n", first)  # type: ignore[union-attr]
    assert shown.rstrip().endswith("All exercises are solved.")


def test_keys_in_a_course() -> None:
    """Arrows edit, ↑ brings back, Ctrl-C drops the line, Ctrl-D ends."""
    session = studying(asked=True)
    shown, done = typed(session, "23\x1b[D1\rdropped\x03\x03\x04", session.practice.begin(None, 3))
    assert "Understood: 213" in shown and done.last_wrong
    assert "dropped" not in shown and "Ctrl-D ends." in shown
    shown, _ = typed(session, "\x1b[A\r\x04")
    assert "Understood: 213" in shown


def test_a_question_can_be_asked_again() -> None:
    session = studying()
    session.practice.begin(None, 3)
    again = session.enter(":exercise")
    assert isinstance(again, Asked) and again.question.seed == 3


def test_a_pipe_loads_nothing_heavy() -> None:
    code = "import sys, io; sys.stdin = io.StringIO(':hint\\n:quit\\n'); from convdsl.cli import main; main(['course'])"
    assert not loaded_by(code) & {"numba", "numpy", "sympy", "PIL", "prompt_toolkit"}


# Commands.


def test_every_command_has_a_name_in_both_languages() -> None:
    assert SPANISH.keys() == COMMANDS.keys() and len({*SPANISH.values()}) == len(SPANISH)
    assert not {*SPANISH.values()} & COMMANDS.keys()
    for name, spanish in SPANISH.items():
        assert meant(spanish.upper()) == name == meant(name)
    assert set(SHORT.values()) <= COMMANDS.keys()


@pytest.mark.parametrize("study", [True, False])
def test_help_and_completion_speak_the_language(study: bool) -> None:
    session = studying() if study else Session()
    for language, names in (("es", SPANISH), ("en", {n: n for n in COMMANDS})):
        use_language(language)
        help_, _ = piped(session, ":help\n:ayuda\n")
        offered = {c.text for c in _completions(session, ":")}
        for name in COMMANDS:
            here = not study or name in WITHOUT_NET
            assert (f"  :{names[name]} " in help_) == here
            assert (f":{names[name]}" in offered) == here
    use_language("es")
    assert [c.text for c in _completions(session, ":hi")] == [":hint"]
    assert [c.text for c in _completions(session, ":pis")] == [":pista"]


def _completions(session: Session, text: str) -> list[Any]:
    return list(prompt.SessionCompleter(session).get_completions(Document(text, len(text)), CompleteEvent()))


def test_spanish_commands_are_followed_in_a_course() -> None:
    use_language("es")
    session = studying()
    shown_, _ = piped(
        session, ":pista\n:saltar\n:lista\n:progreso\n:hint\n:pitsa\n:cargar x\n", session.practice.begin(None, 3)
    )
    question = ask(COURSE.exercises[0], 3)
    assert question.hints[0] in shown_ and ":pista :saltar :respuesta :salir" in shown_
    assert "`:pista`" in shown_ and "convdsl repl" in shown_
    assert closest("repsuesta") == "answer" and shown("answer") == "respuesta"


def test_letters_are_completed() -> None:
    session = studying()
    session.practice.begin(next(e for e in COURSE.exercises if e.options), 1)
    assert [c.text for c in _completions(session, "")][:2] == ["a", "b"]
    session.practice.begin(next(e for e in COURSE.exercises if e.kind == "predict"), 1)
    assert _completions(session, "con") == []


# Answers of several lines.


def _program(id: str = "under-a-budget", seed: int = 2) -> tuple[Session, Any]:
    session = studying(asked=True)
    return session, session.practice.begin(COURSE.by_id[id], seed)


def test_how_a_program_ends_is_said() -> None:
    session, first = _program()
    shown, _ = piped(session, "", first)
    assert "An empty line ends it." in shown


SPACED = "input 32x32x3\nresidual {\n  conv 3 k3 p1\n\n  relu\n}\ndense 10\n"


def test_an_empty_line_inside_braces_ends_no_answer() -> None:
    """Neither in a pipe, nor pasted."""
    session, first = _program()
    shown, _ = piped(session, SPACED + "\n", first)
    assert shown.count("Understood") == 1 and "output 10" in shown
    session, first = _program()
    shown, _ = typed(session, f"\x1b[200~{SPACED}\x1b[201~\r\x04", first)
    assert shown.count("Understood") == 1 and "output 10" in shown
    session, first = _program()
    shown, _ = typed(session, SPACED.replace("\n", "\r") + "\r\x04", first)
    assert shown.count("Understood") == 1 and "output 10" in shown


def test_an_empty_line_inside_a_fence_ends_no_answer() -> None:
    session, first = _program()
    shown, _ = piped(session, "```\ninput 32x32x3\n\ndense 10\n```\n\n:quit\n", first)
    assert shown.count("Understood") == 1 and "output 10" in shown


def test_two_empty_lines_or_a_command_end_an_answer() -> None:
    for ending in ("\n\n:quit\n", "\n:quit\n"):
        session, first = _program()
        shown, _ = piped(session, "add { relu" + ending, first)
        assert shown.count("✗") == 1


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("maxpool 2\nconv 32, 5x5, relu", "2:8"),
        ("conv 32, 5x5, relu", "1:8"),
        ("-> conv 32, 5x5, relu ->", "1:11"),
        ("\n\nconv 32, 5x5, relu\n", "3:8"),
        ("```\nmaxpool 2\nconv 32, 5x5, relu\n```", "3:8"),
        ("input 28x28x1\nconv 32, 5x5, relu", "2:8"),
        ("maxpool 12\nmaxpool 12", "2:9"),
    ],
)
def test_line_numbers_count_the_students_own_lines(answer: str, place: str) -> None:
    question = ask(COURSE.by_id["typical-net"], 2)
    message = mark(question, answer).message
    assert f"· {place} `" in message, message


# Confirmation.


def test_reset_asks() -> None:
    session = studying(asked=True)
    session.practice.begin(None, 3)
    assert "nothing to forget" in str(session.enter(":reset").text)  # type: ignore[union-attr]
    assert isinstance(session.enter("1"), Marked)
    asked = session.enter(":reset all")
    assert isinstance(asked, Told) and "solved: 0, tries: 1" in str(asked.text)
    session.enter("no")
    assert len(Progress.open(COURSE).known()) == 1
    use_language("es")
    session.enter(":reiniciar todo")
    session.enter("Sí")
    assert Progress.open(COURSE).known() == []


def test_control_c_and_commands_leave_what_reset_asked_for() -> None:
    session = studying(asked=True)
    first = session.practice.begin(None, 3)
    shown, _ = typed(session, "1\r:reset all\r\x03:reset all\r:list\ryes\r\x04", first)
    assert "Nothing is forgotten." in shown and Progress.open(COURSE).known()


def test_in_a_pipe_reset_takes_an_exclamation_mark() -> None:
    session = studying()
    first = session.practice.begin(None, 3)
    id = first.question.exercise.id  # type: ignore[union-attr]
    shown, _ = piped(session, f"1\n:reset {id}\n", first)
    assert f"`:reset! {id}`" in shown and Progress.open(COURSE).known()
    piped(session, f":reset! {id}\n")
    assert not Progress.open(COURSE).known()
