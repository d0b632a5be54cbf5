"""How long the REPL takes to start in a terminal, and to answer a line: `python benchmarks/repl.py`.

Times are from the key press to the last character that comes back, through a pseudo-terminal (Linux and macOS). What is
wanted: a start below 0.5 s, a line below 50 ms. Beside them stands what an empty Python takes to start, as the machine's
own measure.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from statistics import median

LINES = ("input 32x32x3", "conv 64 k3 p same relu", "maxpool 2", "residual { conv 64 k3 p1 -> bn relu }", "conv 8 k99")
QUIET = 0.25
STARTS = 5


class Terminal:
    """The REPL in a pseudo-terminal."""

    def __init__(self, folder: str) -> None:
        self.begun = time.perf_counter()
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "CONVDSL_DATA_HOME": folder, "LC_ALL": "C.UTF-8"}
            os.execv(sys.executable, [sys.executable, "-m", "convdsl", "repl"])

    def settle(self, needed: bytes = b"", patience: float = QUIET) -> float:
        """Reads until nothing comes any more and `needed` has come; the time of the last character."""
        seen, last = b"", time.perf_counter()
        while select.select([self.file], [], [], patience)[0] or needed not in seen:
            part = os.read(self.file, 65536)
            last = time.perf_counter()
            seen += part
            if b"\x1b[6n" in part:  # "where is the cursor?"
                os.write(self.file, b"\x1b[1;1R")
        return last

    def line(self, text: str) -> float:
        """Seconds until a line is answered."""
        os.write(self.file, text.encode())
        self.settle()
        begun = time.perf_counter()
        os.write(self.file, b"\r")
        return self.settle() - begun

    def close(self) -> None:
        os.write(self.file, b"\x03\x04")
        os.waitpid(self.pid, 0)
        os.close(self.file)


def main() -> None:
    starts, answers = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            terminal = Terminal(folder)
            starts.append(terminal.settle("›".encode()) - terminal.begun)
            time.sleep(1)
            answers.append([terminal.line(text) for text in LINES])
            terminal.close()
    empty = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        empty.append(time.perf_counter() - begun)
    print(f"an empty Python    {median(empty) * 1000:7.0f} ms")
    print(f"start of the REPL  {median(starts) * 1000:7.0f} ms")
    for number, text in enumerate(LINES):
        print(f"{median(a[number] for a in answers) * 1000:7.1f} ms  {text}")


if __name__ == "__main__":
    main()
