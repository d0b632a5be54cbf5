"""Compiled kernels on disk: the machine code of each kernel with its sizes, in a file named by a hash of all that it
depends on.

A file is written under another name and moved into place, so that several processes may do the same at once. What is in
the cache is loaded without numba's compiler, and without even writing the kernel's text.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy
from llvmlite import binding

from convdsl import caches, isolated
from convdsl.engine.alone import LOCK
from convdsl.engine.cpu import runtime
from convdsl.engine.cpu.specialise import Kernel

WORTH_A_PROCESS = 12
"""Kernels whose compilation takes clearly longer than starting a process."""

_LARGEST = 50_000_000
"""Bytes of a file with machine code; the largest kernels have some 100,000."""

_addresses: dict[str, int] = {}
_kept: list[Any] = []
"""What holds the code that the addresses point at."""


def addresses(kernels: Sequence[Kernel]) -> list[int]:
    """Where the machine code of each kernel is; what the cache lacks is compiled."""
    with LOCK:
        wanted = [k for k in dict.fromkeys(kernels) if k.key not in _addresses]
        missing = _load(wanted)
        if missing:
            for kernel in _load(_compile_all(missing)):
                _compile(kernel)
        return [_addresses[k.key] for k in kernels]


@cache
def folder() -> Path:
    """Where compiled kernels are kept. Its name holds what the machine code depends on besides the kernel itself: the
    engine, numba and the CPU."""
    return caches.folder("kernels", _fingerprint())


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256()
    here = Path(__file__).parent
    shared = [here.parent / name for name in ("partial.py", "slots.py", "activations.py", "windows.py")]
    for file in sorted([*here.glob("*.py"), here / "kernels" / "loops.py", *shared]):
        digest.update(file.read_bytes())
    versions = (
        numba.__version__,
        llvmlite.__version__,
        numpy.__version__,
        sys.version,
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
    )
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:16]


def _path(kernel: Kernel, place: Path | None = None) -> Path:
    return (place or folder()) / f"{kernel.name}.o"


def _load(kernels: Sequence[Kernel]) -> list[Kernel]:
    """Brings machine code in from the cache, and returns the kernels that it does not have in good order."""
    found: dict[str, str] = {}
    objects, missing = [], []
    for kernel in kernels:
        content = _checked(_path(kernel))
        if content is None:
            missing.append(kernel)
        else:
            found[kernel.key], code = content
            objects.append(binding.ObjectFileRef.from_data(code))
    if objects:
        machine = binding.Target.from_default_triple().create_target_machine(jit=True)
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        for item in objects:
            engine.add_object_file(item)
        engine.finalize_object()
        _kept.append(engine)
        _addresses.update((key, engine.get_function_address(symbol)) for key, symbol in found.items())
    return missing


def _checked(path: Path) -> tuple[str, bytes] | None:
    """The symbol and the machine code in a file; None where it is missing or cannot be trusted."""
    content = caches.load(path, _LARGEST)
    if content is None:
        return None
    symbol, _, code = content.partition(b"\n")
    return symbol.decode(), code


def _compile(kernel: Kernel, place: Path | None = None) -> None:
    """Compiles a kernel and leaves its machine code in the cache."""
    names = {name: getattr(runtime, name) for name in runtime.__all__}
    exec(compile(kernel.text, f"<{kernel.name}>", "exec"), names)
    function = names[kernel.name]
    code = function._library._get_compiled_object()
    caches.keep(_path(kernel, place), function.native_name.encode() + b"\n" + code)
    _addresses[kernel.key] = function.address
    _kept.append(function)


def _compile_all(kernels: Sequence[Kernel]) -> Sequence[Kernel]:
    """Compiles on all cores: other processes take a share, which they leave in the cache and which is returned.

    Should they fail, nothing is lost: what is still missing is compiled when it is needed.
    """
    workers = max(1, min(os.cpu_count() or 1, len(kernels) // WORTH_A_PROCESS, 8))
    shares = [pickle.dumps((folder(), kernels[share::workers])) for share in range(1, workers)]
    helpers = [isolated.helper(__name__, share, folder()) for share in shares]
    isolated.awaited(helpers, lambda: _compile_each(kernels[::workers]))
    return [k for k in kernels if k.key not in _addresses]


def work() -> None:
    """What such a process does: compiles the kernels that it is told on its standard input."""
    place, kernels = pickle.load(sys.stdin.buffer)
    _compile_each(kernels, place)


def _compile_each(kernels: Sequence[Kernel], place: Path | None = None) -> None:
    for kernel in kernels:
        _compile(kernel, place)
