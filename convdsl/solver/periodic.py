"""Sets of whole numbers that are regular from some number on: single members, and then those with certain remainders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from math import inf, lcm
from typing import Any, NamedTuple


class Periodic(NamedTuple):
    """`few` are the members below `start`, in rising order; from `start` to `end` the members are the numbers whose
    remainder by `modulus` is among `remainders`."""

    few: tuple[int, ...] = ()
    start: int = 0
    modulus: int = 1
    remainders: tuple[int, ...] = ()
    end: Any = inf

    @property
    def size(self) -> Any:
        """How many members it has, at most; inf if they do not end."""
        if self.remainders and self.end == inf:
            return inf
        regular = len(self.remainders) * ((self.end - self.start) // self.modulus + 1) if self.remainders else 0
        return len(self.few) + max(regular, 0)

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        if number >= self.start and self.remainders:
            return number <= self.end and number % self.modulus in self.remainders
        place = bisect_left(self.few, number)
        return place < len(self.few) and self.few[place] == number

    def members(self) -> Iterator[int]:
        """All members in rising order; without end if the set has none."""
        yield from self.few
        number = self.start
        while self.remainders and number <= self.end:
            if number % self.modulus in self.remainders:
                yield number
            number += 1

    def simplest(self, minimum: int) -> Periodic:
        """The same set with the smallest modulus, regular from as early on as can be, and short ones written out; no
        member is below `minimum`."""
        if self.size <= 256:
            return Periodic(tuple(self.members()))
        inside = set(self.remainders)
        modulus = self.modulus
        for m in _divisors(self.modulus):
            if all((r + m) % self.modulus in inside for r in inside):
                modulus = m
                break
        remainders = tuple(sorted({r % modulus for r in inside}))
        inside = set(remainders)
        few, start = list(self.few), self.start
        while start > minimum and bool(few and few[-1] == start - 1) == ((start - 1) % modulus in inside):
            start -= 1
            if few and few[-1] == start:
                few.pop()
        return Periodic(tuple(few), start, modulus, remainders, self.end)


def _divisors(n: int) -> list[int]:
    small = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def union(sets: Iterable[Periodic], minimum: int) -> Periodic | None:
    """What is in any of the sets; None where a set that is long but ends is among several."""
    sets = [s for s in sets if s.size]
    if len(sets) == 1:
        return sets[0]
    if any(s.remainders and s.end != inf for s in sets):
        return None
    endless = [s for s in sets if s.remainders]
    start = max((s.start for s in endless), default=0)
    start = max(start, max((s.few[-1] + 1 for s in sets if s.few), default=0))
    modulus = lcm(*(s.modulus for s in endless))
    remainders = {r + i * s.modulus for s in endless for r in s.remainders for i in range(modulus // s.modulus)}
    few: set[int] = set()
    for s in sets:
        for member in s.members():
            if member >= start:
                break
            few.add(member)
    return Periodic(tuple(sorted(few)), start, modulus, tuple(sorted(remainders))).simplest(minimum)
