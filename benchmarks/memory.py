"""The most memory that a process holds while it trains, ours beside PyTorch's, each in a process of its own.

    python benchmarks/memory.py [N1,N2,…]

Ten steps, batch 128. Two figures each, in MB: all that the process holds at its peak, and what of it came after the
imports (so without the libraries' own code). PyTorch is eager; its memory is given back as the system does by default.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import numpy as np
from networks import NETWORKS

BATCH, STEPS = 128, 10


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(name: str) -> tuple[float, float]:
    import convdsl
    from convdsl.engine.model import Model

    before = peak()
    net = convdsl.parse(NETWORKS[name])
    model = Model(net, batch=BATCH)
    x = np.random.default_rng(0).standard_normal((BATCH, *net.input)).astype(np.float32)
    y = np.arange(BATCH) % 10
    for _ in range(STEPS):
        model.train_step(x, y, 1e-3)
    return before, peak()


def pytorch(name: str) -> tuple[float, float]:
    import peers
    import torch

    before = peak()
    network, shape = peers.torch_network(name)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    x, y = torch.randn(BATCH, *shape), torch.arange(BATCH) % 10
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    return before, peak()


def measured(who: str, name: str) -> tuple[float, float]:
    """In a process of its own, the second time: what it compiles is kept then."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, __file__, "--one", who, name], capture_output=True, text=True, check=True
        )
    before, after = map(float, done.stdout.split())
    return after, after - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    for name in parser.parse_args().networks.split(","):
        (mine, own), (theirs, other) = measured("ours", name), measured("pytorch", name)
        print(
            f"{name}: ours {mine:.0f} MB at the peak ({own:.0f} after the imports), PyTorch {theirs:.0f} ({other:.0f}): "
            f"{theirs / mine:.1f} x, {other / own:.1f} x",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(*{"ours": ours, "pytorch": pytorch}[sys.argv[2]](sys.argv[3]))
    else:
        main()
