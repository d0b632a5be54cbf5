"""What the engine makes of networks, as hashes: their plans, the texts of their kernels, and what these are bound to.

    python scripts/engine_texts.py > before        (change the engine)        python scripts/engine_texts.py | diff before -

A change that is to alter nothing leaves the same lines. Nothing is compiled, and nothing is run. The networks are those of
the benchmarks, three of the papers, and the small ones of the tests; the machines are CPUs with vectors of 16, 8 and 4
floats, and a GPU.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from networks import NETWORKS  # noqa: E402

import convdsl  # noqa: E402
from convdsl.engine.cpu import bindings as cpu  # noqa: E402
from convdsl.engine.cpu import store  # noqa: E402
from convdsl.engine.cpu.arrays import CpuArrays  # noqa: E402
from convdsl.engine.cpu.bind import Binder  # noqa: E402
from convdsl.engine.cuda import bindings as cuda  # noqa: E402
from convdsl.engine.cuda.bind import Arrays as OnDevice  # noqa: E402
from convdsl.engine.optimizer import Optimizer  # noqa: E402
from convdsl.engine.plan import Loss, Plan, plan  # noqa: E402
from convdsl.engine.plan.values import GPU, Target  # noqa: E402
from tests.engine.cuda.recorder import Recorder  # noqa: E402
from tests.engine.programs import PROGRAMS  # noqa: E402

MACHINES = {"16": Target(16, 32, 2), "8": Target(8, 16, 2), "4": Target(4, 32, 2), "gpu": GPU}
PAPERS = ("alexnet", "mobilenet", "googlenet_bn")


def cases() -> Iterator[tuple[str, str, int, tuple[str, ...]]]:
    """Name, program, batch and machines."""
    for name, text in NETWORKS.items():
        yield name, text, 128, tuple(MACHINES)
    for name in PAPERS:
        yield name, (ROOT / "examples" / f"{name}.cnn").read_text(encoding="utf-8"), 4, ("16", "gpu")
    for number, text in enumerate(PROGRAMS):
        yield f"P{number}", text, 20, ("16", "8", "gpu")


def short(what: Any) -> str:
    return hashlib.sha256(str(what).encode()).hexdigest()[:12]


def on_cpu(found: Plan) -> Iterator[tuple[str, str, str]]:
    """Of each program its kernels' names, texts, and where their arguments lie, counted from the array that holds it."""
    arrays = CpuArrays(found)
    for name, make in (
        ("train", lambda: cpu.bind_training(found, arrays)),
        ("predict", lambda: cpu.bind_inference(found, found.inference, arrays)),
        ("rearrange", lambda: cpu.bind_rearrange(found, arrays)),
    ):
        binders: list[Binder] = []
        bound = Binder.bound
        Binder.bound = lambda self, binders=binders: binders.append(self)  # type: ignore[method-assign,return-value]
        try:
            make()
        finally:
            Binder.bound = bound  # type: ignore[method-assign]
        (binder,) = binders
        places = [(n, a) for n, a in [*vars(arrays).items(), *arrays.states.items()] if isinstance(a, np.ndarray)]
        places += [(f"kept {i}", a) for i, a in enumerate(binder.keep) if isinstance(a, np.ndarray)]
        yield name, "regions", short((binder.regions, binder.segments))
        for kernel, (_, first, count) in zip(binder.kernels, binder.operations, strict=True):
            text = kernel.text.replace(kernel.name, kernel.function.__name__)
            arguments = [(_place(a[0], places), *a[1:]) for a in binder.arguments[first : first + count]]
            yield name, kernel.function.__name__, f"{short(text)} {short(arguments)}"


def _place(address: int, arrays: list[tuple[str, np.ndarray]]) -> tuple[str, int]:
    for name, array in arrays:
        start = array.ctypes.data
        if start <= address < start + max(array.nbytes, 1):
            return name, address - start
    return "", address


def on_gpu(found: Plan) -> Iterator[tuple[str, str, str]]:
    arrays = OnDevice(found, Recorder())
    for name, binder in (
        ("train", cuda.bind_training(found, arrays)),
        ("predict", cuda.bind_inference(found, found.inference, arrays)),
    ):
        for work in binder.launches:
            yield name, getattr(work, "name", "gemm"), f"{short(getattr(work, 'text', ''))} {short(work)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help="only these (N1, alexnet, P3, …)")
    wanted = parser.parse_args().networks
    store.addresses = lambda kernels: [0] * len(kernels)
    losses = [
        Loss(),
        Loss("binary_cross_entropy", weighted=True),
        Loss("mse"),
        Loss("mae"),
        Loss(weighted=True, smoothing=0.1),
    ]
    rules = [Optimizer("sgd", momentum=0.9), Optimizer("adam"), Optimizer("rmsprop"), Optimizer("adagrad")]
    for number, (name, text, batch, machines) in enumerate(cases()):
        if wanted and name not in wanted:
            continue
        net = convdsl.parse(text)
        loss, rule = (losses[0], rules[0]) if name[0] != "P" else (losses[number % 5], rules[number % 4])
        for machine in machines:
            found = plan(net, batch, rule, MACHINES[machine], loss)
            print(name, machine, "plan", short(found), flush=True)
            for program, kernel, hashes in (on_gpu if machine == "gpu" else on_cpu)(found):
                print(name, machine, program, kernel, hashes)


if __name__ == "__main__":
    main()
