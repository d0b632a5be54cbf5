"""Elementary functions in float32 that LLVM can turn into vector code; errors stay within a few units in the last place.

Each is a polynomial without branches (the C library's functions would be called one value at a time).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_FAST = {"contract", "nsz", "arcp"}
f32 = np.float32
i32 = np.int32
u64 = np.uint64


@njit(fastmath=_FAST, error_model="numpy")
def exp(x):
    """e^x: 2^n · e^r with r in ±ln(2)/2 and a polynomial of degree 6 for e^r. NaN stays NaN; beyond ±87 it saturates."""
    inside = min(max(x, f32(-87.3)), f32(88.7))
    z = inside * f32(1.4426950408889634)
    n = i32(z + (f32(0.5) if z >= f32(0) else f32(-0.5)))
    whole = f32(n)
    r = inside - whole * f32(0.693359375)
    r = r - whole * f32(-2.12194440e-4)
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    p = p * r * r + r + f32(1)
    half = n >> i32(1)
    power = i32((half + i32(127)) << i32(23)).view(f32) * i32((n - half + i32(127)) << i32(23)).view(f32)
    return p * power if x == x else x


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
    return t * p / q if x == x else x


@njit(fastmath=_FAST, error_model="numpy")
def sigmoid(x):
    """1/(1 + e^−x), through tanh(x/2) so that neither end overflows."""
    return f32(0.5) + f32(0.5) * tanh(f32(0.5) * x)


@njit(fastmath=_FAST, error_model="numpy")
def gaussian_part(x):
    """Φ(x), the part of a normal distribution below x, to 1e-7 (Abramowitz and Stegun, Handbook, 7.1.26)."""
    z = abs(x) * f32(0.7071067811865476)
    t = f32(1) / (f32(1) + f32(0.3275911) * z)
    p = f32(1.061405429)
    p = p * t + f32(-1.453152027)
    p = p * t + f32(1.421413741)
    p = p * t + f32(-0.284496736)
    p = p * t + f32(0.254829592)
    tail = f32(0.5) * p * t * exp(-z * z)
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


@njit
def random_bits(seed, counter):
    """64 random bits for each pair of whole numbers: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), twice."""
    z = u64(seed) * u64(0x9E3779B97F4A7C15) + u64(0x632BE59BD9B4E019)
    z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    z = z ^ (z >> u64(27)) ^ (u64(counter) * u64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> u64(27))) * u64(0x94D049BB133111EB)
    return z ^ (z >> u64(31))


@njit(error_model="numpy")
def between(i, n, m, upper):
    """Of the two of m values that lie around the i-th of n (pixel centres at half positions): index and weight."""
    at = max((f32(i) + f32(0.5)) * f32(m) / f32(n) - f32(0.5), f32(0))
    low = int(at)
    part = at - f32(low)
    if upper:
        return min(low + 1, m - 1), part
    return low, f32(1) - part
