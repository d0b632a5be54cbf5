"""Files of other frameworks, read where a program is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convdsl.bridges.weighted import Weighted, not_installed
from convdsl.cli.parsing import FOREIGN, CallError, NotOurs, Unread
from convdsl.messages import T


def read_foreign(path: Path, input: Sequence[int] | None = None, output: str | None = None) -> Weighted:
    """The network in a file, with its weights. Raises CallError, Unread."""
    if not path.exists():
        raise Unread(T("there is no file {name}.", name=path))
    if path.suffix.lower() not in FOREIGN:
        raise CallError(T("{name} is no file that is understood: {endings}.", name=path, endings=", ".join(FOREIGN)))
    from convdsl.bridges.pieces import Foreign

    try:
        if path.suffix.lower() == ".onnx":
            from convdsl.bridges.onnx.file import read_onnx

            return read_onnx(path, input, output)
        from convdsl.bridges.keras.reading import read_keras

        return read_keras(path, input)
    except ImportError:
        raise CallError(not_installed("onnx" if path.suffix.lower() == ".onnx" else "keras")) from None
    except Foreign as error:
        raise NotOurs(str(error)) from None
