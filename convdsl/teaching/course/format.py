"""A course's files: TOML, written by hand, one for each exercise. docs/write-exercises.md describes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from convdsl.messages import LANGUAGES, T
from convdsl.teaching.course.draw import constant
from convdsl.teaching.course.exercise import KINDS, PROGRAM_KINDS, Both, Exercise, Mistake, Option, Requirement, SameAs
from convdsl.teaching.course.reader import Problem, Sheet

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
KEYS = frozenset(
    {
        "concept",
        "kind",
        "title",
        "question",
        "hints",
        "after",
        "draw",
        "where",
        "let",
        "program",
        "programs",
        "answer",
        "digits",
        "range",
        "mistake",
        "option",
        "require",
        "solution",
        "why",
        "arithmetic",
        "unit",
        "names",
        "same_as",
        "show",
        "few_texts",
    }
)
UNITS = ("%", "bytes", "°")
"""Units that a question may ask for by name."""


def read_exercise(
    path: Path, shared: Mapping[str, Both], languages: tuple[str, ...] = LANGUAGES
) -> tuple[Exercise | None, list[Problem]]:
    """The exercise in a file, and what is wrong with its form. `shared` are the course's texts for mistakes, `languages`
    those in which it is written."""
    sheet = Sheet(path, languages)
    if not sheet.values:
        if not sheet.problems:
            sheet.problem(T("The file is empty."), line=1)
        return None, sheet.problems
    if not ID.fullmatch(path.stem):
        sheet.problem(T("The name of the file is the exercise's id: small letters, digits and hyphens."))
    for key in sheet.values.keys() - KEYS:
        sheet.problem(T("There is no key `{key}`; there are: {known}.", key=key, known=", ".join(sorted(KEYS))), key)
    kind = sheet.take("kind", str, "predict", required=True)
    if kind not in KINDS:
        sheet.problem(T("There is no kind `{kind}`; there are: {known}.", kind=kind, known=", ".join(KINDS)), "kind")
        kind = "predict"
    exercise = Exercise(
        id=path.stem,
        path=path,
        kind=kind,
        concept=sheet.take("concept", str, "", required=True),
        title=sheet.both(sheet.values.get("title"), "title"),
        question=sheet.both(sheet.values.get("question"), "question"),
        hints=_hints(sheet),
        after=sheet.strings("after"),
        draw=_values(sheet, "draw"),
        where=sheet.strings("where"),
        let=_values(sheet, "let"),
        program=sheet.take("program", str, "").strip("\n"),
        programs={k: str(v).strip("\n") for k, v in sheet.tables("programs").items()},
        answer=sheet.take("answer", str, "").strip(),
        digits=sheet.take("digits", int, 0),
        ranges={k: str(v) for k, v in sheet.tables("range").items()},
        mistakes=_mistakes(sheet, shared),
        options=_each(sheet, "option", _option),
        require=_each(sheet, "require", _requirement),
        solution=sheet.take("solution", str, "").strip("\n"),
        why=sheet.both(sheet.values["why"], "why") if "why" in sheet.values else None,
        arithmetic=sheet.flag("arithmetic"),
        unit=sheet.one_of("unit", UNITS),
        names=sheet.strings("names"),
        same_as=_same_as(sheet),
        show=sheet.take("show", int, 0),
        few_texts=sheet.take("few_texts", str, "").strip(),
    )
    _check(sheet, exercise)
    return exercise, sheet.problems


def _values(sheet: Sheet, key: str) -> dict[str, Any]:
    """Numbers to draw or to name: texts are ranges or expressions, lists and numbers stand for themselves."""
    values = sheet.tables(key)
    return {name: constant(_spread(sheet, value)) if key == "let" else value for name, value in values.items()}


def _spread(sheet: Sheet, value: Any) -> Any:
    """A text of a course in one language stands for both."""
    if len(sheet.languages) > 1 or not isinstance(value, dict):
        return value
    return dict.fromkeys(LANGUAGES, value.get(sheet.languages[0], ""))


def _hints(sheet: Sheet) -> tuple[Both, ...]:
    found = sheet.take("hints", (dict, list), {}, required=True)
    only = sheet.languages[0] if len(sheet.languages) == 1 else ""
    if isinstance(found, list):
        found = dict.fromkeys(LANGUAGES, found) if only else {}
    elif only:
        found = dict.fromkeys(LANGUAGES, found.get(only))
    lists = [found.get(language) for language in LANGUAGES]
    for language, hints in zip(LANGUAGES, lists, strict=True):
        if not isinstance(hints, list) or len(hints) != 3 or not all(isinstance(h, str) and h.strip() for h in hints):
            key = "hints" if only else f"hints.{language}"
            sheet.problem(T("`{key}` are three texts: the formula, the substitution, the first step.", key=key), key)
            return ()
    return tuple(Both(en.strip(), es.strip()) for en, es in zip(*lists, strict=True))


def _mistakes(sheet: Sheet, shared: Mapping[str, Both]) -> tuple[Mistake, ...]:
    found = []
    for id, value in sheet.tables("mistake").items():
        key = f"mistake.{id}"
        table = {"answer": value} if isinstance(value, str) else value
        if not isinstance(table, dict) or table.keys() - {
            "answer",
            "instead",
            "program",
            "when",
            "example",
            "en",
            "es",
            "text",
        }:
            sheet.problem(
                T("A mistake is an expression, or a table of: answer, instead, program, when, example, en, es."), key
            )
            continue
        ways = [way for way in ("answer", "instead", "program", "when") if way in table]
        if len(ways) != 1:
            sheet.problem(T("A mistake has one of: answer, instead, program, when."), key)
            continue
        told = any(name in table for name in (*LANGUAGES, "text"))
        if not told and id not in shared:
            sheet.problem(T("The mistake `{id}` has no text here, and course.toml has none either.", id=id), key)
            continue
        text = sheet.both(table, key) if told else shared[id]
        found.append(
            Mistake(
                id,
                text,
                str(table.get("answer", "")),
                table.get("instead", {}),
                str(table.get("program", "")).strip("\n"),
                str(table.get("when", "")),
                str(table.get("example", "")).strip("\n"),
            )
        )
    return tuple(found)


_FREE = re.compile(
    r"everything|(?:[a-z0-9]+\.)?(?:[1-9]\d?\.)?"
    r"(?:layer|kind|activation|window|stride|dilation|padding|filters|units|groups|bias|frozen|others)"
)
"""What a program may do otherwise: `padding`, `conv.padding`, `conv.2.window`, `everything`."""


def _same_as(sheet: Sheet) -> SameAs | None:
    """What of the solution a student's net has to keep; None where the exercise does not say."""
    if "same_as" not in sheet.values:
        return None
    table = sheet.take("same_as", dict, {})
    lists = {key: table.get(key, []) for key in ("free", "also")}
    if table.keys() - lists.keys() or not all(
        isinstance(v, list) and all(isinstance(e, str) for e in v) for v in lists.values()
    ):
        sheet.problem(T("`{key}` has `free` and `also`, lists of texts.", key="same_as"), "same_as")
        return SameAs()
    for name in lists["free"]:
        if not _FREE.fullmatch(name):
            sheet.problem(
                T("`{text}` cannot be left free; write `padding`, `conv.padding`, `conv.2.window`.", text=name),
                "same_as.free",
            )
    return SameAs(tuple(lists["free"]), tuple(p.strip("\n") for p in lists["also"]))


