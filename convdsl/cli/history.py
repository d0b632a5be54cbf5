"""What was typed in earlier sessions: a file in the user's data folder, in the form that prompt_toolkit has for it.

It is written as all files are: whole, over nothing but a file of ours, and one process at a time. Where that cannot be,
the lines of this session are remembered as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prompt_toolkit.history import History

from convdsl import files
from convdsl.locks import Held, locked

MOST = 2000
"""Entries that are kept."""
_LARGEST = 20_000_000
_PATIENCE = 0.5


class KeptHistory(History):
    """The entries of a file, and those of this session put behind them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def load_history_strings(self) -> Iterable[str]:
        """Newest first."""
        try:
            return reversed(self._read())
        except OSError:
            return ()

    def store_string(self, string: str) -> None:
        with suppress(OSError, Held):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.path.with_name(f".{self.path.name}.lock"), _PATIENCE):
                entries = [*self._read(), string]
                files.write(self.path, [_written(entries[-MOST:])], lasting=False)

    def _read(self) -> list[str]:
        """Oldest first. Raises OSError where there is something that is not to be written over."""
        try:
            data = files.read(self.path, _LARGEST)
        except FileNotFoundError:
            return []
        entries: list[list[str]] = []
        inside = False
        for line in data.decode("utf-8", "replace").split("\n"):
            if line.startswith("+"):
                if not inside:
                    entries.append([])
                entries[-1].append(line[1:])
            inside = line.startswith("+")
        return ["\n".join(lines) for lines in entries]


def _written(entries: list[str]) -> bytes:
    now = datetime.now()
    parts = [f"\n# {now}\n" + "".join(f"+{line}\n" for line in entry.split("\n")) for entry in entries]
    return "".join(parts).encode("utf-8", "replace")
