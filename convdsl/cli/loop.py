"""The one loop behind `convdsl repl` and `convdsl course`: entries come in, from a terminal or a pipe, answers go out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from rich.console import Console

from convdsl.cli.called import respond
from convdsl.cli.parsing import CallError
from convdsl.messages import T
from convdsl.teaching.answers import Answer, Ended, Marked, Told, is_wrong
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


class Outcome(NamedTuple):
    """How a conversation went: whether any entry was wrong, and whether the last answer to an exercise was."""

    any_wrong: bool
    last_wrong: bool


def talk(session: Session, out: Console, source: Entries, first: Answer | None = None) -> Outcome:
    """Shows what comes first, if anything does, then answers entry after entry, until the end of them, or of the course in
    a session about it. Raises CallError where there is nobody to read that progress cannot be saved."""
    wrong = last = False
    source.greet()
    if first is not None:
        respond(out, first)
        out.file.flush()
    for text in source:
        try:
            answer = session.enter(text)
            if isinstance(answer, Ended):
                break
            failed = respond(out, answer) != 0
            wrong |= failed or is_wrong(answer)
            if isinstance(answer, Marked) and answer.verdict.status != "unclear":
                last = not answer.verdict.correct
            if session.studying and not source.terminal and isinstance(answer, Told) and answer.outside:
                raise CallError(answer.text)
            source.heard(text, answer)
            if (follows := session.following()) is not None:
                respond(out, follows)
                if session.practice.question is None:
                    break
        except KeyboardInterrupt:
            if not source.terminal:
                raise
            out.print(str(T("Stopped.")))
            source.stopped()
        out.file.flush()
    return Outcome(wrong, last)


def at_terminal() -> bool:
    """Whether somebody sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def keyboard_or_pipe(session: Session, out: Console) -> Entries:
    """The entries of somebody at a terminal, or the lines of standard input."""
    if not at_terminal():
        return Pipe(session, iter(sys.stdin.readline, ""))
    from convdsl.cli.prompt import Keyboard

    return Keyboard(session, out)


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
