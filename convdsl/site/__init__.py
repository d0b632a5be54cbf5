"""The page as a folder that any web server can serve, made on the user's machine: what is ours is packed from this installation,
what is not is fetched once, checked and kept (`parts.py`)."""

from __future__ import annotations
