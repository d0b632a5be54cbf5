"""What the page is answered, asked without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convdsl.page.answers import answer
from convdsl.page.practising import _practice

LINES = "3 0 1 2; 1 5 8 9; 2 7 2 5; 0 1 3 1"


def asked(what: str, **data: Any) -> Any:
    return json.loads(answer(json.dumps({"what": what, "lang": "en", **data})))


def convolved(**data: Any) -> Any:
    usual = {
        "matrix": LINES,
        "kernel": "1 0 -1; 1 0 -1; 1 0 -1",
        "stride": "1",
        "padding": "0",
        "dilation": "1",
        "window": "2",
    }
    return asked("convolve", **{**usual, **data})


def test_places_are_counted_as_javascript_counts() -> None:
    found = asked("look", text="input 28x28x1 # 💥\nconv 6 k5")
    text = "input 28x28x1 # 💥\nconv 6 k5".encode("utf-16-le")
    shown = {text[2 * a : 2 * b].decode("utf-16-le"): kind for a, b, kind in found["colours"]}
    assert shown["# 💥"] == "comment" and shown["conv"] == "layer" and shown["k5"] == "option"


@pytest.mark.parametrize(
    "program, filled",
    [
        ("input 32x32x3 -> conv 6 k? -> expect 28x28x6", "input 32x32x3 -> conv 6 k5 -> expect 28x28x6"),
        (
            "input 9x9x1\nconv 4 k?K # ?K\nconv 4 k?K\nexpect 5x5x4",
            "input 9x9x1\nconv 4 k3 # ?K\nconv 4 k3\nexpect 5x5x4",
        ),
        ("input 8x8x1\nconv ? k3\nexpect params 40", "input 8x8x1\nconv 4 k3\nexpect params 40"),
    ],
)
def test_solutions_are_put_into_the_holes(program: str, filled: str) -> None:
    assert asked("solve", text=program, seconds=5)["programs"][0]["text"] == filled


@pytest.mark.parametrize(
    "line, column, layer", [(1, 3, 0), (2, 1, 1), (2, 14, 2), (2, 40, 2), (3, 3, 0), (5, 5, 3), (99, 1, 0)]
)
def test_the_layer_under_the_cursor(line: int, column: int, layer: int) -> None:
    text = "input 28x28x1\nconv 6 k5 -> relu\n# nothing\nrepeat 2 {\n  conv 6 k3\n}\n"
    assert asked("explain", text=text, line=line, column=column)["layer"] == layer


def test_a_fault_of_ours_is_an_answer_and_a_missing_library_a_wish() -> None:
    assert asked("look")["fault"] and asked("nothing")["fault"]


def test_a_convolution_place_by_place() -> None:
    found = convolved()
    assert found["output"] == [["−5", "−4"], ["−10", "−2"]] and len(found["steps"]) == 4
    assert found["steps"][1]["at"] == [0, 1] and found["steps"][1]["window"][0] == [0, 1]
    assert found["steps"][0]["line"].endswith("= −5") and "<code>prewitt_x</code>" in found["facts"]
    padded = convolved(padding="1", stride="2")
    assert padded["steps"][0]["window"][0] == [-1, -1] and len(padded["output"]) == 2
    assert convolved(kernel="max", window="2", stride="2")["output"] == [["5", "9"], ["7", "5"]]
    assert convolved(kernel="gaussian", padding="same")["divisor"] == 16


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"stride": "0"}, "`stride` is a whole number from 1 on"),
        ({"padding": "-1"}, "`padding` is a whole number"),
        ({"dilation": ""}, "`dilation` is a whole number"),
        ({"window": "²", "kernel": "max"}, "`window` is a whole number"),
        ({"matrix": "1 2; 3"}, ""),
        ({"matrix": "1 x; 3 4"}, ""),
        ({"matrix": ""}, ""),
        ({"kernel": "sobl_x"}, ""),
        ({"kernel": "1 1 1 1 1"}, ""),
        ({"matrix": "; ".join(["1 " * 70] * 70)}, "at most 4000 entries"),
    ],
)
def test_what_cannot_be_convolved_is_answered_in_words(wrong: dict[str, str], said: str) -> None:
    found = convolved(**wrong)
    assert found.keys() == {"said"} and said in found["said"] and len(found["said"]) > 10, found


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks the course, and hands the progress on as a browser does."""
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "data"))
    _practice.cache_clear()
    kept = ""

    def ask(do: str, rest: str = "", **data: Any) -> Any:
        nonlocal kept
        found = asked("course", do=do, rest=rest, **{"progress": kept, **data})
        kept = found.get("progress", kept)
        return found

    yield ask
    _practice.cache_clear()


def test_an_exercise_is_asked_hinted_marked_and_kept(course: Any) -> None:
    listed = course("list")["told"]
    assert sum(len(c["exercises"]) for c in listed["concepts"]) > 100
    question = course("next")["told"]
    assert question["is"] == "asked" and question["number"] == 1 and "<p>" in question["html"]
    hint = course("hint", id=question["id"])["told"]
    assert hint["is"] == "told" and hint["html"]
    wrong = course("mark", "-77777", id=question["id"])
    assert wrong["told"]["is"] == "marked" and wrong["told"]["status"] in ("wrong", "unclear") and "done" not in wrong
    assert json.loads(wrong["progress"])["courses"]


def test_a_new_worker_goes_on_with_the_same_numbers(course: Any) -> None:
    first = course("exercise", "3")["told"]
    course("hint", id=first["id"])  # what is kept now has the seed
    _practice.cache_clear()
    assert course("exercise", first["id"])["told"]["html"] == first["html"]
    _practice.cache_clear()
    assert course("mark", "-77777", id=first["id"])["told"]["is"] == "marked"


def test_progress_of_two_tabs_is_one(course: Any) -> None:
    """A tab that was asked long ago takes in what another has kept since."""
    question = course("exercise", "2")["told"]
    other = course("mark", "-77777", id=question["id"])["progress"]
    _practice.cache_clear()
    found = course("skip", id=course("exercise", "5")["told"]["id"], progress=other)
    tries = json.loads(found["progress"])["courses"]
    assert question["id"] in next(iter(tries.values()))


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": 99}', "\x00", '{"version": 3, "courses": 5}'])
def test_damaged_progress_is_no_end(course: Any, damage: str) -> None:
    found = course("list", progress=damage)
    assert found.get("told", {}).get("is") in ("list", "told") and "fault" not in found


def test_what_the_course_does_not_know_is_said(course: Any) -> None:
    assert "no command" in course("reset", "all")["said"]
    assert course("exercise", "no-such")["told"]["is"] == "told"


def test_pictures_of_an_exercise_are_drawings_in_the_page(course: Any) -> None:
    told = course("exercise", "kernel-to-map")["told"]
    assert told["html"].count("<svg") == 1 and all(html.count("<svg") == 1 for _, html in told["options"])
    drawn = course("exercise", "which-drawing")["told"]
    assert len(drawn["options"]) == 4 and all('class="box"' in html for _, html in drawn["options"])
