"""Runs a bound program: tables of compiled kernels and their arguments, in parallel over chunks of images or shares of work.

The tables are int64. An operation is [address of the kernel, first row of its arguments, number of them]. An argument is
computed from six numbers: base + image·a + slot·b + worker·c + part·d + count·e, where `part` is the chunk or the task,
`slot` the image's number in its block and `count` the images of the block.
"""

# mypy: ignore-errors
from __future__ import annotations

import ctypes
import os

from llvmlite import binding, ir
from numba import njit, prange, types
from numba.extending import intrinsic

from convdsl.engine import slots
from convdsl.engine.cpu import tables
from convdsl.engine.cpu.kept import KeptCode
from convdsl.engine.cpu.tables import (
    BLOCK,
    END,
    FIRST,
    KIND,
    PARTS,
    REGION_CHUNKS,
    REGION_SERIAL,
    REGION_SHARES,
    REGION_STRIPS,
    SEGMENT_BLOCK,
    SEGMENT_IMAGE,
    SEGMENT_START,
)
from convdsl.engine.slots import FINITE


@intrinsic
def call(context, address, row):
    """Calls a compiled kernel with the address of its arguments."""

    def generate(target, b, signature, values):
        address, row = values
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)])
        b.call(b.inttoptr(address, kind.as_pointer()), [row])

    return types.void(types.int64, types.int64), generate


@intrinsic
def next_number(context, address):
    """Adds one to the integer at an address and returns what it was; safe among threads."""

    def generate(target, b, signature, values):
        (address,) = values
        at = b.inttoptr(address, ir.IntType(64).as_pointer())
        return b.atomic_rmw("add", at, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(types.int64), generate


_YIELD = "convdsl_yield"
_system = ctypes.CDLL(None).sched_yield if os.name == "posix" else ctypes.windll.kernel32.SwitchToThread
binding.add_symbol(_YIELD, ctypes.cast(_system, ctypes.c_void_p).value)


@intrinsic
def number_at(context, address):
    """The integer at an address, which other threads change."""

    def generate(target, b, signature, values):
        (address,) = values
        return b.load_atomic(b.inttoptr(address, ir.IntType(64).as_pointer()), "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def give_way(context):
    """Lets another thread have the core."""

    def generate(target, b, signature, values):
        kind = ir.FunctionType(ir.IntType(32), [])
        function = b.module.globals.get(_YIELD) or ir.Function(b.module, kind, _YIELD)
        b.call(function, [])
        return target.get_dummy_value()

    return types.void(), generate


@njit
def run_operations(first, last, operations, arguments, row, image, slot, worker, part, count):
    for number in range(first, last):
        start = operations[number, 1]
        for i in range(operations[number, 2]):
            a = arguments[start + i]
            row[i] = a[0] + image * a[1] + slot * a[2] + worker * a[3] + part * a[4] + count * a[5]
        call(operations[number, 0], row.ctypes.data)


@njit
def run_images(region, segments, operations, arguments, row, begin, end, part, worker):
    """All steps of a region for some images, block by block."""
    block = region[BLOCK]
    for s in range(region[FIRST], region[END]):
        if segments[s, 0] == SEGMENT_START:
            run_operations(
                segments[s, 1], segments[s, 2], operations, arguments, row, begin, 0, worker, part, end - begin
            )
    for first in range(begin, end, block):
        count = min(block, end - first)
        for s in range(region[FIRST], region[END]):
            if segments[s, 0] == SEGMENT_IMAGE:
                for slot in range(count):
                    run_operations(
                        segments[s, 1],
                        segments[s, 2],
                        operations,
                        arguments,
                        row,
                        first + slot,
                        slot,
                        worker,
                        part,
                        count,
                    )
            elif segments[s, 0] == SEGMENT_BLOCK:
                run_operations(
                    segments[s, 1], segments[s, 2], operations, arguments, row, first, 0, worker, part, count
                )


@njit
def run_task(region, segments, operations, arguments, row, images, part, worker):
    for s in range(region[FIRST], region[END]):
        run_operations(segments[s, 1], segments[s, 2], operations, arguments, row, 0, 0, worker, part, images)


@njit(parallel=True, nogil=True)
def run(regions, segments, operations, arguments, rows, counters, chunk, workers, images, figures):
    """One pass. A region is [kind, first segment, last, parts, images in a block].

    Stops before the regions that change weights if the loss is not a number (figures[FINITE] is 0 then). Workers take the next
    part when they are done with one, so that a thread which the system holds up holds nobody else up. Which worker takes
    which part changes nothing in the results. Where all images are in one chunk, nobody else is woken: that takes longer
    than a short region.
    """
    for r in range(regions.shape[0]):
        region = regions[r]
        counters[0] = 0
        if region[KIND] == REGION_SERIAL:
            run_task(region, segments, operations, arguments, rows[0], images, 0, 0)
        elif region[KIND] == REGION_CHUNKS and images <= chunk:
            for part in range(region[PARTS]):
                begin, end = part * chunk, min(part * chunk + chunk, images)
                run_images(region, segments, operations, arguments, rows[0], begin, end, part, 0)
        elif region[KIND] == REGION_CHUNKS or region[KIND] == REGION_STRIPS:
            for worker in prange(workers):
                part = next_number(counters.ctypes.data)
                while part < region[PARTS]:
                    begin, end = 0, images
                    if region[KIND] == REGION_CHUNKS:
                        begin, end = part * chunk, min(part * chunk + chunk, images)
                    run_images(region, segments, operations, arguments, rows[worker], begin, end, part, worker)
                    part = next_number(counters.ctypes.data)
        elif region[KIND] == REGION_SHARES or figures[FINITE] != 0.0:
            for worker in prange(workers):
                part = next_number(counters.ctypes.data)
                while part < region[PARTS]:
                    run_task(region, segments, operations, arguments, rows[worker], images, part, worker)
                    part = next_number(counters.ctypes.data)


SPINS = 30000
"""How often a thread looks whether the others are done before it gives its core away: some ten microseconds."""


@njit(parallel=True, nogil=True)
def run_few(regions, segments, operations, arguments, rows, counters, chunk, workers, images, figures):
    """The same for a forward pass of many short regions: threads are called once, and meet by counting the parts that are
    done: `counters`, all 0 before. Nobody waits for a thread that has not come: the others do its parts."""
    for worker in prange(workers):
        for r in range(regions.shape[0]):
            region = regions[r]
            claimed = counters.ctypes.data + r * 128
            done = claimed + 64
            part = next_number(claimed)
            while part < region[PARTS]:
                if region[KIND] == REGION_CHUNKS:
                    begin, end = part * chunk, min(part * chunk + chunk, images)
                    run_images(region, segments, operations, arguments, rows[worker], begin, end, part, worker)
                elif region[KIND] == REGION_STRIPS:
                    run_images(region, segments, operations, arguments, rows[worker], 0, images, part, worker)
                else:
                    run_task(region, segments, operations, arguments, rows[worker], images, part, worker)
                next_number(done)
                part = next_number(claimed)
            spins = 0
            while number_at(done) < region[PARTS]:
                spins += 1
                if spins > SPINS:
                    give_way()


run_few._cache = KeptCode(run_few.py_func, __file__, slots.__file__, tables.__file__)
run._cache = KeptCode(run.py_func, __file__, slots.__file__, tables.__file__)
run_alone = njit(nogil=True)(run.py_func)
"""The same on one thread, where there are no others: after a fork."""
run_alone._cache = KeptCode(run.py_func, __file__, slots.__file__, tables.__file__, variant="_alone")
