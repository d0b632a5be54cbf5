"""Fetches a file once and for all: from several mirrors, going on where it broke off, checked before it is used."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import IO

from convdsl import files, locks
from convdsl.datasets.dataset import DataError, Progress
from convdsl.datasets.memory import human
from convdsl.messages import T, reason

TIMEOUT = 20.0
"""Seconds without a byte before a connection counts as dead."""
PAUSE = 1.0
"""Seconds before a broken transfer is taken up again; doubled each time."""
_TRIES = 5  # without a new byte, from a mirror that has given some
_FIRST_TRIES = 2  # from one that has not
_PIECE = 1 << 16


class _Broken(Exception):
    """The connection died; what came is kept."""


class _Refused(Exception):
    """This mirror does not have the file, or another one."""


def fetch(
    urls: Sequence[str],
    target: Path,
    verify: Callable[[Path], object],
    size: int,
    progress: Progress | None = None,
) -> Path:
    """Download `target` from the first of `urls` that has it; `verify` raises DataError for a wrong file.

    What has come lies in `target` + ".part", so that a later call goes on from there; `target` itself appears whole and
    verified, or not at all. Several processes may fetch the same file at once. `size` in bytes is about what is
    expected: twice as much is refused. Raises DataError, naming every mirror and what happened there.
    """
    problems: list[str] = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if free < size:
            raise DataError(
                T(
                    "{name} needs {size}, and {folder} has {free} left.",
                    name=target.name,
                    size=human(size),
                    folder=target.parent,
                    free=human(free),
                ),
                _elsewhere(),
            )
        with _partial(target) as file:
            for url in urls:
                try:
                    _from(url, file, size, verify, progress)
                except _Refused as error:
                    problems.append(f"\n  {url}: {error}")
                    continue
                files.settled(file, target)
                return target
    except OSError as error:
        raise DataError(
            T("{folder} cannot be written: {why}.", folder=target.parent, why=reason(error)), _elsewhere()
        ) from None
    raise DataError(T("{name} could not be downloaded:{problems}", name=target.name, problems="".join(problems)))


def _from(url: str, file: IO[bytes], size: int, verify: Callable[[Path], object], progress: Progress | None) -> None:
    """Fill `file` from one mirror until it is whole and verified. Raises _Refused."""
    tries = 0
    began = most = file.seek(0, os.SEEK_END)
    resumed = began > 0
    while True:
        try:
            _transfer(url, file, file.seek(0, os.SEEK_END), size, progress)
        except _Broken as error:
            tries = tries + 1 if file.tell() <= most else 0
            most = max(most, file.tell())
            if tries == (_TRIES if most > began else _FIRST_TRIES):
                raise _Refused(str(error)) from None
            time.sleep(PAUSE * 2**tries)
            resumed = True
            continue
        file.flush()
        try:
            verify(Path(file.name))
            return
        except DataError as error:
            file.truncate(0)
            if not resumed:
                raise _Refused(str(error.message)) from None
            resumed = False  # the pieces were of different files: once more from the start


def _transfer(url: str, file: IO[bytes], start: int, size: int, progress: Progress | None) -> None:
    """Append what is missing after `start` bytes. Raises _Broken or _Refused; OSError only if the disk fails."""
    headers = {"User-Agent": "convdsl", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:
            return  # nothing after what is here: it may be whole, which `verify` finds out
        if error.code in (408, 429) or error.code >= 500:
            raise _Broken(f"{error.code} {error.reason}") from None
        raise _Refused(f"{error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        passing = start or isinstance(error.reason, TimeoutError | ConnectionResetError)
        raise (_Broken if passing else _Refused)(str(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from None
    except ValueError as error:  # no address at all
        raise _Refused(str(error)) from None
    with answer:
        if answer.status != 206:
            start = 0
            file.truncate(0)
        elif not _begins_at(answer.headers.get("Content-Range"), start):
            raise _Refused(f"Content-Range: {answer.headers.get('Content-Range')}")
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if total and total > 2 * size:
            raise _Refused(f"{human(total)} instead of {human(size)}")
        done = file.seek(start)
        while piece := _next_piece(answer):
            done += file.write(piece)
            if done > 2 * size:
                file.truncate(0)
                raise _Refused(f"more than {human(2 * size)} instead of {human(size)}")
            if progress:
                progress(T("Downloading {name}", name=url.rpartition("/")[2]), done, total)
        if total is not None and done < total:
            raise _Broken(f"{human(done)} of {human(total)}")


def _next_piece(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(_PIECE)  # what is there now, so that nothing is lost if the rest never comes
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from None


def _begins_at(content_range: str | None, start: int) -> bool:
    match = re.match(r"bytes (\d+)-", content_range or "")
    return match is not None and int(match[1]) == start


@contextmanager
def _partial(target: Path) -> Iterator[BufferedRandom]:
    """The file in which `target` grows. Where another process fills it already, a file of our own."""
    path = target.with_name(target.name + ".part")
    file = files.growing(path)
    if not locks.taken(file.fileno()) or not locks.same(file.fileno(), path):
        file.close()
        file = files.growing(target.with_name(f"{target.name}.{os.urandom(8).hex()}.part"))
    try:
        yield file
    finally:
        file.close()
        left = Path(file.name)
        if left != path or (left.exists() and not left.stat().st_size):
            left.unlink(missing_ok=True)


def _elsewhere() -> T:
    return T(
        "Make room there, or name a folder that can be written: XDG_CACHE_HOME for downloads, or CONVDSL_DATA for "
        "data that you put there yourself."
    )
