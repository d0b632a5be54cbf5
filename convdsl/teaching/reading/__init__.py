"""What a student typed, understood: numbers, sizes, matrices (values.py), letters and holes (picks.py).

Reading knows nothing of what is right; marking/ compares.
"""
