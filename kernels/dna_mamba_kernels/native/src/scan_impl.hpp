// The selective scan for one instruction set; include after simd/*.hpp and math.hpp.
//
// A unit of work is a channel block of one sequence. It walks over time in tiles, and inside a tile over groups of
// Vec::width channels, so that a tile's rows are read while they are in cache. For a group, the tile's inputs are
// first brought into contiguous buffers in the order of the scan ("step" order: direction, strides and partial groups
// end there), then the recurrence runs over a few states at a time with state and coefficients in registers.
//
// The backward walks the tiles against the scan. It recomputes decays and states from the state at the tile's edge,
// then runs the adjoint recurrence g_t = C_t dy_t + exp(delta_{t+1} A) g_{t+1}. Sums over channels (dB, dC) are kept
// per lane over the groups of a block and reduced once per tile; sums over time (dA, dD, ddelta_bias) are kept per
// channel. Every sum has one fixed order.
#pragma once
#include "kernels.h"

namespace {

using std::int64_t;

inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

constexpr int W = Vec::width;

// Hands out consecutive aligned pieces of one allocation; with a null base it only counts.
struct Arena {
    float* base;
    std::size_t used = 0;
    float* take(int64_t floats) {
        float* piece = base ? base + used : nullptr;
        used += static_cast<std::size_t>(round_up(floats, 16));
        return piece;
    }
};

// The part of the problem one unit works on.
struct Unit {
    int64_t batch, first_channel, channels, groups, block_index, tiles, padded_channels;

    Unit(const Run& run, const ScanInputs& in, int64_t unit) {
        const int64_t blocks = (in.d_inner + run.block - 1) / run.block;
        batch = unit / blocks;
        block_index = unit % blocks;
        first_channel = block_index * run.block;
        channels = at_most(run.block, in.d_inner - first_channel);
        groups = (channels + W - 1) / W;
        tiles = (in.length + run.tile - 1) / run.tile;
        padded_channels = round_up(in.d_inner, 16);
    }
};

// A tile: its first position in scan order, the step to the next one, and how many there are.
struct Tile {
    int64_t index, start, step, steps;

    Tile(const Run& run, const ScanInputs& in, int64_t tile_index) : index(tile_index), step(in.reverse ? -1 : 1) {
        const int64_t left = tile_index * run.tile;
        steps = at_most(run.tile, in.length - left);
        start = in.reverse ? left + steps - 1 : left;
    }
    int64_t left() const { return step > 0 ? start : start - steps + 1; }
};

// A strided (length, channels) plane seen from the first position of a tile, in scan order.
struct Rows {
    const float* p;
    int64_t stride;
    Rows(const float* base, int64_t sb, int64_t sl, const Tile& tile, int64_t batch, int64_t channel)
        : p(base ? base + batch * sb + tile.start * sl + channel : nullptr), stride(tile.step * sl) {}
    const float* row(int64_t step) const { return p + step * stride; }
};

struct OutRows {
    float* p;
    int64_t stride;
    OutRows(float* base, const ScanInputs& in, const Tile& tile, int64_t batch, int64_t channel)
        : p(base ? base + (batch * in.length + tile.start) * in.d_inner + channel : nullptr),
          stride(tile.step * in.d_inner) {}
    float* row(int64_t step) const { return p + step * stride; }
};

// Loads and stores of a group: all lanes, or the first `count` with zeros beyond.
template <bool Full>
struct Lanes {
    int count;
    Vec load(const float* p) const { return Full ? Vec::loadu(p) : Vec::load_first(p, count); }
    void store(float* p, Vec x) const {
        if (Full)
            x.storeu(p);
        else
            x.store_first(p, count);
    }
    Vec load_or(const float* p, float otherwise) const { return p ? load(p) : Vec::all(otherwise); }
};

// A times log2(e) for a block, laid out (group, state, lane): exp(delta A) is then 2^(delta A').
inline void load_coefficients(const ScanInputs& in, const Unit& unit, float* out) {
    const int64_t N = in.d_state;
    for (int64_t g = 0; g < unit.groups; ++g)
        for (int64_t n = 0; n < N; ++n)
            for (int64_t lane = 0; lane < W; ++lane) {
                const int64_t c = g * W + lane;
                out[(g * N + n) * W + lane] =
                    c < unit.channels ? static_cast<float>(1.4426950408889634 * in.A[(unit.first_channel + c) * N + n]) : 0.0f;
            }
}

// (batch, d_inner, d_state) to (group, state, lane) and back.
inline void load_state(const ScanInputs& in, const Unit& unit, const float* from, float* out) {
    const int64_t N = in.d_state;
    for (int64_t g = 0; g < unit.groups; ++g)
        for (int64_t n = 0; n < N; ++n)
            for (int64_t lane = 0; lane < W; ++lane) {
                const int64_t c = g * W + lane;
                const bool inside = from && c < unit.channels;
                out[(g * N + n) * W + lane] =
                    inside ? from[(unit.batch * in.d_inner + unit.first_channel + c) * N + n] : 0.0f;
            }
}

inline void store_state(const ScanInputs& in, const Unit& unit, const float* from, float* out) {
    const int64_t N = in.d_state;
    for (int64_t c = 0; c < unit.channels; ++c)
        for (int64_t n = 0; n < N; ++n)
            out[(unit.batch * in.d_inner + unit.first_channel + c) * N + n] = from[(c / W * N + n) * W + c % W];
}

// Where the edge state of a tile and group lies: (B, tiles, N, padded D).
inline int64_t edge_offset(const ScanInputs& in, const Unit& unit, const Tile& tile, int64_t group) {
    return (unit.batch * unit.tiles + tile.index) * in.d_state * unit.padded_channels + unit.first_channel + group * W;
}

// ---------------------------------------------------------------- forward

struct ForwardBuffers {
    float *coefficients, *state;    // (group, state, lane)
    float *delta, *drive, *y;       // (step, lane)

