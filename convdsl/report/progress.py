"""A student's progress as a table for spreadsheets: a row for every exercise of the course."""

from __future__ import annotations

from datetime import datetime

from convdsl.messages import T
from convdsl.teaching.progress import Progress
from convdsl.teaching.sheets.tables import written

STATES = {"solved": T("solved"), "skipped": T("skipped"), "tried": T("tried"), "open": T("open")}
_HEADS = (
    T("exercise"),
    T("concept"),
    T("state"),
    T("tries"),
    T("hints"),
    T("seconds"),
    T("last answer"),
    T("last mistake"),
    T("comes back on"),
)


def table(progress: Progress) -> str:
    """The table in CSV. Times are the clock's of this place; a mistake is named as in the exercise's file; what is not known, or
    will not come back, is empty."""
    cards = {card.exercise: card for card in progress.cards()}
    rows: list[list[object]] = [[str(head) for head in _HEADS]]
    for exercise in progress.course.exercises:
        record, card = progress.of(exercise), cards.get(exercise.id)
        answered = [t for t in record.history if t.verdict != "shown"]
        last = datetime.fromtimestamp(answered[-1].time).isoformat(" ", "seconds") if answered else ""
        mistake = next((t.mistake for t in reversed(record.history) if t.mistake), "")
        back = card.day.isoformat() if card is not None else ""
        state = str(STATES[progress.state(exercise)])
        work = (record.tries, record.hints, record.seconds)
        rows.append([exercise.id, exercise.concept, state, *work, last, mistake, back])
    return written(rows)
