// The selective scan for one instruction set; include after simd/*.hpp and math.hpp.
//
// A unit of work is a channel block of one sequence. It walks over time in tiles. A tile's rows are first read as they
// lie in memory into planes of Vec::width channels each (a "group"), in the order of the scan: direction, strides and
// channels that fill no whole vector end there. Then the recurrence runs over a plane for a few states at a time, with
// state and coefficients in registers. Last, the results are written row by row. Reading rows rather than single
// vectors down a column is what keeps the hardware's prefetching useful.
//
// The backward walks the tiles against the scan. It recomputes decays and states from the state at the tile's edge,
// then runs the adjoint recurrence g_t = C_t dy_t + exp(delta_{t+1} A) g_{t+1}. States are the outer loop and groups
// the inner one, so that what is recomputed and the sums over channels (dB, dC), which are kept per lane and reduced
// once per tile, stay in the first-level cache. Sums over time (dA, dD, ddelta_bias) are kept per channel. Every sum
// has one fixed order.
#pragma once
#include "layout.hpp"

namespace {

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
};

// The rows of a strided (length, channels) plane in scan order, from the first position of a tile on.
template <class T>
struct Rows {
    const T* p;
    int64_t stride;
    Rows(const void* base, int64_t sb, int64_t sl, const Tile& tile, int64_t batch, int64_t channel)
        : p(base ? static_cast<const T*>(base) + batch * sb + tile.start * sl + channel : nullptr),
          stride(tile.step * sl) {}
    const T* row(int64_t step) const { return p + step * stride; }
};

template <class T>
struct OutRows {
    T* p;
    int64_t stride;
    bool streams;
    OutRows(void* base, const ScanInputs& in, const Tile& tile, const Unit& unit)
        : p(base ? static_cast<T*>(base) + (unit.batch * in.length + tile.start) * in.d_inner + unit.first_channel
                 : nullptr),
          stride(tile.step * in.d_inner),
          streams(goes_past_caches(static_cast<const T*>(base), in.batch * in.length, in.d_inner)) {}

    // Lanes of a step from channel c on, of which `count` exist.
    template <class V>
    void store(int64_t step, int64_t c, int64_t count, V x) const {
        put_lanes(streams, p + step * stride + c, count, x);
    }
};

// Rows to ask for while the arithmetic of another tile runs: a tile's rows take longer to arrive than to read. The
// passes over a group's states share the rows, so that requests are spread over the arithmetic. Strides in bytes.
struct Ahead {
    static constexpr int most = 5;
    const char* rows[most];
    int64_t strides[most];
    int64_t element = 0;
    int count = 0;

    template <class T>
    void add(Rows<T> r) {
        add(r.p, r.stride);
    }
    template <class T>
    void add(OutRows<T> r) {
        if (!r.streams) add(r.p, r.stride);
    }
    void ask(int64_t step) const {
        for (int i = 0; i < count; ++i) __builtin_prefetch(rows[i] + step * strides[i], 0, 2);
    }
    // The rows that pass `pass` of `passes` asks for, from a channel on.
    Ahead share(int64_t pass, int64_t passes, int64_t channel) const {
        Ahead part;
        for (int64_t i = pass; i < count; i += passes) {
            part.rows[part.count] = rows[i] + channel * element;
            part.strides[part.count++] = strides[i];
        }
        return part;
    }

  private:
    template <class T>
    void add(const T* p, int64_t stride) {
        if (!p) return;
        element = sizeof(T);
        rows[count] = reinterpret_cast<const char*>(p);
        strides[count++] = stride * element;
    }
};

// The planes of a tile: (group, step, lane). Sixteen floats of padding keep groups off each other's cache sets.
struct Planes {
    float* p;
    int64_t stride;
    Planes(Arena& arena, const Run& run, int64_t channels)
        : p(nullptr), stride(run.tile * W + 16) {
        p = arena.take(stride * ((channels + W - 1) / W));
    }
    float* group(int64_t g) const { return p + g * stride; }
    float* at(int64_t g, int64_t t) const { return p + g * stride + t * W; }

