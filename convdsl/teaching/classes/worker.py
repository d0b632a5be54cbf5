"""A process of its own that marks files for `grade`: one request a line on standard input, one answer a line back.

What a hostile file does to it, it does to this process alone: memory
is limited here where the system can, time by the process that reads the answers (see grading.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from convdsl.messages import use_language
from convdsl.teaching.classes.submissions import mark
from convdsl.teaching.course.course import load


def limit_memory(megabytes: int) -> None:
    """Lets this process have so much memory and no more, where the system knows how."""
    try:
        import resource
    except ImportError:  # Windows
        return
    size = megabytes * 1024 * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))


def serve() -> None:
    """Answers requests until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    use_language(settings["language"])
    course = load(Path(settings["course"]))
    exercises = [course.by_id[id] for id in settings["exercises"]]
    limit_memory(settings["megabytes"])
    print("ready", flush=True)
    for line in sys.stdin:
        result = mark(Path(json.loads(line)), course, exercises, settings["seed"])
        print(json.dumps(result._asdict()), flush=True)
