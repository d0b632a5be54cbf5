"""The file with a student's progress: what stands in it for each exercise, how versions are read, how two are merged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from convdsl.messages import T

VERSION = 3
"""Of the file. The first had no sum, the second no times and no single tries."""
MOST_TRIES = 40
"""Single tries that are kept for an exercise; the sums count all."""
_LAST_SECOND = 2**37
"""Some time in the year 6325: no date is computed from what lies behind it."""
_VERDICTS = ("right", "wrong", "shown")


class Try(NamedTuple):
    """One answer, or an answer that was shown: when (in seconds since 1970), to which numbers, what became of it (`right`,
    `wrong`, `shown`), which misconception it had, and how many seconds it took."""

    time: int
    seed: int
    verdict: str
    mistake: str = ""
    seconds: int = 0


class Record(NamedTuple):
    """What is known of one exercise: tries, hints seen, the seed of the numbers last asked, solved or skipped; `shown`
    is the seed of the numbers whose answer was shown last: they count no more. `seconds` is how long all tries took, `history`
    the last of them, the earliest first."""

    tries: int = 0
    hints: int = 0
    seed: int = 0
    solved: bool = False
    skipped: bool = False
    shown: int = 0
    seconds: int = 0
    history: tuple[Try, ...] = ()


class Content(NamedTuple):
    """What a file with progress says: the records of one course, those of all others as they are, and whether something
    in it was left out or is not what its sum says; `lost` is no file, or one in which there is nothing."""

    records: dict[str, Record]
    others: dict[str, Any]
    doubtful: bool = False
    lost: bool = False


class Later(Exception):
    """A file of a later version than this."""


class NoProgress(Exception):
    """A file in which no progress can be found; `message` says why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(message)


def understood(data: bytes, course: str) -> Content:
    """The content of a file of this version or an earlier one. Raises Later, NoProgress."""
    if not data.strip():
        raise NoProgress(T("it is empty"))
    try:
        found = json.loads(data)
    except UnicodeDecodeError:
        raise NoProgress(T("it is no text")) from None
    except (ValueError, RecursionError):
        raise NoProgress(T("it is cut off, or no JSON")) from None
    version = found.get("version") if isinstance(found, dict) else None
    if type(version) is int and version > VERSION:
        raise Later
    courses = found.get("courses") if isinstance(found, dict) else None
    if type(version) is not int or version < 1 or not isinstance(courses, dict):
        raise NoProgress(T("it is JSON, but no progress"))
    doubtful = version > 1 and found.get("sum") != _sum(courses)
    mine = courses.pop(course, {})
    if not isinstance(mine, dict):
        raise NoProgress(T("it is JSON, but no progress"))
    records = {}
    for id, values in mine.items():
        record, whole = _record(values)
        doubtful |= not whole
        if record is not None:
            records[id] = record
    return Content(records, courses, doubtful)


def _record(values: Any) -> tuple[Record | None, bool]:
    """One record as far as it can be taken, and whether that is all of it."""
    if not isinstance(values, dict):
        return None, False
    kept = {name: values[name] for name in Record._fields if name in values and name != "history"}
    if not all(_is_right(name, value) for name, value in kept.items()):
        return None, False
    written = values.get("history", [])
    tries = [_try(t) for t in written] if isinstance(written, list) else [None]
    history = tuple(t for t in tries if t is not None)
    return Record(**kept, history=history[-MOST_TRIES:]), len(history) == len(tries)


def _is_right(name: str, value: Any) -> bool:
    return type(value) is type(Record._field_defaults[name]) and 0 <= value < 2**63


def _try(values: Any) -> Try | None:
    if not isinstance(values, list) or len(values) != len(Try._fields):
        return None
    found = Try(*values)
    numbers = (found.time, found.seed, found.seconds)
    right = all(type(n) is int and 0 <= n < 2**63 for n in numbers) and found.time < _LAST_SECOND
    return found if right and found.verdict in _VERDICTS and isinstance(found.mistake, str) else None


def latest(history: tuple[Try, ...], *new: Try) -> tuple[Try, ...]:
    """A history with tries more, in the order of time, and no longer than is kept."""
    return tuple(sorted((*history, *new), key=lambda t: t.time)[-MOST_TRIES:])


def merged(mine: dict[str, Record], before: dict[str, Record], theirs: dict[str, Record]) -> dict[str, Record]:
    """What is in the file, `theirs`, with what has changed here since it was `before`."""
    result = {}
    for id in dict.fromkeys((*theirs, *mine)):
        here, then, there = mine.get(id), before.get(id), theirs.get(id)
        if here == then:
            kept = there
        elif here is None or there == then or (then is None and there is None):
            kept = here
        elif there is None:  # forgotten elsewhere: what was done here since is kept
            kept = _since(here, then or Record())
        else:  # the same exercise in two places at once
            old = then or Record()
            kept = here._replace(
                tries=there.tries + max(here.tries - old.tries, 0),
                hints=max(here.hints, there.hints),
                solved=here.solved or there.solved,
                skipped=(here.skipped or there.skipped) and not (here.solved or there.solved),
                seconds=there.seconds + max(here.seconds - old.seconds, 0),
                history=latest(there.history, *(t for t in here.history if t not in old.history)),
            )
        if kept is not None:
            result[id] = kept
    return result


def _since(now: Record, before: Record) -> Record:
    """What was done to an exercise after it was as it was `before`."""
    return now._replace(
        tries=max(now.tries - before.tries, 0),
        hints=max(now.hints - before.hints, 0),
        solved=now.solved and not before.solved,
        skipped=now.skipped and not before.skipped,
        seconds=max(now.seconds - before.seconds, 0),
        history=tuple(t for t in now.history if t not in before.history),
    )


def written(courses: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The file: records of one course, and those of others as they were read."""
    plain = {course: {id: _plain(record) for id, record in records.items()} for course, records in courses.items()}
    data = {"version": VERSION, "sum": _sum(plain), "courses": plain}
    return json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _plain(record: Any) -> Any:
    if not isinstance(record, Record):
        return record
    return {**record._asdict(), "history": [list(t) for t in record.history]}


def _sum(courses: dict[str, Any]) -> str:
    """Notices damage and edits; it is no secret."""
    from hashlib import sha256

    return sha256(json.dumps(courses, sort_keys=True).encode()).hexdigest()[:16]