    // Step t of the groups from channel c on.
    void load(int64_t c, int64_t t, Vec& x) const { x = Vec::load(at(c / W, t)); }
    void store(int64_t c, int64_t t, Vec x) const { x.store(at(c / W, t)); }
    template <int K>
    void load(int64_t c, int64_t t, Several<K>& x) const {
        for (int i = 0; i < K; ++i) x.v[i] = Vec::load(at(c / W + i, t));
    }
    template <int K>
    void store(int64_t c, int64_t t, const Several<K>& x) const {
        for (int i = 0; i < K; ++i) x.v[i].store(at(c / W + i, t));
    }
};

// B and C of a tile, (step, states) without gaps for each run of states: every group reads them again.
struct Projections {
    float *B, *C;
    int64_t tile;
    Projections(Arena& arena, const Run& run, const ScanInputs& in)
        : B(arena.take(run.tile * in.d_state)), C(arena.take(run.tile * in.d_state)), tile(run.tile) {}

    Projections from(int64_t n) const {
        Projections run = *this;
        run.B += n * tile;
        run.C += n * tile;
        return run;
    }
    template <class T, int NB>
    void load(const ScanInputs& in, const Tile& at, int64_t batch, int64_t n) const {
        const Rows<T> b(in.B, in.B_sb, in.B_sl, at, batch, n), c(in.C, in.C_sb, in.C_sl, at, batch, n);
        const Projections run = from(n);
        for (int64_t t = 0; t < at.steps; ++t)
            for (int j = 0; j < NB; ++j) {
                run.B[t * NB + j] = as_float(b.row(t)[j]);
                run.C[t * NB + j] = as_float(c.row(t)[j]);
            }
    }
};

// Channels of the widest unit.
inline int64_t widest(const Run& run, const ScanInputs& in) { return at_most(run.block, round_up(in.d_inner, 16)); }

// (d_inner, d_state) to (group, state, lane), times `factor`; zeros for channels that do not exist or a null source.
inline void load_by_lane(const ScanInputs& in, const Unit& unit, const float* from, double factor, float* out) {
    const int64_t N = in.d_state;
    for (int64_t c = 0; c < unit.groups * W; ++c)
        for (int64_t n = 0; n < N; ++n)
            out[(c / W * N + n) * W + c % W] =
                from && c < unit.channels ? static_cast<float>(factor * from[(unit.first_channel + c) * N + n]) : 0.0f;
}

inline void load_state(const ScanInputs& in, const Unit& unit, const float* from, float* out) {
    load_by_lane(in, unit, from ? from + unit.batch * in.d_inner * in.d_state : nullptr, 1.0, out);
}

inline void store_state(const ScanInputs& in, const Unit& unit, const float* from, float* out) {
    const int64_t N = in.d_state;
    for (int64_t c = 0; c < unit.channels; ++c)
        for (int64_t n = 0; n < N; ++n)
            out[(unit.batch * in.d_inner + unit.first_channel + c) * N + n] = from[(c / W * N + n) * W + c % W];
}

// A is used as A log2(e): exp(delta A) is then 2^(delta A').
constexpr double log2_e_double = 1.4426950408889634;

// Where the edge state of a tile and group lies: (B, tiles, N, padded D).
inline int64_t edge_offset(const ScanInputs& in, const Unit& unit, const Tile& tile, int64_t group) {
    return (unit.batch * unit.tiles + tile.index) * in.d_state * unit.padded_channels + unit.first_channel + group * W;
}

// ---------------------------------------------------------------- forward

struct ForwardBuffers {
    float *coefficients, *state;  // (group, state, lane)
    Planes delta, drive, y;
    Projections projections;

