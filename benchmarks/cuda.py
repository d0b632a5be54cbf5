"""A step of training on a GPU, ours beside PyTorch's with cuDNN: one command that compiles, checks and times.

    python benchmarks/cuda.py RESULTS [N1,N2,…] [--batches 128,1024] [--seconds 2]

Run it from the root of the source tree, with `convdsl[cuda]` and PyTorch for CUDA installed; nothing is fetched. For each
network our results are held against the CPU's first (the exit status is 1 if they differ). Then blocks of steps take
turns: a step is forward, loss, backward and SGD with momentum, in float32 (TF32 off), on a batch of a data set that lies
on the GPU. PyTorch runs eagerly and as a CUDA graph, channels first and channels last. `step` is what a user waits for;
`graph` is the same work queued without waiting for its loss. Ratios come last; details go to the folder RESULTS.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from networks import NETWORKS  # noqa: E402
from peers import torch_network  # noqa: E402

sys.path[:] = [p for p in sys.path if Path(p).resolve() != HERE]  # NVIDIA's packages are called as this file is

import convdsl  # noqa: E402
from convdsl.engine import Model, Optimizer, cuda  # noqa: E402

Step = Callable[[], object]
TOLERANCE = 1e-3
SETS = 8
"""Batches in the data set."""


def data(shape: tuple[int, ...], count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, *shape)).astype(np.float32), rng.integers(0, 10, count)


def difference(name: str, batch: int) -> float:
    """The largest difference of gradients between the CPU and the GPU, relative to each one's largest value."""
    net = convdsl.parse(NETWORKS[name])
    x, y = data(tuple(net.input), batch)
    here = Model(net, batch=batch)
    there = Model(net, batch=batch, device="cuda")
    there.load_weights({**here.weights, **here.buffers})
    expected, found = here.gradients(x, y), there.gradients(x, y)
    return max(float(np.abs(found[n] - g).max() / max(np.abs(g).max(), 1e-6)) for n, g in expected.items())


def ours(name: str, batch: int) -> tuple[dict[str, Step], Model, float]:
    """Steps by name, the model, and the seconds until the first step was done."""
    net = convdsl.parse(NETWORKS[name])
    x, y = data(tuple(net.input), batch * SETS)
    began = time.perf_counter()
    model = Model(net, batch=batch, device="cuda", optimizer=Optimizer("sgd", momentum=0.9))
    model.hold(x, y)
    parts = [np.arange(n * batch, (n + 1) * batch) for n in range(SETS)]
    turn = iter(range(1 << 60))

    def step() -> object:
        return model.train_step(x, y, 1e-3, index=parts[next(turn) % SETS])

    step()
    first = time.perf_counter() - began
    return {"step": step, "graph": model.backend.repeat}, model, first


def torchs(name: str, batch: int) -> dict[str, Step]:
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    steps: dict[str, Step] = {}
    for form in ("channels first", "channels last"):
        network, shape = torch_network(name)
        x, y = data(shape, batch * SETS)
        images, labels = torch.tensor(x, device="cuda"), torch.tensor(y, device="cuda")
        network = network.cuda()
        if form == "channels last":
            network = network.to(memory_format=torch.channels_last)
            images = images.contiguous(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, foreach=True)
        here, there = images[:batch].clone(memory_format=torch.preserve_format), labels[:batch].clone()
        turn = iter(range(1 << 60))

        def work(network: Any = network, optimizer: Any = optimizer, here: Any = here, there: Any = there) -> Any:
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(network(here), there)
            loss.backward()
            optimizer.step()
            return loss

        def fill(
            here: Any = here, there: Any = there, images: Any = images, labels: Any = labels, turn: Any = turn
        ) -> None:
            first = next(turn) % SETS * batch
            here.copy_(images[first : first + batch])
            there.copy_(labels[first : first + batch])

        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                fill()
                work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = work()

        def eager(fill: Any = fill, work: Any = work) -> object:
            fill()
            return work().item()

        def replay(fill: Any = fill, graph: Any = graph, loss: Any = loss) -> object:
            fill()
            graph.replay()
            return loss.item()

        steps[f"torch eager, {form}"] = eager
        steps[f"torch graph, {form}"] = replay
        steps[f"torch graph only, {form}"] = graph.replay
    return steps


