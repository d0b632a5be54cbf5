"""The devices that there are. A new one is an entry here and a folder of its own beside `cpu/` and `cuda/`; whoever offers a
choice of devices reads this list."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from convdsl.engine.errors import EngineError
from convdsl.messages import T

if TYPE_CHECKING:
    from convdsl.engine.backend import Backend


class Device(NamedTuple):
    """A device by its name: why it cannot be used (None where it can), and what runs plans on it. Both are functions, so
    that only the device that is asked for is imported."""

    name: str
    trouble: Callable[[], T | None]
    backend: Callable[[], type[Backend]]


def _plain() -> type[Backend]:
    from convdsl.engine.plain.backend import PlainBackend

    return PlainBackend


def _torch_trouble() -> T | None:
    return None if find_spec("torch") else T("PyTorch is not installed.")


def _torch() -> type[Backend]:
    from convdsl.engine.torch.backend import TorchBackend

    return TorchBackend


def _cpu_trouble() -> T | None:
    return None if find_spec("numba") else T("numba, which compiles for the CPU, is not installed.")


def _cpu() -> type[Backend]:
    from convdsl.engine.cpu.backend import CpuBackend

    return CpuBackend


def _wasm_trouble() -> T | None:
    return None if find_spec("wasmtime") else T("wasmtime, which runs WebAssembly, is not installed.")


def _wasm() -> type[Backend]:
    from convdsl.engine.wasm.backend import WasmBackend

    return WasmBackend


def _cuda() -> type[Backend]:
    from convdsl.engine.cuda.backend import CudaBackend

    return CudaBackend


def _cuda_trouble() -> T | None:
    from convdsl.engine import cuda

    trouble = cuda.unusable()
    return None if trouble is None else T("No GPU can be used: {reason}", reason=trouble)


DEVICES = {
    device.name: device
    for device in (
        Device("torch", _torch_trouble, _torch),
        Device("plain", lambda: None, _plain),
        Device("wasm", _wasm_trouble, _wasm),
        Device("cpu", _cpu_trouble, _cpu),
        Device("cuda", _cuda_trouble, _cuda),
    )
}
CHOICES = (*(name for name in DEVICES if name != "torch"), "auto")
"""What can be asked for where our own engine computes: a device, or the best one that can be used."""


def choose(wanted: str) -> tuple[Device, T | None]:
    """The device that is asked for. `auto` takes the last of the list that can be used; the second value says why it is
    not a better one. Raises EngineError for one that does not exist or cannot be used."""
    if wanted == "auto":
        why: T | None = None
        for device in reversed(DEVICES.values()):
            trouble = device.trouble()
            if trouble is None:
                return device, why
            why = why or trouble
    if wanted not in DEVICES:
        raise EngineError(str(T("There is no device called `{device}` here.", device=wanted)))
    if (trouble := DEVICES[wanted].trouble()) is not None:
        raise EngineError(str(trouble))
    return DEVICES[wanted], None
