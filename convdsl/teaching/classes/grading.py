"""Marks many files in processes of their own, each with limits on time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, NamedTuple

from convdsl import isolated
from convdsl.messages import Rounded, T, language
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


class How(NamedTuple):
    """How marking is done: what an answer may cost, how many processes, whether derivations are wanted, and whether
    forms of another version of the sheet are marked."""

    limits: Limits = Limits()
    jobs: int = 0
    explain: bool = False
    changed: bool = False


class _Worker:
    """A process that marks file after file. It is replaced after a file that it did not survive."""

    def __init__(self, settings: str, limits: Limits) -> None:
        self.settings = settings
        self.limits = limits
        self.process: subprocess.Popen[str] | None = None

    def mark(self, request: dict[str, Any]) -> list[dict[str, Any]] | T:
        """The answer to a request, or why there is none."""
        if self.process is None:
            self._start()
        answer, in_time = self._ask(json.dumps(request), self.limits.seconds)
        if answer.endswith("\n") and in_time:
            found: list[dict[str, Any]] = json.loads(answer)
            return found
        self.stop()
        if not in_time:
            return T("Stopped: it took longer than {n} seconds.", n=Rounded(self.limits.seconds))
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
        timer = threading.Timer(seconds, process.kill)
        end = monotonic() + seconds
        timer.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline(), monotonic() <= end  # the timer's thread may come late itself
        except OSError:
            return "", monotonic() <= end
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            process.communicate()


class Work(NamedTuple):
    """One file to mark: the answers by exercise, and the seed of the numbers."""

    seed: int
    answers: Mapping[str, str]
    only: tuple[str, ...] | None = None
    """The exercises to look at; all without."""
    language: str = ""
    """That of the form, whose options and separators are read so; without, that of the lecturer."""


def grade(
    works: Sequence[Work],
    course: Course,
    exercises: Sequence[Exercise],
    limits: Limits | None = None,
    jobs: int = 0,
    explain: bool = False,
) -> Iterator[list[dict[str, Any]]]:
    """For each work, in their order, what became of each exercise (see worker.marked). An answer that costs more than
    the limits is unclear, and the others are marked all the same. Raises OSError where no process can be started."""
    if not works:
        return
    limits = limits or Limits()
    settings = json.dumps(
        {
            "course": str(course.folder.resolve()),
            "exercises": [e.id for e in exercises],
            "megabytes": limits.megabytes,
        }
    )
    spoken = language()
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(works), 8))
    local = threading.local()
    workers: list[_Worker] = []

    def one(work: Work) -> list[dict[str, Any]]:
        if not hasattr(local, "worker"):
            local.worker = _Worker(settings, limits)
            workers.append(local.worker)
        wanted = work.only or tuple(e.id for e in exercises)
        request = {"seed": work.seed, "answers": dict(work.answers), "explain": explain, "only": wanted}
        request["language"] = work.language or spoken
        reply = local.worker.mark(request)
        return reply if isinstance(reply, list) else [alone(request, id, reply) for id in wanted]

    def alone(request: dict[str, Any], id: str, reason: T) -> dict[str, Any]:
        """What becomes of one answer of a work that as a whole was too much."""
        if id in request["answers"] and len(request["answers"]) == 1:
            return {"exercise": id, "status": "unclear", "message": str(reason)}
        answers = {k: v for k, v in request["answers"].items() if k == id}
        reply = local.worker.mark({**request, "answers": answers, "only": [id]})
        return reply[0] if isinstance(reply, list) else {"exercise": id, "status": "unclear", "message": str(reply)}

    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(one, works)
        finally:
            pool.shutdown(cancel_futures=True)
            for worker in workers:
                worker.stop()
