"""ONNX files: the ways in and out for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convdsl.bridges.onnx.loading import read_model
from convdsl.bridges.onnx.ours import program_within
from convdsl.bridges.onnx.reading import as_flow
from convdsl.bridges.program import written
from convdsl.bridges.weighted import Weighted


def read_onnx(path: Path, input: Sequence[int] | None = None, output: str | None = None) -> Weighted:
    """The network in a file, with its weights. A file from here gives back its program as it was.

    `input` (channels last) is for a file that leaves its sizes open, `output` names the value that is wanted where there
    are several. Raises Foreign, which names the node that is no layer of the language.
    """
    model = read_model(path)
    if input is None and output is None and (own := program_within(model)) is not None:
        return own
    return written(as_flow(model, input, output), name=path.stem)
