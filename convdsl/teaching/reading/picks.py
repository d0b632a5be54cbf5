"""Answers that pick: a letter of a choice, values for the holes of a program."""

from __future__ import annotations

import re

from convdsl.messages import T
from convdsl.teaching.reading.values import Unclear, shortened, tidy


def read_letter(text: str, options: list[tuple[str, str]]) -> tuple[str, str]:
    """The option that is meant, as (letter, text): by its letter or by its text. Raises Unclear."""
    text = tidy(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    bare = re.sub(r"^(?:la|opción|opcion|option|answer|respuesta)\s+", "", text.casefold()).strip(" .()[]")
    for letter, shown in options:
        if bare in (letter, f"{letter})") or bare == " ".join(shown.casefold().split()).strip(" ."):
            return letter, shown
    leading = re.match(r"\(?([a-z])[).:]\s", text.casefold())
    for letter, shown in options:
        if leading and leading[1] == letter:
            return letter, shown
    letters = ", ".join(letter for letter, _ in options)
    raise Unclear(
        T("“{text}” is none of the answers; write one letter: {letters}.", text=shortened(text), letters=letters)
    )


def alternatives(text: str) -> list[str]:
    """An answer that names several, `N = 35 or N = 36`, in its parts; dots at its end stand for nothing."""
    parts = re.split(r"\s(?:or|o|u)\s", tidy(text).rstrip(".… "), flags=re.IGNORECASE)
    return [part for part in parts if part.strip()] or [text]


def read_holes(text: str, names: tuple[str, ...]) -> dict[str, int | str]:
    """A value for each hole: `5`, `k=5`, `k = 5, p = 2`, or the line with them in it. Raises Unclear."""
    text = tidy(text)
    if not text:
        raise Unclear(T("Nothing was written."))
    found: dict[str, int | str] = {}
    for name in names:
        matches = _stated(re.escape(name) + r"\s*[=:]", text) or _stated(re.sub(r"_\d+$", "", name) + r"\s*[=:]?", text)
        if len(set(matches)) == 1:
            found[name] = matches[0].lower() if not matches[0].isdecimal() else int(matches[0])
    if len(found) == len(names):
        return found
    numbers = re.findall(r"(?<!_)\d+", text)
    if len(numbers) == len(names) and not found and all(len(n) < 10 for n in numbers):
        return {name: int(n) for name, n in zip(names, numbers, strict=True)}
    if len(names) == 1 and re.fullmatch(r"p?\s*=?\s*(same|valid)", text.lower()) and names[0] == "p":
        return {"p": text.lower().replace("=", " ").split()[-1]}
    wanted = ", ".join(f"{n} = …" for n in names)
    raise Unclear(
        T(
            "“{text}” does not say what stands for the hole; write: {wanted}.",
            "“{text}” does not say what stands for each of the {n} holes; write: {wanted}.",
            n=len(names),
            text=shortened(text),
            wanted=wanted,
        )
    )


def _stated(name: str, text: str) -> list[str]:
    return re.findall(rf"(?<![^\W\d_]){name}\s*(\d{{1,9}}|same|valid)\b", text, re.IGNORECASE)
