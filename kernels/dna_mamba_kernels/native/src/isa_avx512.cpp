// Compiled with AVX-512 flags: nothing here may be shared with other files, so no inline library functions.
#include "simd/avx512.hpp"
#include "math.hpp"
#include "table.hpp"

const KernelTable avx512_kernels = all_kernels();
