// Every function of the native kernel over odd sizes, for the sanitizers: buffers are exactly as long as promised, and
// every instruction set this machine runs must agree with the portable one. Exits 1 and says where if it does not.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "api.h"

namespace {

std::mt19937 generator(0);

constexpr std::align_val_t line{64};

// What memory holds that a function shall write: seen in the results if it does not.
const float unwritten = std::numeric_limits<float>::quiet_NaN();

std::uint16_t upper_half(float x) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16);
}

float from_upper_half(std::uint16_t half) {
    const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

struct Release {
    void operator()(char* p) const { ::operator delete[](p, line); }
};

// Floats, or as many bfloat16. No spare capacity: one too far is an error.
struct Buffer {
    std::unique_ptr<char[], Release> data;
    std::size_t size;
    bool half;

    explicit Buffer(std::int64_t count, float spread = 0.0f, bool half = false)
        : data(static_cast<char*>(::operator new[](count * (half ? 2 : 4), line))), size(count), half(half) {
        std::normal_distribution<float> normal(0.0f, 1.0f);
        for (std::size_t i = 0; i < size; ++i) set(i, spread != 0.0f ? spread * normal(generator) : unwritten);
    }
    float operator[](std::int64_t i) const {
        return half ? from_upper_half(reinterpret_cast<std::uint16_t*>(data.get())[i]) : floats()[i];
    }
    void set(std::size_t i, float x) {
        if (half)
            reinterpret_cast<std::uint16_t*>(data.get())[i] = upper_half(x);
        else
            floats()[i] = x;
    }
    float* floats() const { return reinterpret_cast<float*>(data.get()); }
    const void* at(std::int64_t i) const { return data.get() + i * (half ? 2 : 4); }
    operator float*() const { return floats(); }
};

struct Result {
    std::vector<Buffer> tensors;
    float* add(std::int64_t count) {
        tensors.emplace_back(count);
        return tensors.back();
    }
    // A sum that is taken here.
    float* add_zeros(std::int64_t count) {
        float* sum = add(count);
        for (std::int64_t i = 0; i < count; ++i) sum[i] = 0.0f;
        return sum;
    }
    void* add_activations(std::int64_t count, bool half) {
        tensors.emplace_back(count, 0.0f, half);
        return tensors.back().data.get();
    }
};

int failures = 0;

void compare(const Result& a, const Result& b, const std::string& what) {
    for (std::size_t k = 0; k < a.tensors.size(); ++k) {
        double worst = 0, largest = 1e-30;
        for (std::size_t i = 0; i < a.tensors[k].size; ++i) {
            const double x = a.tensors[k][i], y = b.tensors[k][i];
            largest = std::fmax(largest, std::fabs(x));
            worst = x == x && y == y ? std::fmax(worst, std::fabs(x - y)) : INFINITY;
        }
        if (!(worst <= (a.tensors[k].half ? 8e-3 : 1e-4) * largest)) {
            std::printf("%s: tensor %zu differs by %g of %g\n", what.c_str(), k, worst, largest);
            ++failures;
        }
    }
}

void check(int code) {
    if (code != 0) {
        std::printf("the kernel returned %d\n", code);
        std::exit(1);
    }
}

std::int64_t up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to; }

struct ScanShape {
    std::int64_t batch, length, channels, states;
    bool all;  // with every optional tensor
    bool half = false;
};

