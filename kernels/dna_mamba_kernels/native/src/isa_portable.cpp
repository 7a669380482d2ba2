// For any processor.
#include "simd/portable.hpp"
#include "math.hpp"
#include "table.hpp"

const KernelTable portable_kernels = all_kernels();
