// All kernels of one instruction set; include last in isa_*.cpp.
#pragma once
#include "scan_impl.hpp"
#include "conv_impl.hpp"
#include "norm_impl.hpp"

namespace {

template <class X, class Y>
constexpr Kernel<NormInputs, NormOutputs> normalisation() {
    return {norm_forward<X, Y>, norm_forward_workspace};
}

template <class X, class Y>
constexpr Kernel<NormInputs, NormGrads> normalisation_backward() {
    return {norm_backward<X, Y>, norm_backward_workspace};
}

constexpr KernelTable all_kernels() {
    using Half = bfloat16;
    return {
        {{scan_forward<float>, scan_forward_workspace}, {scan_forward<Half>, scan_forward_workspace}},
        {{scan_backward<float>, scan_backward_workspace}, {scan_backward<Half>, scan_backward_workspace}},
        {{conv_forward<float>, conv_forward_workspace}, {conv_forward<Half>, conv_forward_workspace}},
        {{conv_backward<float>, conv_backward_workspace}, {conv_backward<Half>, conv_backward_workspace}},
        {{normalisation<float, float>(), normalisation<float, Half>()},
         {normalisation<Half, float>(), normalisation<Half, Half>()}},
        {{normalisation_backward<float, float>(), normalisation_backward<float, Half>()},
         {normalisation_backward<Half, float>(), normalisation_backward<Half, Half>()}},
    };
}

}  // namespace
