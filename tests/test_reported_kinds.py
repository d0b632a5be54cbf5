"""What people report of data sets and of training, kind by kind, and the tests that hold the right answer to each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KINDS: dict[str, tuple[str, ...]] = {
    "folders that are parts become classes": (
        "datasets/test_data_as_people_have_it.py::test_parts_are_known_by_how_they_look",
        "datasets/test_data_as_people_have_it.py::test_what_can_be_read_in_two_ways_is_refused",
    ),
    "pictures of 16 bits become black": (
        "datasets/test_data_as_people_have_it.py::test_sixteen_bits_are_kept_and_scaled_by_what_the_set_uses",
        "datasets/test_data_as_people_have_it.py::test_deep_arrays_are_scaled_alike_in_all_parts",
        "datasets/test_data_pictures.py::test_fractions_in_tiff_are_refused_with_a_way_out",
    ),
    "a validation part takes nearly all images": (
        "training/test_labels_and_parts.py::test_a_validation_part_that_leaves_too_little_is_refused",
    ),
    "an activation bounds the scores": (
        "training/test_reading.py::test_check_warns_of_bounded_scores",
        "training/test_reading.py::test_ten_sigmoids_cannot_get_below_their_floor",
    ),
    "one sigmoid is binary cross-entropy": (
        "training/test_task.py::test_kinds_and_losses",
        "training/test_run_targets.py::test_each_kind_trains_and_reports_its_own_figures",
    ),
    "classes that neither occur nor are answered lower the mean F1": (
        "training/test_labels_and_parts.py::test_classes_that_neither_occur_nor_are_answered_do_not_count",
    ),
    "labels begin at 1": (
        "datasets/test_data_as_people_have_it.py::test_labels_that_begin_at_one_are_offered_and_taken",
        "training/test_labels_and_parts.py::test_labels_from_one_are_offered_where_they_would_fit",
    ),
    "whole numbers are written as decimals, numbers as whole ones": (
        "training/test_labels_and_parts.py::test_whole_numbers_in_float_are_classes_for_a_network_with_several_outputs",
        "training/test_run_targets.py::test_whole_numbers_with_squares_are_taken_for_numbers",
    ),
    "a network does not take its own weights": (
        "engine/test_model.py::test_what_is_learned_alone_may_be_loaded_and_statistics_stay",
    ),
    "a batch has one value for each channel": (
        "training/test_run_targets.py::test_a_batch_of_one_and_bn",
        "engine/test_freezing.py::test_a_batch_of_one_image_is_normalised_as_at_inference",
    ),
    "frozen statistics move": (
        "engine/test_freezing.py::test_no_byte_inside_changes_and_every_tensor_outside_does",
        "engine/test_freezing.py::test_no_byte_inside_changes_on_a_gpu",
        "engine/test_freezing.py::test_nothing_below_is_computed_that_nothing_needs",
        "engine/test_freezing.py::test_pytorch_with_frozen_layers_in_eval_agrees",
    ),
    "IDX files lie where others put them": (
        "datasets/test_data_as_people_have_it.py::test_idx_files_are_found_where_others_put_them",
        "datasets/test_data_idx.py::test_idx_files_in_an_archive",
    ),
    "a part to validate is dropped": (
        "datasets/test_data_as_people_have_it.py::test_arrays_to_validate_are_used",
        "training/test_labels_and_parts.py::test_a_part_to_validate_is_used_and_nothing_else_is_set_aside",
    ),
    "something is said that a coin could have made": (
        "training/test_reading.py::test_a_gap_among_six_images_is_no_overfitting",
        "training/test_sentences.py::test_a_sentence_is_said_where_it_must_be_and_not_where_it_must_not",
    ),
    "all answers are the majority": (
        "training/test_reading.py::test_answering_the_majority_is_named",
        "training/test_task.py::test_weights_that_make_classes_count_alike",
    ),
    "a schedule begins anew": ("training/test_run_targets.py::test_a_rate_that_begins_anew_is_said",),
    "pictures are dropped for their ending": (
        "datasets/test_data_as_people_have_it.py::test_jfif_is_read_and_the_rest_is_counted_by_ending",
    ),
    "one name is written in two forms of Unicode": (
        "datasets/test_data_as_people_have_it.py::test_names_are_compared_in_one_form_of_unicode",
    ),
    "targets are maps or pictures": (
        "training/test_run_targets.py::test_each_kind_trains_and_reports_its_own_figures",
        "training/test_run_targets.py::test_shapes_are_drawn_and_learned",
        "datasets/test_data_masks.py::test_images_and_masks_side_by_side",
    ),
    "zeros on one side": (
        "layers/test_window.py::test_sides_in_the_order_rows_columns",
        "layers/test_window.py::test_same_lower_is_same_turned_round",
        "network/test_diagnostics.py::test_numbers_between_commas_are_sizes_sides_or_decimals",
    ),
    "a norm has the numbers of another framework": (
        "language/test_norms_of_frameworks.py::test_a_norm_keeps_the_numbers_of_its_framework",
        "engine/test_model.py::test_running_statistics_keep_the_part_that_momentum_says",
    ),
    "one layer is used twice": (
        "engine/test_sharing.py::test_there_is_one_tensor_for_each_shared_weight_and_it_is_counted_once",
        "engine/test_sharing.py::test_the_gradient_is_the_sum_over_the_uses",
        "engine/test_sharing.py::test_gradients_are_pytorchs",
    ),
    "a stride that loses nothing is warned of": (
        "network/test_lints.py::test_lost_are_the_inputs_of_one_more_window_that_no_other_reads",
        "network/test_lints.py::test_strict_has_nothing_against_the_nets_of_the_papers",
    ),
    "R² of targets that hardly differ": (
        "training/test_reading.py::test_answers_that_are_worse_than_the_mean_are_said",
        "training/test_measures.py::test_r2_is_given_where_it_means_something",
    ),
    "which class is this picture": (
        "training/test_using.py::test_one_picture_gets_a_class_and_a_confidence",
        "training/test_using.py::test_evaluate_gives_what_the_run_gave",
        "training/test_every_kind.py::test_answers_are_those_of_the_model",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_held_by_tests_that_exist(kind: str) -> None:
    assert KINDS[kind]
    for test in KINDS[kind]:
        file, name = test.split("::")
        tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