def _each(sheet: Sheet, key: str, build: Callable[[Sheet, str, dict[str, Any]], Any]) -> tuple[Any, ...]:
    found = []
    for id, table in sheet.tables(key).items():
        if isinstance(table, dict):
            found.append(build(sheet, id, table))
        else:
            sheet.problem(T("`{key}` is a table.", key=f"{key}.{id}"), f"{key}.{id}")
    return tuple(found)


def _option(sheet: Sheet, id: str, table: dict[str, Any]) -> Option:
    key = f"option.{id}"
    right = table.get("right", False)
    if not isinstance(right, bool | str):
        sheet.problem(T("`{key}` is true, false or an expression.", key=f"{key}.right"), f"{key}.right")
    return Option(id, right, sheet.both(table, key), sheet.both(table.get("why"), f"{key}.why"))


def _requirement(sheet: Sheet, id: str, table: dict[str, Any]) -> Requirement:
    key = f"require.{id}"
    if not isinstance(table.get("test"), str):
        sheet.problem(T("`{key}` is missing.", key=f"{key}.test"), key)
    return Requirement(id, str(table.get("test", "False")), sheet.both(table, key))


def _check(sheet: Sheet, exercise: Exercise) -> None:
    """What each kind needs."""
    kind = exercise.kind
    needed = []
    if kind in PROGRAM_KINDS:
        needed = ["solution", "require"] if kind == "build" else ["program", "solution"]
    elif kind == "hole":
        needed = ["program"]
    elif kind == "choice":
        needed = ["option"]
    elif not exercise.options:
        needed = ["answer"]
    for key in needed:
        if key not in sheet.values:
            sheet.problem(T("An exercise of the kind `{kind}` needs `{key}`.", kind=kind, key=key), "kind")
    if exercise.show and not 2 <= exercise.show <= len(exercise.options):
        sheet.problem(T("`show` is a number from 2 to {n}, the number of options.", n=len(exercise.options)), "show")
    for name in exercise.draw.keys() & exercise.let.keys():
        sheet.problem(T("`{name}` is both drawn and set.", name=name), f"let.{name}")
