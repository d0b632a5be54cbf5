"""Random changes to images, made where they are trained on."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.engine import augment, slots
from convdsl.engine.augment import DRAWS, Draws
from convdsl.engine.backend import Batch
from convdsl.engine.cuda.bind import FLAT, Device, Launch
from convdsl.engine.cuda.kernels.augment import change
from convdsl.engine.cuda.staging import OnDevice, Staging
from convdsl.engine.cuda.translate import translate
from convdsl.engine.partial import Strided

_FIGURES = [
    *("SIGN_X", "SIGN_Y", "MOVE_Y", "MOVE_X", "EDGE_Y", "EDGE_X", "XX", "XY", "YX", "YY"),
    *("CONTRAST", "BRIGHTNESS", "CUT_Y", "CUT_X"),
]


class DeviceAugmenter:
    """Changes images of one shape in batches of up to `batch`; see convdsl.engine.augment, which draws the same."""

    def __init__(
        self, changes: Any, shape: tuple[int, ...], batch: int, seed: int, device: Device, staging: Staging
    ) -> None:
        self._draws = Draws(changes, shape, seed)
        self._shape, self._device, self._staging = shape, device, staging
        size = prod(shape)
        self._control = staging.room("changes", slots.SLOTS * 8)
        self._moves = staging.room("moves", batch * 14 * 4)
        self._keys = staging.room("keys", batch * 8)
        self._out = staging.room("changed", batch * size * 4)
        layouts = {"control": FLAT, "moves": Strided((batch, 14), (14, 1)), "keys": FLAT}
        layouts["out"] = Strided((batch, size), (size, 1))
        text = translate(
            change,
            layouts,
            {
                "planes": self._draws.planes,
                "size": size,
                "warps": self._draws.warps,
                "tones": self._draws.tones,
                "noise": float(changes.noise),
                "cut": int(changes.cutout),
                "draws": DRAWS,
                **{name: getattr(augment, name) for name in _FIGURES},
            },
        )
        addresses = (self._control, self._moves, self._keys, self._out)
        self.launches = [Launch(text, "change", 256, ((1, 1), 1, 1), addresses)]
        device.prepare(self.launches)

    def apply(self, images: np.ndarray, index: np.ndarray, epoch: int) -> OnDevice:
        """The images `index` of `images`, changed as befits `epoch`, where `train_step` finds them. The next call uses
        the same memory."""
        moves, keys = self._draws.draw(index, epoch)
        index = np.ascontiguousarray(index, np.int64)
        told = np.zeros(slots.SLOTS, np.int64)
        batch = Batch(np.ascontiguousarray(images), None, index, len(index))
        told[slots.IMAGES], told[slots.INDEX], told[slots.BYTES], _ = self._staging.bring(batch)
        self._device.upload(self._control, told)
        self._device.upload(self._moves, moves)
        self._device.upload(self._keys, keys.view(np.int64))
        self._device.run(self.launches, len(index))
        return OnDevice(self._out, (len(index), *self._shape), self._device)
