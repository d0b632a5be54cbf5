"""Every test has folders of its own: it sees no data set of the machine, and writes nothing elsewhere."""

from __future__ import annotations

import pytest

from convdsl.datasets import download
from convdsl.messages import use_language


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The user's cache folder of this test; English; no proxies, no pauses."""
    for name in (
        "CONVDSL_DATA",
        "CONVDSL_MIRROR",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: folder)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    use_language("en")
    yield folder / "data"
    use_language(None)
