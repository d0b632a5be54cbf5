"""Bridges to other frameworks: what is built here goes out, and what exists elsewhere comes in.

A bridge speaks of a network and of its weights by name (`Weighted`), never of an engine: who trains is no matter of its.
"""

from convdsl.bridges.weighted import Unsayable, Weighted, place_of

__all__ = ["Unsayable", "Weighted", "place_of"]
