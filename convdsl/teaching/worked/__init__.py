"""Worked by hand: exact numbers and matrices as people write them, kernels that slide over them, and what each place comes to;
the same operations on pictures. Nothing here knows of the course or the session."""
