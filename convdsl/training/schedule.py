"""Learning rates over time: what each schedule says, as a function of the epochs gone by."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, pi

from convdsl.training.settings import Schedule


def learning_rate(schedule: Schedule, base: float, time: float, epochs: int, reductions: int = 0) -> float:
    """The learning rate at `time`, in epochs from 0 (2.5: half of the third epoch).

    `base` is reached after the warm-up; what falls, falls from there. `epochs` is the length of the training (for
    `cosine`), `reductions` how often a plateau has been met (see Plateau).
    """
    if time < schedule.warmup:
        return base * max(time, 1e-3) / schedule.warmup
    after = time - schedule.warmup
    match schedule.kind:
        case "step":
            return base * schedule.gamma ** int(after / schedule.every)
        case "exponential":
            return base * schedule.gamma ** int(after)
        case "cosine":
            share = min(after / max(epochs - schedule.warmup, 1e-9), 1.0)
            return schedule.minimum + (base - schedule.minimum) * (1 + cos(pi * share)) / 2
        case "plateau":
            return max(base * schedule.factor**reductions, min(schedule.minimum, base))
    return base


@dataclass
class Patience:
    """Counts the epochs without progress of a figure that should get small."""

    best: float = inf
    waits: int = 0

    def better(self, figure: float, min_delta: float = 0.0) -> bool:
        """Notes the figure of an epoch; whether it is the best so far. A figure that is not a number is not."""
        if figure < self.best - min_delta or (self.best == inf and figure < inf):
            self.best, self.waits = figure, 0
            return True
        self.waits += 1
        return False
