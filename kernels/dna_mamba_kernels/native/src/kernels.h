// What each instruction set provides: one unit of work, a channel block of one sequence.
#pragma once
#include <cstddef>

#include "api.h"

struct KernelTable {
    std::size_t (*scan_forward_workspace)(const Run&, const ScanInputs&);  // floats
    void (*scan_forward)(const Run&, const ScanInputs&, const ScanOutputs&, std::int64_t unit, float* workspace);
    std::size_t (*scan_backward_workspace)(const Run&, const ScanInputs&);
    void (*scan_backward)(const Run&, const ScanInputs&, const ScanGrads&, std::int64_t unit, float* workspace);
};

extern const KernelTable portable_kernels, neon_kernels, avx2_kernels, avx512_kernels;
