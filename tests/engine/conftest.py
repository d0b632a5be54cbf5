"""Compiled kernels are kept between test runs, in pytest's own cache folder."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(request: pytest.FixtureRequest) -> None:
    os.environ.setdefault("CONVDSL_CACHE", str(request.config.cache.mkdir("convdsl")))
