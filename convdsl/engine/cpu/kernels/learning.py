"""The figures of a step, and what changes the weights."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def finish(control: I64, figures: F64, losses: F64, hits: I64, *, exits, batch, classes, counted):
    """The mean loss, and how many answers were right; whether the loss is a number. `hits` are classes, or with
    `counted` how many answers were right at each position."""
    count = control[COUNT]
    total = 0.0
    for number in range(exits):
        for image in range(count):
            total += losses[number, image]
    figures[LOSS] = total / count
    right = 0
    positions = hits.shape[2]
    if counted and control[LABELS] != 0:
        for image in range(count):
            for n in range(positions):
                right += hits[0, image, n]
    if classes and control[LABELS] != 0:
        for image in range(count):
            index = image
            if control[INDEX] != 0:
                index = longs_at(control[INDEX], count)[image]
            for n in range(positions):
                if longs_at(control[LABELS] + (index * positions + n) * 8, 1)[0] == hits[0, image, n]:
                    right += 1
    figures[RIGHT] = right
    figures[FINITE] = 1.0 if abs(total) < 1e30 else 0.0


def collect(g: Address, task: Int, tasks: Int, size: Int, copies: Int, step: Int):
    """Adds the gradients of all chunks up in the first one, in their order."""
    first, last = share(task, tasks, size)
    if last > first:
        total = floats_at(g + first * 4, last - first)
        for chunk in range(1, copies):
            part = floats_at(g + (chunk * step + first) * 4, last - first)
            for i in range(last - first):
                total[i] += part[i]


def sgd(
    figures: F64, w: Address, g: Address, m: Address, task: Int, tasks: Int, size: Int, *, momentum, nesterov, decay
):
    first, last = share(task, tasks, size)
    if figures[UPDATES] != 0.0 and last > first:
        rate = float32(figures[RATE])
        weights = floats_at(w + first * 4, last - first)
        gradients = floats_at(g + first * 4, last - first)
        moments = floats_at(m + first * 4, last - first)
        begin = figures[STEP] == 1.0
        for i in range(last - first):
            d = gradients[i] + float32(decay) * weights[i]
            if momentum != 0.0:
                moment = d if begin else float32(momentum) * moments[i] + d
                moments[i] = moment
                d = d + float32(momentum) * moment if nesterov else moment
            weights[i] -= rate * d


def adam(
    figures: F64,
    w: Address,
    g: Address,
    m: Address,
    v: Address,
    task: Int,
    tasks: Int,
    size: Int,
    *,
    beta1,
    beta2,
    eps,
    decay,
    decoupled,
):
    """Kingma and Ba, 2015; `decoupled` is AdamW (Loshchilov and Hutter, 2019)."""
    first, last = share(task, tasks, size)
    if figures[UPDATES] != 0.0 and last > first:
        t = figures[STEP]
        rate = figures[RATE]
        size = float32(rate / (1.0 - beta1**t))
        root = float32(1.0 / np.sqrt(1.0 - beta2**t))
        shrink = float32(1.0 - rate * decay)
        weights = floats_at(w + first * 4, last - first)
        gradients = floats_at(g + first * 4, last - first)
        means = floats_at(m + first * 4, last - first)
        squares = floats_at(v + first * 4, last - first)
        for i in range(last - first):
            weight = weights[i]
            d = gradients[i]
            if decoupled:
                weight *= shrink
            else:
                d += float32(decay) * weight
            mean = means[i] + (d - means[i]) * float32(1.0 - beta1)
            square = float32(beta2) * squares[i] + float32(1.0 - beta2) * d * d
            means[i] = mean
            squares[i] = square
            weights[i] = weight - size * mean / (sqrt(square) * root + float32(eps))


def adagrad(figures: F64, w: Address, g: Address, m: Address, task: Int, tasks: Int, size: Int, *, eps, decay):
    """Duchi, Hazan and Singer, 2011."""
    first, last = share(task, tasks, size)
    if figures[UPDATES] != 0.0 and last > first:
        rate = float32(figures[RATE])
        weights = floats_at(w + first * 4, last - first)
        gradients = floats_at(g + first * 4, last - first)
        sums = floats_at(m + first * 4, last - first)
        for i in range(last - first):
            d = gradients[i] + float32(decay) * weights[i]
            sums[i] += d * d
            weights[i] -= rate * d / (sqrt(sums[i]) + float32(eps))


def rmsprop(
    figures: F64,
    w: Address,
    g: Address,
    s: Address,
    m: Address,
    task: Int,
    tasks: Int,
    size: Int,
    *,
    alpha,
    momentum,
    eps,
    decay,
):
    """Tieleman and Hinton, 2012."""
    first, last = share(task, tasks, size)
    if figures[UPDATES] != 0.0 and last > first:
        rate = float32(figures[RATE])
        weights = floats_at(w + first * 4, last - first)
        gradients = floats_at(g + first * 4, last - first)
        squares = floats_at(s + first * 4, last - first)
        moments = floats_at(m + first * 4, last - first)
        for i in range(last - first):
            d = gradients[i] + float32(decay) * weights[i]
            square = float32(alpha) * squares[i] + float32(1.0 - alpha) * d * d
            squares[i] = square
            d = d / (sqrt(square) + float32(eps))
            if momentum != 0.0:
                moment = float32(momentum) * moments[i] + d
                moments[i] = moment
                d = moment
            weights[i] -= rate * d
