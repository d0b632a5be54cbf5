"""Whole epochs, ours beside PyTorch's: shuffled images, from bytes to numbers, batch after batch.

    python benchmarks/epoch.py [N1,N2,…] [--images 12800]

Ours is `fit`; PyTorch's is the plainest loop with the same work: an epoch's order, a batch gathered from bytes and divided
by 255, a step (eager or channels-last, whichever is faster, or `torch.compile` where it is installed and faster).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import peers
from networks import NETWORKS
from timing import Step, against_peers, interleaved

import convdsl

BATCH = 128


def ours(name: str, images: np.ndarray, labels: np.ndarray) -> Step:
    model = convdsl.parse(NETWORKS[name]).compile(batch=BATCH, optimizer="sgd momentum=0.9")
    return lambda: model.fit(images, labels, epochs=1, lr=1e-3, validation=0)


def torch_epoch(name: str, images: np.ndarray, labels: np.ndarray, how: str) -> Step:
    import torch

    batch = peers.torch_batch(name, channels_last=how == "channels-last", compiled=how == "compile")
    pixels, classes = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)

    def epoch() -> Any:
        value = None
        for part in torch.randperm(len(pixels)).split(BATCH):
            value = batch(pixels[part].float() / 255, classes[part])
        return value

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    parser.add_argument("--images", type=int, default=12_800)
    parser.add_argument("--seconds", type=float, default=12.0)
    options = parser.parse_args()
    for name in options.networks.split(","):
        rng = np.random.default_rng(0)
        shape = (options.images, *convdsl.parse(NETWORKS[name]).input)
        images, labels = rng.integers(0, 256, shape, np.uint8), rng.integers(0, 10, options.images)
        epochs: dict[str, Step] = {"ours": ours(name, images, labels)}
        for how in ("eager", "channels-last", "compile"):
            epochs[how] = torch_epoch(name, images, labels, how)
        found = interleaved(epochs, options.seconds, warm=1)
        ratio, peer = against_peers(found)
        times = "  ".join(f"{who} {ms / 1e3:.2f}" for who, (ms, _) in found.items())
        print(
            f"{name}: {ratio:.2f} x PyTorch ({peer})   seconds for an epoch of {options.images} images: {times}",
            flush=True,
        )


if __name__ == "__main__":
    main()
