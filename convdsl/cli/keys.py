"""One key press in a terminal."""

from __future__ import annotations

import sys


def read_key() -> str:
    """Waits for a key: its character, or `left`, `right`, `escape`. Raises KeyboardInterrupt for Ctrl-C."""
    try:
        import termios
        import tty
    except ImportError:
        return _windows()
    import os

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        pressed = os.read(descriptor, 8).decode(errors="replace")
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
    if pressed in ("", "\x04"):
        return "escape"
    arrows = {"\x1b[D": "left", "\x1b[C": "right", "\x1b[A": "left", "\x1b[B": "right", "\x1b": "escape"}
    return arrows.get(pressed, pressed[0])


def _windows() -> str:
    import msvcrt

    pressed = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    if pressed == "\x03":
        raise KeyboardInterrupt
    if pressed in ("\x00", "\xe0"):
        return {"K": "left", "M": "right", "H": "left", "P": "right"}.get(msvcrt.getwch(), " ")  # type: ignore[attr-defined,unused-ignore]
    return "escape" if pressed == "\x1b" else pressed
