"""What a run is told, and what it tells, by the places in two short rows of numbers that all kernels see.

`control` are whole numbers: addresses, and what holds for the whole batch. `figures` are numbers with a point. In a kernel
these names are constants; every device has the same.
"""

from __future__ import annotations

COUNT, IMAGES, INDEX, SEED, BYTES, LABELS, OUT = range(7)
"""Of `control`: how many images; where they are; which of them are meant (0: all); the step's seed; whether images are
bytes; labels or targets (0: none); where results go (0: nowhere)."""

RATE, LOSS, RIGHT, FINITE, STEP, UPDATES, ADAM_RATE, ADAM_ROOT, SHRINK, WEIGHT = range(10)
"""Of `figures`: the learning rate; the mean loss, how many answers were right, whether the loss is a number; the number of
the step, whether it changes weights; three factors of Adam's, on a GPU; the sum of the weights of the batch's answers."""

SLOTS = 16
"""Room in each of the rows."""

NAMES = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, int)}
