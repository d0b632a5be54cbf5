"""Says what a syntax error is, in the words of somebody who reads networks and not grammars."""

from __future__ import annotations

import unicodedata

from convdsl.diagnostics import Findings, Fix, Label, written
from convdsl.language import habits
from convdsl.language.keywords import KEYWORDS
from convdsl.language.statement import open_brackets
from convdsl.language.tokens import Token
from convdsl.messages import T
from convdsl.source import Span


def explain(tokens: list[Token], position: int, expected: set[str], findings: Findings) -> None:
    """Adds the diagnostic for the token at `position`, which the parser could not take."""
    token = tokens[position]
    before = tokens[position - 1] if position else None
    span = token.span
    kind = token.type
    shown = str(token) if len(token.text) <= 30 else str(token)[:29] + "…"
    habit = habits.answer(tokens, position, expected, findings.source.text)
    if habit is not None:
        findings.add(habit.code, habit.span, habit.message, help=habit.help)
    elif kind == "$END":
        _end(tokens, position, findings)
    elif kind == "STRAY":
        findings.add(
            "E108",
            span,
            T("The character {character} means nothing here.", character=_visible(shown)),
            help=_stray_help(token),
        )
    elif kind == "RBRACE" and not open_brackets(tokens[:position]):
        way = T("Remove it, or open its block with `{{`.")
        findings.add("E107", span, T("This `}}` closes nothing."), help=written(span, "", way))
    elif kind == "SEP":
        _separator(token, before, findings)
    elif "SEP" in expected and before is not None:
        findings.add(
            "E101",
            span,
            T("`{token}` cannot follow here.", token=shown),
            help=_arrow_before(token, T("Layers are separated by `->` or by the end of the line.")),
        )
    elif kind.lower() in KEYWORDS:
        findings.add(
            "E101",
            span,
            T("`{token}` begins a line of its own.", token=shown),
            help=written(span.front, "-> ", T("Put `->` or the end of the line before it.")),
        )
    else:
        findings.add("E101", span, T("`{token}` is not what belongs here.", token=shown), help=_wanted(expected))


def _end(tokens: list[Token], position: int, findings: Findings) -> None:
    opened = open_brackets(tokens[:position])
    end = tokens[position].span.start
    place = Span(max(end - 1, 0), end)
    if opened:
        bracket = opened[-1]
        missing = "}" if str(bracket) == "{" else ")"
        way = T("Add the missing `{bracket}`.", bracket=missing)
        findings.add(
            "E107",
            bracket.span,
            T("`{bracket}` is never closed.", bracket=str(bracket)),
            help=written(*_closing(tokens, bracket, missing, end), way),
            labels=(Label(place, T("the text ends here")),),
        )
    elif position and str(tokens[position - 1]) == "->":
        findings.add(
            "E101",
            tokens[position - 1].span,
            T("There is no layer behind this arrow."),
            help=written(tokens[position - 1].span, "", T("Write one, or remove the arrow.")),
        )
    else:
        last = tokens[position - 1].span if position else place
        findings.add("E101", last, T("The text ends in the middle of a line."), help=T("Finish it, or remove it."))


def _closing(tokens: list[Token], bracket: Token, missing: str, end: int) -> tuple[Span, str]:
    """Where a bracket that is never closed could be: behind what stands on its line, else at the end of the text."""
    behind = tokens[tokens.index(bracket) + 1 :]
    line: list[Token] = []
    for token in behind:
        if token.type == "$END" or str(token) == "\n":
            break
        line.append(token)
    if missing == "}":
        return (line[-1].span.back, " }") if line else (Span(end, end), "\n}")
    return (line[-1].span.back if line else bracket.span.back), ")"


def _separator(token: Token, before: Token | None, findings: Findings) -> None:
    span = token.span
    if str(token) == "->":
        findings.add(
            "E101",
            span,
            T("There is no layer on one side of this arrow."),
            help=written(span, "", T("An arrow stands between two layers: `conv 8 k3 -> maxpool 2`.")),
        )
    else:
        place = before.span if before is not None else span
        findings.add(
            "E101",
            place,
            T("The line ends here, but something is missing."),
            help=T("Finish it, or end it with `->` if the layer goes on in the next line."),
        )


def _visible(character: str) -> str:
    return f"`{character}`" if character.isprintable() else f"U+{ord(character[0]):04X}"


_LOOKALIKES = dict(zip("аеорсухкіѕјмт", "aeopcyxkisjmt", strict=True))
"""Cyrillic letters that are taken for Latin ones."""


def _meant(character: str) -> str | None:
    """The plain character that another only looks like."""
    plain = _LOOKALIKES.get(character) or unicodedata.normalize("NFKC", character)
    return plain if plain != character and plain.isascii() and plain.isprintable() else None


def _arrow_before(token: Token, way: T) -> T | Fix:
    """A layer behind a layer, on one line."""
    return written(token.span.front, "-> ", way) if token.type in ("WORD", "MIXED") else way


def _stray_help(token: Token) -> T | Fix:
    character = str(token)
    plain = _meant(character)
    if plain is not None:
        return written(token.span, plain, T("It only looks like `{plain}`: write that.", plain=plain), safe=True)
    if character in "[]":
        return T("A matrix is written `[1 0 -1; 2 0 -2]`, a group of layers in `{{ }}`.")
    if character in "\"'«»“”":
        return T("Text in quotes stands between two straight double quotes, on one line.")
    if character == "=":
        return T("A quantity is compared with =, <=, >=, < or >.")
    return written(token.span, "", T("Remove it. A comment begins with #."))


_NAMES = {
    "WORD": T("a word"),
    "NUMBER": T("a number"),
    "SYMBOL": T("a symbol such as N"),
    "HOLE": T("a hole `?`"),
    "LPAR": T("an expression in parentheses"),
    "LBRACE": T("`{{`"),
    "RBRACE": T("`}}`"),
    "RPAR": T("`)`"),
    "SEP": T("the end of the line or `->`"),
    "X": T("`x` and another size"),
    "EQUAL": T("`=`"),
}


def _wanted(expected: set[str]) -> T | None:
    names = [str(text) for kind, text in _NAMES.items() if kind in expected]
    return T("Here there could be: {list}.", list=", ".join(names)) if names else None
