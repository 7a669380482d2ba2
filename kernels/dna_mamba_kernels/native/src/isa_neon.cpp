// For 64-bit Arm, where NEON is always present.
#include "simd/neon.hpp"
#include "math.hpp"
#include "table.hpp"

const KernelTable neon_kernels = all_kernels();
