"""Files of other frameworks, read where a program is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convdsl.bridges.weighted import Weighted
from convdsl.cli.parsing import CallError, NotOurs, Unread
from convdsl.messages import T

ENDINGS = (".onnx", ".keras", ".h5", ".hdf5")
"""What is taken for a file of another framework, by the end of its name."""


def read_foreign(path: Path, input: Sequence[int] | None = None, output: str | None = None) -> Weighted:
    """The network in a file, with its weights. Raises CallError, Unread."""
    if not path.exists():
        raise Unread(T("there is no file {name}.", name=path))
    if path.suffix.lower() not in ENDINGS:
        raise CallError(T("{name} is no file that is understood: {endings}.", name=path, endings=", ".join(ENDINGS)))
    from convdsl.bridges.pieces import Foreign

    try:
        if path.suffix.lower() == ".onnx":
            from convdsl.bridges.onnx.file import read_onnx

            return read_onnx(path, input, output)
        from convdsl.bridges.keras.reading import read_keras

        return read_keras(path, input)
    except ImportError:
        raise CallError(missing("onnx" if path.suffix.lower() == ".onnx" else "keras")) from None
    except Foreign as error:
        raise NotOurs(str(error)) from None


def missing(extra: str) -> T:
    """That a library is not there, and how to get it."""
    return T('this needs the package {name}: `pip install "convdsl[{extra}]"`.', name=extra, extra=extra)
