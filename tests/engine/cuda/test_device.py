"""Where there is no GPU, what is missing is said, and `auto` takes the CPU."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import convdsl
from convdsl.engine import EngineError, Model, cuda
from convdsl.engine.cuda import driver
from convdsl.training.device import NoDevice, choose_device

NET = "input 4 -> dense 2"


def test_without_the_packages_their_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "installed", lambda: False)
    assert 'pip install "convdsl[cuda]"' in str(cuda.unusable())
    with pytest.raises(EngineError, match=r"convdsl\[cuda\]"):
        Model(convdsl.parse(NET), device="cuda")
    with pytest.raises(NoDevice, match=r"convdsl\[cuda\].*auto"):
        choose_device("cuda")
    assert Model(convdsl.parse(NET), device="auto").device == "cpu"
    name, remark = choose_device("auto")
    assert name == "cpu" and "convdsl[cuda]" in str(remark)


def fake(**found: Any) -> SimpleNamespace:
    """Bindings of a driver that answers so."""
    answers = {"version": 13000, "devices": 1, "capability": (9, 0)} | found
    attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=0, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=1
    )
    return SimpleNamespace(
        CUresult=SimpleNamespace(CUDA_SUCCESS=0),
        CUdevice_attribute=attribute,
        cuInit=lambda flags: (0,),
        cuDriverGetVersion=lambda: (0, answers["version"]),
        cuDeviceGetCount=lambda: (0, answers["devices"]),
        cuDeviceGet=lambda number: (0, number),
        cuDeviceGetAttribute=lambda which, device: (0, answers["capability"][which]),
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, None),
        ({"version": 12080}, "12.8"),
        ({"devices": 0}, "nvidia-smi"),
        ({"capability": (6, 1)}, "6.1"),
    ],
)
def test_what_is_wrong_with_a_driver_is_said(
    found: dict[str, Any], said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bindings = fake(**found)
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace(bindings=SimpleNamespace(driver=bindings)))
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(driver=bindings))
    trouble = driver.trouble.__wrapped__()
    assert trouble is None if said is None else said in str(trouble)


def test_without_a_driver_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(flags: int) -> None:
        raise RuntimeError("libcuda.so.1: cannot open shared object file")

    bindings = SimpleNamespace(cuInit=broken)
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace(bindings=SimpleNamespace(driver=bindings)))
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(driver=bindings))
    assert "nvidia.com/drivers" in str(driver.trouble.__wrapped__())
