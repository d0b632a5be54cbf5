"""Elementary functions in float32 that LLVM can turn into vector code; errors stay within a few units in the last place.

Each is a polynomial without branches (the C library's functions would be called one value at a time).
"""

from __future__ import annotations

import math
from typing import Any

try:
    import numpy as np
    from numba import njit

    f32: Any = np.float32
    i32: Any = np.int32
except ImportError:  # these are texts then, which something else compiles
    f32 = i32 = None

    def njit(**options):
        return lambda function: function


from convdsl.engine import bits

_FAST = {"contract", "nsz", "arcp"}


@njit(fastmath=_FAST, error_model="numpy")
def _power_of_e(x):
    """n and e^r − 1 for e^x = 2^n · e^r, with r in ±ln(2)/2 and a polynomial of degree 6 for e^r, fitted to
    3e-9. n comes in the lowest bits of a number to which 1.5·2^23 was added, which also rounds it."""
    shifted = x * f32(1.4426950408889634) + f32(12582912)
    whole = shifted - f32(12582912)
    r = x - whole * f32(0.693359375)
    r = r - whole * f32(-2.12194440e-4)
    p = f32(1.3814466740e-3)
    p = p * r + f32(8.3687804291e-3)
    p = p * r + f32(4.1668394217e-2)
    p = p * r + f32(1.6666520108e-1)
    p = p * r + f32(4.9999993412e-1)
    return f32(shifted).view(i32), p * r * r + r


@njit(fastmath=_FAST, error_model="numpy")
def exp(x):
    """e^x for x up to 71, where it stops growing: nothing here asks for more than 0. Below −104 it is 0 (in so many words:
    a caller may multiply it by 1e30). What is between 2^−150 and 2^−126 is made from 2^24 times as much."""
    n, p = _power_of_e(f32(71) if x > f32(71) else x)  # in this order NaN stays NaN
    y = (p + f32(1)) * i32((n << i32(23)) + i32(151 << 23)).view(f32) * f32(5.9604644775390625e-08)
    return f32(0) if x < f32(-104) else y


@njit(fastmath=_FAST, error_model="numpy")
def expm1(x):
    """e^x − 1 for x up to 88, where it stops growing; what is near 0 keeps its digits."""
    low = f32(-30) if x < f32(-30) else x
    n, p = _power_of_e(f32(88) if low > f32(88) else low)
    power = i32((n << i32(23)) + i32(127 << 23)).view(f32)
    return p * power + (power - f32(1))


@njit(fastmath=_FAST, error_model="numpy")
def tanh(x):
    """The rational approximation (degree 13 over 6) that Eigen uses; ±1 beyond 7.9."""
    t = min(max(x, f32(-7.90531110763549805)), f32(7.90531110763549805))
    y = t * t
    p = f32(-2.76076847742355e-16)
    p = p * y + f32(2.00018790482477e-13)
    p = p * y + f32(-8.60467152213735e-11)
    p = p * y + f32(5.12229709037114e-08)
    p = p * y + f32(1.48572235717979e-05)
    p = p * y + f32(6.37261928875436e-04)
    p = p * y + f32(4.89352455891786e-03)
    q = f32(1.19825839466702e-06)
    q = q * y + f32(1.18534705686654e-04)
    q = q * y + f32(2.26843463243900e-03)
    q = q * y + f32(4.89352518554385e-03)
    return t * (p / q) if x == x else x


@njit(fastmath=_FAST, error_model="numpy")
def sigmoid(x):
    """1/(1 + e^−x), from e^−|x|, which does not overflow; on the left e^−|x|/(1 + e^−|x|), so that the tail keeps all its
    digits (silu multiplies it by x)."""
    e = exp(-abs(x))
    return (e if x < f32(0) else f32(1)) / (f32(1) + e)


@njit(fastmath=_FAST, error_model="numpy")
def gaussian_part(x):
    """Φ(x), the part of a normal distribution below x: e^(−x²/2)·t·P(t) is the tail, with t = 1/(1 + 0.43·|x|/√2). P was
    fitted to the tail's relative error, at most 1.2e-7, so that it keeps its digits far out."""
    t = f32(1) / (f32(1) + f32(0.30405591591021544) * abs(x))
    p = f32(7.252962357618686e-02)
    p = p * t + f32(-3.0559746346910366e-01)
    p = p * t + f32(3.757031047800177e-01)
    p = p * t + f32(-7.85647258738347e-02)
    p = p * t + f32(2.431616813180688e-01)
    p = p * t + f32(2.060358901642598e-01)
    p = p * t + f32(2.4420647904877363e-01)
    p = p * t + f32(2.4252532126536605e-01)
    tail = f32(0.5) * (p * t) * exp(f32(-0.5) * x * x)
    return tail if x < f32(0) else f32(1) - tail


@njit(error_model="numpy")
def log(x):
    return f32(math.log(x))


@njit(error_model="numpy")
def sqrt(x):
    return f32(math.sqrt(x))


@njit(error_model="numpy")
def power(x, y):
    return f32(math.pow(x, y))


random_bits = njit()(bits.random_bits)


@njit(error_model="numpy")
def between(i, n, m, upper, aligned):
    """Of the two of m values that lie around the i-th of n: index and weight. Pixel centres lie at half positions; `aligned`:
    the first on the first, the last on the last."""
    centred = max((f32(i) + f32(0.5)) * f32(m) / f32(n) - f32(0.5), f32(0))
    at = f32(i) * f32(m - 1) / f32(max(n - 1, 1)) if aligned else centred
    low = int(at)
    part = at - f32(low)
    if upper:
        return min(low + 1, m - 1), part
    return low, f32(1) - part
