"""The same networks in PyTorch (eager, channels-last, compiled) and in JAX, each as a step of training."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], object]


def steps(name: str, batch: int) -> dict[str, Step]:
    """Those of the peers that are installed."""
    result: dict[str, Step] = {}
    if importlib.util.find_spec("torch") is not None:
        result["eager"] = _torch_step(name, batch)
        result["channels-last"] = _torch_step(name, batch, channels_last=True)
        result["compile"] = _torch_step(name, batch, compiled=True)
    with contextlib.suppress(ImportError):
        result["jax"] = _jax_step(name, batch)
    return result


def predictions(name: str, batch: int) -> dict[str, Step]:
    """The same for predictions."""
    result: dict[str, Step] = {}
    if importlib.util.find_spec("torch") is not None:
        result["eager"] = _torch_prediction(name, batch)
        result["channels-last"] = _torch_prediction(name, batch, channels_last=True)
        result["compile"] = _torch_prediction(name, batch, compiled=True)
    with contextlib.suppress(ImportError):
        result["jax"] = _jax_prediction(name, batch)
    return result


def torch_network(name: str) -> tuple[Any, tuple[int, int, int]]:
    """The network and the shape of its input, channels first."""
    from torch import nn

    def resnet() -> Any:
        layers: list[Any] = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        before = 16
        for channels, stride in ((16, 1), (32, 2), (64, 2)):
            for i in range(3):
                layers.append(_residual(before, channels, stride if i == 0 else 1))
                before = channels
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))

    networks: dict[str, Callable[[], Any]] = {
        "N1": lambda: nn.Sequential(nn.Conv2d(1, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(26 * 26 * 64, 10)),
        "N2": lambda: nn.Sequential(
            nn.Conv2d(1, 32, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1024, 10),
        ),
        "N3": lambda: nn.Sequential(
            nn.Conv2d(3, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(15 * 15 * 64, 32),
            nn.ReLU(),
            nn.Linear(32, 10),
        ),
        "N4": lambda: nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4096, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        ),
        "N5": lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, 10),
        ),
        "N6": resnet,
    }
    shape = (1, 28, 28) if name in ("N1", "N2") else (1, 32, 32) if name == "N5" else (3, 32, 32)
    return networks[name](), shape


def _residual(before: int, channels: int, stride: int) -> Any:
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(before, channels, 3, stride, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
                nn.BatchNorm2d(channels),
            )
            changes = stride != 1 or before != channels
            self.skip = (
                nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
                if changes
                else nn.Identity()
            )

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.body(x) + self.skip(x))

    return Residual()


def torch_batch(name: str, channels_last: bool = False, compiled: bool = False) -> Callable[[Any, Any], Any]:
    """A function of images and labels that does one step of training and returns the loss."""
    import torch
    from torch.nn.functional import cross_entropy

    if compiled:
        torch._dynamo.reset()  # else every network counts against the limit of recompilations
    torch.manual_seed(0)
    network, _ = torch_network(name)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
    network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, fused=True)

    def loss(x: Any, y: Any) -> Any:
        return cross_entropy(network(x), y)

    function = torch.compile(loss) if compiled else loss

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        value = function(x.contiguous(memory_format=torch.channels_last) if channels_last else x, y)
        value.backward()
        optimizer.step()
        return value

    return step


def _torch_step(name: str, batch: int, channels_last: bool = False, compiled: bool = False) -> Step:
    import torch

    _, shape = torch_network(name)
    x, y = torch.randn(batch, *shape), torch.randint(0, 10, (batch,))
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    function = torch_batch(name, channels_last, compiled)
    function(x, y)
    return lambda: function(x, y)


def _torch_prediction(name: str, batch: int, channels_last: bool = False, compiled: bool = False) -> Step:
    import torch

    if compiled:
        torch._dynamo.reset()
    network, shape = torch_network(name)
    network.eval()
    x = torch.randn(batch, *shape)
    if channels_last:
        network, x = network.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    function = torch.compile(network) if compiled else network

    def step() -> Any:
        with torch.inference_mode():
            return function(x)

    step()
    return step


def _jax_prediction(name: str, batch: int) -> Step:
    import jax

    parameters, forward, x, _ = _jax_inputs(name, batch)
    compiled = jax.jit(forward)
    return lambda: jax.block_until_ready(compiled(parameters, x))


def _jax_inputs(name: str, batch: int) -> tuple[dict[str, Any], Callable[[Any, Any], Any], Any, Any]:
    """Parameters, the function of the network, images and labels."""
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    parameters: dict[str, Any] = {}

    def weights(key: str, *shape: int) -> None:
        parameters[key] = jnp.asarray((rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32))
        parameters[key + "b"] = jnp.zeros(shape[-1], jnp.float32)

    forward, shape = _jax_network(name, weights)
    x = jnp.asarray(rng.standard_normal((batch, *shape)).astype(np.float32))
    return parameters, forward, x, jnp.asarray(rng.integers(0, 10, batch))


def _jax_step(name: str, batch: int) -> Step:
    import jax
    import jax.numpy as jnp

    parameters, forward, x, y = _jax_inputs(name, batch)

    def loss(p: Any, x: Any, y: Any) -> Any:
        z = jax.nn.log_softmax(forward(p, x).reshape(batch, -1))
        return -jnp.take_along_axis(z, y[:, None], 1).mean()

    def update(p: Any, velocity: Any, x: Any, y: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(p, x, y)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradients)
        return jax.tree.map(lambda w, v: w - 1e-3 * v, p, velocity), velocity, value

    compiled = jax.jit(update, donate_argnums=(0, 1))
    state = [parameters, jax.tree.map(jnp.zeros_like, parameters)]

    def step() -> Any:
        state[0], state[1], value = compiled(state[0], state[1], x, y)
        jax.block_until_ready(state[0])
        return value

    step()
    return step


def _jax_network(name: str, weights: Callable[..., None]) -> tuple[Callable[[Any, Any], Any], tuple[int, int, int]]:
    import jax
    import jax.numpy as jnp
    from jax import lax

    def conv(p: Any, key: str, x: Any, stride: int = 1, pad: Any = "VALID") -> Any:
        y = lax.conv_general_dilated(x, p[key], (stride, stride), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return y + p[key + "b"]

    def pool(x: Any, how: str) -> Any:
        n, h, w, c = x.shape
        parts = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)
        return parts.max((2, 4)) if how == "max" else parts.mean((2, 4))

    def dense(p: Any, key: str, x: Any) -> Any:
        return x.reshape(x.shape[0], -1) @ p[key] + p[key + "b"]

    def norm(p: Any, key: str, x: Any) -> Any:
        mean = x.mean((0, 1, 2))
        variance = ((x - mean) ** 2).mean((0, 1, 2))
        return (x - mean) * lax.rsqrt(variance + 1e-5) * (1 + p[key + "b"]) + p[key][0]

    relu = jax.nn.relu
    if name == "N1":
        weights("c", 3, 3, 1, 64), weights("d", 26 * 26 * 64, 10)
        return (lambda p, x: dense(p, "d", relu(conv(p, "c", x)))), (28, 28, 1)
    if name == "N2":
        weights("c", 5, 5, 1, 32), weights("e", 5, 5, 32, 64), weights("d", 1024, 10)
        return (lambda p, x: dense(p, "d", pool(relu(conv(p, "e", pool(relu(conv(p, "c", x)), "max"))), "max"))), (
            28,
            28,
            1,
        )
    if name == "N3":
        weights("c", 3, 3, 3, 64), weights("d", 15 * 15 * 64, 32), weights("e", 32, 10)
        return (lambda p, x: dense(p, "e", relu(dense(p, "d", pool(relu(conv(p, "c", x)), "max"))))), (32, 32, 3)
    if name == "N4":
        weights("c", 3, 3, 3, 64), weights("f", 3, 3, 64, 64), weights("d", 4096, 128), weights("e", 128, 10)

        def four(p: Any, x: Any) -> Any:
            h = pool(relu(conv(p, "c", x, pad="SAME")), "max")
            h = pool(relu(conv(p, "f", h, pad="SAME")), "max")
            return dense(p, "e", relu(dense(p, "d", h)))

        return four, (32, 32, 3)
    if name == "N5":
        weights("a", 5, 5, 1, 6), weights("b", 5, 5, 6, 16), weights("c", 5, 5, 16, 120)
        weights("d", 120, 84), weights("e", 84, 10)

        def five(p: Any, x: Any) -> Any:
            h = pool(jnp.tanh(conv(p, "a", x)), "avg")
            h = pool(jnp.tanh(conv(p, "b", h)), "avg")
            return dense(p, "e", jnp.tanh(dense(p, "d", jnp.tanh(conv(p, "c", h)))))

        return five, (32, 32, 1)
    weights("c", 3, 3, 3, 16), weights("cn", 1, 16), weights("d", 64, 10)
    plan, before = [], 16
    for channels, first in ((16, 1), (32, 2), (64, 2)):
        for i in range(3):
            stride, key = first if i == 0 else 1, f"r{len(plan)}"
            weights(key + "1", 3, 3, before, channels), weights(key + "2", 3, 3, channels, channels)
            weights(key + "1n", 1, channels), weights(key + "2n", 1, channels)
            projects = stride != 1 or before != channels
            if projects:
                weights(key + "s", 1, 1, before, channels), weights(key + "sn", 1, channels)
            plan.append((key, stride, projects))
            before = channels
    around = ((1, 1), (1, 1))

    def resnet(p: Any, x: Any) -> Any:
        h = relu(norm(p, "cn", conv(p, "c", x, 1, around)))
        for key, stride, projects in plan:
            t = relu(norm(p, key + "1n", conv(p, key + "1", h, stride, around)))
            t = norm(p, key + "2n", conv(p, key + "2", t, 1, around))
            h = relu(t + (norm(p, key + "sn", conv(p, key + "s", h, stride)) if projects else h))
        return dense(p, "d", h.mean((1, 2)))

    return resnet, (32, 32, 3)
