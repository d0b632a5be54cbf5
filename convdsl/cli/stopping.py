"""Ctrl-C, and the signal with which systems end processes, during a training.

Python notices a signal when it is back from compiled code. A step of a large network takes seconds there, and so does the
compiler; so a thread of its own is told by the system at once. It answers, and where nothing comes of a signal that is to
end the process, it ends it: all files are whole at every moment.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from convdsl.messages import T

PATIENCE = 0.35
"""Seconds in which the process is to end by itself."""


class Stopper:
    """Called, it tells whether somebody wants the training to stop.

    While `gentle`, from the first step on, the first signal is only noted, so that the training can finish its step and
    save; the second one, and any outside a training, ends the process as Ctrl-C does. With `for_itself` off (in the REPL,
    whose network is not to be lost) it is left to Python to notice. With `repeats`, more than one signal comes of one wish, as
    launchers of several processes send them.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)
    for_itself = True

    def __init__(self, repeats: bool = False) -> None:
        self.repeats = repeats
        self.gentle = False
        self.asked = False
        self._before: dict[int, Any] = {}
        self._ended = threading.Event()
        self._ear = -1
        self._told = False
        self._unraisable: Callable[[Any], Any] | None = None

    def __call__(self) -> bool:
        self.gentle = True  # a step is done, and there is something to save
        return self.asked

    def __enter__(self) -> Stopper:
        try:
            for number in self.SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
            self._unraisable, sys.unraisablehook = sys.unraisablehook, self._lost
            if self.for_itself and os.name != "nt":
                self._listen()
        except ValueError:  # not in the main thread: signals go elsewhere
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._unraisable is not None:
            sys.unraisablehook = self._unraisable
        if self._ear >= 0:
            os.close(signal.set_wakeup_fd(self._ear_before))
            self._ear = -1

    def _listen(self) -> None:
        mouth, self._ear = os.pipe()
        os.set_blocking(self._ear, False)
        self._ear_before = signal.set_wakeup_fd(self._ear, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(mouth,), daemon=True, name="signals").start()

    def _watch(self, mouth: int) -> None:
        while numbers := os.read(mouth, 64):
            for number in numbers:
                if number not in self.SIGNALS or self._ended.is_set():
                    continue
                if self.gentle and (self.repeats or not self._told):
                    self._say()
                elif not self._ended.wait(PATIENCE):
                    _end()
        os.close(mouth)

    def _say(self) -> None:
        if self._told:
            return
        self._told = True
        text = T("Stopping after this step, and saving; once more stops at once.")
        if self.repeats:
            text = T("Stopping after this step, and saving.")
        print(str(text), file=sys.stderr, flush=True)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if put_off(number, frame):
            return
        if not self.gentle or (self.asked and not self.repeats):
            raise KeyboardInterrupt
        self.asked = True
        if self._ear < 0:
            self._say()

    def _lost(self, unraisable: Any) -> None:
        """What was raised where nobody can take it, as in Python that a library calls. Of a wish to end nothing is printed: the
        thread that listens ends the process, or the signal comes again."""
        if unraisable.exc_type is not KeyboardInterrupt:
            assert self._unraisable is not None
            self._unraisable(unraisable)
        elif self._ear < 0:
            _again(signal.SIGINT)


def put_off(number: int, frame: FrameType | None) -> bool:
    """Sends a signal again a little later where a module is just being loaded: a library that is loaded by half cannot be
    loaded again. False elsewhere."""
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    if frame is None:
        return False
    _again(number)
    return True


def _again(number: int) -> None:
    """Sends a signal to the main thread once more, in a moment."""

    def send() -> None:
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            signal.raise_signal(number)

    timer = threading.Timer(0.02, send)
    timer.daemon = True
    timer.start()


def end(status: int) -> None:
    """Ends the process where it is, whatever compiled code is running."""
    from convdsl import places

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the main thread is writing there
            stream.flush()
    places.remove_passing()
    os._exit(status)


def _end() -> None:
    """The same for a command that is stopped."""
    from convdsl import places

    if sys.stdout.isatty():
        os.write(1, b"\x1b[?25h")  # the cursor, which a progress bar hides
    os.write(2, b"\n")
    places.remove_passing()
    os._exit(130)
