"""What is said about an answer."""

from __future__ import annotations

from typing import NamedTuple


class Verdict(NamedTuple):
    """`status` is right, wrong, or unclear where nothing could be understood, which does not count as a try.

    `understood` is what was read, `message` what to say, `mistake` the id of the misconception that the answer shows.
    """

    status: str
    message: str
    understood: str | None = None
    mistake: str | None = None

    @property
    def correct(self) -> bool:
        return self.status == "right"
