"""What kernels repeat, written once. None of these functions is called: `translate.py` puts their statements in the place of
a call, as on the CPU, with its arguments, and behind them, `body`, those of the loop that the call stands at the head of.
What stands before the `=` or the `in` comes first among the arguments; other names are the kernel's own.

`for e, a, q in every(k[0], k[1], k[2])` is one more of them: loops in one another. `window` and `tap` are those of every
device (`engine/windows.py`).
"""

# ruff: noqa: F821, F841, B018
# mypy: ignore-errors
from __future__ import annotations


def threads(t, number):
    """A thread for each number below this one."""
    t = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if t < number:
        body


def places(t, digits, number, sizes):
    """A thread for each number, and the place with these sizes that it stands for."""
    t = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if t < number:
        digits = place(t, sizes)
        body


def warps(lane, r, number):
    """A warp for each number, and which of its 32 threads this is."""
    lane = cuda.threadIdx.x % 32
    r = cuda.blockIdx.x * 8 + cuda.threadIdx.x // 32
    if r < number:
        body


def shares(c, r, digits, t, number, lanes, splits, sizes):
    """A block takes `lanes` channels and a share of all positions; its threads take turns."""
    c = cuda.blockIdx.x * lanes + t % lanes
    rows = number
    share = (rows + (splits - 1)) // splits
    if c < sizes[3]:
        for r in range(cuda.blockIdx.y * share + t // lanes, min((cuda.blockIdx.y + 1) * share, rows), 256 // lanes):
            digits = place(r, sizes[:3])
            body


def put(place, value, add):
    """Written there, or added to what is there."""
    place = value + place if add else value


def chosen(index, image, control):
    """The number that an image of the batch has among all images."""
    index = image
    if control[INDEX] != 0:
        index = get_i64(control[INDEX], image)


def within(inside, u, v, w, sizes):
    """Whether a place under a window lies in the input."""
    inside = u >= 0 and u < sizes[0] and v >= 0 and v < sizes[1] and w >= 0 and w < sizes[2]


def counted(number, u, k, s, d, before, size, limit, exclude_pad):
    """How many values along one axis the window counts that lies over place u // s of the output."""
    number = 0
    for o in range(k):
        at = u // s * s + o * d - before
        number += 1 if (at >= 0 and at < size if exclude_pad else at < limit) else 0


def windows_over(u, v, w, p, i, j, k, s, d, before, sizes):
    """The windows over the place p, i, j of the input: they are those at u // s[0], v // s[1], w // s[2] of the output,
    which has these sizes."""
    for e in range(k[0]):
        u = p + before[0] - e * d[0]
        for a in range(k[1]):
            v = i + before[1] - a * d[1]
            for q in range(k[2]):
                w = j + before[2] - q * d[2]
                if u >= 0 and v >= 0 and w >= 0:
                    fits = u % s[0] == 0 and v % s[1] == 0 and w % s[2] == 0
                    if fits and u // s[0] < sizes[0] and v // s[1] < sizes[1] and w // s[2] < sizes[2]:
                        body


def of_group(mean, deviation, x, n, first, sizes, number, eps, t, sums):
    """Mean of the `number` values of a group of channels in one image, and 1/√(variance + eps); by a block of 256."""
    total = float32(0)
    for e in range(t, number, 256):
        p, i, j, c = place(e, sizes)
        total += x[n, p, i, j, first + c]
    sums[t] = total
    add_up(t, 1, sums)
    mean = sums[0] / float32(number)
    cuda.syncthreads()
    total = float32(0)
    for e in range(t, number, 256):
        p, i, j, c = place(e, sizes)
        v = x[n, p, i, j, first + c] - mean
        total += v * v
    sums[t] = total
    add_up(t, 1, sums)
    deviation = float32(1) / sqrt(sums[0] / float32(number) + float32(eps))


def of_position(mean, deviation, x, n, p, i, j, channels, eps, lane):
    """The same of the channels of one position, by a warp."""
    total = float32(0)
    for c in range(lane, channels, 32):
        total += x[n, p, i, j, c]
    for half in unrolled(5):
        total += shuffle_xor(total, 16 >> half)
    mean = total / float32(channels)
    total = float32(0)
    for c in range(lane, channels, 32):
        v = x[n, p, i, j, c] - mean
        total += v * v
    for half in unrolled(5):
        total += shuffle_xor(total, 16 >> half)
    deviation = float32(1) / sqrt(total / float32(channels) + float32(eps))


def highest(most, best, z, n, p, i, j, classes):
    """The largest value at a position and its class."""
    most = z[n, p, i, j, 0]
    best = 0
    for c in range(1, classes):
        v = z[n, p, i, j, c]
        best = c if v > most else best
        most = v if v > most else most


def exponentials(total, mean, z, n, p, i, j, most, classes, smoothing):
    """Σ exp(z − most), and the mean of z − most, which only smoothing asks for."""
    total = float32(0)
    mean = float32(0)
    for c in range(classes):
        v = z[n, p, i, j, c] - most
        if smoothing != 0.0:  # where it is 0, a class may be infinitely improbable
            mean += v * float32(1.0 / classes)
        total += exp(v)
