"""PyTorch's files of weights (`.pth`, `.pt`), read without PyTorch and without running what is in them.

Such a file is a pickle, and a pickle is a program. The names that a state dict needs get stand-ins that only remember what
they are given; every other name is refused. Both forms are read: the archive of today (a zip with `data.pkl` and a file for
each storage) and the older row of pickles with the storages behind them.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convdsl import files
from convdsl.bridges.pieces import Foreign, Unusable, why
from convdsl.messages import T, reason

LARGEST = 2**36
MOST = 10**6
"""Values in the index, tensors and whatever holds them: a few bytes that name each other could stand for more than there is
time for."""
_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "bf", "LongStorage": "i8",
    "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip


def read_pth(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, in their order, as float32; what is inside other dictionaries (`state_dict`,
    `model`) is found. Raises Foreign."""
    try:
        with files.opened(path) as file:
            archived = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            found = _archive(file) if archived else _row(file)
    except OSError as error:
        raise Foreign(T("{path} cannot be read: {reason}.", path=path, reason=reason(error))) from None
    except MemoryError:
        raise Foreign(T("{path} does not fit into the memory.", path=path)) from None
    except Exception as error:  # a hostile pickle can raise anything
        raise Foreign(
            T("{path} is no file of weights of PyTorch that can be read: {reason}.", path=path, reason=why(error))
        ) from None
    tensors = _tensors(found)
    if not tensors:
        raise Foreign(T("There are no tensors in {path}.", path=path))
    return tensors


class _Kind(NamedTuple):
    """Stands for a class of storages."""

    code: str


class _Storage(NamedTuple):
    """A storage: its name among the others, the kind and the number of its values."""

    key: str
    kind: str
    values: int


class _Tensor(NamedTuple):
    """What a tensor is told to be: a part of a storage."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _same(value: Any, *_: Any) -> Any:
    return value


class _Dict(OrderedDict):
    """A dictionary with names and numbers for keys; hashing other keys can take for ever."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, (str, int)):
            raise Unusable(T("a dictionary with other keys than names"))
        super().__setitem__(key, value)


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Dict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch._utils", "_rebuild_tensor"): _rebuild,
    ("torch._utils", "_rebuild_parameter"): _same,
    ("torch", "Size"): tuple,
    **{("torch", name): _Kind(code) for name, code in _KINDS.items()},
    **{("torch.storage", name): _Kind(code) for name, code in _KINDS.items()},
}
_NAMES[("torch.storage", "UntypedStorage")] = _NAMES[("torch", "UntypedStorage")] = _Kind("u1")


class _Codes(dict[int, Any]):
    """What is done for each code of a pickle."""

    def __missing__(self, code: int) -> Any:
        raise Unusable(T("it holds what weights do not need (code {code})", code=code))


_NEVER = (pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS, pickle.DICT, pickle.INST, pickle.OBJ)


class _Closed(pickle._Unpickler):  # type: ignore[name-defined,misc,unused-ignore]
    """Python's own unpickler: the faster one in C can be made to take all the memory by a few bytes."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise Unusable(T("it asks for {name}", name=f"{module}.{name}")) from None

    def get_extension(self, code: int) -> None:
        raise Unusable(T("it asks for a registered extension"))

    stack: list[Any]
    append: Callable[[Any], None]

    def load_empty_dictionary(self) -> None:
        self.append(_Dict())

    def load_build(self) -> None:
        """Takes what an object is to be set to from the pickle, and leaves the object as it is."""
        self.stack.pop()

    dispatch = _Codes(
        {
            code: load
            for code, load in pickle._Unpickler.dispatch.items()  # type: ignore[attr-defined,unused-ignore]
            if bytes((code,)) not in _NEVER
        }
        | {pickle.EMPTY_DICT[0]: load_empty_dictionary, pickle.BUILD[0]: load_build}
    )

    def persistent_load(self, given: Any) -> _Storage:
        what, kind, key, _, count, *_ = given
        if what not in ("storage", b"storage") or not isinstance(kind, _Kind):
            raise Unusable(T("a storage of an unknown kind"))
        if not isinstance(key, (str, bytes, int)) or not isinstance(count, int):
            raise Unusable(T("a storage without a name or a number"))
        return _Storage(str(key), kind.code, count)


def _archive(file: Any) -> Any:
    """Today's form. Every storage is a file in the archive, uncompressed."""
    with zipfile.ZipFile(file) as archive:
        (index,) = [info for info in archive.infolist() if Path(info.filename).name == "data.pkl"]
        if index.file_size > 2**24:
            raise Unusable(T("its index is too large"))
        rest = 16 * os.fstat(file.fileno()).st_size + 2**20  # that much is unpacked, all in all
        folder = index.filename[: -len("data.pkl")]
        found = _Closed(io.BytesIO(archive.read(index))).load()
        if f"{folder}byteorder" in archive.namelist():
            with archive.open(f"{folder}byteorder") as order:
                if order.read(10) != b"little":
                    raise Unusable(T("its bytes are in the other order"))
        given: dict[str, np.ndarray] = {}

        def storage(asked: _Storage) -> np.ndarray:
            nonlocal rest
            if asked.key not in given:
                info = archive.getinfo(f"{folder}data/{asked.key}")
                rest -= info.file_size
                if info.file_size > LARGEST or rest < 0:
                    raise Unusable(T("a storage is too large"))
                given[asked.key] = _values(archive.read(info), asked)
            return given[asked.key]

        return _filled(found, storage)


