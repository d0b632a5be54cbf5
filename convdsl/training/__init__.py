"""Training: settings, the loop and what it yields, augmentation, metrics, files of a run. Prints nothing.

Importing this imports neither numpy nor numba, and the settings only for a program with a `train` block: `check` comes
through here.
"""

from __future__ import annotations

from convdsl.training.checked import checked

__all__ = ["checked"]
