"""Compiled kernels are kept between test runs, in pytest's own cache folder."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(request: pytest.FixtureRequest) -> None:
    if "CONVDSL_CACHE" not in os.environ and (cache := getattr(request.config, "cache", None)):
        os.environ["CONVDSL_CACHE"] = str(cache.mkdir("convdsl"))
