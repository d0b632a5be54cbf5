"""What the generated kernel modules import: views of memory, helpers of arithmetic and the micro-kernels.

A compiled kernel gets one argument, the address of a row of 64-bit integers: its own arguments. The functions here turn a
slot of that row into an array with constant sizes, so that LLVM sees every stride.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from convdsl.engine.cpu.channelwise import bn_apply_tile, bn_input_tile, bn_sum_gradient_tile, bn_sum_tile
from convdsl.engine.cpu.depthwise import depthwise_tile, depthwise_weight_tile
from convdsl.engine.cpu.micro import (
    conv_tile,
    dense_input_tile,
    few_channels_tile,
    lane_outer_tile,
    lane_sum_tile,
    lane_tile,
    outer_tile,
    pool_tile,
    rows_tile,
    sparse_input_tile,
    sparse_weight_tile,
    sum_tile,
    transpose_tile,
)
from convdsl.engine.cpu.transforming import from_frequencies_tile, pooled_frequencies_tile, to_frequencies_tile
from convdsl.engine.maths import between, exp, expm1, gaussian_part, log, power, random_bits, sigmoid, sqrt, tanh

__all__ = [
    "between",
    "bn_apply_tile",
    "bn_input_tile",
    "bn_sum_gradient_tile",
    "bn_sum_tile",
    "bytes_at",
    "conv_tile",
    "dense_input_tile",
    "depthwise_tile",
    "depthwise_weight_tile",
    "doubles_at",
    "exp",
    "expm1",
    "few_channels_tile",
    "float32",
    "float32_view",
    "float64_view",
    "floats_at",
    "from_frequencies_tile",
    "gaussian_part",
    "int32",
    "int32_view",
    "int64_view",
    "integers_at",
    "kernel",
    "lane_outer_tile",
    "lane_sum_tile",
    "lane_tile",
    "log",
    "longs_at",
    "np",
    "outer_tile",
    "pool_tile",
    "pooled_frequencies_tile",
    "power",
    "random_bits",
    "rows_tile",
    "sigmoid",
    "slot",
    "sparse_input_tile",
    "sparse_weight_tile",
    "sqrt",
    "stack",
    "sum_tile",
    "tanh",
    "to_frequencies_tile",
    "transpose_tile",
    "uint8_view",
]

float32 = np.float32
int32 = np.int32

FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be reordered and divisions become products; NaN and infinity keep their meaning, so that they can be found."""

kernel = numba.cfunc("void(int64)", fastmath=FASTMATH, error_model="numpy", _nrt=False)


def _view(dtype: Any) -> Any:
    size = dtype.bitwidth // 8

    @intrinsic
    def view(context: Any, row: Any, number: Any, shape: Any, strides: Any) -> Any:
        array = types.Array(dtype, len(shape), "A")

        def generate(target: Any, b: Any, signature: Any, values: Any) -> Any:
            at, number, shape, strides = values
            address = b.load(b.gep(b.inttoptr(at, ir.IntType(64).as_pointer()), [number], source_etype=ir.IntType(64)))
            data = b.inttoptr(address, target.get_data_type(dtype).as_pointer())
            return _array(target, b, array, data, shape, strides, size)

        return array(types.int64, types.int64, shape, strides), generate

    return view


def _flat(dtype: Any) -> Any:
    size = dtype.bitwidth // 8

    @intrinsic
    def flat(context: Any, address: Any, length: Any) -> Any:
        array = types.Array(dtype, 1, "C")

        def generate(target: Any, b: Any, signature: Any, values: Any) -> Any:
            address, length = values
            data = b.inttoptr(address, target.get_data_type(dtype).as_pointer())
            one = cgutils.pack_array(b, [target.get_constant(types.intp, 1)])
            return _array(target, b, array, data, cgutils.pack_array(b, [length]), one, size)

        return array(types.int64, types.int64), generate

    return flat


def _array(target: Any, b: Any, kind: Any, data: Any, shape: Any, strides: Any, size: int) -> Any:
    """An array of `shape` over memory that it does not own; `strides` count elements."""
    result = arrayobj.make_array(kind)(target, b)
    itemsize = target.get_constant(types.intp, size)
    steps = [b.mul(s, itemsize) for s in cgutils.unpack_tuple(b, strides)]
    sizes = cgutils.unpack_tuple(b, shape)
    arrayobj.populate_array(result, data, cgutils.pack_array(b, sizes), cgutils.pack_array(b, steps), itemsize, None)
    return result._getvalue()


@intrinsic
def slot(context: Any, row: Any, number: Any) -> Any:
    """The integer in a slot of the row of arguments."""

    def generate(target: Any, b: Any, signature: Any, values: Any) -> Any:
        at, number = values
        return b.load(b.gep(b.inttoptr(at, ir.IntType(64).as_pointer()), [number], source_etype=ir.IntType(64)))

    return types.int64(types.int64, types.int64), generate


@intrinsic
def stack(context: Any, count: Any) -> Any:
    """The address of so many floats, a constant number, that are the kernel's own while it runs."""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def generate(target: Any, b: Any, signature: Any, values: Any) -> Any:
        place = cgutils.alloca_once(b, ir.ArrayType(ir.FloatType(), count.literal_value))
        place.align = 64
        return b.ptrtoint(place, ir.IntType(64))

    return types.int64(count), generate


float32_view = _view(types.float32)
float64_view = _view(types.float64)
int32_view = _view(types.int32)
int64_view = _view(types.int64)
uint8_view = _view(types.uint8)
floats_at = _flat(types.float32)
doubles_at = _flat(types.float64)
integers_at = _flat(types.int32)
longs_at = _flat(types.int64)
bytes_at = _flat(types.uint8)
