"""Kernels' text to machine code. It needs no GPU and no driver."""

# mypy: ignore-errors
from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache

from convdsl.engine.cuda import words


@dataclass(frozen=True)
class Code:
    """Machine code of one kernel, and what it needs: registers of a thread, bytes of shared memory of a block, bytes
    that did not fit in registers."""

    cubin: bytes
    name: str
    registers: int
    shared: int
    stack: int


OLDEST = (7, 5)
"""The compute capability that kernels are translated for before an assembler turns them into code for the GPU at hand:
they use nothing that newer ones have to offer."""


def ptx(text: str, threads: int) -> str:
    """A kernel's text, as `translate` gives it, in the assembler of the virtual machine. Registers are given out so that
    384 threads fit on a multiprocessor: fewer could not hide the time that memory takes."""
    names = dict(words.WORDS)
    exec(compile(text, "<kernel>", "exec"), names)
    function = names[re.findall(r"^def (\w+)", text, re.MULTILINE)[-1]]
    signature = words.types.void(*[words.types.int64] * function.__code__.co_argcount)
    return words.cuda.compile_ptx(function, signature, cc=OLDEST, launch_bounds=(threads, 384 // threads))[0]


def assembled(assembler: str, capability: tuple[int, int]) -> Code:
    """Machine code for GPUs of a compute capability, such as (9, 0)."""
    from cuda.bindings import nvjitlink

    handle = nvjitlink.create(2, [f"-arch=sm_{capability[0]}{capability[1]}", "-Xptxas=-v"])
    try:
        data = assembler.encode()
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, data, len(data), "kernel")
        nvjitlink.complete(handle)
        cubin = bytearray(nvjitlink.get_linked_cubin_size(handle))
        nvjitlink.get_linked_cubin(handle, cubin)
        log = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, log)
    finally:
        nvjitlink.destroy(handle)
    name = re.search(r"\.entry (\w+)", assembler).group(1)
    text = log.decode(errors="replace")
    figures = (int(re.search(pattern, text).group(1)) for pattern in (r"Used (\d+) registers", r"(\d+) bytes stack"))
    registers, stack = figures
    return Code(bytes(cubin), name, registers, _shared_bytes(bytes(cubin)), stack)


def _shared_bytes(cubin: bytes) -> int:
    """Shared memory of the kernel, from the sections of its ELF file."""
    start, size, count, names = struct.unpack_from("<40xQ10xHHH", cubin)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + n * size) for n in range(count)]
    texts = sections[names][4]
    return sum(s[5] for s in sections if cubin[texts + s[0] :].startswith(b".nv.shared."))


@cache
def versions() -> str:
    """What the machine code depends on besides the kernel's text."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # NVIDIA's parts may come from elsewhere
            found.append(name)
    return ", ".join(found)
