"""Where there is only one thread, as in a browser, solving does without the watcher."""

from __future__ import annotations

import sys
import threading

import pytest

from convdsl.solver import solve
from convdsl.source import Source


def test_solving_needs_no_second_thread_in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(sys, "platform", "emscripten")
    answer = solve(Source("input 32x32x3 -> conv 6 k? -> expect 28x28x6"))
    assert answer.solutions == ({"k": 5},)
