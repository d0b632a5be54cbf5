"""Thirty ways in which promises were broken once, each with the tests that hold it now.

A row is what happened and where that is tried; a test that is renamed or removed is missed here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROWS = {
    "grade --csv takes the first submission for its table": (
        "teaching/classes/test_files.py::test_the_table_is_never_written_over_a_submission",
    ),
    "two processes keep progress, and one loses": (
        "teaching/course/test_progress.py::test_two_at_once",
        "teaching/course/test_progress.py::test_many_processes_at_once",
        "teaching/course/test_progress.py::test_a_file_that_may_not_be_written_stays",
    ),
    ":save on a full disk, or over what was changed outside": (
        "safety/test_faults.py::test_each_call_fails_once",
        "safety/test_files.py::test_a_change_outside_is_noticed",
    ),
    "grade empties its old table before marking": ("safety/test_faults.py::test_calls_of_commands_fail",),
    "weights are written over devices and links": (
        "safety/test_files.py::test_nothing_but_a_file_is_written_over",
        "safety/test_runs.py::test_files_that_are_none",
    ),
    "a random.py beside the program is run": (
        "safety/test_caches.py::test_helpers_start_with_nothing_of_the_working_folder",
        "safety/test_caches.py::test_commands_start_with_nothing_of_the_working_folder",
    ),
    "machine code of somebody else is run": (
        "safety/test_caches.py::test_a_folder_of_somebody_else_is_not_used",
        "safety/test_caches.py::test_a_folder_that_others_may_write_is_not_used",
        "safety/test_caches.py::test_entries_that_are_not_trusted",
        "safety/test_caches.py::test_paths_that_are_not_absolute",
    ),
    "one model in four threads": (
        "safety/test_threads.py::test_many_predictions_at_once",
        "safety/test_threads.py::test_training_and_asking_at_once",
    ),
    "two runs in one folder": ("safety/test_runs.py::test_one_process_at_a_time",),
    "config.json is deleted": (
        "safety/test_runs.py::test_a_configuration_that_is_missing_is_written_again",
        "safety/test_runs.py::test_a_configuration_that_was_edited_is_answered",
    ),
    "damaged checkpoints, NaN and complex weights": (
        "safety/test_mutations.py::test_checkpoints",
        "safety/test_runs.py::test_weights_that_are_none",
        "safety/test_runs.py::test_saved_weights_have_a_sum",
    ),
    "a kernel under another's name": ("safety/test_caches.py::test_entries",),
    "other bytes in another language": ("safety/test_runs.py::test_the_same_bytes_in_every_language",),
    "pipes and endless files": (
        "safety/test_paths.py::test_reading",
        "safety/test_files.py::test_nothing_but_a_file_is_opened",
    ),
    "solve outlasts its time": (
        "safety/test_time.py::test_solve_keeps_its_time",
        "safety/test_time.py::test_squares_of_squares_are_refused_in_time",
    ),
    "answers that are read for seconds": (
        "teaching/marking/test_handwritten.py",
        "teaching/classes/test_files.py::test_time_is_limited_for_each_answer",
    ),
    "a course's answer that is rounded without end": ("teaching/course/test_format.py",),
    "grade --seconds inf": ("safety/test_thirty.py::test_seconds",),
    "fork after training": ("safety/test_threads.py::test_a_child_works_after_a_fork",),
    "names that are not UTF-8": (
        "safety/test_names.py::test_every_command",
        "safety/test_names.py::test_a_program_of_any_name_is_trained",
    ),
    "edited configurations and states": (
        "safety/test_mutations.py::test_configurations",
        "safety/test_mutations.py::test_configurations_without_a_checkpoint",
    ),
    "a sparse file of weights": ("safety/test_runs.py::test_files_that_are_none",),
    "a damaged table of the grammar": (
        "safety/test_mutations.py::test_caches",
        "safety/test_faults.py::test_each_call_fails_once",
    ),
    "an escape sequence is typed": ("safety/test_names.py::test_the_repl",),
    "CONVDSL_LANES=banana": ("safety/test_time.py::test_lanes_are_4_8_or_16",),
    "escape codes and annotations in names": (
        "safety/test_names.py::test_annotations_are_of_one_line",
        "safety/test_names.py::test_what_is_quoted",
    ),
    "check | head -1": ("safety/test_names.py::test_a_reader_that_goes_away",),
    "a checkpoint that cannot be read": ("safety/test_runs.py::test_files_that_are_none",),
    "Ctrl-C while it compiles": (
        "cli/test_stopping.py::test_while_it_compiles",
        "safety/test_interrupt.py::test_every_phase_of_a_training_in_the_repl",
    ),
    "temporary folders that stay": ("safety/test_caches.py::test_a_private_folder_is_removed",),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_its_tests(row: str) -> None:
    for place in ROWS[row]:
        file, _, name = place.partition("::")
        functions = {
            n.name for n in ast.walk(ast.parse((TESTS / file).read_text("utf-8"))) if isinstance(n, ast.FunctionDef)
        }
        assert not name or name in functions, place


def test_there_are_thirty() -> None:
    assert len(ROWS) == 30


@pytest.mark.parametrize("seconds", ["inf", "1e300", "nan", "-1", "0", "x"])
def test_seconds(
    seconds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.safety.rooms import call

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("")
    assert call("grade", "a.txt", "--seconds", seconds) == 2
    assert capsys.readouterr().err.startswith("convdsl: ")
