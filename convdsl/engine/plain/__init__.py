"""What every step of a plan means, in NumPy: slow, short, and the same on every machine.

It asks for plans without any rewrite, so that it needs few kinds of steps: one operation is one step, and no value shares
its memory. `steps.py` says what they compute, `backend.py` runs them. numba is not needed.
"""
