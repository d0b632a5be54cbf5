"""Completion in a session: the words of the language, and behind a colon the session's commands."""

from __future__ import annotations

from collections.abc import Iterable

from convdsl import editing
from convdsl.editing import Proposal
from convdsl.layers import BY_NAME
from convdsl.messages import translate
from convdsl.network import Analysis
from convdsl.teaching.commands import COMMANDS


def proposals(text: str, analysis: Analysis, exercises: Iterable[str] = ()) -> list[Proposal]:
    """What could stand at the end of a text, the most usual first. File names are not among it."""
    line = text.rpartition("\n")[2].lstrip()
    return _behind_colon(line, analysis, exercises) if line.startswith(":") else editing.proposals(text, analysis)


def _behind_colon(line: str, analysis: Analysis, exercises: Iterable[str]) -> list[Proposal]:
    name, space, rest = line[1:].partition(" ")
    if not space:
        return [Proposal(f":{c}", len(line), str(d.does)) for c, d in COMMANDS.items() if c.startswith(name)]
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
        known = {"text": ""}
    elif name in ("exercise", "reset"):
        known = dict.fromkeys(exercises, "")
    elif name == "help":
        known = {n: translate(c.documentation()) for n, c in BY_NAME.items()}
    return [Proposal(w, len(typed), m) for w, m in known.items() if w.startswith(typed) and w != typed]
