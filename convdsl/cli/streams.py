"""Standard input, output and error: there even where the caller closed them, and able to write every character."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from convdsl.messages import harmless

CLOSED_PIPE = 141
"""The exit status of a program whose reader went away, by the shells' custom: 128 and the number of the signal."""
_PLAIN = {"×": "x", "·": "*", "−": "-", "–": "-", "→": "->", "…": "...", "²": "^2", "│": "|", "▸": ">", "─": "-"}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding such as ASCII lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end


class Filtered:
    """A stream that shows control characters in what is written as escapes. `unfiltered` is the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self.unfiltered = stream

    def write(self, text: str) -> int:
        self.unfiltered.write(harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


@contextmanager
def filtered() -> Iterator[None]:
    """Standard output and error through a filter, for as long as a command runs."""
    before = sys.stdout, sys.stderr
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Filtered):
            setattr(sys, name, Filtered(stream))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def prepare() -> None:
    """Opens standard streams that are closed, and keeps a character that a terminal or a file cannot hold from ending the
    program: Windows writes into files with a code page of 256 characters."""
    codecs.register_error("convdsl", _plainly)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # as long as the process
        elif mode == "w" and isinstance(stream, io.TextIOWrapper) and not is_unicode(stream.encoding):
            stream.reconfigure(errors="convdsl")


def is_unicode(encoding: str | None) -> bool:
    """Whether an encoding has every character."""
    return (encoding or "").lower().replace("_", "-").startswith("utf")


def abandon_output() -> None:
    """Writes what is still to be written; nowhere, if nobody reads standard output or its disk is full."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
