"""The plan as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convdsl.engine.plan.values import Step, Value

if TYPE_CHECKING:
    from convdsl.engine.plan.build import Plan


def show(plan: Plan) -> str:
    """Steps in their regions, with the buffers that they read and write."""
    memory = plan.memory
    lines = [
        f"plan of {plan.net.name or 'a network'}: batch {plan.batch} in {plan.chunks} chunks of {plan.chunk}, "
        f"{plan.block} images at a time, {plan.optimizer}",
        f"  {_device(plan)}, vectors of {plan.target.lanes} floats; weights {_bytes(memory.weights)}, "
        f"gradients {_bytes(memory.gradients)}, optimiser {_bytes(memory.optimizer)}, "
        f"activations {_bytes(memory.activations)}",
    ]
    for title, program in zip(
        ("one step of training", "inference", "inference of a few images"), plan.programs, strict=False
    ):
        worker = "" if plan.target.whole_batch else f"{_bytes(program.block_bytes)} a worker, "
        lines.append(f"{title}: {worker}{_bytes(program.batch_bytes)} for the batch")
        for region in program.regions:
            lines.append(f"  {_REGIONS[region.kind]}")
            lines += [f"    {_step(s)}" for s in region.steps]
    return "\n".join(lines)


_REGIONS = {
    "chunks": "in parallel over chunks of images:",
    "strips": "in parallel over strips, each for all images:",
    "shares": "in parallel over shares of it, for all images:",
    "serial": "alone:",
    "tasks": "in parallel over shares of the weights:",
    "batch": "each for the whole batch:",
}


def _device(plan: Plan) -> str:
    return "a GPU" if plan.target.whole_batch else f"{plan.target.threads} threads"


def _step(step: Step) -> str:
    activation = step.settings.get("activation")
    scaled = " + bn" if "op" in step.settings and not step.kind.startswith("bn_") else ""
    name = step.kind + scaled + (f" + {activation[0]}" if activation else "")
    reads = ", ".join(_value(v) for v in step.reads.values())
    writes = ", ".join(_value(v) for v in step.writes.values())
    weights = ", ".join(p.name for p in step.weights.values())
    arrow = f" → {writes}" if writes else ""
    return f"{name:<24}{reads}{arrow}{f'   [{weights}]' if weights else ''}"


def _value(value: Value) -> str:
    root = value.root
    sizes = "x".join(str(n) for n in value.shape if n != 1) or "1"
    return f"{value.name} {sizes} ({root.home} @{root.offset * 4})"


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