def interleaved(steps: dict[str, Step], seconds: float, finish: Step) -> dict[str, float]:
    """Median seconds of a step, in blocks that take turns; `finish` waits for the GPU."""
    counts = {}
    for name, step in steps.items():
        for _ in range(5):
            step()
        finish()
        began = time.perf_counter()
        for _ in range(10):
            step()
        finish()
        counts[name] = max(10, int(0.05 * 10 / max(time.perf_counter() - began, 1e-6)))
    found: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, found.values())) < 5:
        for name, step in steps.items():
            finish()
            began = time.perf_counter()
            for _ in range(counts[name]):
                step()
            finish()
            found[name].append((time.perf_counter() - began) / counts[name])
    return {name: statistics.median(times) for name, times in found.items()}


def epoch() -> float:
    """Seconds for N1 to see 60,000 images of bytes once, in batches of 128."""
    net = convdsl.parse(NETWORKS["N1"])
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60_000, 28, 28, 1), dtype=np.uint8), rng.integers(0, 10, 60_000)
    model = Model(net, batch=128, device="cuda", optimizer=Optimizer("sgd", momentum=0.9))
    model.hold(x, y)
    order = rng.permutation(60_000)
    model.train_step(x, y, 1e-3, index=order[:128])
    model.train_step(x, y, 1e-3, index=order[-96:])
    began = time.perf_counter()
    for start in range(0, 60_000, 128):
        model.train_step(x, y, 1e-3, index=order[start : start + 128])
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    parser.add_argument("--batches", default="128,1024")
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    trouble = cuda.unusable()
    if trouble is not None:
        print(f"No GPU can be used: {trouble}", file=sys.stderr)
        return 2
    options.results.mkdir(parents=True, exist_ok=True)
    try:
        import torch

        finish: Step = torch.cuda.synchronize
        print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}")
    except ImportError:
        print("PyTorch is missing: no peer to compare with")
        torch = None
    rows: list[dict[str, Any]] = []
    wrong = 0
    for name in options.networks.split(","):
        away = difference(name, 32)
        wrong += away > TOLERANCE
        print(f"{name}: gradients differ from the CPU's by {away:.1e}", flush=True)
        for batch in map(int, options.batches.split(",")):
            mine, model, first = ours(name, batch)
            steps = dict(mine)
            if torch is not None:
                steps |= torchs(name, batch)
            found = interleaved(steps, options.seconds, finish if torch is not None else model.backend.wait)
            rows.append(
                {
                    "net": name,
                    "batch": batch,
                    "difference": away,
                    "first step after s": first,
                    "bytes": model.memory.total,
                    "microseconds": {n: s * 1e6 for n, s in found.items()},
                }
            )
            print("   batch", batch, " ".join(f"{n} {s * 1e6:.0f} µs;" for n, s in found.items()), flush=True)
            (options.results / "results.json").write_text(json.dumps(rows, indent=1))
    seconds = epoch()
    print(f"N1, one epoch of 60,000 images: {seconds:.2f} s")
    (options.results / "results.json").write_text(json.dumps({"rows": rows, "epoch of N1 s": seconds}, indent=1))
    if torch is not None:
        print(
            "\n| net | batch | ours, µs | PyTorch eager | its graph | ratio to the best | work alone, ours | PyTorch's | ratio |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for row in rows:
            times = row["microseconds"]

            def best(kind: str, times: dict[str, float] = times) -> float:
                return min(t for n, t in times.items() if n.startswith(kind))

            eager, graph, alone = best("torch eager"), best("torch graph, "), best("torch graph only")
            print(
                f"| {row['net']} | {row['batch']} | {times['step']:.0f} | {eager:.0f} | {graph:.0f} "
                f"| {min(eager, graph) / times['step']:.2f} | {times['graph']:.0f} | {alone:.0f} "
                f"| {alone / times['graph']:.2f} |"
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
