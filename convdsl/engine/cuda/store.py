"""Machine code of kernels for GPUs on disk, in files named by a hash of all that it depends on. What is missing is
compiled by as many processes as there are cores."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from convdsl import files
from convdsl.engine.cpu.store import user_cache
from convdsl.engine.cuda import compiler
from convdsl.engine.cuda.compiler import Code


class Wanted(NamedTuple):
    """A kernel's text, the threads of its blocks and the compute capability of the GPU."""

    text: str
    threads: int
    capability: tuple[int, int]


_LARGEST = 50_000_000
"""Bytes of a file with a kernel."""
WORTH_A_PROCESS = 6
"""Kernels whose compilation takes clearly longer than starting a process."""


def codes(wanted: Iterable[Wanted]) -> dict[Wanted, Code]:
    """The machine code of each kernel, from the disk or freshly compiled."""
    kernels = list(dict.fromkeys(wanted))
    missing = [k for k in kernels if not _path(k).exists()]
    workers = min(os.cpu_count() or 1, len(missing) // WORTH_A_PROCESS, 16)
    started = [process for share in range(1, workers) if (process := _start(missing[share::workers])) is not None]
    try:
        for kernel in missing[:: max(workers, 1)]:
            code(kernel)
    finally:
        for process in started:
            process.wait()
    return {kernel: code(kernel) for kernel in kernels}


def code(kernel: Wanted) -> Code:
    path = _path(kernel)
    with contextlib.suppress(OSError, pickle.UnpicklingError, EOFError, ValueError):
        kept = files.read(path, _LARGEST)
        if hashlib.sha256(kept[32:]).digest() == kept[:32]:
            return pickle.loads(kept[32:])
    result = compiler.assembled(assembler(kernel.text, kernel.threads), kernel.capability)
    content = pickle.dumps(result)
    _write(path, hashlib.sha256(content).digest() + content)
    return result


def assembler(text: str, threads: int) -> str:
    """The kernel for the virtual machine, which is the same for every GPU."""
    path = _folder() / f"{_key(text, threads)}.ptx"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        kept = files.read(path, _LARGEST).decode("ascii")
        if kept.endswith(_END):
            return kept
    result = compiler.ptx(text, threads).rstrip("\0") + _END
    _write(path, result.encode("ascii"))
    return result


_END = "\n// whole\n"


def _write(path: Path, content: bytes) -> None:
    with contextlib.suppress(OSError):  # without a cache it goes on, and compiles again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, (content,), lasting=False)


def _path(kernel: Wanted) -> Path:
    return _folder() / f"{_key(*kernel)}.cubin"


def _folder() -> Path:
    base = os.environ.get("CONVDSL_CACHE")
    return (Path(base) if base else user_cache() / "convdsl") / "cuda"


def _key(*parts: object) -> str:
    return hashlib.sha256(repr((*parts, _fingerprint())).encode()).hexdigest()[:32]


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("compiler.py", "words.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest() + compiler.versions()


def _start(share: list[Wanted]) -> subprocess.Popen[bytes] | None:
    """A process that compiles its share and leaves it in the cache. If it cannot, it is done here."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", "from convdsl.engine.cuda.store import work; work()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(json.dumps(share).encode())
        process.stdin.close()
    return process


def work() -> None:
    """What such a process does: compiles the kernels that it is told on its standard input."""
    for text, threads, capability in json.load(sys.stdin):
        code(Wanted(text, threads, (capability[0], capability[1])))
