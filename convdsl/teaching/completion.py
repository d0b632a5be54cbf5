"""Completion in a session: the words of the language, and behind a colon the session's commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from convdsl import editing
from convdsl.editing import Proposal
from convdsl.layers import BY_NAME
from convdsl.messages import T, translate
from convdsl.network import Analysis
from convdsl.teaching.commands import COMMANDS, SPANISH, Command, meant, shown

if TYPE_CHECKING:
    from convdsl.teaching.questions import Question


def proposals(
    text: str, analysis: Analysis, exercises: Iterable[str] = (), commands: Mapping[str, Command] = COMMANDS
) -> list[Proposal]:
    """What could stand at the end of a text, the most usual first. File names are not among it."""
    line = text.rpartition("\n")[2].lstrip()
    if not line.startswith(":"):
        return editing.proposals(text, analysis)
    return _behind_colon(line, analysis, exercises, commands)


def choices(text: str, question: Question) -> list[Proposal]:
    """What could be the answer to a question that has options: their letters."""
    typed = text.strip().lower()
    return [Proposal(k, len(text), option) for k, option in question.options if k.startswith(typed) and k != typed]


def _behind_colon(
    line: str, analysis: Analysis, exercises: Iterable[str], commands: Mapping[str, Command]
) -> list[Proposal]:
    name, space, rest = line[1:].partition(" ")
    if not space:
        own = {shown(c): c for c in commands}
        others = {
            n: c for n, c in ({n: n for n in commands} | {s: n for n, s in SPANISH.items()}).items() if c in commands
        }
        for names in (own, others):  # the other language's names are taken too, but not offered without need
            found = [
                Proposal(f":{n}", len(line), str(commands[c].does))
                for n, c in names.items()
                if n.startswith(name.lower())
            ]
            if found:
                return found
        return []
    name = meant(name.rstrip("!"))
    typed = rest.rpartition(" ")[2]
    nodes = analysis.network.nodes
    known: dict[str, str] = {}
    if name == "lang":
        known = {"es": "español", "en": "English"}
    elif name in ("set", "unset"):
        ending = "=" if name == "set" else ""
        known = {f"{s}{ending}": "" for s in sorted(analysis.network.mentioned)}
    elif name == "explain":
        known = {str(n.index): n.text for n in nodes}
    elif name == "show":
        known = {str(T("text")): ""}
    elif name in ("exercise", "reset"):
        known = dict.fromkeys([*exercises, *([str(T("all"))] if name == "reset" else [])], "")
    elif name == "help":
        known = {n: translate(c.documentation()) for n, c in BY_NAME.items()}
    return [Proposal(w, len(typed), m) for w, m in known.items() if w.startswith(typed) and w != typed]
