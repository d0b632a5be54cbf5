"""Marks many files in processes of their own, each with limits on time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from convdsl import isolated
from convdsl.messages import T, language
from convdsl.teaching.classes.submissions import Mark
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import Exercise

SECONDS = 10.0
MEGABYTES = 1024
_START = 60.0
"""Seconds that a worker may take to begin."""


class Limits(NamedTuple):
    """What one file may cost: seconds, and megabytes of memory."""

    seconds: float = SECONDS
    megabytes: int = MEGABYTES


class _Worker:
    """A process that marks file after file. It is replaced after a file that it did not survive."""

    def __init__(self, settings: str, limits: Limits) -> None:
        self.settings = settings
        self.limits = limits
        self.process: subprocess.Popen[str] | None = None

    def mark(self, path: Path) -> Mark | T:
        """The marks of a file, or why there are none."""
        if self.process is None:
            self._start()
        answer, in_time = self._ask(json.dumps(str(path)), self.limits.seconds)
        if answer.endswith("\n"):
            values = json.loads(answer)
            return Mark(**{**values, "reasons": tuple(values["reasons"])})
        self.stop()
        if not in_time:
            return T("Stopped: it took longer than {n} seconds.", n=f"{self.limits.seconds:g}")
        return T("Stopped: it needed more than {n} MB of memory, or brought the process down.", n=self.limits.megabytes)

    def _start(self) -> None:
        self.process = (
            subprocess.Popen(  # a folder of submissions that is the current one must not lend its own modules
                isolated.command("convdsl.teaching.classes.worker", "serve"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        )
        answer, _ = self._ask(self.settings, _START)
        if answer.strip() != "ready":
            self.stop()
            raise OSError(str(T("The process that marks files does not start.")))

    def _ask(self, line: str, seconds: float) -> tuple[str, bool]:
        """The answer to a line, empty where there is none; and whether the time was kept."""
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline(), not late.is_set()
        except OSError:
            return "", not late.is_set()
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            process.communicate()


def grade(
    files: Sequence[Path],
    course: Course,
    exercises: Sequence[Exercise],
    seed: int | None,
    limits: Limits | None = None,
    jobs: int = 0,
) -> Iterator[Mark]:
    """The marks of each file, in their order. Raises OSError where no process can be started."""
    limits = limits or Limits()
    settings = json.dumps(
        {
            "course": str(course.folder.resolve()),
            "exercises": [e.id for e in exercises],
            "seed": seed,
            "megabytes": limits.megabytes,
            "language": language(),
        }
    )
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(files), 8))
    local = threading.local()
    workers: list[_Worker] = []

    def one(path: Path) -> Mark:
        if not hasattr(local, "worker"):
            local.worker = _Worker(settings, limits)
            workers.append(local.worker)
        answer = local.worker.mark(path)
        return answer if isinstance(answer, Mark) else Mark(path.name, 0, len(exercises), seed or 0, (str(answer),))

    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(one, files)
        finally:
            pool.shutdown(cancel_futures=True)
            for worker in workers:
                worker.stop()