    ForwardBuffers(const Run& run, const ScanInputs& in, Arena& arena) {
        const int64_t per_block = at_most(run.block, round_up(in.d_inner, 16)) * in.d_state;
        coefficients = arena.take(per_block);
        state = arena.take(per_block);
        delta = arena.take(run.tile * W);
        drive = arena.take(run.tile * W);
        y = arena.take(run.tile * W);
    }
};

template <bool Full>
void load_steps(const ScanInputs& in, const Unit& unit, const Tile& tile, int64_t channel, Lanes<Full> lanes,
                ForwardBuffers& buf) {
    const Rows u(in.u, in.u_sb, in.u_sl, tile, unit.batch, channel);
    const Rows delta(in.delta, in.delta_sb, in.delta_sl, tile, unit.batch, channel);
    const Vec bias = lanes.load_or(in.delta_bias ? in.delta_bias + channel : nullptr, 0.0f);
    for (int64_t t = 0; t < tile.steps; ++t) {
        Vec d = lanes.load(delta.row(t)) + bias;
        if (in.delta_softplus) d = softplus(d);
        d.store(buf.delta + t * W);
        (d * lanes.load(u.row(t))).store(buf.drive + t * W);
    }
}

// NB states over all steps of a tile. `y` is set by the first states of a group and added to by the others.
template <int NB, bool First>
void forward_states(int64_t steps, const float* delta, const float* drive, const float* coefficients, float* state,
                    Rows B, Rows C, float* y) {
    Vec a[NB], h[NB];
    for (int n = 0; n < NB; ++n) {
        a[n] = Vec::load(coefficients + n * W);
        h[n] = Vec::load(state + n * W);
    }
    const float *b = B.p, *c = C.p;
    for (int64_t t = 0; t < steps; ++t, b += B.stride, c += C.stride) {
        const Vec d = Vec::load(delta + t * W), x = Vec::load(drive + t * W);
        Vec acc = First ? Vec::all(0.0f) : Vec::load(y + t * W);
        for (int n = 0; n < NB; ++n) {
            h[n] = fma(exp2(d * a[n]), h[n], x * Vec::all(b[n]));
            acc = fma(h[n], Vec::all(c[n]), acc);
        }
        acc.store(y + t * W);
    }
    for (int n = 0; n < NB; ++n) h[n].store(state + n * W);
}

template <int NB>
int64_t forward_run(const ScanInputs& in, const Tile& tile, const ForwardBuffers& buf, int64_t group, Rows B, Rows C,
                    int64_t n) {
    for (; n + NB <= in.d_state; n += NB) {
        const int64_t at = (group * in.d_state + n) * W;
        const auto step = n == 0 ? forward_states<NB, true> : forward_states<NB, false>;
        Rows b = B, c = C;
        b.p += n;
        c.p += n;
        step(tile.steps, buf.delta, buf.drive, buf.coefficients + at, buf.state + at, b, c, buf.y);
    }
    return n;
}

template <bool Full>
void store_steps(const ScanInputs& in, const ScanOutputs& out, const Unit& unit, const Tile& tile, int64_t channel,
                 Lanes<Full> lanes, const ForwardBuffers& buf) {
    const Rows u(in.u, in.u_sb, in.u_sl, tile, unit.batch, channel);
    const Rows z(in.z, in.z_sb, in.z_sl, tile, unit.batch, channel);
    const OutRows y(out.y, in, tile, unit.batch, channel);
    const Vec skip = lanes.load_or(in.D ? in.D + channel : nullptr, 0.0f);
    for (int64_t t = 0; t < tile.steps; ++t) {
        Vec value = Vec::load(buf.y + t * W);
        if (in.D) value = fma(skip, lanes.load(u.row(t)), value);
        if (in.z) {
            const Vec gate = lanes.load(z.row(t));
            value = value * gate * sigmoid(gate);
        }
        lanes.store(y.row(t), value);
    }
}

template <bool Full>
void forward_group(const ScanInputs& in, const ScanOutputs& out, const Unit& unit, const Tile& tile, int64_t group,
                   Lanes<Full> lanes, ForwardBuffers& buf) {
    const int64_t channel = unit.first_channel + group * W;
    load_steps(in, unit, tile, channel, lanes, buf);
    const Rows B(in.B, in.B_sb, in.B_sl, tile, unit.batch, 0), C(in.C, in.C_sb, in.C_sl, tile, unit.batch, 0);
    int64_t n = forward_run<8>(in, tile, buf, group, B, C, 0);
    n = forward_run<4>(in, tile, buf, group, B, C, n);
    forward_run<1>(in, tile, buf, group, B, C, n);
    store_steps(in, out, unit, tile, channel, lanes, buf);
}

void scan_forward(const Run& run, const ScanInputs& in, const ScanOutputs& out, int64_t index, float* workspace) {
    const Unit unit(run, in, index);
    Arena arena{workspace};
    ForwardBuffers buf(run, in, arena);
    load_coefficients(in, unit, buf.coefficients);
    load_state(in, unit, in.initial_state, buf.state);
    for (int64_t i = 0; i < unit.tiles; ++i) {
        const Tile tile(run, in, in.reverse ? unit.tiles - 1 - i : i);
        for (int64_t g = 0; g < unit.groups; ++g) {
            if (out.edges) {
                float* edge = out.edges + edge_offset(in, unit, tile, g);
                for (int64_t n = 0; n < in.d_state; ++n)
                    Vec::load(buf.state + (g * in.d_state + n) * W).storeu(edge + n * unit.padded_channels);
            }
            const int64_t count = at_most(W, unit.channels - g * W);
            if (count == W)
                forward_group(in, out, unit, tile, g, Lanes<true>{W}, buf);
            else
                forward_group(in, out, unit, tile, g, Lanes<false>{static_cast<int>(count)}, buf);
        }
    }
    store_state(in, unit, buf.state, out.final_state);
}

std::size_t scan_forward_workspace(const Run& run, const ScanInputs& in) {
    Arena arena{nullptr};
    ForwardBuffers(run, in, arena);
    return arena.used;
}

// ---------------------------------------------------------------- backward

constexpr int max_states = 8;  // states handled at a time

struct BackwardBuffers {
    float *coefficients, *adjoint;                      // (group, state, lane)
    float *dA, *dD, *dbias;                             // (group, state, lane), (group, lane)
    float *delta, *drive, *u, *dy, *y, *slope;          // (step, lane)
    float *d_drive, *d_exponent;                        // (step, lane)
    float *decay, *path;                                // (step, states, lane), (step + 1, states, lane)
    float *dB, *dC;                                     // (position in sequence order, state, lane)

