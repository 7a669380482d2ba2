// The depthwise convolution with its SiLU for one instruction set; include after simd/*.hpp and math.hpp.
//
// Both directions are one: in the order of steps (from the side the convolution reads from), tap k of step s reads
// step s - taps + 1 + k; steps below zero are the context. A unit of work is a tile of one sequence, all channels.
#pragma once
#include "layout.hpp"

namespace {

// One tile of one sequence, in steps.
struct ConvUnit {
    int64_t batch, tile, tiles, first, last;  // steps [first, last)

    ConvUnit(const Run& run, const ConvInputs& in, int64_t unit) {
        tiles = (in.length + run.tile - 1) / run.tile;
        batch = unit / tiles;
        tile = unit % tiles;
        first = tile * run.tile;
        last = at_most(in.length, first + run.tile);
    }
};

inline int64_t position(const ConvInputs& in, int64_t step) { return in.reverse ? in.length - 1 - step : step; }

// Row of the context for step -1, -2, ...: it is kept in sequence order.
inline int64_t context_row(const ConvInputs& in, int64_t step) { return in.reverse ? -1 - step : step + in.taps - 1; }

// Weights (tap, channel) and bias, padded with zeros to whole vectors, and a row of zeros.
template <class T>
struct ConvWeights {
    int64_t padded;
    float *weight, *bias;
    T* zeros;

    ConvWeights(const ConvInputs& in, Arena& arena)
        : padded(round_up(in.channels, 16)),
          weight(arena.take(padded * in.taps)),
          bias(arena.take(padded)),
          zeros(reinterpret_cast<T*>(arena.take(padded))) {}

    void fill(const ConvInputs& in) const {
        for (int64_t c = 0; c < padded; ++c) {
            const bool inside = c < in.channels;
            bias[c] = inside && in.bias ? in.bias[c] : 0.0f;
            zeros[c] = T{};
            for (int64_t k = 0; k < in.taps; ++k) weight[k * padded + c] = inside ? in.weight[c * in.taps + k] : 0.0f;
        }
    }

    const T* input(const ConvInputs& in, int64_t batch, int64_t step) const {
        if (step >= 0) return static_cast<const T*>(in.x) + batch * in.x_sb + position(in, step) * in.x_sl;
        if (!in.context) return zeros;
        return static_cast<const T*>(in.context) + (batch * (in.taps - 1) + context_row(in, step)) * in.channels;
    }
};

// The number of taps: a constant for the usual four, so that loops over them unroll.
template <int Taps>
inline int64_t taps_of(const ConvInputs& in) {
    return Taps ? Taps : in.taps;
}

// The convolution before its activation, for the channels from c on.
template <int Taps, class V, class T>
inline V convolve(const ConvInputs& in, const ConvWeights<T>& w, const T* const* rows, int64_t c) {
    V sum = V::loadu(w.bias + c);
    for (int64_t k = 0; k < taps_of<Taps>(in); ++k)
        sum = fma(V::loadu(w.weight + k * w.padded + c), load_lanes<V>(rows[k] + c, in.channels - c), sum);
    return sum;
}

// rows[k] for a step: the inputs its taps read.
template <class T>
inline void point_to_inputs(const ConvInputs& in, const ConvWeights<T>& w, int64_t batch, int64_t step, const T** rows) {
    for (int64_t k = 0; k < in.taps; ++k) rows[k] = w.input(in, batch, step - in.taps + 1 + k);
}

// Rows lie pages apart in a wider matrix, where the hardware's prefetching starts anew for each.
constexpr int64_t rows_ahead = 2;

template <int Taps, class T>
void forward_tile(const ConvInputs& in, const ConvOutputs& out, const ConvUnit& unit, const ConvWeights<T>& w,
                  const T** rows) {
    const bool streams = goes_past_caches(static_cast<const T*>(out.y), in.batch * in.length, in.channels);
    for (int64_t s = unit.first; s < unit.last; ++s) {
        point_to_inputs(in, w, unit.batch, s, rows);
        const T* ahead = w.input(in, unit.batch, at_most(s + rows_ahead, in.length - 1));
        T* y = static_cast<T*>(out.y) + (unit.batch * in.length + position(in, s)) * in.channels;
        over_channels(in.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            for (int64_t i = 0; i < V::width; i += W) __builtin_prefetch(ahead + c + i, 0, 2);
            V value = convolve<Taps, V>(in, w, rows, c);
            if (in.silu) value = value * sigmoid(value);
            put_lanes(streams, y + c, in.channels - c, value);
        });
    }
    if (streams) end_streams();
}

template <class T>
void conv_forward(const Run& run, const ConvInputs& in, const ConvOutputs& out, int64_t index, float* workspace) {
    const ConvUnit unit(run, in, index);
    Arena arena{workspace};
    const ConvWeights<T> w(in, arena);
    const T** rows = arena.take_pointers<T>(in.taps);
    w.fill(in);
    (in.taps == 4 ? forward_tile<4, T> : forward_tile<0, T>)(in, out, unit, w, rows);
}

std::size_t conv_forward_workspace(const Run&, const ConvInputs& in) {
    Arena arena{nullptr};
    ConvWeights<float>(in, arena);  // bfloat16 needs no more
    arena.take_pointers<float>(in.taps);
    return arena.used;
}

template <class T>
struct ConvBackwardBuffers {
    ConvWeights<T> w;
    const T** rows;
    const float** slots;
    float* ring;              // (step modulo taps, channel): derivatives before the activation
    float *dweight, *dbias;   // (tap, channel), (channel)

