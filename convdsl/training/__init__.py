"""Training: settings, the loop and what it yields, augmentation, metrics, files of a run. Prints nothing.

Importing this, or the settings, imports neither numpy nor numba: `check` reads the `train` block too.
"""

from __future__ import annotations

from convdsl.training.checked import checked
from convdsl.training.configure import training_settings
from convdsl.training.settings import Settings

__all__ = ["Settings", "checked", "training_settings"]
