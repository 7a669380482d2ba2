// For 64-bit Arm, where NEON is always present.
#include "simd/neon.hpp"
#include "math.hpp"
#include "scan_impl.hpp"

const KernelTable neon_kernels = {scan_forward_workspace, scan_forward, scan_backward_workspace, scan_backward};
