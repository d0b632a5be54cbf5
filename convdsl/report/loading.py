"""What is shown while data are fetched and read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from convdsl.report.console import console

Loading = tuple[Callable[[Any, int, int | None], None] | None, Callable[[Any], None]]


@contextmanager
def loading(visible: bool) -> Iterator[Loading]:
    """The functions `progress` and `warn` that a loader calls: a bar in a terminal, warnings on standard error."""
    out = console(sys.stderr)

    def warn(note: Any) -> None:
        print(note, file=sys.stderr)

    if not visible or not out.is_terminal:
        yield None, warn
        return
    tasks: dict[str, Any] = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
    ) as bar:

        def progress(what: Any, done: int, total: int | None) -> None:
            name = str(what)
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield progress, warn