    ForwardBuffers(const Run& run, const ScanInputs& in, Arena& arena)
        : coefficients(arena.take(widest(run, in) * in.d_state)),
          state(arena.take(widest(run, in) * in.d_state)),
          delta(arena, run, widest(run, in)),
          drive(arena, run, widest(run, in)),
          y(arena, run, widest(run, in)),
          projections(arena, run, in) {}
};

template <class T>
void load_tile(const ScanInputs& in, const Unit& unit, const Tile& tile, const ForwardBuffers& buf) {
    const Rows<T> u(in.u, in.u_sb, in.u_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> delta(in.delta, in.delta_sb, in.delta_sl, tile, unit.batch, unit.first_channel);
    const float* bias = in.delta_bias ? in.delta_bias + unit.first_channel : nullptr;
    for (int64_t t = 0; t < tile.steps; ++t)
        over_channels(unit.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = unit.channels - c;
            V d = load_lanes<V>(delta.row(t) + c, count);
            if (bias) d = d + load_lanes<V>(bias + c, count);
            if (in.delta_softplus) d = softplus(d);
            buf.delta.store(c, t, d);
            buf.drive.store(c, t, d * load_lanes<V>(u.row(t) + c, count));
        });
}

// As many of NB states as are taken at once.
template <int NB>
using States = Several<(NB < Vec::at_once ? NB : Vec::at_once)>;

// NB states over all steps of a tile. `y` is set by the first states of a group and added to by the others.
template <int NB, bool First>
void forward_states(int64_t steps, const float* delta, const float* drive, const float* coefficients, float* state,
                    Projections projections, float* y, Ahead ahead) {
    Vec a[NB], h[NB];
    for (int n = 0; n < NB; ++n) {
        a[n] = Vec::load(coefficients + n * W);
        h[n] = Vec::load(state + n * W);
    }
    const float *b = projections.B, *c = projections.C;
    for (int64_t t = 0; t < steps; ++t, b += NB, c += NB) {
        const Vec d = Vec::load(delta + t * W), x = Vec::load(drive + t * W);
        Vec acc = First ? Vec::all(0.0f) : Vec::load(y + t * W);
        for (int first = 0; first < NB; first += States<NB>::count) {
            const auto decay = exp2(States<NB>::of([&](int i) { return d * a[first + i]; }));
            for (int i = 0; i < States<NB>::count; ++i) {
                const int n = first + i;
                h[n] = fma(decay.v[i], h[n], x * Vec::all(b[n]));
                acc = fma(h[n], Vec::all(c[n]), acc);
            }
        }
        acc.store(y + t * W);
        ahead.ask(t);
    }
    for (int n = 0; n < NB; ++n) h[n].store(state + n * W);
}

// States n to d_state of a group, as far as they fill runs of NB; returns the first state left.
template <class T, int NB>
int64_t forward_run(const ScanInputs& in, const Unit& unit, const Tile& tile, const ForwardBuffers& buf,
                    const Ahead& ahead, int64_t g, int64_t n) {
    for (; n + NB <= in.d_state; n += NB) {
        if (g == 0) buf.projections.load<T, NB>(in, tile, unit.batch, n);
        const int64_t at = (g * in.d_state + n) * W;
        const auto run = n == 0 ? forward_states<NB, true> : forward_states<NB, false>;
        run(tile.steps, buf.delta.group(g), buf.drive.group(g), buf.coefficients + at, buf.state + at,
            buf.projections.from(n), buf.y.group(g), ahead.share(n / NB, in.d_state / NB, g * W));
    }
    return n;
}

