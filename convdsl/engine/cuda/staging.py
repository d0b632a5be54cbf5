"""What goes to the GPU before a step: images, labels and which of them are meant."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.backend import Batch, Resident
from convdsl.engine.cuda.bind import Device


class Staging:
    """Brings batches to the GPU. Arrays that it was told to hold stay there; of others the images that are meant go over
    each time."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._places: dict[str, tuple[int, int]] = {}
        self._held: dict[int, tuple[Any, int]] = {}

    def hold(self, *arrays: np.ndarray) -> None:
        """Keeps whole arrays on the GPU, which must not change from now on, if half of the free memory is enough; what
        was held before is given back."""
        self._device.release([], [address for _, address in self._held.values()])
        self._held = {}
        if sum(a.nbytes for a in arrays) * 2 <= self._device.free_memory():
            for array in arrays:
                address = self._device.allocate(array.nbytes)
                self._device.upload(address, array)
                self._held[id(array)] = (array, address)

    def bring(self, batch: Batch) -> tuple[int, int, int, int]:
        """Addresses of images, index (0 for none) and labels (0 for none), with 1 in third place for bytes."""
        images, labels, index, count = batch.images, batch.labels, batch.index, batch.count
        if isinstance(images, OnDevice):
            here = labels if labels is None or index is None else labels[index]
            return images.address, 0, 0, 0 if here is None else self._put("labels", here[:count])
        is_bytes = int(images.dtype == np.uint8)
        if id(images) in self._held and (labels is None or id(labels) in self._held):
            label_place = 0 if labels is None else self._held[id(labels)][1]
            return self._held[id(images)][1], 0 if index is None else self._put("index", index), is_bytes, label_place
        if index is not None:
            images, labels = images[index], None if labels is None else labels[index]
        label_place = 0 if labels is None else self._put("labels", labels[:count])
        return self._put("images", images[:count]), 0, is_bytes, label_place

    def room(self, name: str, size: int) -> int:
        """Address of so many bytes; what was there under this name is lost if they were fewer."""
        address, had = self._places.get(name, (0, 0))
        if size > had:
            if address:
                self._device.release([], [address])
            address = self._device.allocate(size)
            self._places[name] = (address, size)
        return address

    def addresses(self) -> list[int]:
        """Of all memory that is taken here."""
        return [*(address for address, _ in self._places.values()), *(address for _, address in self._held.values())]

    def _put(self, name: str, array: np.ndarray) -> int:
        address = self.room(name, array.nbytes)
        self._device.upload(address, np.ascontiguousarray(array))
        return address


class OnDevice(Resident):
    """A batch of float32 images that lies on the GPU already."""

    def __init__(self, address: int, shape: tuple[int, ...], device: Device) -> None:
        self.address, self.shape, self._device = address, shape, device

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        result = np.empty(self.shape, np.float32)
        self._device.download(self.address, result)
        return result
