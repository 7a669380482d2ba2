// For any processor.
#include "simd/portable.hpp"
#include "math.hpp"
#include "scan_impl.hpp"

const KernelTable portable_kernels = {scan_forward_workspace, scan_forward, scan_backward_workspace, scan_backward};
