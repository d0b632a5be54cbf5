"""The networks of the benchmarks, in our language."""

from __future__ import annotations


def _block(channels: int, stride: int, project: bool) -> str:
    skip = f"conv {channels} k1 s({stride}) nobias -> bn" if project else "identity"
    return f"add {{ conv {channels} k3 s({stride}) p1 nobias -> bn relu -> conv {channels} k3 p1 nobias -> bn | {skip} }} relu"


def resnet20() -> str:
    lines = ["input 32x32x3", "conv 16 k3 p1 nobias -> bn relu"]
    for stage, (channels, stride) in enumerate(((16, 1), (32, 2), (64, 2))):
        lines += [_block(channels, stride if i == 0 else 1, i == 0 and stage > 0) for i in range(3)]
    return "\n".join([*lines, "globalavgpool", "dense 10"])


NETWORKS = {
    "N1": "input 28x28x1 -> conv 64 k3 relu -> dense 10",
    "N2": "input 28x28x1 -> conv 32 k5 relu -> maxpool 2 -> conv 64 k5 relu -> maxpool 2 -> dense 10",
    "N3": "input 32x32x3 -> conv 64 k3 relu -> maxpool 2 -> dense 32 relu -> dense 10",
    "N4": "input 32x32x3 -> conv 64 k3 p same relu -> maxpool 2 -> conv 64 k3 p same relu -> maxpool 2 -> dense 128 relu "
    "-> dense 10",
    "N5": "input 32x32x1 -> conv 6 k5 tanh -> avgpool 2 -> conv 16 k5 tanh -> avgpool 2 -> conv 120 k5 tanh -> dense 84 tanh "
    "-> dense 10",
    "N6": resnet20(),
}
