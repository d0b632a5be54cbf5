"""What the first numbers in the tables of a bound program mean (see driver.py)."""

from __future__ import annotations

SEGMENT_START, SEGMENT_IMAGE, SEGMENT_BLOCK = 0, 1, 2
REGION_CHUNKS, REGION_SERIAL, REGION_TASKS, REGION_STRIPS, REGION_SHARES = 0, 1, 2, 3, 4
KIND, FIRST, END, PARTS, BLOCK = 0, 1, 2, 3, 4
"""Of a region: which kind, its segments, its parts, and images in a block."""
MOST_ARGUMENTS = 16
