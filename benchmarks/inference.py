"""Predictions, ours beside PyTorch's and JAX's, in one process, turn by turn.

    python benchmarks/inference.py [N1,N2,…] [--batch 128] [--seconds 6]

Images are float32; PyTorch is in inference mode (eager, channels-last, compiled). The ratio is the best peer's median by
ours; see timing.py for how it is taken.
"""

from __future__ import annotations

import argparse

import numpy as np
import peers
from networks import NETWORKS
from timing import Step, against_peers, interleaved

import convdsl
from convdsl.engine import Model


def ours(name: str, batch: int) -> Step:
    net = convdsl.parse(NETWORKS[name])
    model = Model(net, batch=batch)
    x = np.random.default_rng(0).standard_normal((batch, *net.input)).astype(np.float32)
    return lambda: model.predict(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    for name in options.networks.split(","):
        steps: dict[str, Step] = {"ours": ours(name, options.batch), **peers.predictions(name, options.batch)}
        found = interleaved(steps, options.seconds)
        ratio, peer = against_peers(found)
        times = "  ".join(f"{who} {ms:.2f}" for who, (ms, _) in found.items())
        print(
            f"{name}: {ratio:.2f} x the best peer ({peer})   ms for {options.batch} images: {times}   "
            f"undisturbed blocks {min(n for _, n in found.values())}",
            flush=True,
        )


if __name__ == "__main__":
    main()
