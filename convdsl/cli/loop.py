"""The one loop behind `convdsl repl` and `convdsl course`: entries come in, from a terminal or a pipe, answers go out."""

from __future__ import annotations

import sys
from typing import NamedTuple

from rich.console import Console

from convdsl.cli.called import respond
from convdsl.cli.entries import Entries, Pipe
from convdsl.cli.parsing import CallError
from convdsl.messages import T
from convdsl.teaching.answers import Answer, Ended, Marked, Told, is_wrong
from convdsl.teaching.session import Session


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
