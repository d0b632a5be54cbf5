"""The session behind the REPL, without a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdsl.messages import language
from convdsl.teaching.answers import (
    Added,
    Answer,
    Asked,
    Called,
    Ended,
    Helped,
    Listed,
    Marked,
    Refused,
    ShownProgram,
    Told,
)
from convdsl.teaching.answers import is_wrong as wrong
from convdsl.teaching.commands import COMMANDS, closest
from convdsl.teaching.questions import ask
from convdsl.teaching.session import Session, current_shape


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def session(*lines: str) -> Session:
    made = Session()
    for line in lines:
        assert not wrong(made.enter(line)), line
    return made


def last(s: Session, line: str) -> Any:
    return s.enter(line)


# Growing.


def test_a_net_grows_and_each_layer_is_known_at_once() -> None:
    s = session("input 32x32x3", "conv 6 k5")
    answer = last(s, "maxpool 2 -> dense 10")
    assert isinstance(answer, Added)
    assert (answer.first, len(answer.analysis.network.nodes)) == (2, 3)
    assert current_shape(s.analysis) == (10,)
    assert s.analysis.report[1].params == 456


def test_a_wrong_line_is_not_added() -> None:
    s = session("input 5x5x1")
    answer = last(s, "conv 8 k7")
    assert isinstance(answer, Refused)
    assert answer.diagnostics[0].code == "E301"
    assert s.program.text == "input 5x5x1"
    assert isinstance(last(s, "conv 8 k3"), Added)


def test_only_what_is_new_is_warned_of() -> None:
    s = session("input 7x7x1")
    assert [d.code for d in last(s, "conv 8 k3 s3").diagnostics] == ["W501"]
    assert last(s, "dense 10").diagnostics == ()


def test_an_input_goes_to_the_front_and_replaces() -> None:
    s = session("conv 6 k5", "input 32x32x3")
    assert s.program.text == "input 32x32x3\nconv 6 k5"
    answer = last(s, "input 28x28x1")
    assert answer.whole
    assert s.program.text == "input 28x28x1\nconv 6 k5"
    assert isinstance(last(s, "input 4x4x1"), Refused)
    assert s.program.text == "input 28x28x1\nconv 6 k5"


def test_an_input_with_layers_behind_it_begins_anew() -> None:
    s = session("input 32x32x3 -> conv 6 k5", "dense 10")
    answer = last(s, "input 8x8x1 -> conv 2 k3")
    assert answer.note is not None
    assert current_shape(s.analysis) == (6, 6, 2)
    s.enter(":undo")
    assert current_shape(s.analysis) == (10,)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("net a", "net b"),
        ("let C = 3", "let C = 4"),
        ("block b { relu }", "block b { tanh }"),
        ("train { epochs 3 }", "train { epochs 4 }"),
    ],
)
def test_what_stands_once_is_replaced(first: str, second: str) -> None:
    s = session("input 8x8x1", first, "conv 2 k3", second)
    assert s.program.text == f"input 8x8x1\n{second}\nconv 2 k3"


def test_what_is_wrong_in_the_train_block_is_refused() -> None:
    s = session("input 8x8x1", "dense 10")
    assert isinstance(last(s, "train { epchs 5 }"), Refused)


def test_expectations_hold_or_are_refused() -> None:
    s = session("input 32x32x3", "conv 6 k5")
    assert last(s, "expect 28x28x6").expectations == 1
    assert [d.code for d in last(s, "expect 27x27x6").diagnostics] == ["E401"]


def test_lines_that_go_on() -> None:
    s = session("input 8x8x4")
    assert s.wants_more("block b(C) {")
    assert s.wants_more("block b(C) {\n  conv C k3 # }")
    assert s.wants_more("conv 3 k3 ->")
    assert not s.wants_more("conv 3 k3 # {")
    assert not s.wants_more("add { relu | tanh }")
    assert not s.wants_more(":convolve '[1 2'")
    assert not wrong(s.enter("add {\n  relu\n|\n  tanh\n}"))
    assert len(s.analysis.network.nodes) == 3


def test_symbols_get_values() -> None:
    s = session("input NxNx3", "conv 6 k5")
    answer = last(s, ":set N=32")
    assert answer.whole
    assert current_shape(s.analysis) == (28, 28, 6)
    assert str(last(s, ":set").text) == "N=32"
    assert isinstance(last(s, ":set N=3"), Refused)
    assert isinstance(last(s, ":set M=3 K=4"), Added)
    s.enter(":unset N")
    assert [str(x) for x in current_shape(s.analysis) or ()] == ["N - 4", "N - 4", "6"]
    assert wrong(s.enter(":set N"))
    assert wrong(s.enter(":unset Z"))


def test_undo_and_redo() -> None:
    s = session("input 32x32x3", "conv 6 k5", "maxpool 2")
    s.enter(":undo")
    s.enter(":undo")
    assert s.program.text == "input 32x32x3"
    s.enter(":redo")
    assert current_shape(s.analysis) == (28, 28, 6)
    s.enter("relu")
    assert wrong(s.enter(":redo"))
    s.enter(":clear")
    assert s.program.text == ""
    s.enter("undo")
    assert s.program.text.endswith("relu")
    for _ in range(3):
        assert not wrong(s.enter(":undo"))
    assert wrong(s.enter(":undo"))


# Files.


def test_save_and_load(tmp_path: Path) -> None:
    s = session("input 32x32x3", "conv 6 k5", ":save one")
    assert (tmp_path / "one.cnn").read_text() == "input 32x32x3\nconv 6 k5\n"
    s.enter("relu")
    assert not wrong(s.enter(":save"))
    assert (tmp_path / "one.cnn").read_text().endswith("relu\n")
    (tmp_path / "two.cnn").write_text("input 8x8x1\n")
    assert wrong(s.enter(":save two.cnn"))
    assert not wrong(s.enter(":save! two.cnn"))
    fresh = session(":load two.cnn")
    assert fresh.program.text == s.program.text
    assert not wrong(fresh.enter(":save"))


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    s = session("input 32x32x3", "conv 6 k5")
    (tmp_path / "bad.cnn").write_text("input 5x5x1\nconv 8 k7\n")
    (tmp_path / "binary.cnn").write_bytes(b"conv \x80\x81")
    assert isinstance(last(s, ":load bad.cnn"), Refused)
    for line in (":load binary.cnn", ":load nothing.cnn", ":load", ":save /nonexistent/x.cnn", ":load .", ":save ."):
        answer = last(s, line)
        assert isinstance(answer, Told), line
        assert not answer.ok, line
    assert len(s.analysis.network.nodes) == 1
    assert wrong(session().enter(":save x"))


def test_a_block_may_be_used_before_it_is_defined_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "b.cnn").write_text("input 8x8x1\nb(2)\nblock b(C) { conv C k3 }\n")
    assert current_shape(session(":load b.cnn").analysis) == (6, 6, 2)


# Commands.


def test_commands_of_the_command_line_get_the_program() -> None:
    s = session("input NxNx3", "conv 6 k5", ":set N=32")
    assert last(s, ":explain conv --format latex") == Called(
        "explain", ("conv", "--format", "latex", "--set", "N=32"), s.analysis
    )
    assert last(s, ":train --epochs 2")[:2] == ("run", ("--epochs", "2", "--set", "N=32"))
    assert last(s, ":train").file is None
    s.enter(":save here.cnn")
    assert last(s, ":train").file == Path("here.cnn")
    s.enter("relu")
    assert last(s, ":train").file is None
    s.enter(":undo")
    assert last(s, ":convolve '1 2; 3 4' -k mean") == Called("convolve", ("1 2; 3 4", "-k", "mean"))
    assert wrong(s.enter(":convolve '1 2"))
    assert wrong(session().enter(":explain"))
    assert wrong(session("input 8x8x1").enter(":solve"))
    assert last(s, ":help conv") == last(s, ":help :conv") == Called("explain", ("conv",))
    assert last(s, ":explain E301") == last(s, ":help E301") == Called("explain", ("E301",))
    for word in ("set", "block", "residual"):
        assert word in str(last(s, f":help {word}").text)
    assert wrong(s.enter(":help nothing"))


def test_the_language_changes() -> None:
    s = session()
    assert not wrong(s.enter(":lang es"))
    assert language() == "es"
    assert not wrong(s.enter(":lang English"))
    assert language() == "en"
    assert wrong(s.enter(":lang fr"))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (":help", Helped),
        ("help", Helped),
        (":quit", Ended),
        ("exit", Ended),
        (":q", Ended),
        (":show", ShownProgram),
        (":show text", ShownProgram),
        (":list", Listed),
        (":progress", Listed),
        (":next", Asked),
        ("", Told),
    ],
)
def test_kinds_of_answers(line: str, kind: type[Answer]) -> None:
    assert isinstance(session().enter(line), kind)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (":udno", "`:undo`"),
        (":hlep", "`:help`"),
        (":xyzzy", "`:help` lists"),
        (":show what", "`:show`"),
        (":hint", "`:next`"),
        (":skip", "`:next`"),
        (":answer", "`:next`"),
        (":pause", "`:next`"),
        (":exercise", "`:exercise 7`"),
        (":exercise nosuchthing", "nosuchthing"),
        (":reset", "`:reset all`"),
    ],
)
def test_commands_that_cannot_be_followed(line: str, said: str) -> None:
    answer = session().enter(line)
    assert isinstance(answer, Told)
    assert not answer.ok
    assert said in str(answer.text)


def test_every_command_is_followed() -> None:
    s = session("input 8x8x1", "dense 3")
    for name in COMMANDS:
        assert s.enter(f":{name}") is not None
        assert closest(name) == name


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "input 8x8x3",
                    "conv 4 k3",
                    "conv ? k3",
                    "}",
                    "{",
                    ":undo",
                    ":redo",
                    ":set N=4",
                    ":",
                    ": ",
                    ":!",
                    "input NxNx1",
                    "maxpool 2",
                    ":clear",
                    "add {",
                    "let N = 3",
                    ":show",
                    "relu -> ",
                ]
            ),
        ),
        max_size=8,
    )
)
def test_nothing_that_is_typed_breaks_it(lines: list[str]) -> None:
    s = Session()
    for line in lines:
        s.wants_more(line)
        if not line.lstrip().startswith((":s", ":w")):  # no files with odd names
            s.enter(line)
        assert not s.analysis.failed


# The course.


def answer_of(s: Session) -> str:
    assert s.practice.question is not None
    return s.practice.question.answer


def test_an_exercise_is_asked_answered_and_left() -> None:
    s = session()
    asked = last(s, ":next")
    assert isinstance(asked, Asked)
    marked = last(s, "nonsense of no number")
    assert isinstance(marked, Marked)
    assert wrong(marked)
    assert isinstance(last(s, ":hint"), Told)
    first = asked.question.exercise
    marked = last(s, answer_of(s))
    assert marked.verdict.correct
    assert s.practice.question is None
    assert not wrong(s.enter("input 8x8x1"))
    following = last(s, ":next")
    assert following.question.exercise is not first
    assert last(s, f":exercise {first.id}").question.exercise is first
    skipped = last(s, ":skip")
    assert isinstance(skipped, Asked)
    assert not wrong(s.enter(":pause"))
    assert not wrong(s.enter("conv 2 k3"))
    assert last(s, ":next").question.exercise is skipped.question.exercise
    assert str(last(s, ":answer").text)
    assert s.practice.question is None
    assert not wrong(s.enter(":reset! all"))
    assert last(s, ":next").question.exercise is first


def test_progress_survives_a_session(tmp_path: Path) -> None:
    s = session(":next")
    first = s.practice.question
    assert first is not None
    s.enter(answer_of(s))
    again = session(":next")
    assert again.practice.question is not None
    assert again.practice.question.exercise.id != first.exercise.id
    (tmp_path / "home" / "progress.json").write_text("{damaged")
    asked = last(Session(), ":next")
    assert asked.notice is not None
    assert asked.question.exercise.id == first.exercise.id


def test_an_answer_of_several_lines_ends_with_an_empty_one() -> None:
    s = session()
    s.enter(":next")
    course = s.practice.course
    assert course is not None
    program = next((e for e in course.exercises if ask(e, 1).multiline), None)
    if program is None:
        pytest.skip("no exercise asks for a program yet")
    s.enter(f":exercise {program.id}")
    assert s.wants_more("input 8x8x1")
    assert s.wants_more("input 8x8x1\nconv 2 k3")
    assert not s.wants_more("input 8x8x1\nconv 2 k3\n")
    assert s.wants_more("input 8x8x1 -> conv 2 k3")
    assert s.wants_more("input 8x8x1\nadd {\n  relu\n") and s.wants_more("input 8x8x1\nadd {\n  relu\n\n}")
    assert not s.wants_more("input 8x8x1\nadd {\n  relu\n\n")  # two end it in any case
    assert not s.wants_more(":hint")


def test_what_the_system_refuses_is_said_in_spanish(tmp_path: Path) -> None:
    s = session("input 32x32x3", ":lang es")
    assert "no existe ese archivo o esa carpeta" in str(last(s, f":save {tmp_path}/nowhere/one.cnn").text)
