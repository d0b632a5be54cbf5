"""Ctrl-C, and the signal with which systems end processes, during a training."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from convdsl.messages import T


class Stopper:
    """Called, it tells whether somebody wants the training to stop.

    While `gentle`, the first signal is only noted, so that the training can finish its step and save; the second one,
    and any outside a training, ends the process as Ctrl-C does.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.gentle = False
        self.asked = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> Stopper:
        try:
            for number in self.SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        except ValueError:  # not in the main thread: signals go elsewhere
            pass
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.gentle or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print(str(T("Stopping after this step, and saving; once more stops at once.")), file=sys.stderr, flush=True)
