// Root-mean-square normalisation for one instruction set; include after simd/*.hpp and math.hpp.
//
// A unit of work is a tile of one sequence. A row is read twice, the second time from the first-level cache.
#pragma once
#include "layout.hpp"

namespace {

inline float mean_square(const NormInputs& in, const float* row) {
    Several<Vec::at_once> sums = Several<Vec::at_once>::all(0.0f);
    Vec sum = Vec::all(0.0f);
    int64_t c = 0;
    for (; c + sums.width <= in.channels; c += sums.width) {
        const auto x = Several<Vec::at_once>::loadu(row + c);
        sums = fma(x, x, sums);
    }
    for (; c < in.channels; c += W) {
        const Vec x = load_lanes(row + c, in.channels - c);
        sum = fma(x, x, sum);
    }
    for (const Vec& part : sums.v) sum = sum + part;
    return sum.sum() / static_cast<float>(in.channels);
}

void norm_forward(const Run& run, const NormInputs& in, const NormOutputs& out, int64_t index, float*) {
    const int64_t tiles = (in.length + run.tile - 1) / run.tile, batch = index / tiles, first = index % tiles * run.tile;
    for (int64_t t = first; t < at_most(in.length, first + run.tile); ++t) {
        const float* x = in.x + batch * in.x_sb + t * in.x_sl;
        float* y = out.y + (batch * in.length + t) * in.channels;
        const float scale = 1.0f / __builtin_sqrtf(mean_square(in, x) + static_cast<float>(in.eps));
        over_channels(in.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = in.channels - c;
            store_lanes(y + c, count, load_lanes<V>(x + c, count) * V::all(scale) * load_lanes<V>(in.weight + c, count));
        });
    }
}

std::size_t norm_forward_workspace(const Run&, const NormInputs&) { return 0; }

}  // namespace
