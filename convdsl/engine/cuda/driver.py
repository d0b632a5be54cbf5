"""The GPU itself: memory, launches, and whole programs as graphs. The one place that talks to NVIDIA's driver."""

# mypy: ignore-errors
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Any

import numpy as np

from convdsl.engine.cuda.bind import Gemm, Launch, Work
from convdsl.engine.cuda.blas import WORKSPACE, Blas, library
from convdsl.engine.errors import EngineError
from convdsl.messages import T

LEAST_DRIVER = 13000
"""Machine code made by the toolkit of CUDA 13.0 needs a driver of that version."""
LEAST_CAPABILITY = (7, 5)
"""As `compiler.OLDEST`, which cannot be asked where there is no compiler."""
GRAPHS = 8
"""Graphs that are kept of one program, for as many sizes of batches."""


@cache
def trouble() -> T | None:
    """Why the driver or the GPU cannot be used, and what would help; None if they can."""
    try:
        from cuda.bindings import driver

        if driver.cuInit(0)[0] != driver.CUresult.CUDA_SUCCESS:
            return T("no GPU answers; `nvidia-smi` shows what the driver sees.")
        version = driver.cuDriverGetVersion()[1]
        if version < LEAST_DRIVER:
            return T(
                "NVIDIA's driver is too old: it is made for CUDA {found}, and {needed} or newer is needed.",
                found=f"{version // 1000}.{version % 1000 // 10}",
                needed=f"{LEAST_DRIVER // 1000}.{LEAST_DRIVER % 1000 // 10}",
            )
        if not driver.cuDeviceGetCount()[1]:
            return T("no GPU answers; `nvidia-smi` shows what the driver sees.")
        found = _capability(driver, driver.cuDeviceGet(0)[1])
    except Exception:  # the bindings raise errors of their own where there is no driver's library
        return T("there is no NVIDIA driver on this machine; nvidia.com/drivers has one for each GPU.")
    if found < LEAST_CAPABILITY:
        return T(
            "the GPU is too old: its compute capability is {found}, and {needed} or newer is needed.",
            found=".".join(map(str, found)),
            needed=".".join(map(str, LEAST_CAPABILITY)),
        )
    return None


@cache
def open_device() -> Gpu:
    """The first GPU that the driver shows (`CUDA_VISIBLE_DEVICES` chooses)."""
    return Gpu()