// Forward and backward. Sums left for the caller are taken here, so that parts need not match.
Result scan(const Run& run, const ScanShape& s, bool reverse) {
    generator.seed(1);
    const std::int64_t B = s.batch, L = s.length, D = s.channels, N = s.states, tiles = up(L, run.tile);
    const std::int64_t padded = up(D, 16) * 16, blocks = up(D, run.block), row = 2 * D + 2 * N + 3;
    Buffer projection(B * L * row, 1.0f, s.half), delta(B * L * D, 0.5f, s.half), addend(B * L * D, 1.0f, s.half);
    Buffer A(D * N, 1.0f), skip(D, 1.0f), bias(D, 1.0f), state(B * D * N, 1.0f), dstate(B * D * N, 1.0f);
    Buffer dy(B * L * D, 1.0f, s.half), edges(B * tiles * N * padded);
    for (std::int64_t i = 0; i < D * N; ++i) A.set(i, -std::exp(A[i]));
    ScanInputs in{};
    in.batch = B, in.length = L, in.d_inner = D, in.d_state = N;
    in.u = projection.at(0), in.delta = delta.at(0), in.A = A, in.B = projection.at(D), in.C = projection.at(D + N);
    if (s.all) {
        in.D = skip, in.delta_bias = bias, in.initial_state = state;
        in.z = projection.at(D + 2 * N), in.addend = addend.at(0);
    }
    in.u_sb = in.B_sb = in.C_sb = in.z_sb = L * row;
    in.u_sl = in.B_sl = in.C_sl = in.z_sl = row;
    in.delta_sb = in.addend_sb = L * D, in.delta_sl = in.addend_sl = D;
    in.delta_softplus = 1, in.reverse = reverse, in.bfloat16 = s.half;

    Result result;
    result.tensors.reserve(16);
    ScanOutputs out{};
    out.y = result.add_activations(B * L * D, s.half), out.final_state = result.add(B * D * N), out.edges = edges;
    check(dna_mamba_scan_forward(&run, &in, &out));

    Result parts;
    parts.tensors.reserve(16);
    ScanGrads grads{};
    grads.dy = dy.at(0), grads.dy_sb = L * D, grads.dy_sl = D, grads.edges = edges;
    grads.du = result.add_activations(B * L * D, s.half), grads.ddelta = result.add_activations(B * L * D, s.half);
    if (s.all) {
        grads.dfinal_state = dstate;
        grads.dz = result.add_activations(B * L * D, s.half), grads.daddend = result.add_activations(B * L * D, s.half);
        grads.dinitial_state = result.add(B * D * N);
        grads.dB = parts.add(blocks * B * L * N), grads.dC = parts.add(blocks * B * L * N);
        grads.dA = parts.add(B * N * padded), grads.dD = parts.add(B * padded), grads.ddelta_bias = parts.add(B * padded);
    }
    check(dna_mamba_scan_backward(&run, &in, &grads));
    if (!s.all) return result;
    for (const float* part : {grads.dB, grads.dC}) {
        float* sum = result.add_zeros(B * L * N);
        for (std::int64_t i = 0; i < blocks * B * L * N; ++i) sum[i % (B * L * N)] += part[i];
    }
    float* dA = result.add_zeros(N * D);
    for (std::int64_t i = 0; i < B * N; ++i)
        for (std::int64_t c = 0; c < D; ++c) dA[i % N * D + c] += grads.dA[i * padded + c];
    for (const float* part : {grads.dD, grads.ddelta_bias}) {
        float* sum = result.add_zeros(D);
        for (std::int64_t i = 0; i < B; ++i)
            for (std::int64_t c = 0; c < D; ++c) sum[c] += part[i * padded + c];
    }
    return result;
}

struct ConvShape {
    std::int64_t batch, length, channels, taps;
    bool all;
    bool half = false;
};

Result conv(const Run& run, const ConvShape& s, bool reverse) {
    generator.seed(2);
    const std::int64_t B = s.batch, L = s.length, D = s.channels, K = s.taps, row = D + 3, tiles = up(L, run.tile);
    const std::int64_t padded = up(D, 16) * 16;
    // The last row ends with its last channel, as a slice of a projection does.
    Buffer x(B * L * row - (B > 0 && L > 0 ? 3 : 0), 1.0f, s.half), context(B * (K - 1) * D, 1.0f, s.half);
    Buffer weight(D * K, 1.0f), bias(D, 1.0f), dy(B * L * D, 1.0f, s.half);
    ConvInputs in{};
    in.batch = B, in.length = L, in.channels = D, in.taps = K, in.x = x.at(0), in.weight = weight;
    if (s.all) in.bias = bias, in.context = context.at(0);
    in.x_sb = L * row, in.x_sl = row, in.reverse = reverse, in.silu = s.all, in.bfloat16 = s.half;

    Result result;
    result.tensors.reserve(8);
    const ConvOutputs out{result.add_activations(B * L * D, s.half)};
    check(dna_mamba_conv_forward(&run, &in, &out));
    Buffer dweight(B * tiles * K * padded), dbias(B * tiles * padded);
    ConvGrads grads{};
    grads.dy = dy.at(0), grads.dy_sb = L * D, grads.dy_sl = D, grads.dx = result.add_activations(B * L * D, s.half);
    if (s.all) grads.dcontext = result.add_activations(B * (K - 1) * D, s.half), grads.dweight = dweight, grads.dbias = dbias;
    // The first tile writes it: without one it stays as it was.
    for (std::int64_t i = 0; s.all && L == 0 && i < B * (K - 1) * D; ++i) result.tensors.back().set(i, 0.0f);
    check(dna_mamba_conv_backward(&run, &in, &grads));
    float *weights = result.add_zeros(K * D), *biases = result.add_zeros(D);
    for (std::int64_t c = 0; s.all && c < D; ++c)
        for (std::int64_t part = 0; part < B * tiles; ++part) {
            biases[c] += dbias[part * padded + c];
            for (std::int64_t k = 0; k < K; ++k) weights[k * D + c] += dweight[(part * K + k) * padded + c];
        }
    return result;
}

