"""How much memory there is, asked before data are loaded and not after the machine has begun to swap."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from convdsl.datasets.dataset import Text, Unavailable
from convdsl.messages import T, decimals


def available() -> int | None:
    """Bytes this process can still take: the least of free memory, container limit and `ulimit -v`; None: unknown."""
    rooms = [*_system(), *_container(), *_limit()]
    return max(0, min(rooms)) if rooms else None


def require(needed: int, what: Text, help: Text | None = None) -> None:
    """Raise Unavailable if `needed` bytes for `what` are more than there are."""
    room = available()
    if room is not None and needed > room:
        raise Unavailable(
            T(
                "{what}: {needed} of memory are needed, {room} are free.",
                what=what,
                needed=human(needed),
                room=human(room),
            ),
            help or T("Close other programs, or use fewer or smaller images."),
        )


def human(size: float) -> str:
    """A number of bytes for people: `3.1 MB` (decimal units)."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return decimals(f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}")
        size /= 1000
    return decimals(f"{size:.1f} TB")


def _system() -> Iterator[int]:
    meminfo = _numbers("/proc/meminfo", ":")
    if "MemAvailable" in meminfo:
        yield meminfo["MemAvailable"] * 1024
    elif os.name == "nt":
        yield _windows()
    else:
        try:
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
        except (AttributeError, OSError, ValueError):
            return


def _container() -> Iterator[int]:
    """Control groups, version 2 and 1. Cached file pages count as used there, and can be given back."""
    for folder, limit, used, cached in (
        ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            total = int(Path(folder, limit).read_text())
            yield total - int(Path(folder, used).read_text()) + _numbers(f"{folder}/memory.stat", " ").get(cached, 0)
        except (OSError, ValueError):
            continue


def _limit() -> Iterator[int]:
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            yield soft - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return


def _numbers(path: str, separator: str) -> dict[str, int]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(separator) for line in lines)
    return {key: int(value.split()[0]) for key, _, value in pairs if value.split()[:1] and value.split()[0].isdigit()}


def _windows() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page_total", "page_free", "virtual_total", "virtual_free", "extended")
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.free)
