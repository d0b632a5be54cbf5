"""Files that are either whole or not there, and the safetensors format.

The safetensors library writes a file's metadata in an order of its own; here the same tensors and metadata always give
the same bytes. The format: eight bytes with the length of a JSON header, the header, the tensors one after the other.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from convdsl import files
from convdsl.messages import T, reason

_TYPES = {"<f4": "F32", "<f8": "F64", "<i8": "I64", "<i4": "I32", "|u1": "U8"}


class FileTrouble(Exception):
    """A file cannot be written or read; the text says why and what to do, in the language in use."""

    def __init__(self, message: T | str, help: T | str | None = None) -> None:
        self.message, self.help = message, help
        super().__init__(message, help)

    def __str__(self) -> str:
        return f"{self.message} {self.help}" if self.help else str(self.message)


def write_atomically(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Writes a file whole or not at all (see convdsl/files.py). Raises FileTrouble."""
    try:
        files.write(path, parts)
    except OSError as error:
        raise trouble(path, error) from None


def trouble(path: Path, error: OSError) -> FileTrouble:
    """What a system error means for somebody who wants to write `path`."""
    why = {
        errno.ENOENT: T("there is no such folder, and none can be made"),
        errno.EEXIST: T("a part of the path is a file"),
    }.get(error.errno or 0) or reason(error)
    return FileTrouble(
        T("{path} cannot be written: {reason}.", path=path, reason=why), T("Choose another folder with `--out`.")
    )


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """A safetensors file, atomically; tensors in the order given. Raises FileTrouble."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    arrays = []
    start = 0
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor).reshape(np.shape(tensor))
        end = start + array.nbytes
        header[name] = {"dtype": _TYPES[array.dtype.str], "shape": list(array.shape), "data_offsets": [start, end]}
        arrays.append(array)
        start = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    bodies = (a.reshape(-1).view(np.uint8).data for a in arrays if a.size)
    write_atomically(path, (len(text).to_bytes(8, "little"), text, *bodies))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a safetensors file, from here or elsewhere. Raises FileTrouble."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except FileNotFoundError:
        raise FileTrouble(T("There is no file {path}.", path=path)) from None
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileTrouble(
            T("{path} is no safetensors file that can be read: {reason}.", path=path, reason=error)
        ) from None
