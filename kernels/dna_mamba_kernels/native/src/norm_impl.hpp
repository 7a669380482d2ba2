// Root-mean-square normalisation for one instruction set; include after simd/*.hpp and math.hpp.
//
// y = x s w with s = 1 / sqrt(mean(x^2) + eps), so that dx = s (w dy) - x s^3 mean(w dy x) and dw = sum over t of dy x s.
// A unit of work is a tile of one sequence. A row is read twice, the second time from the first-level cache.
#pragma once
#include "layout.hpp"

namespace {

// The sum over channels of what term(V, c) gives for the channels from c on.
template <class Term>
inline float sum_over_channels(int64_t channels, Term term) {
    using Some = Several<Vec::at_once>;
    Some sums = Some::all(0.0f);
    Vec sum = Vec::all(0.0f);
    int64_t c = 0;
    for (; c + Some::width <= channels; c += Some::width) sums = term(Some(), c, sums);
    for (; c < channels; c += W) sum = term(Vec(), c, sum);
    for (const Vec& part : sums.v) sum = sum + part;
    return sum.sum();
}

template <class X>
inline float scale_of(const NormInputs& in, const X* row) {
    const float squares = sum_over_channels(in.channels, [&](auto kind, int64_t c, auto sum) {
        const auto x = load_lanes<decltype(kind)>(row + c, in.channels - c);
        return fma(x, x, sum);
    });
    return 1.0f / __builtin_sqrtf(squares / static_cast<float>(in.channels) + static_cast<float>(in.eps));
}

// The tile of a unit.
struct NormUnit {
    int64_t batch, tile, tiles, first, last;

    NormUnit(const Run& run, const NormInputs& in, int64_t unit)
        : tiles((in.length + run.tile - 1) / run.tile) {
        batch = unit / tiles;
        tile = unit % tiles;
        first = tile * run.tile;
        last = at_most(in.length, first + run.tile);
    }
    // A row of a tensor of the caller's strides, and one of a dense tensor of ours.
    template <class T>
    const T* row(const void* base, int64_t sb, int64_t sl, int64_t t) const {
        return static_cast<const T*>(base) + batch * sb + t * sl;
    }
    template <class T>
    T* out_row(void* base, const NormInputs& in, int64_t t) const {
        return static_cast<T*>(base) + (batch * in.length + t) * in.channels;
    }
};

template <class X, class Y>
void norm_forward(const Run& run, const NormInputs& in, const NormOutputs& out, int64_t index, float*) {
    const NormUnit unit(run, in, index);
    for (int64_t t = unit.first; t < unit.last; ++t) {
        const X* x = unit.row<X>(in.x, in.x_sb, in.x_sl, t);
        Y* y = unit.out_row<Y>(out.y, in, t);
        const float scale = scale_of(in, x);
        over_channels(in.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = in.channels - c;
            store_lanes(y + c, count, load_lanes<V>(x + c, count) * V::all(scale) * load_lanes<V>(in.weight + c, count));
        });
    }
}

inline std::size_t norm_forward_workspace(const Run&, const NormInputs&) { return 0; }

// A row's dx, and its part of dweight.
template <class X, class Y>
void norm_backward_row(const NormInputs& in, const X* x, const Y* dy, X* dx, float* dweight) {
    const float scale = scale_of(in, x);
    const float dot = sum_over_channels(in.channels, [&](auto kind, int64_t c, auto sum) {
        using V = decltype(kind);
        const int64_t count = in.channels - c;
        const V weighted = load_lanes<V>(in.weight + c, count) * load_lanes<V>(dy + c, count);
        return fma(weighted, load_lanes<V>(x + c, count), sum);
    });
    const float toward_x = -scale * scale * scale * dot / static_cast<float>(in.channels);
    over_channels(in.channels, [&](auto kind, int64_t c) {
        using V = decltype(kind);
        const int64_t count = in.channels - c;
        const V value = load_lanes<V>(x + c, count), scaled_dy = load_lanes<V>(dy + c, count) * V::all(scale);
        fma(scaled_dy, value, V::loadu(dweight + c)).storeu(dweight + c);
        if (!dx) return;
        const V slope = fma(value, V::all(toward_x), scaled_dy * load_lanes<V>(in.weight + c, count));
        store_lanes(dx + c, count, slope);
    });
}

template <class X, class Y>
void norm_backward(const Run& run, const NormInputs& in, const NormGrads& grads, int64_t index, float* dweight) {
    const NormUnit unit(run, in, index);
    const int64_t padded = round_up(in.channels, 16);
    fill_zero(dweight, padded);
    for (int64_t t = unit.first; t < unit.last; ++t)
        norm_backward_row(in, unit.row<X>(in.x, in.x_sb, in.x_sl, t), unit.row<Y>(grads.dy, grads.dy_sb, grads.dy_sl, t),
                          grads.dx ? unit.out_row<X>(grads.dx, in, t) : nullptr, dweight);
    if (!grads.dweight) return;
    float* part = grads.dweight + (unit.batch * unit.tiles + unit.tile) * padded;
    for (int64_t c = 0; c < padded; c += W) Vec::load(dweight + c).storeu(part + c);
}

inline std::size_t norm_backward_workspace(const Run&, const NormInputs& in) {
    return static_cast<std::size_t>(round_up(in.channels, 16));
}

}  // namespace
