"""How long `check` takes for networks of many layers, beside torchinfo.

    python benchmarks/large_nets.py [10,100,1000,10000] [--alone 100000]

Both write the table of a chain of 3×3 convolutions on 8×8×4 with all of its rows: ours from the program's text (parse,
sizes, costs, receptive fields, warnings, table), torchinfo from a PyTorch model that is already built, whose layers it
runs. Turn by turn, the median of five. `--alone` is a size that only ours is asked for. Seconds of CPU time.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import time
from collections.abc import Callable

from rich.console import Console

from convdsl.network import analyse
from convdsl.report.terminal import print_analysis
from convdsl.source import Source

TURNS = 5


def program(layers: int, distinct: bool) -> str:
    """A chain of convolutions; `distinct` ones alternate, so that no two neighbours are written alike."""
    return "input 8x8x4\n" + "".join(f"conv {4 + n % 2 * distinct} k3 p1 relu\n" for n in range(layers))


def ours(layers: int, distinct: bool = True) -> Callable[[], object]:
    text = program(layers, distinct)

    def run() -> None:
        print_analysis(Console(file=io.StringIO(), width=120), analyse(Source(text, "chain.cnn")), expand=True)

    return run


def theirs(layers: int) -> Callable[[], object] | None:
    """torchinfo on the same chain; None where it is not installed."""
    try:
        import torch
        import torchinfo
    except ImportError:
        return None
    torch.set_num_threads(1)
    channels = [4 + (n - 1) % 2 if n else 4 for n in range(layers + 1)]
    parts: list[torch.nn.Module] = []
    for before, after in itertools.pairwise(channels):
        parts += [torch.nn.Conv2d(before, after, 3, padding=1), torch.nn.ReLU()]
    net = torch.nn.Sequential(*parts)
    return lambda: str(torchinfo.summary(net, (1, 4, 8, 8), verbose=0, device="cpu"))


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="?", default="10,100,1000,10000")
    parser.add_argument("--alone", type=int, default=100_000)
    options = parser.parse_args()
    seconds(ours(10))
    for layers in map(int, options.sizes.split(",")):
        runs = {"ours": ours(layers), "torchinfo": theirs(layers)}
        times: dict[str, list[float]] = {name: [] for name, run in runs.items() if run is not None}
        for _ in range(TURNS):
            for name in times:
                times[name].append(seconds(runs[name]))
        found = {name: statistics.median(values) for name, values in times.items()}
        ratio = f"   {found['torchinfo'] / found['ours']:.2f} x torchinfo" if "torchinfo" in found else ""
        print(
            f"{layers} layers: " + "  ".join(f"{name} {value:.3f} s" for name, value in found.items()) + ratio,
            flush=True,
        )
    if options.alone:
        print(
            f"{options.alone} layers: ours {seconds(ours(options.alone)):.1f} s, "
            f"all written alike {seconds(ours(options.alone, distinct=False)):.1f} s"
        )


if __name__ == "__main__":
    main()