def _row(file: Any) -> Any:
    """The older form: a number, a version, the machine, the pickle, the names of the storages, and then their values."""
    head = [_Closed(file).load() for _ in range(3)]
    if head[0] != _MAGIC:
        raise Unusable(T("it does not begin as such files do"))
    found = _Closed(file).load()
    keys = _Closed(file).load()
    asked: dict[str, _Storage] = {}
    _filled(found, lambda s: asked.setdefault(s.key, s) and np.zeros(0), shapes=False)
    given: dict[str, np.ndarray] = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        one = asked.get(str(key))
        if one is None:
            raise Unusable(T("a storage that no tensor uses"))
        size = count * (2 if one.kind == "bf" else np.dtype(one.kind).itemsize)
        if size > min(LARGEST, os.fstat(file.fileno()).st_size):
            raise Unusable(T("a storage is too large"))
        given[one.key] = _values(file.read(size), one._replace(values=count))
    return _filled(found, lambda s: given[s.key])


def _values(content: bytes, asked: _Storage) -> np.ndarray:
    if asked.kind == "bf":  # the upper half of a float32
        return (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(content, np.dtype(asked.kind).newbyteorder("<"))


def _filled(value: Any, storage: Callable[[_Storage], np.ndarray], shapes: bool = True) -> Any:
    """A value with arrays in the places of its tensors."""
    seen = values = stored = 0
    met: set[str] = set()

    def tensor(value: _Tensor) -> Any:
        nonlocal values, stored
        flat = storage(value.storage)
        if not shapes:
            return None
        if any(n < 0 for n in (*value.size, *value.stride, value.offset)) or len(value.size) != len(value.stride):
            raise Unusable(T("a tensor of no size"))
        last = value.offset + sum((n - 1) * s for n, s in zip(value.size, value.stride, strict=True))
        if prod(value.size) and last >= len(flat):
            raise Unusable(T("a tensor that is larger than its storage"))
        if value.storage.key not in met:
            met.add(value.storage.key)
            stored += len(flat)
        values += prod(value.size)
        if values > 8 * stored + MOST:  # tensors may share, but not repeat a few values for ever
            raise Unusable(T("tensors that are larger than their storages"))
        steps = tuple(s * flat.itemsize for s in value.stride)
        return np.lib.stride_tricks.as_strided(flat[value.offset :], value.size, steps, writeable=False)

    def filled(value: Any, depth: int) -> Any:
        nonlocal seen
        seen += 1
        if depth > 20 or seen > MOST:
            raise Unusable(T("it is nested too deep"))
        if isinstance(value, _Tensor):
            return tensor(value)
        if isinstance(value, Mapping):
            return {k: filled(v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple)) and not isinstance(value, _Storage | _Kind):
            return [filled(v, depth + 1) for v in value]
        return value

    return filled(value, 0)


def _tensors(value: Any) -> dict[str, np.ndarray]:
    """The largest dictionary of tensors inside."""
    if not isinstance(value, Mapping):
        return {}
    own = {str(k): np.ascontiguousarray(v, np.float32).reshape(v.shape) for k, v in value.items()
           if isinstance(v, np.ndarray) and v.dtype.kind in "f"}  # fmt: skip
    inner = max((_tensors(v) for v in value.values() if isinstance(v, Mapping)), key=len, default={})
    return own if len(own) >= len(inner) else inner
