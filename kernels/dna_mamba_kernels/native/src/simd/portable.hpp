// Eight floats in an array: plain loops that compilers turn into whatever vectors the target has.
#pragma once
#include <cstdint>
#include <cstring>

namespace {

struct Vec {
    static constexpr int width = 8;
    float v[8];

    static Vec load(const float* p) { return loadu(p); }
    static Vec loadu(const float* p) {
        Vec x;
        std::memcpy(x.v, p, sizeof x.v);
        return x;
    }
    static Vec load_first(const float* p, int count) {
        Vec x = all(0.0f);
        for (int i = 0; i < count; ++i) x.v[i] = p[i];
        return x;
    }
    static Vec all(float value) {
        Vec x;
        for (float& lane : x.v) lane = value;
        return x;
    }
    void store(float* p) const { storeu(p); }
    void storeu(float* p) const { std::memcpy(p, v, sizeof v); }
    void store_first(float* p, int count) const {
        for (int i = 0; i < count; ++i) p[i] = v[i];
    }
    float sum() const { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }
};

template <class F>
inline Vec each(F f) {
    Vec x;
    for (int i = 0; i < Vec::width; ++i) x.v[i] = f(i);
    return x;
}

inline Vec operator+(Vec a, Vec b) { return each([&](int i) { return a.v[i] + b.v[i]; }); }
inline Vec operator-(Vec a, Vec b) { return each([&](int i) { return a.v[i] - b.v[i]; }); }
inline Vec operator*(Vec a, Vec b) { return each([&](int i) { return a.v[i] * b.v[i]; }); }
inline Vec operator/(Vec a, Vec b) { return each([&](int i) { return a.v[i] / b.v[i]; }); }
inline Vec fma(Vec a, Vec b, Vec c) { return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; }); }
inline Vec max(Vec a, Vec b) { return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; }); }
inline Vec min(Vec a, Vec b) { return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; }); }
inline Vec abs(Vec a) { return each([&](int i) { return a.v[i] < 0.0f ? -a.v[i] : a.v[i]; }); }
inline Vec select_negative(Vec x, Vec if_negative, Vec otherwise) {
    return each([&](int i) { return x.v[i] < 0.0f ? if_negative.v[i] : otherwise.v[i]; });
}

// x = whole + part with |part| <= 1/2, x kept to the exponents that `scale` can write. Adding and taking away
// 1.5 2^23 leaves the nearest integer.
inline void split(Vec x, Vec& whole, Vec& part) {
    x = min(Vec::all(127.4f), max(Vec::all(-126.0f), x));
    whole = x + Vec::all(12582912.0f) - Vec::all(12582912.0f);
    part = x - whole;
}

// p 2^whole for p in [0.7, 1.5], by adding to the exponent bits.
inline Vec scale(Vec p, Vec whole) {
    std::uint32_t bits[Vec::width];
    std::memcpy(bits, p.v, sizeof bits);
    for (int i = 0; i < Vec::width; ++i) bits[i] += static_cast<std::uint32_t>(static_cast<std::int32_t>(whole.v[i])) << 23;
    Vec x;
    std::memcpy(x.v, bits, sizeof bits);
    return x;
}

// out[i] = sum of the 8 lanes at in + 8 i.
inline void sum_rows(const float* in, float* out) {
    for (int i = 0; i < Vec::width; ++i) out[i] = Vec::load(in + Vec::width * i).sum();
}

}  // namespace
