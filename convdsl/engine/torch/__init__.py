"""The engine that PyTorch computes with: on its devices, and in several processes that train one network together.

It keeps to the same plans as every other backend, but takes the ways forward only: what goes back is PyTorch's autograd.
"""
