"""Files that are either whole or not there, and the safetensors format.

The safetensors library writes a file's metadata in an order of its own; here the same tensors and metadata always give
the same bytes. The format: eight bytes with the length of a JSON header, the header, the tensors one after the other.
Files from here carry a sum over names and contents among their metadata.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from convdsl import files
from convdsl.datasets.memory import available, human
from convdsl.messages import T, reason

_TYPES = {"<f4": "F32", "<f8": "F64", "<i8": "I64", "<i4": "I32", "|u1": "U8"}


class FileTrouble(Exception):
    """A file cannot be written or read; the text says why and what to do, in the language in use."""

    def __init__(self, message: T | str, help: T | str | None = None) -> None:
        self.message, self.help = message, help
        super().__init__(message, help)

    def __str__(self) -> str:
        return f"{self.message} {self.help}" if self.help else str(self.message)


class Damaged(FileTrouble):
    """A file is there and can be read, and its content is not what it should be."""


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
    """A safetensors file, atomically; tensors in the order given. Among the metadata is a sum over all names and contents.
    Raises FileTrouble."""
    metadata = {name: _text(value) for name, value in metadata.items()}
    arrays = {name: np.ascontiguousarray(tensor).reshape(np.shape(tensor)) for name, tensor in tensors.items()}
    header: dict[str, object] = {"__metadata__": {**metadata, _SUM: _sum_of(arrays, metadata)}}
    start = 0
    for name, array in arrays.items():
        end = start + array.nbytes
        header[name] = {"dtype": _TYPES[array.dtype.str], "shape": list(array.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    text += b" " * (-len(text) % 8)
    bodies = (_bytes(array) for array in arrays.values() if array.size)
    write_atomically(path, (len(text).to_bytes(8, "little"), text, *bodies))


def read_tensors(path: Path, sealed: bool = False) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a safetensors file, from here or elsewhere. The sum of one from here must be right; with
    `sealed` there must be one. Raises FileTrouble."""
    from safetensors import SafetensorError, safe_open

    try:
        _check_size(path)
        tensors = {}
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            for name in file.keys():  # noqa: SIM118
                try:
                    tensors[name] = file.get_tensor(name)
                except (TypeError, ValueError, AttributeError, KeyError) as error:
                    raise Damaged(
                        T("The tensor {name} of {path} cannot be read: {reason}.", name=name, path=path, reason=error)
                    ) from None
    except FileNotFoundError:
        raise FileTrouble(T("There is no file {path}.", path=path)) from None
    except MemoryError:
        raise FileTrouble(T("{path} does not fit into the memory.", path=path)) from None
    except OSError as error:
        raise FileTrouble(T("{path} cannot be read: {reason}.", path=path, reason=reason(error))) from None
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise Damaged(T("{path} is no safetensors file that can be read: {reason}.", path=path, reason=error)) from None
    found = metadata.pop(_SUM, None)
    if (sealed or found is not None) and found != _sum_of(tensors, metadata):
        raise Damaged(
            T("{path} is damaged: its content is not what its sum says.", path=path),
            T("Take a copy of it, or another file."),
        )
    return tensors, metadata


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file without its tensors and unchecked; empty where there are none to be read."""
    try:
        with files.opened(path) as file:
            size = int.from_bytes(file.read(8), "little")
            if size > min(_LARGEST_HEADER, os.fstat(file.fileno()).st_size):
                return {}
            metadata = json.loads(file.read(size).decode("utf-8"))["__metadata__"]
            return {str(name): str(value) for name, value in metadata.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


_SUM = "sha256"
"""The sum's name among the metadata."""
_LARGEST_HEADER = 100_000_000
"""Bytes; the library refuses more too."""


def _check_size(path: Path) -> None:
    """Raises OSError for what is no regular file, or larger than the memory."""
    with files.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
    room = available()
    if room is not None and size > room:
        raise files.Refused(T("it has {size}, and {room} of memory are free", size=human(size), room=human(room)), path)


def _sum_of(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """SHA-256 over names, kinds, shapes and contents of all tensors, and the metadata, in the order of the names."""
    digest = hashlib.sha256()
    for name, value in sorted(metadata.items()):
        digest.update(f"{len(name)} {name} {len(value)} {value} ".encode("utf-8", "backslashreplace"))
    for name, tensor in sorted(tensors.items()):
        kind = _TYPES.get(tensor.dtype.str, tensor.dtype.str)
        digest.update(f"{len(name)} {name} {kind} {tensor.shape} ".encode("utf-8", "backslashreplace"))
        if tensor.size:
            digest.update(_bytes(np.ascontiguousarray(tensor)))
    return digest.hexdigest()


def _text(value: str) -> str:
    """A text that UTF-8 can hold: names may be of any bytes."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _bytes(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
