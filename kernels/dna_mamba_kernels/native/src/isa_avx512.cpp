// Compiled with AVX-512 flags: nothing here may be shared with other files, so no inline library functions.
#include "simd/avx512.hpp"
#include "math.hpp"
#include "scan_impl.hpp"
#include "conv_impl.hpp"
#include "norm_impl.hpp"

const KernelTable avx512_kernels = {
    {scan_forward, scan_forward_workspace},
    {scan_backward, scan_backward_workspace},
    {conv_forward, conv_forward_workspace},
    {conv_backward, conv_backward_workspace},
    {norm_forward, norm_forward_workspace},
};
