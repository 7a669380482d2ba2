// Compiled with AVX2 and FMA flags: nothing here may be shared with other files, so no inline library functions.
#include "simd/avx2.hpp"
#include "math.hpp"
#include "table.hpp"

const KernelTable avx2_kernels = all_kernels();
