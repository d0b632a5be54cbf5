"""Everything between a model and the driver, with a driver that is played by the simulator: memory, modules, arguments,
graphs."""

# mypy: ignore-errors
from __future__ import annotations

import ctypes
import gc
import sys
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

import convdsl
from convdsl.engine import EngineError, Model, cuda
from convdsl.engine.cuda import driver
from convdsl.engine.cuda.bind import Launch
from tests.engine.cuda.simulator import Simulator


class Wanted(NamedTuple):
    text: str
    threads: int
    capability: tuple[int, int]


class Driver:
    """The functions of NVIDIA's driver that are used, as its manual describes them."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=0, CUDA_ERROR_OUT_OF_MEMORY=2)
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1)
    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=0, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=1
    )

    def __init__(self) -> None:
        self.simulator = Simulator()
        self.captured: list[Launch] | None = None
        self.graphs = 0
        self.destroyed = 0
        self.held: list[int] = []

    def cuInit(self, flags):
        return (0,)

    def cuDeviceGet(self, number):
        return 0, number

    def cuDeviceGetAttribute(self, which, device):
        return 0, (9, 0)[which]

    def cuDevicePrimaryCtxRetain(self, device):
        return 0, "context"

    def cuCtxSetCurrent(self, context):
        assert context == "context"
        return (0,)

    def cuStreamCreate(self, flags):
        return 0, 7

    def cuStreamSynchronize(self, stream):
        assert self.captured is None, "not allowed while a stream is captured"
        return (0,)

    def cuMemAlloc(self, size):
        if size > 1 << 40:
            return 2, None
        self.held.append(self.simulator.allocate(size))
        return 0, self.held[-1]

    def cuMemFree(self, address):
        self.held.remove(address)
        return (0,)

    def cuMemGetInfo(self):
        return 0, 1 << 30, 1 << 31

    def cuMemsetD8Async(self, address, value, size, stream):
        self.simulator.fill_zero(address, size)
        return (0,)

    def cuMemcpyHtoDAsync(self, address, host, size, stream):
        self.simulator.upload(address, np.frombuffer(ctypes.string_at(host, size), np.uint8))
        return (0,)

    def cuMemcpyDtoHAsync(self, host, address, size, stream):
        found = np.empty(size, np.uint8)
        self.simulator.download(address, found)
        ctypes.memmove(host, found.ctypes.data, size)
        return (0,)

    def cuModuleLoadData(self, cubin):
        return 0, cubin.decode()

    def cuModuleGetFunction(self, module, name):
        assert f"def {name.decode()}(" in module
        return 0, (module, name.decode())

    def cuStreamBeginCapture(self, stream, mode):
        self.captured = []
        return (0,)

    def cuStreamEndCapture(self, stream):
        found, self.captured = self.captured, None
        return 0, found

    def cuGraphInstantiate(self, graph, flags):
        self.graphs += 1
        return 0, list(graph)

    def cuGraphDestroy(self, graph):
        return (0,)

    def cuGraphExecDestroy(self, graph):
        self.destroyed += 1
        return (0,)

    def cuGraphLaunch(self, graph, stream):
        for launch in graph:
            self.simulator.launch(launch, 0)
        return (0,)

    def cuLaunchKernel(self, function, x, y, z, tx, ty, tz, shared, stream, parameters, extra):
        text, name = function
        count = text.split(f"def {name}(")[1].split(")")[0].count(",") + 1
        places = (ctypes.c_void_p * count).from_address(parameters)
        values = tuple(ctypes.c_int64.from_address(p).value for p in places)
        assert (ty, tz, shared, extra, stream) == (1, 1, 0, 0, 7)
        self.captured.append(Launch(text, name, tx, (x, y, z), values))
        return (0,)

    def cuGetErrorString(self, status):
        return 0, b"out of order"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Driver:
    bindings = Driver()
    store = SimpleNamespace(
        Wanted=Wanted,
        codes=lambda wanted: {
            w: SimpleNamespace(cubin=w.text.encode(), name=w.text.split("def ")[-1].split("(")[0]) for w in wanted
        },
    )
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace(bindings=SimpleNamespace(driver=bindings)))
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(driver=bindings))
    monkeypatch.setitem(sys.modules, "convdsl.engine.cuda.store", store)
    monkeypatch.setattr(driver, "library", lambda: None)
    gpu = driver.Gpu()
    monkeypatch.setattr(driver, "open_device", lambda: gpu)
    monkeypatch.setattr(cuda, "unusable", lambda: None)
    return bindings


RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, (7, 5, 5, 2), dtype=np.uint8), RNG.integers(0, 3, 7)


def trained() -> tuple[list[object], Model]:
    model = Model(convdsl.parse("input 5x5x2 -> conv 3 k3 relu -> bn -> dense 3 softmax"), batch=4, device="cuda")
    model.hold(IMAGES, LABELS)
    steps = [model.train_step(IMAGES, LABELS, 0.1, index=np.arange(n)) for n in (4, 3, 4, 3)]
    steps.append(model.evaluate(IMAGES, LABELS).loss)
    return steps, model


def test_a_model_on_the_driver_is_the_model_in_the_simulator(played: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    found, model = trained()
    assert played.graphs == 4, "one for each number of images, in training and in evaluation"
    plain = Simulator()
    monkeypatch.setattr(driver, "open_device", lambda: plain)
    expected, other = trained()
    assert found == expected
    assert all(np.array_equal(w, other.weights[n]) for n, w in model.weights.items())


def test_graphs_of_many_sizes_do_not_pile_up(played: Driver) -> None:
    model = Model(convdsl.parse("input 3 -> dense 2"), batch=20, device="cuda")
    x = RNG.standard_normal((20, 3)).astype(np.float32)
    for n in range(1, 13):
        model.predict(x[:n])
    assert played.graphs - played.destroyed == driver.GRAPHS
    before = played.graphs
    model.predict(x[:12])
    assert played.graphs == before


def test_what_the_driver_refuses_is_said(played: Driver) -> None:
    gpu = driver.open_device()
    with pytest.raises(EngineError, match="memory is full"):
        gpu.allocate(1 << 41)
    played.cuGraphLaunch = lambda graph, stream: (700,)
    with pytest.raises(EngineError, match="out of order"):
        gpu.run([], 1)


def test_what_belongs_to_a_layer_that_was_looked_at_is_given_back(played: Driver) -> None:
    model = Model(convdsl.parse("input 3 -> dense 2 relu -> dense 4 -> dense 2"), batch=4, device="cuda")
    x = RNG.standard_normal((3, 3)).astype(np.float32)
    first = model.activations(x, 1)
    for layer in (2, 3):
        model.activations(x, layer)
    assert played.graphs - played.destroyed == 1
    assert np.array_equal(model.activations(x, 1), first)


def test_a_model_may_end_while_a_graph_of_another_is_made(played: Driver) -> None:
    models = [trained()[1]]
    begin = played.cuStreamBeginCapture

    def ended(stream, mode):
        answer = begin(stream, mode)
        models.clear()
        gc.collect()
        return answer

    played.cuStreamBeginCapture = ended
    other = trained()[1]
    assert not models
    del other
    gc.collect()
    assert not played.held and played.graphs == played.destroyed


def test_a_model_that_is_gone_holds_no_memory(played: Driver) -> None:
    model = trained()[1]
    model.activations(IMAGES[:2], 1)
    assert played.held
    del model
    gc.collect()
    assert not played.held and played.graphs == played.destroyed
