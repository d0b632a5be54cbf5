"""PyTorch: a network as one readable file, its weights as a state dict, and a live module. Only `live.py` loads torch."""
