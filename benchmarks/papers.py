"""The nets of the papers at their size, 224×224 or so, on two threads: ours beside PyTorch, ONNX Runtime and OpenVINO.

    python benchmarks/papers.py [train|predict|one|cold] [alexnet,vgg16,…] [--turns 12] [--threads 2]

`train` is a step of training (forward, loss, backward, SGD with momentum) against the better of PyTorch's two layouts;
`predict` a batch, and `one` a single image, against the best of PyTorch, ONNX Runtime and OpenVINO where they are installed.
Each side is a process of its own (see turns.py). A ratio is the best peer's time by ours: of the shortest blocks, of the
medians, and of processors' time, which tells something with `--threads 1` only.

`cold` starts a process for one step of training with an empty cache, and another with what the first has left there: seconds
from the start of Python to its end, on the wall and of processors. By the number of cores, the latter are what the wall shows
at least; on a busy machine they are the figure to believe.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from networks import NETWORKS
from turns import Side, Times, answer, in_turns

import convdsl

HERE = Path(__file__).resolve().parent.parent
BATCHES = {"alexnet": 16, "vgg16": 4, "resnet18": 8, "resnet50": 8, "mobilenet": 8}
ONE = (*NETWORKS, "resnet18", "mobilenet")
COLD = ("googlenet", "densenet121", "resnet50", "mobilenet")
PYTORCH = ("eager", "channels-last")
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
"""These keep PyTorch's memory between steps; without them it loses up to a fifth."""

Step = Callable[[], object]


def network(name: str) -> Any:
    """Without the softmax at the end: every side has the same to do, and its own loss."""
    text = NETWORKS[name] if name in NETWORKS else (HERE / "examples" / f"{name}.cnn").read_text(encoding="utf-8")
    return convdsl.parse(text.replace(" softmax", ""))


def images(net: Any, batch: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((batch, *net.input)).astype(np.float32)


def ours(net: Any, what: str, batch: int, threads: int) -> Step:
    from convdsl.engine import Model, Optimizer

    model = Model(net, batch=batch, optimizer=Optimizer("sgd", momentum=0.9), threads=threads)
    x, labels = images(net, batch), np.arange(batch) % 10
    return (lambda: model.train_step(x, labels, 1e-4)) if what == "train" else lambda: model.predict(x)


def pytorch(net: Any, what: str, batch: int, threads: int, layout: str) -> Step:
    import torch

    torch.set_num_threads(threads)
    form = torch.channels_last if layout == "channels-last" else torch.contiguous_format
    module = net.to_torch().to(memory_format=form)
    x = torch.from_numpy(images(net, batch).transpose(0, 3, 1, 2)).contiguous(memory_format=form)
    labels = torch.arange(batch) % 10
    module.train(what == "train")

    def predict() -> Any:
        with torch.inference_mode():
            return module(x)

    if what != "train":
        return predict
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-4, momentum=0.9, fused=True)

    def train() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(module(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return train


def onnxruntime(net: Any, batch: int, threads: int) -> Step:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        net.to_onnx(f"{folder}/net.onnx")
        session = onnxruntime.InferenceSession(f"{folder}/net.onnx", options, providers=["CPUExecutionProvider"])
    x = np.ascontiguousarray(images(net, batch).transpose(0, 3, 1, 2))
    return lambda: session.run(None, {"input": x})


def openvino(net: Any, batch: int, threads: int) -> Step:
    import openvino

    x = np.ascontiguousarray(images(net, batch).transpose(0, 3, 1, 2))
    with tempfile.TemporaryDirectory() as folder:
        net.to_onnx(f"{folder}/net.onnx")
        model = openvino.Core().read_model(f"{folder}/net.onnx")
        model.reshape(list(x.shape))
        asked = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        request = openvino.compile_model(model, "CPU", asked).create_infer_request()
    return lambda: request.infer({0: x}, share_inputs=True, share_outputs=True)


def step(side: str, what: str, name: str, batch: int, threads: int) -> Step:
    net = network(name)
    if side == "ours":
        return ours(net, what, batch, threads)
    if side in PYTORCH:
        return pytorch(net, what, batch, threads, side)
    return {"onnxruntime": onnxruntime, "openvino": openvino}[side](net, batch, threads)


def sides(what: str) -> list[str]:
    """Ours, and those of the peers that are installed."""
    found = list(PYTORCH) if importlib.util.find_spec("torch") else []
    if what != "train":
        found += [library for library in ("onnxruntime", "openvino") if importlib.util.find_spec(library)]
    return ["ours", *found]


def compare(what: str, name: str, turns: int, threads: int) -> str:
    batch = 1 if what == "one" else BATCHES.get(name, 128)
    environment = {**os.environ, **KEPT, "OMP_NUM_THREADS": str(threads)}
    running = {
        side: Side(
            __file__, [what, name, "--work", side, "--batch", str(batch), "--threads", str(threads)], environment
        )
        for side in sides(what)
    }
    found, _ = in_turns(running, turns)
    mine, peers = found.pop("ours"), found
    if not peers:
        return f"{what} {name} B{batch}: ours {mine.shortest:.2f} ms"
    ratios = []
    for kind in Times._fields:
        best = min(peers, key=lambda side, kind=kind: getattr(peers[side], kind))
        ratios.append(f"{kind} {getattr(peers[best], kind) / getattr(mine, kind):.2f} x {best}")
    every = "  ".join(f"{side} {times.shortest:.2f}" for side, times in {"ours": mine, **peers}.items())
    return f"{what} {name} B{batch}: {'   '.join(ratios)}   ms: {every}"


def cold(name: str, threads: int) -> str:
    """Ours alone: the others have nothing to compile."""
    batch = BATCHES.get(name, 8)
    command = [sys.executable, __file__, "train", name, "--first", "--batch", str(batch), "--threads", str(threads)]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **KEPT, "CONVDSL_CACHE": folder}
        for _ in ("empty", "kept"):
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, env=environment, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found.append(f"{time.perf_counter() - start:.1f} s, {used:.1f} of processors")
        kernels = sum(path.suffix == ".o" for path in Path(folder).rglob("*"))
    return f"cold {name} B{batch}: {found[0]}; from the cache {found[1]}; {kernels} kernels"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", default="train,predict,one")
    parser.add_argument("networks", nargs="?")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--first", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        answer(step(options.work, options.what, options.networks, options.batch, options.threads))
        return
    if options.first:
        step("ours", options.what, options.networks, options.batch, options.threads)()
        return
    for what in options.what.split(","):
        chosen = options.networks.split(",") if options.networks else {"one": ONE, "cold": COLD}.get(what, BATCHES)
        for name in chosen:
            line = (
                cold(name, options.threads) if what == "cold" else compare(what, name, options.turns, options.threads)
            )
            print(line, flush=True)


if __name__ == "__main__":
    main()
