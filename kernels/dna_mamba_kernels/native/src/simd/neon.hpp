// Sixty-four-bit Arm: two registers of four floats make one vector, which hides the latency of the recurrence.
#pragma once
#include <arm_neon.h>

#include "../kernels.h"

namespace {

struct Vec {
    static constexpr int width = 8;
    static constexpr int at_once = 4;  // of which a function's operations fit the registers
    float32x4_t lo, hi;

    static Vec load(const float* p) { return loadu(p); }
    static Vec loadu(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
    static Vec load_first(const float* p, int count) {
        float lanes[8] = {};
        for (int i = 0; i < count; ++i) lanes[i] = p[i];
        return loadu(lanes);
    }
    static Vec loadu(const bfloat16* p) {
        const uint16x8_t halves = vld1q_u16(&p->bits);
        return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(halves), 16)),
                vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(halves), 16))};
    }
    static Vec load_first(const bfloat16* p, int count) {
        bfloat16 lanes[8] = {};
        for (int i = 0; i < count; ++i) lanes[i] = p[i];
        return loadu(lanes);
    }
    static Vec all(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
    void store(float* p) const { storeu(p); }
    void storeu(float* p) const {
        vst1q_f32(p, lo);
        vst1q_f32(p + 4, hi);
    }
    void store_first(float* p, int count) const {
        float lanes[8];
        storeu(lanes);
        for (int i = 0; i < count; ++i) p[i] = lanes[i];
    }
    void stream(float* p) const { storeu(p); }  // nothing here goes past the caches
    void storeu(bfloat16* p) const { vst1q_u16(&p->bits, vcombine_u16(narrowed(lo), narrowed(hi))); }
    void store_first(bfloat16* p, int count) const {
        bfloat16 lanes[8];
        storeu(lanes);
        for (int i = 0; i < count; ++i) p[i] = lanes[i];
    }
    void stream(bfloat16* p) const { storeu(p); }
    float sum() const { return vaddvq_f32(vaddq_f32(lo, hi)); }

  private:
    // To nearest, to even where two are as near; NaN stays NaN.
    static uint16x4_t narrowed(float32x4_t x) {
        const uint32x4_t bits = vreinterpretq_u32_f32(x), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
        const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
        return vbsl_u16(vmovn_u32(vceqq_f32(x, x)), vshrn_n_u32(rounded, 16), vdup_n_u16(0x7fc0));
    }
};

inline void end_streams() {}

inline Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.lo, b.lo), vaddq_f32(a.hi, b.hi)}; }
inline Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.lo, b.lo), vsubq_f32(a.hi, b.hi)}; }
inline Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.lo, b.lo), vmulq_f32(a.hi, b.hi)}; }
inline Vec reciprocal(Vec a) { return {vdivq_f32(vdupq_n_f32(1.0f), a.lo), vdivq_f32(vdupq_n_f32(1.0f), a.hi)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.lo, a.lo, b.lo), vfmaq_f32(c.hi, a.hi, b.hi)}; }
inline Vec max(Vec a, Vec b) { return {vmaxq_f32(a.lo, b.lo), vmaxq_f32(a.hi, b.hi)}; }  // NaN where either is
inline Vec min(Vec a, Vec b) { return {vminq_f32(a.lo, b.lo), vminq_f32(a.hi, b.hi)}; }
inline Vec abs(Vec a) { return {vabsq_f32(a.lo), vabsq_f32(a.hi)}; }
inline Vec select_negative(Vec x, Vec if_negative, Vec otherwise) {
    return {vbslq_f32(vcltzq_f32(x.lo), if_negative.lo, otherwise.lo),
            vbslq_f32(vcltzq_f32(x.hi), if_negative.hi, otherwise.hi)};
}

// x = whole + part with |part| <= 1/2, x kept to the exponents that `scale`, which takes `exponent`, can write.
inline void split(Vec x, Vec& whole, Vec& part, Vec& exponent) {
    x = min(Vec::all(127.4f), max(Vec::all(-126.0f), x));
    whole = exponent = {vrndnq_f32(x.lo), vrndnq_f32(x.hi)};
    part = x - whole;
}

inline float32x4_t add_exponent(float32x4_t p, float32x4_t whole) {
    const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(whole), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), exponent));
}

// p 2^whole for p in [0.7, 1.5], by adding to the exponent bits.
inline Vec scale(Vec p, Vec exponent) {
    return {add_exponent(p.lo, exponent.lo), add_exponent(p.hi, exponent.hi)};
}

// out[i] = sum of the 8 lanes at in + 8 i.
inline void sum_rows(const float* in, float* out) {
    for (int i = 0; i < Vec::width; ++i) out[i] = Vec::load(in + Vec::width * i).sum();
}

}  // namespace
