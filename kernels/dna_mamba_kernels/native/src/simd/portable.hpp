// Four floats in the vector extension that GCC and Clang share: SSE2, VSX, LSX, RVV, or scalars where there is nothing.
#pragma once
#include <cstdint>
#include <cstring>

#include "../kernels.h"

namespace {

struct Vec {
    typedef float Floats __attribute__((vector_size(16)));
    typedef std::int32_t Ints __attribute__((vector_size(16)));
    typedef std::uint32_t Bits __attribute__((vector_size(16)));
    static constexpr int width = 4;
    static constexpr int at_once = 2;  // of which a function's operations fit the registers
    Floats v;

    static Vec load(const float* p) { return loadu(p); }
    static Vec loadu(const float* p) {
        Vec x;
        std::memcpy(&x.v, p, sizeof x.v);
        return x;
    }
    static Vec load_first(const float* p, int count) {
        Vec x = all(0.0f);
        for (int i = 0; i < count; ++i) x.v[i] = p[i];
        return x;
    }
    static Vec loadu(const bfloat16* p) { return load_first(p, width); }
    static Vec load_first(const bfloat16* p, int count) {
        Bits bits = {};
        for (int i = 0; i < count; ++i) bits[i] = static_cast<std::uint32_t>(p[i].bits) << 16;
        return {reinterpret_cast<Floats>(bits)};
    }
    static Vec all(float x) { return {Floats{x, x, x, x}}; }
    static Vec choose(Ints mask, Vec yes, Vec no) {
        return {reinterpret_cast<Floats>((mask & reinterpret_cast<Ints>(yes.v)) |
                                         (~mask & reinterpret_cast<Ints>(no.v)))};
    }
    void store(float* p) const { storeu(p); }
    void storeu(float* p) const { std::memcpy(p, &v, sizeof v); }
    void store_first(float* p, int count) const {
        for (int i = 0; i < count; ++i) p[i] = v[i];
    }
    void stream(float* p) const { storeu(p); }  // nothing here goes past the caches
    void storeu(bfloat16* p) const { store_first(p, width); }
    void store_first(bfloat16* p, int count) const {
        const Bits words = narrowed();
        for (int i = 0; i < count; ++i) p[i].bits = static_cast<std::uint16_t>(words[i]);
    }
    void stream(bfloat16* p) const { storeu(p); }
    float sum() const { return (v[0] + v[2]) + (v[1] + v[3]); }

  private:
    // To nearest, to even where two are as near; NaN stays NaN.
    Bits narrowed() const {
        const Bits bits = reinterpret_cast<Bits>(v), rounded = (bits + ((bits >> 16 & 1) + 0x7fff)) >> 16;
        const Bits is_number = reinterpret_cast<Bits>(v == v);
        return (rounded & is_number) | (~is_number & 0x7fc0);
    }
};

inline void end_streams() {}

inline Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
inline Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
inline Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
inline Vec reciprocal(Vec a) { return {1.0f / a.v}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }  // two roundings
inline Vec max(Vec a, Vec b) { return Vec::choose(a.v > b.v, a, b); }  // b where either is NaN
inline Vec min(Vec a, Vec b) { return Vec::choose(a.v < b.v, a, b); }
inline Vec abs(Vec a) { return {reinterpret_cast<Vec::Floats>(reinterpret_cast<Vec::Ints>(a.v) & 0x7fffffff)}; }
inline Vec select_negative(Vec x, Vec if_negative, Vec otherwise) {
    return Vec::choose(x.v < Vec::all(0.0f).v, if_negative, otherwise);
}

// x = whole + part with |part| <= 1/2, x kept to the exponents that `scale` can write. Adding 1.5 2^23 leaves the
// nearest integer in the low bits of `exponent`.
inline void split(Vec x, Vec& whole, Vec& part, Vec& exponent) {
    x = min(Vec::all(127.4f), max(Vec::all(-126.0f), x));
    exponent = x + Vec::all(12582912.0f);
    whole = exponent - Vec::all(12582912.0f);
    part = x - whole;
}

// p 2^whole for p in [0.7, 1.5], by adding to the exponent bits.
inline Vec scale(Vec p, Vec exponent) {
    const Vec::Bits shifted = reinterpret_cast<Vec::Bits>(exponent.v) << 23;
    return {reinterpret_cast<Vec::Floats>(reinterpret_cast<Vec::Bits>(p.v) + shifted)};
}

// out[i] = sum of the lanes at in + 4 i.
inline void sum_rows(const float* in, float* out) {
    for (int i = 0; i < Vec::width; ++i) out[i] = Vec::load(in + Vec::width * i).sum();
}

}  // namespace