    ConvBackwardBuffers(const ConvInputs& in, Arena& arena)
        : w(in, arena),
          rows(arena.take_pointers<T>(in.taps)),
          slots(arena.take_pointers<float>(in.taps)),
          ring(arena.take(in.taps * w.padded)),
          dweight(arena.take(in.taps * w.padded)),
          dbias(arena.take(w.padded)) {}

    float* slot(const ConvInputs& in, int64_t step) const { return ring + (step + in.taps) % in.taps * w.padded; }
};

// The derivative by the convolution's value at a step, into its slot; with `sums`, its part of dweight and dbias.
template <int Taps, class T>
void activation_gradient(const ConvInputs& in, const ConvGrads& grads, int64_t batch, int64_t step, bool sums,
                         const ConvBackwardBuffers<T>& buf) {
    point_to_inputs(in, buf.w, batch, step, buf.rows);
    const T* dy = static_cast<const T*>(grads.dy) + batch * grads.dy_sb + position(in, step) * grads.dy_sl;
    float* slot = buf.slot(in, step);
    over_channels(in.channels, [&](auto kind, int64_t c) {
        using V = decltype(kind);
        V d = load_lanes<V>(dy + c, in.channels - c);
        if (in.silu) {
            const V value = convolve<Taps, V>(in, buf.w, buf.rows, c), s = sigmoid(value);
            d = d * s * fma(value, V::all(1.0f) - s, V::all(1.0f));
        }
        d.storeu(slot + c);
        if (!sums) return;
        (V::loadu(buf.dbias + c) + d).storeu(buf.dbias + c);
        for (int64_t k = 0; k < taps_of<Taps>(in); ++k) {
            float* sum = buf.dweight + k * buf.w.padded + c;
            fma(d, load_lanes<V>(buf.rows[k] + c, in.channels - c), V::loadu(sum)).storeu(sum);
        }
    });
}

// dx_s = sum_k weight[k] d_{s + taps - 1 - k}, the slots of steps without a derivative holding zeros.
template <int Taps, class T>
void input_gradient(const ConvInputs& in, int64_t step, const ConvBackwardBuffers<T>& buf, bool streams, T* dx) {
    for (int64_t k = 0; k < in.taps; ++k) buf.slots[k] = buf.slot(in, step + in.taps - 1 - k);
    for (int64_t c = 0; c < in.channels; c += W) {
        Vec sum = Vec::all(0.0f);
        for (int64_t k = 0; k < taps_of<Taps>(in); ++k)
            sum = fma(Vec::load(buf.w.weight + k * buf.w.padded + c), Vec::load(buf.slots[k] + c), sum);
        put_lanes(streams, dx + c, in.channels - c, sum);
    }
}

template <int Taps, class T>
void backward_tile(const ConvInputs& in, const ConvGrads& grads, const ConvUnit& unit,
                   const ConvBackwardBuffers<T>& buf) {
    T* const dx = static_cast<T*>(grads.dx);
    T* const dcontext = static_cast<T*>(grads.dcontext);
    const bool streams = goes_past_caches(dx, in.batch * in.length, in.channels);
    // The steps after the tile whose convolution reads into it belong to another unit's sums.
    for (int64_t s = at_most(in.length, unit.last + in.taps - 1) - 1; s >= unit.last; --s)
        activation_gradient<Taps, T>(in, grads, unit.batch, s, false, buf);
    for (int64_t s = unit.last - 1; s >= unit.first; --s) {
        activation_gradient<Taps, T>(in, grads, unit.batch, s, true, buf);
        input_gradient<Taps, T>(in, s, buf, streams, dx + (unit.batch * in.length + position(in, s)) * in.channels);
    }
    for (int64_t s = -1; unit.first == 0 && dcontext && s > -in.taps; --s) {
        fill_zero(buf.slot(in, s), buf.w.padded);
        const int64_t row = unit.batch * (in.taps - 1) + context_row(in, s);
        input_gradient<Taps, T>(in, s, buf, false, dcontext + row * in.channels);
    }
    if (streams) end_streams();
}

template <class T>
void conv_backward(const Run& run, const ConvInputs& in, const ConvGrads& grads, int64_t index, float* workspace) {
    const ConvUnit unit(run, in, index);
    Arena arena{workspace};
    const ConvBackwardBuffers<T> buf(in, arena);
    const int64_t padded = buf.w.padded, part = unit.batch * unit.tiles + unit.tile;
    buf.w.fill(in);
    fill_zero(buf.ring, in.taps * padded);
    fill_zero(buf.dweight, in.taps * padded);
    fill_zero(buf.dbias, padded);
    (in.taps == 4 ? backward_tile<4, T> : backward_tile<0, T>)(in, grads, unit, buf);
    for (int64_t c = 0; c < padded; c += W) {
        if (grads.dbias) Vec::load(buf.dbias + c).storeu(grads.dbias + part * padded + c);
        for (int64_t k = 0; grads.dweight && k < in.taps; ++k)
            Vec::load(buf.dweight + k * padded + c).storeu(grads.dweight + (part * in.taps + k) * padded + c);
    }
}

std::size_t conv_backward_workspace(const Run&, const ConvInputs& in) {
    Arena arena{nullptr};
    ConvBackwardBuffers<float>(in, arena);
    return arena.used;
}

}  // namespace
