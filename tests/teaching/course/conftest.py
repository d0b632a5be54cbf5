"""The shipped course, read once, and a folder for progress that is nobody's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.teaching.course import Course, load


@pytest.fixture(scope="session")
def course() -> Course:
    return load()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "data"))


COURSE = """\
title.en = "A course"
title.es = "Un curso"
[concept.one]
en = "One"
es = "Uno"
"""
EXERCISE = """\
concept = "one"
kind = "predict"
title.en = "T"
title.es = "T"
draw.N = "20..60"
program = "input {N}x{N}x1 -> conv 8 k3"
answer = "net.out[0]"
question.en = "From {N}?"
question.es = "¿De {N}?"
hints.en = ["a", "b", "c"]
hints.es = ["a", "b", "c"]
[mistake.same]
answer = "N"
en = "no"
es = "no"
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a course of one exercise, or of those given, and returns its folder."""

    def write(exercise: str = EXERCISE, course: str = COURSE, **others: str) -> Path:
        folder = tmp_path / "course"
        folder.mkdir(exist_ok=True)
        (folder / "course.toml").write_text(course, encoding="utf-8")
        for name, text in {"first": exercise, **others}.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        return folder

    return write
