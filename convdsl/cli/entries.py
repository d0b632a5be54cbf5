"""Where a conversation's entries come from, and the lines of a pipe as entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from convdsl.teaching.answers import Answer
from convdsl.teaching.session import Session


class Entries(Protocol):
    """Where entries come from: a line each, or several that belong together. `terminal` is where somebody sits."""

    terminal: bool

    def greet(self) -> None:
        """Says what this is, where there is somebody to read it."""

    def __iter__(self) -> Iterator[str]: ...

    def heard(self, text: str, answer: Answer) -> None:
        """Tells what came of an entry, before the next one is asked for."""

    def stopped(self) -> None:
        """Tells that somebody at a terminal stopped what an entry asked for."""


class Pipe:
    """Entries that are the lines of a file."""

    terminal = False

    def __init__(self, session: Session, lines: Iterable[str]) -> None:
        self._entries = entries(session, lines)

    def greet(self) -> None:
        """A pipe holds answers only."""

    def __iter__(self) -> Iterator[str]:
        return self._entries

    def heard(self, text: str, answer: Answer) -> None:
        """Nobody is there to edit a line that was wrong."""

    def stopped(self) -> None:
        """Nobody is there to stop anything."""


def entries(session: Session, lines: Iterable[str]) -> Iterator[str]:
    """Lines, and groups of them that belong together. A command ends an answer that goes before it."""
    waiting: list[str] = []
    for line in lines:
        if waiting and session.practice.question is not None and line.lstrip().startswith(":"):
            yield "\n".join(waiting)
            waiting.clear()
        waiting.append(line.rstrip("\r\n"))
        if not session.wants_more("\n".join(waiting)):
            yield "\n".join(waiting)
            waiting.clear()
    if waiting:
        yield "\n".join(waiting)