struct NormShape {
    std::int64_t batch, length, channels;
    bool half = false, half_output = false;
};

Result norm(const Run& run, const NormShape& s, bool) {
    generator.seed(3);
    const std::int64_t B = s.batch, L = s.length, D = s.channels, row = D + 3, tiles = up(L, run.tile);
    const std::int64_t padded = up(D, 16) * 16;
    Buffer x(B * L * row - (B > 0 && L > 0 ? 3 : 0), 1.0f, s.half), weight(D, 1.0f), dy(B * L * D, 1.0f, s.half_output);
    NormInputs in{};
    in.batch = B, in.length = L, in.channels = D, in.x = x.at(0), in.weight = weight;
    in.x_sb = L * row, in.x_sl = row, in.x_bfloat16 = s.half, in.y_bfloat16 = s.half_output, in.eps = 1e-5;
    Result result;
    result.tensors.reserve(3);
    const NormOutputs out{result.add_activations(B * L * D, s.half_output)};
    check(dna_mamba_norm_forward(&run, &in, &out));
    Buffer parts(B * tiles * padded);
    NormGrads grads{};
    grads.dy = dy.at(0), grads.dy_sb = L * D, grads.dy_sl = D;
    grads.dx = result.add_activations(B * L * D, s.half), grads.dweight = parts;
    check(dna_mamba_norm_backward(&run, &in, &grads));
    float* dweight = result.add_zeros(D);
    for (std::int64_t part = 0; part < B * tiles; ++part)
        for (std::int64_t c = 0; c < D; ++c) dweight[c] += parts[part * padded + c];
    return result;
}

template <class Shape, class Function>
void sweep(const std::vector<Shape>& shapes, Function function, const char* name, std::int64_t tile) {
    for (const Shape& shape : shapes)
        for (const bool reverse : {false, true}) {
            const Result portable = function(Run{0, 1, tile, 16, nullptr}, shape, reverse);
            for (std::int64_t isa = 0; isa < 4; ++isa)
                for (const std::int64_t block : {16, 64}) {
                    if (!(dna_mamba_supported_isas() >> isa & 1)) continue;
                    const Result other = function(Run{isa, 3, tile, block, nullptr}, shape, reverse);
                    compare(portable, other,
                            std::string(name) + " length " + std::to_string(shape.length) + " channels " +
                                std::to_string(shape.channels) + " isa " + std::to_string(isa));
                }
        }
}

template <class Shape>
void in_bfloat16_too(std::vector<Shape>& shapes) {
    const std::vector<Shape> singles = shapes;
    for (Shape shape : singles) {
        shape.half = true;
        shapes.push_back(shape);
    }
}

}  // namespace

int main() {
    std::vector<ScanShape> scans = {{1, 0, 5, 4, true},   {1, 1, 1, 1, true},    {2, 3, 7, 3, true},
                                          {1, 31, 16, 4, true}, {3, 33, 17, 16, true}, {2, 65, 40, 5, false},
                                          {1, 97, 75, 9, true}, {2, 130, 31, 8, true}, {1, 50, 130, 33, true},
                                          {3, 60, 1536, 2, true}};  // the last: past the caches
    std::vector<ConvShape> convs = {{1, 0, 5, 4, true},   {1, 1, 1, 1, true},    {2, 2, 7, 4, true},
                                          {3, 15, 16, 4, true}, {1, 17, 33, 4, false}, {2, 49, 40, 3, true},
                                          {1, 64, 130, 8, true}, {2, 90, 1536, 4, true}};
    std::vector<NormShape> norms = {{1, 0, 5}, {1, 1, 3}, {2, 17, 7}, {3, 33, 64}, {1, 40, 130}};
    in_bfloat16_too(scans);
    in_bfloat16_too(convs);
    for (const bool input : {false, true}) norms.push_back({2, 35, 77, input, true}), norms.push_back({1, 20, 64, true, input});
    sweep(scans, scan, "scan", 32);
    sweep(convs, conv, "convolution", 16);
    sweep(norms, norm, "normalisation", 16);
    std::printf("%s\n", failures ? "FAILED" : "every instruction set agrees over every size");
    return failures ? 1 : 0;
}
