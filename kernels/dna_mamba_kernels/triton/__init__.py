"""The kernels in Triton, for CUDA devices. Nothing here imports triton until a kernel is about to run."""
