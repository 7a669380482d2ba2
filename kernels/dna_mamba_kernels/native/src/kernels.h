// What each instruction set provides: one unit of work, and how many floats of workspace it needs.
#pragma once
#include <cstddef>

#include "api.h"

template <class Inputs, class Outputs>
struct Kernel {
    void (*unit)(const Run&, const Inputs&, const Outputs&, std::int64_t index, float* workspace);
    std::size_t (*workspace)(const Run&, const Inputs&);
};

struct KernelTable {
    Kernel<ScanInputs, ScanOutputs> scan_forward;  // a unit is a channel block of one sequence
    Kernel<ScanInputs, ScanGrads> scan_backward;
    Kernel<ConvInputs, ConvOutputs> conv_forward;  // a unit is a tile of one sequence
    Kernel<ConvInputs, ConvGrads> conv_backward;
    Kernel<NormInputs, NormOutputs> norm_forward;  // a unit is a tile of one sequence
};

extern const KernelTable portable_kernels, neon_kernels, avx2_kernels, avx512_kernels;