    BackwardBuffers(const Run& run, const ScanInputs& in, Arena& arena) {
        const int64_t block = at_most(run.block, round_up(in.d_inner, 16)), plane = run.tile * W;
        float** const per_state[] = {&coefficients, &adjoint, &dA};
        float** const per_channel[] = {&dD, &dbias};
        float** const per_step[] = {&delta, &drive, &u, &dy, &y, &slope, &d_drive, &d_exponent};
        float** const per_step_and_state[] = {&dB, &dC};
        for (float** p : per_state) *p = arena.take(block * in.d_state);
        for (float** p : per_channel) *p = arena.take(block);
        for (float** p : per_step) *p = arena.take(plane);
        decay = arena.take(plane * max_states);
        path = arena.take((plane + W) * max_states);
        for (float** p : per_step_and_state) *p = arena.take(plane * in.d_state);
    }
};

template <bool Full>
void load_steps(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile, int64_t channel,
                Lanes<Full> lanes, BackwardBuffers& buf) {
    const Rows u(in.u, in.u_sb, in.u_sl, tile, unit.batch, channel);
    const Rows delta(in.delta, in.delta_sb, in.delta_sl, tile, unit.batch, channel);
    const Rows z(in.z, in.z_sb, in.z_sl, tile, unit.batch, channel);
    const Rows dy(grads.dy, grads.dy_sb, grads.dy_sl, tile, unit.batch, channel);
    const Vec bias = lanes.load_or(in.delta_bias ? in.delta_bias + channel : nullptr, 0.0f);
    for (int64_t t = 0; t < tile.steps; ++t) {
        Vec d = lanes.load(delta.row(t)) + bias, slope = Vec::all(1.0f);
        if (in.delta_softplus) d = softplus_and_slope(d, slope);
        const Vec x = lanes.load(u.row(t));
        Vec g = lanes.load(dy.row(t));
        if (in.z) {
            const Vec gate = lanes.load(z.row(t));
            g = g * gate * sigmoid(gate);
        }
        d.store(buf.delta + t * W);
        slope.store(buf.slope + t * W);
        x.store(buf.u + t * W);
        (d * x).store(buf.drive + t * W);
        g.store(buf.dy + t * W);
    }
}

// Decays and states of a tile again, from the state at its edge; y too where dz needs it.
template <int NB>
void recompute_states(int64_t steps, const BackwardBuffers& buf, const float* coefficients, const float* edge,
                      int64_t edge_stride, Rows B) {
    Vec a[NB], h[NB];
    for (int n = 0; n < NB; ++n) {
        a[n] = Vec::load(coefficients + n * W);
        h[n] = Vec::loadu(edge + n * edge_stride);
        h[n].store(buf.path + n * W);
    }
    const float* b = B.p;
    float *decay = buf.decay, *path = buf.path + NB * W;
    for (int64_t t = 0; t < steps; ++t, b += B.stride, decay += NB * W, path += NB * W) {
        const Vec d = Vec::load(buf.delta + t * W), x = Vec::load(buf.drive + t * W);
        for (int n = 0; n < NB; ++n) {
            const Vec e = exp2(d * a[n]);
            h[n] = fma(e, h[n], x * Vec::all(b[n]));
            e.store(decay + n * W);
            h[n].store(path + n * W);
        }
    }
}

template <int NB, bool First>
void recompute_y(int64_t steps, const BackwardBuffers& buf, Rows C) {
    const float *c = C.p, *path = buf.path + NB * W;
    for (int64_t t = 0; t < steps; ++t, c += C.stride, path += NB * W) {
        Vec y = First ? Vec::all(0.0f) : Vec::load(buf.y + t * W);
        for (int n = 0; n < NB; ++n) y = fma(Vec::load(path + n * W), Vec::all(c[n]), y);
        y.store(buf.y + t * W);
    }
}

// The adjoint recurrence of NB states. First: the first states of a group, FirstGroup: the first group of a tile.
template <int NB, bool First, bool FirstGroup>
void adjoint_states(int64_t steps, const BackwardBuffers& buf, const float* coefficients, float* adjoint, float* dA,
                    Rows B, Rows C, float* dB, float* dC, int64_t acc_stride) {
    Vec g[NB], da[NB];
    for (int n = 0; n < NB; ++n) {
        g[n] = Vec::load(adjoint + n * W);
        da[n] = Vec::all(0.0f);  // a tile's sum of its own: long sequences lose less
    }
    for (int64_t t = steps - 1; t >= 0; --t) {
        const Vec d = Vec::load(buf.delta + t * W), x = Vec::load(buf.drive + t * W), dy = Vec::load(buf.dy + t * W);
        const float *b = B.row(t), *c = C.row(t), *decay = buf.decay + t * NB * W, *path = buf.path + t * NB * W;
        float *db = dB + t * acc_stride, *dc = dC + t * acc_stride;
        Vec d_drive = First ? Vec::all(0.0f) : Vec::load(buf.d_drive + t * W);
        Vec d_exponent = First ? Vec::all(0.0f) : Vec::load(buf.d_exponent + t * W);
        for (int n = 0; n < NB; ++n) {
            const Vec h = Vec::load(path + (NB + n) * W), before = Vec::load(path + n * W);
            if (FirstGroup) {
                (dy * h).store(dc + n * W);
            } else {
                fma(dy, h, Vec::load(dc + n * W)).store(dc + n * W);
            }
            g[n] = fma(dy, Vec::all(c[n]), g[n]);
            if (FirstGroup) {
                (g[n] * x).store(db + n * W);
            } else {
                fma(g[n], x, Vec::load(db + n * W)).store(db + n * W);
            }
            d_drive = fma(g[n], Vec::all(b[n]), d_drive);
            g[n] = g[n] * Vec::load(decay + n * W);
            const Vec w = g[n] * before;
            d_exponent = fma(w, Vec::load(coefficients + n * W), d_exponent);
            da[n] = fma(w, d, da[n]);
        }
        d_drive.store(buf.d_drive + t * W);
        d_exponent.store(buf.d_exponent + t * W);
    }
    for (int n = 0; n < NB; ++n) {
        g[n].store(adjoint + n * W);
        (Vec::load(dA + n * W) + da[n]).store(dA + n * W);
    }
}

template <int NB>
int64_t backward_run(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile, int64_t group,
                     const BackwardBuffers& buf, int64_t n) {
    const int64_t N = in.d_state;
    const float* edges = grads.edges + edge_offset(in, unit, tile, group);
    for (; n + NB <= N; n += NB) {
        const int64_t at = (group * N + n) * W;
        const Rows B(in.B, in.B_sb, in.B_sl, tile, unit.batch, n), C(in.C, in.C_sb, in.C_sl, tile, unit.batch, n);
        recompute_states<NB>(tile.steps, buf, buf.coefficients + at, edges + n * unit.padded_channels,
                             unit.padded_channels, B);
        if (grads.dz) (n == 0 ? recompute_y<NB, true> : recompute_y<NB, false>)(tile.steps, buf, C);
        const int64_t acc_stride = tile.step * N * W;
        const int64_t acc_start = (tile.start - tile.left()) * N * W + n * W;
        const auto sweep = n == 0 ? (group == 0 ? adjoint_states<NB, true, true> : adjoint_states<NB, true, false>)
                                  : (group == 0 ? adjoint_states<NB, false, true> : adjoint_states<NB, false, false>);
        sweep(tile.steps, buf, buf.coefficients + at, buf.adjoint + at, buf.dA + at, B, C, buf.dB + acc_start,
              buf.dC + acc_start, acc_stride);
    }
    return n;
}

template <bool Full>
void store_steps(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile, int64_t group,
                 Lanes<Full> lanes, const BackwardBuffers& buf) {
    const int64_t channel = unit.first_channel + group * W;
    const OutRows du(grads.du, in, tile, unit.batch, channel), ddelta(grads.ddelta, in, tile, unit.batch, channel);
    const OutRows dz(grads.dz, in, tile, unit.batch, channel);
    const Rows z(in.z, in.z_sb, in.z_sl, tile, unit.batch, channel);
    const Rows dy(grads.dy, grads.dy_sb, grads.dy_sl, tile, unit.batch, channel);
    const Vec skip = lanes.load_or(in.D ? in.D + channel : nullptr, 0.0f);
    Vec dD = Vec::all(0.0f), dbias = Vec::all(0.0f);
    for (int64_t t = tile.steps - 1; t >= 0; --t) {
        const Vec d_drive = Vec::load(buf.d_drive + t * W), u = Vec::load(buf.u + t * W);
        const Vec gated_dy = Vec::load(buf.dy + t * W);
        lanes.store(du.row(t), fma(gated_dy, skip, d_drive * Vec::load(buf.delta + t * W)));
        // The exponents were taken with A log2(e); ln 2 undoes it.
        const Vec d_delta = fma(d_drive, u, Vec::load(buf.d_exponent + t * W) * Vec::all(ln_2)) *
                            Vec::load(buf.slope + t * W);
        lanes.store(ddelta.row(t), d_delta);
        dbias = dbias + d_delta;
        dD = fma(gated_dy, u, dD);
        if (grads.dz) {
            const Vec gate = lanes.load(z.row(t)), s = sigmoid(gate), y = fma(skip, u, Vec::load(buf.y + t * W));
            const Vec slope = s * fma(gate, Vec::all(1.0f) - s, Vec::all(1.0f));
            lanes.store(dz.row(t), lanes.load(dy.row(t)) * y * slope);
        }
    }
    (Vec::load(buf.dD + group * W) + dD).store(buf.dD + group * W);
    (Vec::load(buf.dbias + group * W) + dbias).store(buf.dbias + group * W);
}

// Sum over lanes: rows of (position, state, lane) to (position, state).
inline void reduce_lanes(const float* in, int64_t rows, float* out) {
    int64_t i = 0;
    for (; i + W <= rows; i += W) sum_rows(in + i * W, out + i);
    for (; i < rows; ++i) out[i] = Vec::load(in + i * W).sum();
}

template <bool Full>
void backward_group(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile, int64_t group,
                    Lanes<Full> lanes, BackwardBuffers& buf) {
    load_steps(in, grads, unit, tile, unit.first_channel + group * W, lanes, buf);
    int64_t n = backward_run<max_states>(in, grads, unit, tile, group, buf, 0);
    n = backward_run<4>(in, grads, unit, tile, group, buf, n);
    backward_run<1>(in, grads, unit, tile, group, buf, n);
    store_steps(in, grads, unit, tile, group, lanes, buf);
}

// Per-channel sums of a unit: rows of (group, state, lane) to (state, channel).
inline void store_sums(const ScanInputs& in, const Unit& unit, const BackwardBuffers& buf, const ScanGrads& grads) {
    const int64_t N = in.d_state, at = unit.batch * unit.padded_channels + unit.first_channel;
    for (int64_t g = 0; g < unit.groups; ++g) {
        const int64_t channel = unit.first_channel + g * W;
        if (grads.dA)
            for (int64_t n = 0; n < N; ++n)
                Vec::load(buf.dA + (g * N + n) * W)
                    .storeu(grads.dA + (unit.batch * N + n) * unit.padded_channels + channel);
        if (grads.dD) Vec::load(buf.dD + g * W).storeu(grads.dD + at + g * W);
        if (grads.ddelta_bias) Vec::load(buf.dbias + g * W).storeu(grads.ddelta_bias + at + g * W);
    }
}

void scan_backward(const Run& run, const ScanInputs& in, const ScanGrads& grads, int64_t index, float* workspace) {
    const Unit unit(run, in, index);
    Arena arena{workspace};
    BackwardBuffers buf(run, in, arena);
    load_coefficients(in, unit, buf.coefficients);
    load_state(in, unit, grads.dfinal_state, buf.adjoint);
    for (int64_t i = 0; i < unit.groups * in.d_state * W; ++i) buf.dA[i] = 0.0f;
    for (int64_t i = 0; i < unit.groups * W; ++i) buf.dD[i] = buf.dbias[i] = 0.0f;
    for (int64_t i = 0; i < unit.tiles; ++i) {
        const Tile tile(run, in, in.reverse ? i : unit.tiles - 1 - i);
        for (int64_t g = 0; g < unit.groups; ++g) {
            const int64_t count = at_most(W, unit.channels - g * W);
            if (count == W)
                backward_group(in, grads, unit, tile, g, Lanes<true>{W}, buf);
            else
                backward_group(in, grads, unit, tile, g, Lanes<false>{static_cast<int>(count)}, buf);
        }
        const int64_t at = ((unit.block_index * in.batch + unit.batch) * in.length + tile.left()) * in.d_state;
        if (grads.dB) reduce_lanes(buf.dB, tile.steps * in.d_state, grads.dB + at);
        if (grads.dC) reduce_lanes(buf.dC, tile.steps * in.d_state, grads.dC + at);
    }
    store_sums(in, unit, buf, grads);
    if (grads.dinitial_state) store_state(in, unit, buf.adjoint, grads.dinitial_state);
}

std::size_t scan_backward_workspace(const Run& run, const ScanInputs& in) {
    Arena arena{nullptr};
    BackwardBuffers(run, in, arena);
    return arena.used;
}

}  // namespace
