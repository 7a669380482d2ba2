// The C interface that Python reaches through ctypes; field order and types are mirrored in native/scan.py.
// Letters: B batch, L length, D d_inner, N d_state. All tensors have a contiguous last dimension; "_sb" and "_sl" are
// element strides over batch and length. What is `void*` holds float32, or bfloat16 where the inputs say so; everything
// else, all sums and all arithmetic are float32. Pointers may be null where a comment says so.
#pragma once
#include <cstdint>

extern "C" {

// How work is spread. Results depend on `block` but neither on `threads` nor on timing.
struct Run {
    std::int64_t isa;       // bit number in dna_mamba_supported_isas()
    std::int64_t threads;   // at most this many
    std::int64_t tile;      // positions per time tile
    std::int64_t block;     // channels per unit of work, a multiple of 16 (the convolution takes all of them)
    const void* parallel;   // GOMP_parallel of the OpenMP runtime torch uses, or null: threads of our own
};

struct ScanInputs {
    std::int64_t batch, length, d_inner, d_state;
    const void *u, *delta;
    const float* A;
    const void *B, *C;
    const float *D, *delta_bias;  // may be null, as all that follow
    const void *z, *addend;
    const float* initial_state;
    std::int64_t u_sb, u_sl, delta_sb, delta_sl, B_sb, B_sl, C_sb, C_sl, z_sb, z_sl, addend_sb, addend_sl;
    std::int64_t delta_softplus, reverse, bfloat16;
};

struct ScanOutputs {
    void* y;             // (B, L, D)
    float* final_state;  // (B, D, N)
    float* edges;        // (B, tiles, N, D rounded up to 16), the state that enters each tile; may be null
};

// Every output may be null when it is not wanted, except du and ddelta.
struct ScanGrads {
    const void* dy;
    const float *dfinal_state, *edges;  // dfinal_state may be null
    std::int64_t dy_sb, dy_sl;
    void *du, *ddelta, *dz, *daddend;  // (B, L, D)
    float *dB, *dC;                 // (blocks, B, L, N), to be summed over blocks
    float* dA;                      // (B, N, D rounded up to 16), to be summed over B
    float *dD, *ddelta_bias;        // (B, D rounded up to 16), to be summed over B
    float* dinitial_state;          // (B, D, N)
};

struct ConvInputs {
    std::int64_t batch, length, channels, taps;
    const void* x;
    const float *weight, *bias;  // (channels, taps), (channels); the bias may be null
    const void* context;         // (B, taps - 1, channels); may be null
    std::int64_t x_sb, x_sl, reverse, silu, bfloat16;
};

struct ConvOutputs {
    void* y;  // (B, L, channels)
};

// Every output but dx may be null. A part belongs to one tile of one sequence: (B, tiles, ...), to be summed.
struct ConvGrads {
    const void* dy;
    std::int64_t dy_sb, dy_sl;
    void *dx, *dcontext;            // (B, L, channels), (B, taps - 1, channels)
    float *dweight, *dbias;         // (B, tiles, taps, channels rounded up to 16), (B, tiles, same channels)
};

struct NormInputs {
    std::int64_t batch, length, channels;
    const void* x;
    const float* weight;  // (channels)
    std::int64_t x_sb, x_sl, x_bfloat16, y_bfloat16;
    double eps;
};

struct NormOutputs {
    void* y;  // (B, L, channels), of y's type
};

struct NormGrads {
    const void* dy;  // of y's type
    std::int64_t dy_sb, dy_sl;
    void* dx;        // (B, L, channels), of x's type; may be null
    float* dweight;  // (B, tiles, channels rounded up to 16), to be summed; may be null
};

// 0 for success, 1 for an instruction set this machine or build lacks, 2 for lack of memory.
int dna_mamba_scan_forward(const Run*, const ScanInputs*, const ScanOutputs*);
int dna_mamba_scan_backward(const Run*, const ScanInputs*, const ScanGrads*);

int dna_mamba_conv_forward(const Run*, const ConvInputs*, const ConvOutputs*);
int dna_mamba_conv_backward(const Run*, const ConvInputs*, const ConvGrads*);

int dna_mamba_norm_forward(const Run*, const NormInputs*, const NormOutputs*);
int dna_mamba_norm_backward(const Run*, const NormInputs*, const NormGrads*);

int dna_mamba_abi_version();
int dna_mamba_supported_isas();  // bit i: 0 portable, 1 NEON, 2 AVX2, 3 AVX-512
}
