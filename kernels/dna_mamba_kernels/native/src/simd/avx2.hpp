// Eight floats in one register, with fused multiply-add.
#pragma once
#include <immintrin.h>

#include "../kernels.h"

namespace {

struct Vec {
    static constexpr int width = 8;
    static constexpr int at_once = 2;  // of which a function's operations fit the registers
    __m256 v;

    static Vec load(const float* p) { return {_mm256_load_ps(p)}; }  // aligned
    static Vec loadu(const float* p) { return {_mm256_loadu_ps(p)}; }
    static Vec load_first(const float* p, int count) { return {_mm256_maskload_ps(p, first(count))}; }
    static Vec loadu(const bfloat16* p) {
        const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
        return {_mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))};
    }
    static Vec load_first(const bfloat16* p, int count) {
        bfloat16 lanes[8] = {};
        for (int i = 0; i < count; ++i) lanes[i] = p[i];
        return loadu(lanes);
    }
    static Vec all(float x) { return {_mm256_set1_ps(x)}; }
    void store(float* p) const { _mm256_store_ps(p, v); }  // aligned
    void storeu(float* p) const { _mm256_storeu_ps(p, v); }
    void store_first(float* p, int count) const { _mm256_maskstore_ps(p, first(count), v); }
    void stream(float* p) const { _mm256_stream_ps(p, v); }  // aligned, past the caches
    void storeu(bfloat16* p) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrowed()); }
    void store_first(bfloat16* p, int count) const {
        bfloat16 lanes[8];
        storeu(lanes);
        for (int i = 0; i < count; ++i) p[i] = lanes[i];
    }
    void stream(bfloat16* p) const { _mm_stream_si128(reinterpret_cast<__m128i*>(p), narrowed()); }
    float sum() const {
        __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
    }

  private:
    // To nearest, to even where two are as near; NaN stays NaN.
    __m128i narrowed() const {
        const __m256i bits = _mm256_castps_si256(v), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
        const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        const __m256i words = _mm256_blendv_epi8(_mm256_srli_epi32(rounded, 16), _mm256_set1_epi32(0x7fc0), is_nan);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
        return _mm256_castsi256_si128(packed);
    }
    static __m256i first(int count) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
};

// Before another thread may read what was streamed.
inline void end_streams() { _mm_sfence(); }

inline Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Vec reciprocal(Vec a) { return {_mm256_div_ps(_mm256_set1_ps(1.0f), a.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }  // b where either is NaN
inline Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
inline Vec select_negative(Vec x, Vec if_negative, Vec otherwise) {
    return {_mm256_blendv_ps(otherwise.v, if_negative.v, _mm256_cmp_ps(x.v, _mm256_setzero_ps(), _CMP_LT_OQ))};
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
    const __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(exponent.v), 23);
    return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p.v), shifted))};
}

// out[i] = sum of the 8 lanes at in + 8 i.
inline void sum_rows(const float* in, float* out) {
    __m256 r[8];
    for (int i = 0; i < 8; ++i) r[i] = _mm256_load_ps(in + 8 * i);
    for (int i = 0; i < 4; ++i)
        r[i] = _mm256_add_ps(_mm256_permute2f128_ps(r[i], r[i + 4], 0x20), _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    for (int i = 0; i < 2; ++i) r[i] = _mm256_hadd_ps(r[2 * i], r[2 * i + 1]);
    _mm256_storeu_ps(out, _mm256_hadd_ps(r[0], r[1]));
}

}  // namespace
