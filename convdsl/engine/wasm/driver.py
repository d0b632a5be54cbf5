"""What goes through the tables of a program (see cpu/driver.py, which does the same with threads): WebAssembly too, made of this
text as kernels are.

Tables are of 32-bit numbers: a region has five, a segment three, an operation three, an argument six.
"""

# ruff: noqa: F821
# mypy: ignore-errors
from __future__ import annotations

from convdsl.engine.cpu import tables

NAMES = {name: number for name, number in vars(tables).items() if name.isupper()}


def run_operations(first, last, operations, arguments, row, image, slot, part, count):
    table = integers_at(operations, 0)
    given = integers_at(arguments, 0)
    to = integers_at(row, 0)
    for number in range(first, last):
        start = table[number * 3 + 1] * 6
        for i in range(table[number * 3 + 2]):
            a = start + i * 6
            to[i] = given[a] + image * given[a + 1] + slot * given[a + 2] + part * given[a + 4] + count * given[a + 5]
        call(table[number * 3], row)
    return 0


def run_images(region, segments, operations, arguments, row, begin, end, part):
    told = integers_at(region, 0)
    parts = integers_at(segments, 0)
    block = told[BLOCK]
    for s in range(told[FIRST], told[END]):
        if parts[s * 3] == SEGMENT_START:
            run_operations(parts[s * 3 + 1], parts[s * 3 + 2], operations, arguments, row, begin, 0, part, end - begin)
    for first in range(begin, end, block):
        count = min(block, end - first)
        for s in range(told[FIRST], told[END]):
            if parts[s * 3] == SEGMENT_IMAGE:
                for slot in range(count):
                    run_operations(
                        parts[s * 3 + 1], parts[s * 3 + 2], operations, arguments, row, first + slot, slot, part, count
                    )
            if parts[s * 3] == SEGMENT_BLOCK:
                run_operations(parts[s * 3 + 1], parts[s * 3 + 2], operations, arguments, row, first, 0, part, count)
    return 0


def run_task(region, segments, operations, arguments, row, images, part):
    told = integers_at(region, 0)
    parts = integers_at(segments, 0)
    for s in range(told[FIRST], told[END]):
        run_operations(parts[s * 3 + 1], parts[s * 3 + 2], operations, arguments, row, 0, 0, part, images)
    return 0


def run(regions, count, segments, operations, arguments, row, chunk, images, figures):
    """One pass. Stops before what changes weights if the loss is not a number."""
    numbers = doubles_at(figures, 0)
    for r in range(count):
        region = regions + r * 20
        told = integers_at(region, 0)
        for part in range(told[PARTS]):
            if told[KIND] == REGION_CHUNKS:
                begin = part * chunk
                run_images(region, segments, operations, arguments, row, begin, min(begin + chunk, images), part)
            elif told[KIND] == REGION_STRIPS:
                run_images(region, segments, operations, arguments, row, 0, images, part)
            elif told[KIND] != REGION_TASKS or numbers[FINITE] != 0.0:
                run_task(region, segments, operations, arguments, row, images, part)
    return 0
