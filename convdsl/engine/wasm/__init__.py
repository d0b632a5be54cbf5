"""The engine in WebAssembly: the CPU's kernels, of the same texts, for any machine that runs such modules."""
