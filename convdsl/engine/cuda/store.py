"""Machine code of kernels for GPUs on disk, in files named by a hash of all that it depends on. What is missing is
compiled by as many processes as there are cores."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from convdsl import caches, isolated
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
    shares = [json.dumps([str(_folder()), missing[share::workers]]).encode() for share in range(1, workers)]
    helpers = [isolated.helper(__name__, share, _folder()) for share in shares]
    isolated.awaited(helpers, lambda: _code_each(missing[:: max(workers, 1)]))
    return {kernel: code(kernel) for kernel in kernels}


def code(kernel: Wanted) -> Code:
    path = _path(kernel)
    kept = caches.load(path, _LARGEST)
    if kept is not None:
        head, _, cubin = kept.partition(b"\n")
        return Code(cubin, *json.loads(head))
    result = compiler.assembled(assembler(kernel.text, kernel.threads), kernel.capability)
    head = json.dumps([result.name, result.registers, result.shared, result.stack]).encode()
    caches.keep(path, head + b"\n" + result.cubin)
    return result


def assembler(text: str, threads: int) -> str:
    """The kernel for the virtual machine, which is the same for every GPU."""
    path = _folder() / f"{_key(text, threads)}.ptx"
    kept = caches.load(path, _LARGEST)
    if kept is not None:
        return kept.decode("ascii")
    result = compiler.ptx(text, threads).rstrip("\0") + "\n"
    caches.keep(path, result.encode("ascii"))
    return result


def _path(kernel: Wanted) -> Path:
    return _folder() / f"{_key(*kernel)}.cubin"


def _folder() -> Path:
    return _told or _own()


_told: Path | None = None
"""Where a process that compiles for another leaves what it makes."""


@cache
def _own() -> Path:
    return caches.folder("cuda")


def _key(*parts: object) -> str:
    return hashlib.sha256(repr((*parts, _fingerprint())).encode()).hexdigest()[:32]


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("compiler.py", "words.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest() + compiler.versions()


def work() -> None:
    """What such a process does: compiles the kernels that it is told on its standard input."""
    global _told
    place, share = json.load(sys.stdin)
    _told = Path(place)
    _code_each([Wanted(text, threads, (capability[0], capability[1])) for text, threads, capability in share])


def _code_each(kernels: Iterable[Wanted]) -> None:
    for kernel in kernels:
        code(kernel)
