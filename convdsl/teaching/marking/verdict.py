"""What is said about an answer."""

from __future__ import annotations

from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """`status` is right, wrong, or unclear where nothing could be understood, which does not count as a try.

    `understood` is what was read, `message` what to say, `mistake` the id of the misconception that the answer shows.
    `share` is the part of a wrong answer that is right, from 0 to 1: entries of a matrix, requirements on a program.
    `value` is what was read as a value, where the answer is one: a number, a size, a matrix.
    """

    status: str
    message: str
    understood: str | None = None
    mistake: str | None = None
    share: float = 0.0
    value: Any = None

    @property
    def correct(self) -> bool:
        return self.status == "right"

    @property
    def worth(self) -> float:
        """The part of the points that it earns, from 0 to 1."""
        return 1.0 if self.correct else self.share
