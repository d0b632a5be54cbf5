"""A process of its own that marks answers for `grade`: one request a line on standard input, one answer a line back.

What a hostile answer does to it, it does to this process alone: memory is limited here where the system can, time by the
process that reads the answers (see grading.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from convdsl.messages import use_language
from convdsl.teaching.classes.results import pack
from convdsl.teaching.course.course import load
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import Question, ask


def limit_memory(megabytes: int) -> None:
    """Lets this process have so much memory and no more, where the system knows how."""
    try:
        import resource
    except ImportError:  # Windows
        return
    size = megabytes * 1024 * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))


def marked(exercise: Exercise, seed: int, answer: str | None, explain: bool) -> dict[str, Any]:
    """What becomes of one answer, as JSON has it; with `explain`, the right answer and its derivation too."""
    try:
        question: Question = ask(exercise, seed)
        found: dict[str, Any] = {
            "exercise": exercise.id,
            "right": None if question.multiline else pack(question.right) if question.kind != "hole" else None,
        }
        if explain:
            found |= {"key": question.answer, "hints": question.hints, "why": question.why}
    except ExpressionError as error:
        return {"exercise": exercise.id, "status": "unclear", "message": str(error)}
    if answer is None:
        return {**found, "status": "missing"}
    verdict = mark(question, answer)
    return {
        **found,
        "status": verdict.status,
        "worth": verdict.worth,
        "understood": verdict.understood or "",
        "message": verdict.message,
        "mistake": verdict.mistake or "",
        "value": pack(verdict.value) if not question.exercise.options else (verdict.understood or "")[:1] or None,
    }


def serve() -> None:
    """Answers requests until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    course = load(Path(settings["course"]))
    course.speak()
    exercises = [course.by_id[id] for id in settings["exercises"]]
    limit_memory(settings["megabytes"])
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        use_language(request["language"])
        wanted = [e for e in exercises if e.id in request["only"]]
        answers = request["answers"]
        reply = [marked(e, request["seed"], answers.get(e.id), request["explain"]) for e in wanted]
        print(json.dumps(reply), flush=True)
