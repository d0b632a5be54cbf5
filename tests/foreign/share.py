"""How many of the foreign samples a run of the tests takes.

Kernels are compiled for every program, so that all of them would take ten minutes and more with an empty cache. A usual
run takes a few programs of each operator, spread over all that there are; `CONVDSL_FOREIGN=all` takes every sample.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from convdsl import ProgramError
from tests.foreign.sample import Named, Sample, assert_equal


class Outcome(NamedTuple):
    """How many samples can be said in the language, how many were compared, what differed, what `check` refused, and how
    often there were no words for which reason."""

    expressible: int
    compared: int
    different: list[str]
    refused: Counter[str]
    reasons: Counter[str]


def compare(samples: Iterable[Named], everything: bool | None = None) -> Outcome:
    everything = os.environ.get("CONVDSL_FOREIGN") == "all" if everything is None else everything
    expressible, reasons = 0, Counter[str]()
    programs: defaultdict[str, dict[Any, Sample]] = defaultdict(dict)
    for number, (operator, sample, reason) in enumerate(samples):
        if sample is None:
            reasons[reason] += 1
            continue
        expressible += 1
        programs[operator].setdefault((sample.key, number if everything else 0), sample)
    compared, different, refused = 0, [], Counter[str]()
    for operator, found in programs.items():
        for sample in found.values() if everything else spread(list(found.values())):
            try:
                assert_equal(sample)
                compared += 1
            except ProgramError as error:
                refused[next(d.code for d in error.diagnostics if d.severity == "error")] += 1
            except Exception as error:  # every fault is listed, not the first alone
                different.append(f"{operator}: {sample.program} on {sample.x.shape}: {error!r}")
    return Outcome(expressible, compared, different, refused, reasons)


def spread(samples: list[Sample]) -> list[Sample]:
    """The first, and some more the more there are: 2 of 10, 4 of 200."""
    count = (len(samples).bit_length() + 1) // 2
    return [samples[i * len(samples) // count] for i in range(count)]


def hold(outcome: Outcome, *, expressible: int, compared: int, refused: set[str], reasons: dict[str, str]) -> None:
    """Nothing differs; there are no fewer samples than there were; what has no words is in the list of reasons, and so is
    nothing else."""
    assert not outcome.different, "\n".join(outcome.different)
    assert outcome.expressible >= expressible, outcome.expressible
    assert outcome.compared >= compared, outcome.compared
    assert set(outcome.refused) <= refused, outcome.refused
    assert set(outcome.reasons) == set(reasons), set(outcome.reasons) ^ set(reasons)