template <class T>
void store_tile(const ScanInputs& in, const ScanOutputs& out, const Unit& unit, const Tile& tile,
                       const ForwardBuffers& buf) {
    const Rows<T> u(in.u, in.u_sb, in.u_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> z(in.z, in.z_sb, in.z_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> addend(in.addend, in.addend_sb, in.addend_sl, tile, unit.batch, unit.first_channel);
    const OutRows<T> y(out.y, in, tile, unit);
    const float* skip = in.D ? in.D + unit.first_channel : nullptr;
    for (int64_t t = 0; t < tile.steps; ++t)
        over_channels(unit.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = unit.channels - c;
            V value;
            buf.y.load(c, t, value);
            if (skip) value = fma(load_lanes<V>(skip + c, count), load_lanes<V>(u.row(t) + c, count), value);
            if (in.addend) value = value + load_lanes<V>(addend.row(t) + c, count);
            if (in.z) {
                const V gate = load_lanes<V>(z.row(t) + c, count);
                value = value * gate * sigmoid(gate);
            }
            y.store(t, c, count, value);
        });
}

inline void save_edges(const ScanInputs& in, const Unit& unit, const Tile& tile, const float* state, float* edges) {
    for (int64_t g = 0; g < unit.groups; ++g)
        for (int64_t n = 0; n < in.d_state; ++n)
            Vec::load(state + (g * in.d_state + n) * W)
                .storeu(edges + edge_offset(in, unit, tile, g) + n * unit.padded_channels);
}

template <class T>
void scan_forward(const Run& run, const ScanInputs& in, const ScanOutputs& out, int64_t index, float* workspace) {
    const Unit unit(run, in, index);
    Arena arena{workspace};
    const ForwardBuffers buf(run, in, arena);
    load_by_lane(in, unit, in.A, log2_e_double, buf.coefficients);
    load_state(in, unit, in.initial_state, buf.state);
    for (int64_t i = 0; i < unit.tiles; ++i) {
        const Tile tile(run, in, in.reverse ? unit.tiles - 1 - i : i);
        if (out.edges) save_edges(in, unit, tile, buf.state, out.edges);
        load_tile<T>(in, unit, tile, buf);
        const Tile next = i + 1 < unit.tiles ? Tile(run, in, in.reverse ? tile.index - 1 : tile.index + 1) : tile;
        Ahead ahead;
        ahead.add(Rows<T>(in.u, in.u_sb, in.u_sl, next, unit.batch, unit.first_channel));
        ahead.add(Rows<T>(in.delta, in.delta_sb, in.delta_sl, next, unit.batch, unit.first_channel));
        ahead.add(Rows<T>(in.z, in.z_sb, in.z_sl, tile, unit.batch, unit.first_channel));
        ahead.add(Rows<T>(in.addend, in.addend_sb, in.addend_sl, tile, unit.batch, unit.first_channel));
        ahead.add(OutRows<T>(out.y, in, tile, unit));
        for (int64_t g = 0; g < unit.groups; ++g) {
            int64_t n = forward_run<T, 8>(in, unit, tile, buf, ahead, g, 0);
            n = forward_run<T, 4>(in, unit, tile, buf, ahead, g, n);
            forward_run<T, 1>(in, unit, tile, buf, ahead, g, n);
        }
        store_tile<T>(in, out, unit, tile, buf);
    }
    store_state(in, unit, buf.state, out.final_state);
    end_streams();
}

std::size_t scan_forward_workspace(const Run& run, const ScanInputs& in) {
    Arena arena{nullptr};
    ForwardBuffers(run, in, arena);
    return arena.used;
}

// ---------------------------------------------------------------- backward

constexpr int max_states = 4;  // states handled at a time

struct BackwardBuffers {
    float *coefficients, *adjoint, *dA;              // (group, state, lane)
    float *dD, *dbias;                               // (group, lane)
    float *tile_dD, *tile_dbias;                     // the same, of one tile: long sequences lose less that way
    float *decay, *path;                             // (step, states, lane), (step + 1, states, lane)
    float *dB, *dC, *sums;                           // (step, states, lane) twice, (step, states)
    Planes delta, drive, dy, slope, d_drive, d_exponent, y;
    Projections projections;

    BackwardBuffers(const Run& run, const ScanInputs& in, Arena& arena)
        : coefficients(arena.take(widest(run, in) * in.d_state)),
          adjoint(arena.take(widest(run, in) * in.d_state)),
          dA(arena.take(widest(run, in) * in.d_state)),
          dD(arena.take(widest(run, in))),
          dbias(arena.take(widest(run, in))),
          tile_dD(arena.take(widest(run, in))),
          tile_dbias(arena.take(widest(run, in))),
          decay(arena.take(run.tile * max_states * W)),
          path(arena.take((run.tile + 1) * max_states * W)),
          dB(arena.take(run.tile * max_states * W)),
          dC(arena.take(run.tile * max_states * W)),
          sums(arena.take(run.tile * max_states + W)),
          delta(arena, run, widest(run, in)),
          drive(arena, run, widest(run, in)),
          dy(arena, run, widest(run, in)),
          slope(arena, run, widest(run, in)),
          d_drive(arena, run, widest(run, in)),
          d_exponent(arena, run, widest(run, in)),
          y(arena, run, in.z ? widest(run, in) : 0),
          projections(arena, run, in) {}
};

template <class T>
void load_tile(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile,
                      const BackwardBuffers& buf) {
    const Rows<T> u(in.u, in.u_sb, in.u_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> delta(in.delta, in.delta_sb, in.delta_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> z(in.z, in.z_sb, in.z_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> dy(grads.dy, grads.dy_sb, grads.dy_sl, tile, unit.batch, unit.first_channel);
    const float* bias = in.delta_bias ? in.delta_bias + unit.first_channel : nullptr;
    for (int64_t t = 0; t < tile.steps; ++t)
        over_channels(unit.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = unit.channels - c;
            V d = load_lanes<V>(delta.row(t) + c, count), slope = V::all(1.0f);
            if (bias) d = d + load_lanes<V>(bias + c, count);
            if (in.delta_softplus) d = softplus_and_slope(d, slope);
            buf.delta.store(c, t, d);
            buf.slope.store(c, t, slope);
            buf.drive.store(c, t, d * load_lanes<V>(u.row(t) + c, count));
            V gated_dy = load_lanes<V>(dy.row(t) + c, count);
            if (in.z) {
                const V gate = load_lanes<V>(z.row(t) + c, count);
                gated_dy = gated_dy * gate * sigmoid(gate);
            }
            buf.dy.store(c, t, gated_dy);
        });
}

// Decays and states of a tile again, from the state at its edge; y too where dz asks for it.
template <int NB, bool First, bool WithY>
void recompute_states(int64_t steps, const float* delta, const float* drive, const float* coefficients,
                      const float* edge, int64_t edge_stride, Projections projections, float* decay,
                      float* path, float* y, Ahead ahead) {
    Vec a[NB], h[NB];
    for (int n = 0; n < NB; ++n) {
        a[n] = Vec::load(coefficients + n * W);
        h[n] = Vec::loadu(edge + n * edge_stride);
        h[n].store(path + n * W);
    }
    const float *b = projections.B, *c = projections.C;
    for (int64_t t = 0; t < steps; ++t, b += NB, c += NB, decay += NB * W) {
        path += NB * W;
        const Vec d = Vec::load(delta + t * W), x = Vec::load(drive + t * W);
        Vec acc = First || !WithY ? Vec::all(0.0f) : Vec::load(y + t * W);
        for (int first = 0; first < NB; first += States<NB>::count) {
            const auto e = exp2(States<NB>::of([&](int i) { return d * a[first + i]; }));
            for (int i = 0; i < States<NB>::count; ++i) {
                const int n = first + i;
                h[n] = fma(e.v[i], h[n], x * Vec::all(b[n]));
                e.v[i].store(decay + n * W);
                h[n].store(path + n * W);
                if (WithY) acc = fma(h[n], Vec::all(c[n]), acc);
            }
        }
        if (WithY) acc.store(y + t * W);
        ahead.ask(t);
    }
}

// What the adjoint of one group reads and writes step by step. Taken by value: vector stores may alias any memory, and
// pointers behind a reference would be read again after each of them.
struct AdjointSteps {
    const float *delta, *drive, *dy, *B, *C, *decay, *path;
    float *d_drive, *d_exponent, *dB, *dC;
};

// The adjoint recurrence of NB states. First: the first states of a group, so that d_drive and d_exponent are set
// rather than added to. FirstGroup: the same for dB and dC.
template <int NB, bool First, bool FirstGroup>
void adjoint_states(int64_t steps, AdjointSteps s, const float* coefficients, float* adjoint, float* dA) {
    Vec a[NB], g[NB], da[NB], h[NB];
    for (int n = 0; n < NB; ++n) {
        a[n] = Vec::load(coefficients + n * W);
        g[n] = Vec::load(adjoint + n * W);
        da[n] = Vec::all(0.0f);  // a tile's sum of its own: long sequences lose less that way
        h[n] = Vec::load(s.path + (steps * NB + n) * W);
    }
    for (int64_t t = steps - 1; t >= 0; --t) {
        const Vec d = Vec::load(s.delta + t * W), x = Vec::load(s.drive + t * W), dy = Vec::load(s.dy + t * W);
        const float *b = s.B + t * NB, *c = s.C + t * NB, *decay = s.decay + t * NB * W, *path = s.path + t * NB * W;
        float *dB = s.dB + t * NB * W, *dC = s.dC + t * NB * W;
        Vec d_drive = First ? Vec::all(0.0f) : Vec::load(s.d_drive + t * W);
        Vec d_exponent = First ? Vec::all(0.0f) : Vec::load(s.d_exponent + t * W);
        for (int n = 0; n < NB; ++n) {
            (FirstGroup ? dy * h[n] : fma(dy, h[n], Vec::load(dC + n * W))).store(dC + n * W);
            g[n] = fma(dy, Vec::all(c[n]), g[n]);
            (FirstGroup ? g[n] * x : fma(g[n], x, Vec::load(dB + n * W))).store(dB + n * W);
            d_drive = fma(g[n], Vec::all(b[n]), d_drive);
            g[n] = g[n] * Vec::load(decay + n * W);
            h[n] = Vec::load(path + n * W);  // the state before this step
            const Vec w = g[n] * h[n];
            d_exponent = fma(w, a[n], d_exponent);
            da[n] = fma(w, d, da[n]);
        }
        d_drive.store(s.d_drive + t * W);
        d_exponent.store(s.d_exponent + t * W);
    }
    for (int n = 0; n < NB; ++n) {
        g[n].store(adjoint + n * W);
        (Vec::load(dA + n * W) + da[n]).store(dA + n * W);
    }
}

// Sums of (step, NB states, lane) over lanes, into rows of (length, d_state) from state n on.
template <int NB>
void reduce_lanes(const ScanInputs& in, const Unit& unit, const Tile& tile, const float* lanes, float* sums, int64_t n,
                  float* out) {
    if (!out) return;
    const int64_t rows = tile.steps * NB;
    int64_t i = 0;
    for (; i + W <= rows; i += W) sum_rows(lanes + i * W, sums + i);
    for (; i < rows; ++i) sums[i] = Vec::load(lanes + i * W).sum();
    out += ((unit.block_index * in.batch + unit.batch) * in.length + tile.start) * in.d_state + n;
    for (int64_t t = 0; t < tile.steps; ++t)
        for (int j = 0; j < NB; ++j) out[t * tile.step * in.d_state + j] = sums[t * NB + j];
}

// NB states from n on, for one group.
template <int NB>
void backward_states(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile, int64_t g,
                     const BackwardBuffers& buf, const Ahead& ahead, int64_t n) {
    const int64_t at = (g * in.d_state + n) * W;
    const Projections projections = buf.projections.from(n);
    const auto recompute = n == 0 ? (grads.dz ? recompute_states<NB, true, true> : recompute_states<NB, true, false>)
                                  : (grads.dz ? recompute_states<NB, false, true> : recompute_states<NB, false, false>);
    recompute(tile.steps, buf.delta.group(g), buf.drive.group(g), buf.coefficients + at,
              grads.edges + edge_offset(in, unit, tile, g) + n * unit.padded_channels, unit.padded_channels,
              projections, buf.decay, buf.path, in.z ? buf.y.group(g) : nullptr,
              ahead.share(n / NB, in.d_state / NB, g * W));
    const auto sweep = n == 0 ? (g == 0 ? adjoint_states<NB, true, true> : adjoint_states<NB, true, false>)
                              : (g == 0 ? adjoint_states<NB, false, true> : adjoint_states<NB, false, false>);
    const AdjointSteps steps{buf.delta.group(g), buf.drive.group(g), buf.dy.group(g), projections.B, projections.C,
                             buf.decay, buf.path, buf.d_drive.group(g), buf.d_exponent.group(g), buf.dB, buf.dC};
    sweep(tile.steps, steps, buf.coefficients + at, buf.adjoint + at, buf.dA + at);
}

template <class T, int NB>
int64_t backward_run(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile,
                     const BackwardBuffers& buf, const Ahead& ahead, int64_t n) {
    for (; n + NB <= in.d_state; n += NB) {
        buf.projections.load<T, NB>(in, tile, unit.batch, n);
        for (int64_t g = 0; g < unit.groups; ++g) backward_states<NB>(in, grads, unit, tile, g, buf, ahead, n);
        reduce_lanes<NB>(in, unit, tile, buf.dB, buf.sums, n, grads.dB);
        reduce_lanes<NB>(in, unit, tile, buf.dC, buf.sums, n, grads.dC);
    }
    return n;
}

template <class T>
void store_tile(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const Tile& tile,
                       const BackwardBuffers& buf) {
    const Rows<T> u(in.u, in.u_sb, in.u_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> z(in.z, in.z_sb, in.z_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> dy(grads.dy, grads.dy_sb, grads.dy_sl, tile, unit.batch, unit.first_channel);
    const Rows<T> addend(in.addend, in.addend_sb, in.addend_sl, tile, unit.batch, unit.first_channel);
    const OutRows<T> du(grads.du, in, tile, unit), ddelta(grads.ddelta, in, tile, unit), dz(grads.dz, in, tile, unit);
    const OutRows<T> daddend(grads.daddend, in, tile, unit);
    const float* skips = in.D ? in.D + unit.first_channel : nullptr;
    for (int64_t t = tile.steps - 1; t >= 0; --t)
        over_channels(unit.channels, [&](auto kind, int64_t c) {
            using V = decltype(kind);
            const int64_t count = unit.channels - c;
            V d_drive, d_exponent, gated_dy, d, slope;
            buf.d_drive.load(c, t, d_drive);
            buf.d_exponent.load(c, t, d_exponent);
            buf.dy.load(c, t, gated_dy);
            buf.delta.load(c, t, d);
            buf.slope.load(c, t, slope);
            const V x = load_lanes<V>(u.row(t) + c, count);
            const V skip = skips ? load_lanes<V>(skips + c, count) : V::all(0.0f);
            du.store(t, c, count, fma(gated_dy, skip, d_drive * d));
            // The exponents were taken with A log2(e); ln 2 undoes it.
            const V d_delta = fma(d_drive, x, d_exponent * V::all(ln_2)) * slope;
            ddelta.store(t, c, count, d_delta);
            (V::loadu(buf.tile_dbias + c) + d_delta).storeu(buf.tile_dbias + c);
            fma(gated_dy, x, V::loadu(buf.tile_dD + c)).storeu(buf.tile_dD + c);
            if (grads.daddend) daddend.store(t, c, count, gated_dy);
            if (grads.dz) {
                const V gate = load_lanes<V>(z.row(t) + c, count), s = sigmoid(gate);
                V y;
                buf.y.load(c, t, y);
                y = fma(skip, x, y);
                if (in.addend) y = y + load_lanes<V>(addend.row(t) + c, count);
                const V gate_slope = s * fma(gate, V::all(1.0f) - s, V::all(1.0f));
                dz.store(t, c, count, load_lanes<V>(dy.row(t) + c, count) * y * gate_slope);
            }
        });
}

// Per-channel sums of a unit: (group, state, lane) to (state, channel).
inline void store_sums(const ScanInputs& in, const ScanGrads& grads, const Unit& unit, const BackwardBuffers& buf) {
    const int64_t N = in.d_state, at = unit.batch * unit.padded_channels + unit.first_channel;
    for (int64_t g = 0; g < unit.groups; ++g) {
        if (grads.dD) Vec::load(buf.dD + g * W).storeu(grads.dD + at + g * W);
        if (grads.ddelta_bias) Vec::load(buf.dbias + g * W).storeu(grads.ddelta_bias + at + g * W);
        for (int64_t n = 0; grads.dA && n < N; ++n)
            Vec::load(buf.dA + (g * N + n) * W)
                .storeu(grads.dA + (unit.batch * N + n) * unit.padded_channels + unit.first_channel + g * W);
    }
}

template <class T>
void scan_backward(const Run& run, const ScanInputs& in, const ScanGrads& grads, int64_t index, float* workspace) {
    const Unit unit(run, in, index);
    Arena arena{workspace};
    const BackwardBuffers buf(run, in, arena);
    const int64_t lanes = unit.groups * W;
    load_by_lane(in, unit, in.A, log2_e_double, buf.coefficients);
    load_state(in, unit, grads.dfinal_state, buf.adjoint);
    fill_zero(buf.dA, lanes * in.d_state);
    float* const per_channel[] = {buf.dD, buf.dbias, buf.tile_dD, buf.tile_dbias};
    for (float* p : per_channel) fill_zero(p, lanes);
    for (int64_t i = 0; i < unit.tiles; ++i) {
        const Tile tile(run, in, in.reverse ? i : unit.tiles - 1 - i);
        load_tile<T>(in, grads, unit, tile, buf);
        const Tile next = i + 1 < unit.tiles ? Tile(run, in, in.reverse ? tile.index + 1 : tile.index - 1) : tile;
        Ahead ahead;
        ahead.add(Rows<T>(in.u, in.u_sb, in.u_sl, next, unit.batch, unit.first_channel));
        ahead.add(Rows<T>(in.delta, in.delta_sb, in.delta_sl, next, unit.batch, unit.first_channel));
        ahead.add(Rows<T>(grads.dy, grads.dy_sb, grads.dy_sl, next, unit.batch, unit.first_channel));
        ahead.add(OutRows<T>(grads.du, in, tile, unit));
        ahead.add(OutRows<T>(grads.ddelta, in, tile, unit));
        const int64_t n = backward_run<T, max_states>(in, grads, unit, tile, buf, ahead, 0);
        backward_run<T, 1>(in, grads, unit, tile, buf, ahead, n);
        store_tile<T>(in, grads, unit, tile, buf);
        add_to(buf.dD, buf.tile_dD, lanes);
        add_to(buf.dbias, buf.tile_dbias, lanes);
    }
    store_sums(in, grads, unit, buf);
    if (grads.dinitial_state) store_state(in, unit, buf.adjoint, grads.dinitial_state);
    end_streams();
}

std::size_t scan_backward_workspace(const Run& run, const ScanInputs& in) {
    Arena arena{nullptr};
    BackwardBuffers(run, in, arena);
    return arena.used;
}

}  // namespace
