"""Pictures with a mask for each, in folders side by side or in an archive, as a data set.

    images/a.jpg, masks/a.png              of which a fifth is set aside for the test
    train/images/…, train/masks/…          parts, before or behind the two (parts.py)
    test/images/…, test/masks/…

A mask is a picture of one number for each pixel: the number of a class, or the index in a palette.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options, Progress, Text
from convdsl.datasets.folder import Reader, shape_of, told
from convdsl.datasets.memory import require
from convdsl.datasets.names import folded, quoted
from convdsl.datasets.parts import TEST, TRAIN, UNLABELLED, VALIDATION, role_of
from convdsl.datasets.pictures import Kind, Mask, Unreadable, decode_mask, measure, only_the_first, pillow, quiet
from convdsl.datasets.split import shuffled
from convdsl.datasets.tree import File, Tree
from convdsl.messages import T

IMAGES = {"images", "image", "imgs", "img", "imagenes", "imagen", "fotos", "photos", "pictures", "jpegimages", "input"}
MASKS = {"masks", "mask", "mascaras", "mascara", "annotations", "segmentation", "segmentations", "segmentationclass",
          "gt", "groundtruth", "ground_truth", "labels", "targets"}  # fmt: skip
_TOLD = re.compile(r"[_\-. ](mask|masks|gt|label|labels|seg|segmentation|mascara|image|img)$", re.IGNORECASE)
"""What programs put behind the name of a mask."""


class Pair(NamedTuple):
    """A picture and its mask."""

    image: File
    mask: File


def pairs_of(tree: Tree, path: Path) -> dict[str, list[Pair]] | None:
    """The pairs of each part; None where this is no set of pictures with masks. Raises DataError where some picture has no
    mask, or some mask no picture."""
    images: dict[tuple[str, str], File] = {}
    masks: dict[tuple[str, str], File] = {}
    for file in tree.files:
        *folders, name = file.path.split("/")
        words = [folded(folder) for folder in folders]
        kinds = [MASKS if word in MASKS else IMAGES for word in words if word in MASKS or word in IMAGES]
        if len(kinds) != 1:
            return None
        rest = [f for f, word in zip(folders, words, strict=True) if word not in MASKS and word not in IMAGES]
        parts = [role.part for folder in rest if (role := role_of(folder)) is not None]
        key = (parts[0] if parts else TRAIN, "/".join([*rest, _TOLD.sub("", name.rsplit(".", 1)[0])]))
        (masks if kinds[0] is MASKS else images)[key] = file
    if not images or not masks:
        return None
    _matched(images, masks, path)
    found: dict[str, list[Pair]] = {}
    for key in sorted(images):
        if key[0] != UNLABELLED:
            found.setdefault(key[0], []).append(Pair(images[key], masks[key]))
    return found


def _matched(images: dict[tuple[str, str], File], masks: dict[tuple[str, str], File], path: Path) -> None:
    help = T("A mask is called as its image, but for the ending: images/a.jpg and masks/a.png.")
    alone = sorted(key for key in images.keys() - masks.keys() if key[0] != UNLABELLED)
    if alone:
        raise DataError(
            T(
                "{path}: the image {name} has no mask.",
                "{path}: {n} images have no mask, such as {name}.",
                n=len(alone),
                path=path,
                name=quoted(images[alone[0]].path),
            ),
            help,
        )
    spare = sorted(masks.keys() - images.keys())
    if spare:
        raise DataError(
            T(
                "{path}: there is no image for the mask {name}.",
                "{path}: {n} masks have no image, such as {name}.",
                n=len(spare),
                path=path,
                name=quoted(masks[spare[0]].path),
            ),
            help,
        )


def masked_pictures(parts: dict[str, list[Pair]], path: Path, options: Options) -> Dataset:
    """The pictures and masks as a Dataset, in a shuffled order that depends on the seed only. Both are brought to
    `options.size`, masks to the nearest pixel. Raises DataError for a mask of another size than its picture, for one that
    holds no classes, and for anything that cannot be read."""
    pillow()
    notes: list[Text] = []
    if TRAIN not in parts:
        raise DataError(T("{path}: there are no images to train.", path=path), T("Call their folder `train`."))
    ordered = {
        name: [parts[name][i] for i in shuffled(len(parts[name]), options.seed)]
        for name in (TRAIN, VALIDATION, TEST)
        if parts.get(name)
    }
    everything = [pair for pairs in ordered.values() for pair in pairs]
    with quiet():
        (height, width, channels), _ = shape_of([pair.image for pair in everything], options)
        require(
            len(everything) * height * width * (channels + 9),
            T("{count} images of {size}", count=len(everything), size=f"{height}x{width}x{channels}"),
            T("Use smaller images, or an input of a smaller size."),
        )
        reader = Reader([pair.image for pair in everything], (height, width, channels), options.progress)
        images, start = [], 0
        for pairs in ordered.values():
            order = np.arange(start, start + len(pairs))
            images.append(reader.read(order, T("Reading the images"))[0])
            start += len(pairs)
        if reader.bad:
            file, why = reader.bad[0]
            raise DataError(
                T("{name} cannot be read: {why}.", name=quoted(file.path), why=why), T("Repair or remove it.")
            )
        reading = _Masks((height, width), options.progress)
        masks = [reading.read(pairs) for pairs in ordered.values()]
    scaled = reader.same_depth(images, notes)
    reader.report(path, notes)
    if reading.several:
        notes.append(only_the_first(sorted(reading.several)))
    both = dict(zip(ordered, zip(scaled.images, masks, strict=True), strict=True))
    data = assemble(
        path.name.split(".")[0], str(path), both[TRAIN], both.get(TEST), validation=both.get(VALIDATION), notes=notes,
        seed=options.seed,
    )  # fmt: skip
    return replace(data, scale=scaled.scale, seen_in=_seen_in(everything, np.concatenate(masks)))


class _Masks:
    """Reads masks in one size. `several` are the names of those with more frames or pages."""

    def __init__(self, size: tuple[int, int], progress: Progress | None) -> None:
        self.size, self.progress = size, progress
        self.several: list[str] = []
        self._colours: dict[int, tuple[tuple[int, ...], str]] = {}

    def read(self, pairs: Sequence[Pair]) -> np.ndarray:
        """(n, H, W) uint8, or uint16 where a class is beyond 255."""
        result = np.empty((len(pairs), *self.size), np.uint16)
        for row, pair in zip(result, told(T("Reading the masks"), pairs, self.progress), strict=True):
            name = quoted(pair.mask.path)
            try:
                mask, kind = decode_mask(pair.mask), measure(pair.image)
            except Unreadable as error:
                raise DataError(
                    T("{name} cannot be used as a mask: {why}.", name=name, why=error),
                    T("A mask holds one number for each pixel: the number of its class."),
                ) from None
            self._refuse_another_size(mask.pixels.shape, kind, name)
            self._refuse_another_palette(mask, name)
            if mask.several:
                self.several.append(name)
            rows, columns = (
                (np.arange(n) * 2 + 1) * m // (2 * n) for n, m in zip(self.size, mask.pixels.shape, strict=True)
            )
            row[:] = mask.pixels[np.ix_(rows, columns)]
        return result.astype(np.uint8) if result.max(initial=0) <= 255 else result

    def _refuse_another_size(self, shape: tuple[int, ...], kind: Kind, name: str) -> None:
        if shape != kind[:2]:
            raise DataError(
                T(
                    "The mask {name} is {mask}, and its image {image}.",
                    name=name,
                    mask="x".join(map(str, shape)),
                    image=f"{kind.height}x{kind.width}",
                ),
                T("A mask is as high and wide as its image."),
            )

    def _refuse_another_palette(self, mask: Mask, name: str) -> None:
        """Programs that look for a good palette give each file its own, and then a number is another class in each."""
        for number, colour in mask.colours.items():
            other, where = self._colours.setdefault(number, (colour, name))
            if other != colour:
                raise DataError(
                    T(
                        "The masks {a} and {b} have different palettes: the number {number} is the colour {one} in the first and "
                        "{other} in the second.",
                        a=where,
                        b=name,
                        number=number,
                        one="#{:02x}{:02x}{:02x}".format(*other),
                        other="#{:02x}{:02x}{:02x}".format(*colour),
                    ),
                    T("Save all masks with one palette, or as grey PNG: one number for each pixel, that of its class."),
                )


def _seen_in(pairs: Sequence[Pair], masks: np.ndarray) -> tuple[str, ...]:
    """For each class a file that has it, "" where none has."""
    files: dict[int, str] = {}
    for pair, mask in zip(pairs, masks, strict=True):
        for value in np.unique(mask):
            files.setdefault(int(value), quoted(pair.mask.path))
    highest = max(files, default=-1)
    return tuple(files.get(i, "") for i in range(highest + 1))
