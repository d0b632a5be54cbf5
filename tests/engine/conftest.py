"""Compiled kernels are kept between test runs, in pytest's own cache folder; a simulated GPU in the place of a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.cuda.simulator import Simulator


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(request: pytest.FixtureRequest) -> None:
    if "CONVDSL_CACHE" not in os.environ and (cache := getattr(request.config, "cache", None)):
        os.environ["CONVDSL_CACHE"] = str(cache.mkdir("convdsl"))


@pytest.fixture(autouse=True)
def passes_are_verified() -> Iterator[None]:
    from convdsl.engine.plan.verify import between_passes

    with between_passes():
        yield


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    from convdsl.engine import cuda
    from convdsl.engine.cuda import driver
    from tests.engine.cuda.simulator import Simulator

    device = Simulator()
    monkeypatch.setattr(cuda, "unusable", lambda: None)
    monkeypatch.setattr(driver, "open_device", lambda: device)
    return device
