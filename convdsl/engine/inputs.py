"""Images as a backend takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.errors import BadInput
from convdsl.messages import T


def as_images(images: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Images (n, *shape), contiguous: uint8 (taken as 0 to 1) or float32.

    Whole numbers of another type are bytes too where they lie between 0 and 255, as in data sets. Raises BadInput.
    """
    images = np.asarray(images)
    if images.ndim == 0 or images.shape[1:] != shape:
        given = "x".join(map(str, images.shape[1:]))
        if images.shape == shape:
            raise BadInput(str(T("This is one image. A batch of one is `images[None]`.")))
        expected = "x".join(map(str, shape))
        raise BadInput(
            str(T("The network takes images of {expected}, these are {given}.", expected=expected, given=given))
        )
    return as_pixels(images)


def as_pixels(images: np.ndarray) -> np.ndarray:
    """Numbers of any type as uint8 or float32; see `as_images`. Raises BadInput for what is no number."""
    kind = images.dtype.kind
    if kind not in "uifb":
        raise BadInput(str(T("Images are numbers, and these are {type}.", type=images.dtype)))
    if kind in "ui" and images.dtype != np.uint8 and images.size and images.min() >= 0 and images.max() <= 255:
        images = images.astype(np.uint8)
    if images.dtype != np.uint8:
        images = images.astype(np.float32, copy=False)
    return np.ascontiguousarray(images)
