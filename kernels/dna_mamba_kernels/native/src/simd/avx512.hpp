// Sixteen floats in one register; the exponential uses the reduce and scale instructions of AVX-512.
#pragma once
#include <immintrin.h>

#include "../kernels.h"

namespace {

struct Vec {
    static constexpr int width = 16;
    static constexpr int at_once = 4;  // of which a function's operations fit the registers
    __m512 v;

    static Vec load(const float* p) { return {_mm512_load_ps(p)}; }  // aligned
    static Vec loadu(const float* p) { return {_mm512_loadu_ps(p)}; }
    static Vec load_first(const float* p, int count) { return {_mm512_maskz_loadu_ps(first(count), p)}; }
    static Vec loadu(const bfloat16* p) { return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
    static Vec load_first(const bfloat16* p, int count) { return widened(_mm256_maskz_loadu_epi16(first(count), p)); }
    static Vec all(float x) { return {_mm512_set1_ps(x)}; }
    void store(float* p) const { _mm512_store_ps(p, v); }  // aligned
    void storeu(float* p) const { _mm512_storeu_ps(p, v); }
    void store_first(float* p, int count) const { _mm512_mask_storeu_ps(p, first(count), v); }
    void stream(float* p) const { _mm512_stream_ps(p, v); }  // aligned, past the caches
    void storeu(bfloat16* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrowed()); }
    void store_first(bfloat16* p, int count) const { _mm256_mask_storeu_epi16(p, first(count), narrowed()); }
    void stream(bfloat16* p) const { _mm256_stream_si256(reinterpret_cast<__m256i*>(p), narrowed()); }
    float sum() const { return _mm512_reduce_add_ps(v); }

  private:
    static Vec widened(__m256i halves) {
        return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
    }
    // To nearest, to even where two are as near; NaN stays NaN.
    __m256i narrowed() const {
        const __m512i bits = _mm512_castps_si512(v), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
        const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        const __m512i halves = _mm512_mask_mov_epi32(_mm512_srli_epi32(rounded, 16), is_nan, _mm512_set1_epi32(0x7fc0));
        return _mm512_cvtepi32_epi16(halves);
    }
    static __mmask16 first(int count) { return static_cast<__mmask16>((1u << count) - 1u); }
};

// Before another thread may read what was streamed.
inline void end_streams() { _mm_sfence(); }

inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
// One Newton step from 14 bits: within 1.5 units in the last place, a third of the time of a division.
inline Vec reciprocal(Vec a) {
    const __m512 r = _mm512_rcp14_ps(a.v);
    return {_mm512_fmadd_ps(r, _mm512_fnmadd_ps(a.v, r, _mm512_set1_ps(1.0f)), r)};
}
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }  // b where either is NaN
inline Vec abs(Vec a) { return {_mm512_abs_ps(a.v)}; }
inline Vec select_negative(Vec x, Vec if_negative, Vec otherwise) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_LT_OQ), otherwise.v, if_negative.v)};
}

// x = whole + part with |part| <= 1/2; `exponent` is what `scale` takes. Infinities keep a zero part.
inline void split(Vec x, Vec& whole, Vec& part, Vec& exponent) {
    part.v = _mm512_reduce_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    whole = exponent = x - part;
}

// p 2^whole, with underflow to zero and overflow to infinity.
inline Vec scale(Vec p, Vec exponent) { return {_mm512_scalef_ps(p.v, exponent.v)}; }

// out[i] = sum of the 16 lanes at in + 16 i.
inline void sum_rows(const float* in, float* out) {
    __m512 r[16];
    for (int i = 0; i < 16; ++i) r[i] = _mm512_load_ps(in + 16 * i);
    for (int i = 0; i < 8; ++i)  // pairs (i, i + 8): halves of 256 bits
        r[i] = _mm512_add_ps(_mm512_shuffle_f32x4(r[i], r[i + 8], 0x44), _mm512_shuffle_f32x4(r[i], r[i + 8], 0xee));
    for (int i = 0; i < 4; ++i)  // quarters of 128 bits
        r[i] = _mm512_add_ps(_mm512_shuffle_f32x4(r[i], r[i + 4], 0x88), _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd));
    for (int i = 0; i < 2; ++i)
        r[i] = _mm512_add_ps(_mm512_shuffle_ps(r[i], r[i + 2], 0x44), _mm512_shuffle_ps(r[i], r[i + 2], 0xee));
    r[0] = _mm512_add_ps(_mm512_shuffle_ps(r[0], r[1], 0x88), _mm512_shuffle_ps(r[0], r[1], 0xdd));
    // Lane 4 q + j of the result now holds row order(q, j); undo the order of the merges.
    const __m512i order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
    _mm512_storeu_ps(out, _mm512_permutexvar_ps(order, r[0]));
}

}  // namespace