class Gpu:
    """Work is queued on one stream, so that everything happens in the order in which it is asked for."""

    def __init__(self) -> None:
        from cuda.bindings import driver

        self._driver = driver
        self._lock = RLock()
        self._captures = False
        self._late: list[tuple[Sequence[Sequence[Work]], Sequence[int]]] = []
        self._call(driver.cuInit(0))
        device = self._call(driver.cuDeviceGet(0))
        self.capability = _capability(driver, device)
        self._context = self._call(driver.cuDevicePrimaryCtxRetain(device))
        with self._entered():
            self._stream = self._call(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
            self._functions: dict[tuple[str, int], Any] = {}
            self._modules: list[Any] = []
            self._graphs: OrderedDict[tuple[int, int], tuple[Any, Sequence[Work]]] = OrderedDict()
            found = library()
            self._blas = Blas(found, int(self._stream), self.allocate(WORKSPACE)) if found is not None else None
            self.blas = self._blas is not None

    # memory

    def allocate(self, size: int) -> int:
        with self._entered():
            address = int(self._call(self._driver.cuMemAlloc(size)))
            self.fill_zero(address, size)
            return address

    def free_memory(self) -> int:
        with self._entered():
            free, _ = self._call(self._driver.cuMemGetInfo())
            return int(free)

    def upload(self, address: int, array: np.ndarray) -> None:
        with self._entered():
            array = np.ascontiguousarray(array)
            self._call(self._driver.cuMemcpyHtoDAsync(address, array.ctypes.data, array.nbytes, self._stream))

    def download(self, address: int, array: np.ndarray) -> None:
        with self._entered():
            self._call(self._driver.cuMemcpyDtoHAsync(array.ctypes.data, address, array.nbytes, self._stream))
            self._call(self._driver.cuStreamSynchronize(self._stream))

    def fill_zero(self, address: int, size: int) -> None:
        with self._entered():
            self._call(self._driver.cuMemsetD8Async(address, 0, size, self._stream))

    # running

    def prepare(self, launches: Sequence[Work]) -> None:
        from convdsl.engine.cuda.store import Wanted, codes

        with self._entered():
            kernels = [n for n in launches if isinstance(n, Launch)]
            wanted = {(n.text, n.threads): Wanted(n.text, n.threads, self.capability) for n in kernels}
            made = codes(w for key, w in wanted.items() if key not in self._functions)
            for key, kernel in wanted.items():
                if key not in self._functions:
                    module = self._call(self._driver.cuModuleLoadData(made[kernel].cubin))
                    self._modules.append(module)
                    name = made[kernel].name.encode()
                    self._functions[key] = self._call(self._driver.cuModuleGetFunction(module, name))

    def run(self, launches: Sequence[Work], count: int) -> None:
        """As a graph, which is made when a program meets a number of images for the first time."""
        with self._entered():
            key = (id(launches), count)
            if key not in self._graphs:
                self._graphs[key] = (self._graph(launches, count), launches)
                mine = [k for k in self._graphs if k[0] == key[0]]
                for old in mine[:-GRAPHS]:
                    self._call(self._driver.cuGraphExecDestroy(self._graphs.pop(old)[0]))
            self._graphs.move_to_end(key)
            self._call(self._driver.cuGraphLaunch(self._graphs[key][0], self._stream))

    def _graph(self, launches: Sequence[Work], count: int) -> Any:
        driver = self._driver
        self._captures = True
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call(driver.cuStreamBeginCapture(self._stream, mode))
        try:
            for launch in launches:
                if isinstance(launch, Gemm):
                    self._blas.run(launch, count)
                else:
                    self._launch(launch, count)
        finally:
            graph = self._call(driver.cuStreamEndCapture(self._stream))
            self._captures = False
            while self._late:
                self.release(*self._late.pop())
        result = self._call(driver.cuGraphInstantiate(graph, 0))
        self._call(driver.cuGraphDestroy(graph))
        return result

    def _launch(self, launch: Launch, count: int) -> None:
        values = np.array(launch.values(count), np.int64)
        places = np.array([values.ctypes.data + 8 * n for n in range(len(values))], np.uint64)
        function = self._functions[launch.text, launch.threads]
        self._call(
            self._driver.cuLaunchKernel(
                function, *launch.grid(count), launch.threads, 1, 1, 0, self._stream, places.ctypes.data, 0
            )
        )

    def release(self, programs: Sequence[Sequence[Work]], addresses: Sequence[int]) -> None:
        with self._entered():
            if self._captures:  # models may end at any time; the stream cannot be waited for now
                self._late.append((programs, addresses))
                return
            self._call(self._driver.cuStreamSynchronize(self._stream))
            for launches in programs:
                for key in [k for k in self._graphs if k[0] == id(launches)]:
                    self._call(self._driver.cuGraphExecDestroy(self._graphs.pop(key)[0]))
            for address in addresses:
                self._call(self._driver.cuMemFree(address))

    # inside

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """Models may be used by any thread, one at a time: the context belongs to a thread, and what is queued while a
        graph is made becomes part of it."""
        with self._lock:
            self._call(self._driver.cuCtxSetCurrent(self._context))
            yield

    def _call(self, answer: tuple[Any, ...]) -> Any:
        status, *results = answer
        if status == self._driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
            raise EngineError(str(T("The GPU's memory is full. A smaller batch may fit.")))
        if status != self._driver.CUresult.CUDA_SUCCESS:
            _, text = self._driver.cuGetErrorString(status)
            what = text.decode() if isinstance(text, bytes) else str(status)
            raise EngineError(str(T("The GPU has failed: {error}.", error=what)))
        return results[0] if len(results) == 1 else results


def _capability(driver: Any, device: Any) -> tuple[int, int]:
    attribute = driver.CUdevice_attribute
    return tuple(
        int(driver.cuDeviceGetAttribute(which, device)[1])
        for which in (
            attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
            attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        )
    )
