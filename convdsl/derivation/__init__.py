"""How sizes and costs come about, step by step: formula, substitution, arithmetic, result, reason."""

from convdsl.derivation.derive import derive, derive_layer
from convdsl.derivation.steps import Derivation, LayerDerivation, NetDerivation

__all__ = ["Derivation", "LayerDerivation", "NetDerivation", "derive", "derive_layer"]
