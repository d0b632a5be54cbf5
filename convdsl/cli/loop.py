"""The one loop behind `convdsl repl` and `convdsl course`: entries come in, from a terminal or a pipe, answers go out."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any, NamedTuple

from rich.console import Console

from convdsl.cli.called import respond
from convdsl.cli.entries import Entries, Pipe
from convdsl.cli.parsing import CallError
from convdsl.cli.stopping import put_off
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
    with Interruptions(source.terminal) as interruptions:
        for text in source:
            try:
                interruptions.begin()
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
                interruptions.end()
            except KeyboardInterrupt:
                if not source.terminal:
                    raise
                interruptions.end()
                out.print(str(T("Stopped.")))
                source.stopped()
            except Exception as error:
                if not source.terminal or isinstance(error, CallError | OSError):
                    raise
                interruptions.end()
                out.print(str(_own_fault(error)), soft_wrap=True)
                source.stopped()
            out.file.flush()
    return Outcome(wrong, last)


def _own_fault(error: Exception) -> T:
    """What is said instead of ending a session whose network nobody has saved."""
    return T(
        "This is a fault of convdsl: {kind}: {text}. The network is as it was; `:save FILE` keeps it.",
        kind=type(error).__name__,
        text=error,
    )


class Interruptions:
    """Ctrl-C at a terminal, where it stops what an entry asked for, once. It is nothing between two entries, where it
    would end the session."""

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self._begun = False
        self._before: Any = None

    def __enter__(self) -> Interruptions:
        self._before = signal.getsignal(signal.SIGINT)
        self.end()
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            signal.signal(signal.SIGINT, self._before)

    def begin(self) -> None:
        """From here on Ctrl-C raises KeyboardInterrupt."""
        self._begun = True

    def end(self) -> None:
        """From here on it does not; whatever the entry has made of signals is put right."""
        self._begun = False
        if self.terminal:
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._begun and not put_off(number, frame):
            self._begun = False
            raise KeyboardInterrupt


def at_terminal() -> bool:
    """Whether somebody sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def keyboard_or_pipe(session: Session, out: Console) -> Entries:
    """The entries of somebody at a terminal, or the lines of standard input."""
    if not at_terminal():
        return Pipe(session, iter(sys.stdin.readline, ""))
    from convdsl.cli.prompt import Keyboard

    return Keyboard(session, out)
