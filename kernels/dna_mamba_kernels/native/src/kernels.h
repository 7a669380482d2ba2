// What each instruction set provides: one unit of work, and how many floats of workspace it needs.
#pragma once
#include <cstddef>

#include "api.h"

// The upper half of a float32.
struct bfloat16 {
    std::uint16_t bits;
};

template <class Inputs, class Outputs>
struct Kernel {
    void (*unit)(const Run&, const Inputs&, const Outputs&, std::int64_t index, float* workspace);
    std::size_t (*workspace)(const Run&, const Inputs&);
};

// By the type of what is read and written at each position: float32, then bfloat16.
struct KernelTable {
    Kernel<ScanInputs, ScanOutputs> scan_forward[2];  // a unit is a channel block of one sequence
    Kernel<ScanInputs, ScanGrads> scan_backward[2];
    Kernel<ConvInputs, ConvOutputs> conv_forward[2];  // a unit is a tile of one sequence
    Kernel<ConvInputs, ConvGrads> conv_backward[2];
    Kernel<NormInputs, NormOutputs> norm_forward[2][2];  // by x, then y; a unit is a tile of one sequence
    Kernel<NormInputs, NormGrads> norm_backward[2][2];
};

extern const KernelTable portable_kernels, neon_kernels, avx2_kernels, avx512_kernels;
