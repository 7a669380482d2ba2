// Compiled with AVX-512 flags: nothing here may be shared with other files, so no inline library functions.
#include "simd/avx512.hpp"
#include "math.hpp"
#include "scan_impl.hpp"

const KernelTable avx512_kernels = {scan_forward_workspace, scan_forward, scan_backward_workspace, scan_backward};
