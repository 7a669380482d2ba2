// Memory for one unit of work, and rows of channels as vectors; include after one of simd/*.hpp.
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
    template <class T>
    const T** take_pointers(int64_t count) {
        return reinterpret_cast<const T**>(take(2 * count));  // eight bytes each at most
    }
};

inline float as_float(float x) { return x; }
inline float as_float(bfloat16 x) {
    const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

// One row's vectors: whole ones, and a last one of which only the first `count` lanes exist (zeros beyond).
template <class V = Vec, class T>
inline V load_lanes(const T* p, int64_t count) {
    return count >= V::width ? V::loadu(p) : V::load_first(p, static_cast<int>(count));
}

template <class V, class T>
inline void store_lanes(T* p, int64_t count, V x) {
    if (count >= V::width)
        x.storeu(p);
    else
        x.store_first(p, static_cast<int>(count));
}

// Whether an output's rows are whole lines of memory, and more of them than a second-level cache holds until they are read
// again. Then they are stored past the caches: a line need not be fetched only to be overwritten.
template <class T>
inline bool goes_past_caches(const T* p, int64_t rows, int64_t channels) {
    constexpr int64_t line = 64, cached = 1 << 20;
    const auto row = channels * static_cast<int64_t>(sizeof(T));
    return rows * row > cached && row % line == 0 && reinterpret_cast<std::uintptr_t>(p) % line == 0;
}

template <class V, class T>
inline void put_lanes(bool streams, T* p, int64_t count, V x) {
    if (streams)
        x.stream(p);
    else
        store_lanes(p, count, x);
}

// body(V, c) for every channel c at which a V starts: several vectors at once, then one by one. The first argument only
// says which.
template <class Body>
inline void over_channels(int64_t channels, Body body) {
    using Some = Several<Vec::at_once>;
    int64_t c = 0;
    for (; c + Some::width <= channels; c += Some::width) body(Some(), c);
    for (; c < channels; c += W) body(Vec(), c);
}

template <class T>
inline void fill_zero(T* p, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = T{};
}

inline void add_to(float* total, float* part, int64_t count) {
    for (int64_t i = 0; i < count; i += W) (Vec::load(total + i) + Vec::load(part + i)).store(total + i);
    fill_zero(part, count);
}

}  // namespace
