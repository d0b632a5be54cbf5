"""Answers that are maps or pictures, as files: a PNG for each image in a new folder, or all of them in one `.npz`.

A map is a PNG with a palette, whose numbers are those of the classes; read as masks they are the same again. In an `.npz`
stand `files` (the names) and `answers`: uint8 or uint16 (n, …) for maps, float32 (n, …) for pictures.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from convdsl.messages import T
from convdsl.report.png import class_colours, png
from convdsl.training.files import write_atomically

MOST_COLOURS = 256


class Unfit(ValueError):
    """Answers that are no pictures; the text says why."""


class Answered:
    """Takes answers as they come. `out` ends in `.npz`, or is a folder, which is made with the first answer. `ends` are the
    smallest and largest target of the training: what black and white are."""

    def __init__(self, out: Path, shape: tuple[int, ...], maps: bool, ends: tuple[float, float] = (0.0, 1.0)) -> None:
        """`shape` is that of one answer: (H, W, C), of maps with the classes last. Raises Unfit where it makes no PNG."""
        self.out, self.maps = out, maps
        self.whole = out.suffix.lower() == ".npz"
        self.low, self.high = ends
        self._names: list[str] = []
        self._kept: list[np.ndarray] = []
        self._taken: set[str] = set()
        written = "x".join(map(str, shape))
        if self.whole:
            return
        if len(shape) != 3 or (not maps and shape[-1] not in (1, 3)):
            raise Unfit(
                str(T("Answers of {shape} make no picture: `--out answers.npz` writes them as arrays.", shape=written))
            )
        if maps and shape[-1] > MOST_COLOURS:
            text = T("A picture has {most} numbers, and there are {n} classes: `--out answers.npz` writes them as arrays.",
                     most=MOST_COLOURS, n=shape[-1])  # fmt: skip
            raise Unfit(str(text))

    def add(self, name: str, answer: np.ndarray) -> str:
        """One answer: of maps probabilities (…, classes), else a picture. Returns where it is. Raises FileTrouble."""
        count = answer.shape[-1]
        if self.maps:
            answer = answer.argmax(-1).astype(np.uint8 if count <= MOST_COLOURS else np.uint16)
        if self.whole:
            self._names.append(name)
            self._kept.append(answer if self.maps else answer.astype(np.float32))
            return f"{self.out}:{len(self._kept) - 1}"
        path = self.out / f"{self._free(name)}.png"
        self.out.mkdir(parents=True, exist_ok=True)
        if self.maps:
            write_atomically(path, [png(answer[..., None], class_colours(count))])
        else:
            share = (answer - self.low) / ((self.high - self.low) or 1.0)
            write_atomically(path, [png(np.rint(share.clip(0, 1) * 255).astype(np.uint8))])
        return str(path)

    def end(self) -> None:
        """Writes what is written at once. Raises FileTrouble."""
        if self.whole and self._kept:
            stream = io.BytesIO()
            np.savez_compressed(stream, files=np.array(self._names), answers=np.stack(self._kept))
            write_atomically(self.out, [stream.getvalue()])

    def _free(self, name: str) -> str:
        """The name of a file without its ending, with a number where it is taken; `a.npz:3` is a-3."""
        last = name.strip('"').replace("\\", "/").rpartition("/")[2]
        stem, colon, number = last.partition(".npz:") if ".npz:" in last else last.partition(".npy:")
        stem = f"{stem}-{number}" if colon else last.rpartition(".")[0] or last
        stem = "".join(c if c.isalnum() or c in "-_. " else "_" for c in stem)[:120].strip(". ") or "answer"
        chosen, again = stem, 1
        while chosen.casefold() in self._taken:
            again += 1
            chosen = f"{stem}-{again}"
        self._taken.add(chosen.casefold())
        return chosen
