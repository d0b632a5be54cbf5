"""A file system that fails, or on which the process is killed, at one call of those that the one writer makes."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from convdsl import files

CALLS = ("open", "write", "fsync", "close", "chmod", "chown", "link", "replace")


class Disk:
    """Stands for `os` in convdsl.files. Before or after the call number `at` (from 0) something happens."""

    def __init__(
        self, at: int | None = None, kill: bool = False, error: int = errno.ENOSPC, short: bool = False
    ) -> None:
        self.at, self.kill, self.error, self.short = at, kill, error, short
        self.count = 0
        self.names: list[str] = []

    def __getattr__(self, name: str) -> Any:
        true = getattr(os, name)
        if name not in CALLS:
            return true

        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & os.O_CREAT:  # for reading
                return true(*arguments, **options)
            number, self.count = self.count, self.count + 1
            self.names.append(name)
            if number != self.at:
                return true(*arguments, **options)
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "close":
                true(*arguments)
            if name == "write" and self.short:
                true(arguments[0], arguments[1][: len(arguments[1]) // 2])
            raise OSError(self.error, os.strerror(self.error))

        return call


@contextmanager
def faulty(disk: Disk) -> Iterator[Disk]:
    files.os = disk  # type: ignore[assignment, attr-defined]
    try:
        yield disk
    finally:
        files.os = os  # type: ignore[attr-defined]


def points(act: Callable[[], object]) -> Disk:
    """The calls that an action makes when nothing goes wrong."""
    with faulty(Disk()) as disk:
        act()
    return disk


def killed(act: Callable[[], object], at: int | None = None, after: float | None = None) -> int:
    """Does something in a child that is killed, before its call number `at` or `after` some seconds; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            with faulty(Disk(at, kill=True)):
                act()
        finally:
            os._exit(0)
    if after is not None:
        import time

        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]
