"""Keras: models that `model.save` wrote, `.keras` or the older `.h5`, read without Keras (h5py alone) and without running what
they hold: a `Lambda` is refused by its name."""
