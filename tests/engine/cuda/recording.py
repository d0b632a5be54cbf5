"""The launches of networks, as a GPU would get them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from runpy import run_path

import convdsl
from convdsl.engine.cuda.bind import Arrays, Launch
from convdsl.engine.cuda.bindings import bind_inference, bind_training
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Loss, plan
from convdsl.engine.plan.values import GPU
from tests.engine.cuda.recorder import Recorder

MOMENTUM = Optimizer("sgd", momentum=0.9)
ROOT = Path(__file__).resolve().parents[3]
NETWORKS = run_path(str(ROOT / "benchmarks" / "networks.py"))["NETWORKS"]


@cache
def launches(text: str, batch: int = 128, optimizer: Optimizer = MOMENTUM, loss: Loss | None = None) -> list[Launch]:
    """Of a step of training and of a prediction."""
    found = plan(convdsl.parse(text), batch, optimizer, GPU, *([loss] if loss else []))
    arrays = Arrays(found, Recorder())
    both = [*bind_training(found, arrays).launches, *bind_inference(found, found.inference, arrays).launches]
    return [n for n in both if isinstance(n, Launch)]


def network(name: str) -> list[Launch]:
    """Of one of the benchmarks' networks."""
    return launches(NETWORKS[name])
