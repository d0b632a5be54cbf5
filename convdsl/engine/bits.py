"""Random numbers from counters: the same on any device and any number of threads."""

# mypy: ignore-errors
from __future__ import annotations

try:
    from numpy import uint64 as u64
except ImportError:  # this is a text then, which something else compiles
    u64 = None


def random_bits(seed, counter):
    """64 random bits for each pair of whole numbers: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), twice.
    For whole numbers, or arrays of them."""
    z = u64(seed) * u64(0x9E3779B97F4A7C15) + u64(0x632BE59BD9B4E019)
    z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    z = z ^ (z >> u64(27)) ^ (u64(counter) * u64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> u64(27))) * u64(0x94D049BB133111EB)
    return z ^ (z >> u64(31))
