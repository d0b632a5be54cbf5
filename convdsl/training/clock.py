"""Where the time of a run goes, in a few parts."""

from __future__ import annotations

from time import perf_counter

PARTS = ("ready", "first", "steps", "validation", "saving", "test")
"""Making data and network ready; the first step, which compiles; all others; the validation part after each epoch; files;
the test images at the end."""


class Clock:
    """Seconds of each part so far. A process that goes on with a run counts from its own beginning."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._since = perf_counter()

    def spent(self, part: str) -> None:
        """What has gone by since the last call belongs to a part."""
        now = perf_counter()
        self.seconds[part] += now - self._since
        self._since = now
