// Functions built from a Vec; include after one of simd/*.hpp. Coefficients are minimax fits, errors as stated.
#pragma once

namespace {

constexpr float log2_e = 1.44269504088896341f;
constexpr float ln_2 = 0.693147180559945309f;

// 2^part for |part| <= 1/2, exactly 1 at 0: relative error 9.1e-8 before rounding.
inline Vec exp2_part(Vec r) {
    Vec p = fma(Vec::all(0.0013264727197190478f), r, Vec::all(0.00967151263965291f));
    p = fma(p, r, Vec::all(0.055507337432519774f));
    p = fma(p, r, Vec::all(0.24022242085375034f));
    p = fma(p, r, Vec::all(0.6931469775991635f));
    return fma(p, r, Vec::all(1.0f));
}

inline Vec exp2(Vec x) {
    Vec whole, part, exponent;
    split(x, whole, part, exponent);
    return scale(exp2_part(part), exponent);
}

// e^-|x|: the reduction in two pieces of ln 2 keeps the relative error at 2e-7 for large |x|.
inline Vec exp_minus_abs(Vec x) {
    const Vec y = Vec::all(0.0f) - abs(x);
    Vec whole, part, exponent;
    split(y * Vec::all(log2_e), whole, part, exponent);
    Vec r = fma(whole, Vec::all(-0.693145751953125f), y);
    r = fma(whole, Vec::all(-1.42860682030941723e-6f), r);
    return scale(exp2_part(r * Vec::all(log2_e)), exponent);
}

// atanh(s) / s from q = s^2 <= 1/9: relative error 4.5e-9 before rounding.
inline Vec atanh_ratio(Vec q) {
    Vec p = fma(Vec::all(0.1400599335737662f), q, Vec::all(0.140009026508748f));
    p = fma(p, q, Vec::all(0.20010763618328528f));
    p = fma(p, q, Vec::all(0.33333208142863524f));
    return fma(p, q, Vec::all(1.0f));
}

// log(1 + t) for t in [0, 1] is 2 atanh(s) with s = t / (2 + t).
inline Vec log1p_from(Vec s) { return (s + s) * atanh_ratio(s * s); }

// log(1 + e^x), without overflow for either sign.
inline Vec softplus(Vec x) {
    const Vec t = exp_minus_abs(x);
    return max(Vec::all(0.0f), x) + log1p_from(t * reciprocal(t + Vec::all(2.0f)));
}

inline Vec sigmoid(Vec x) {
    const Vec t = exp_minus_abs(x);
    return select_negative(x, t, Vec::all(1.0f)) * reciprocal(t + Vec::all(1.0f));
}

// Softplus and its derivative, the sigmoid; one reciprocal serves both denominators.
inline Vec softplus_and_slope(Vec x, Vec& slope) {
    const Vec t = exp_minus_abs(x), t1 = t + Vec::all(1.0f), t2 = t + Vec::all(2.0f), r = reciprocal(t1 * t2);
    slope = select_negative(x, t, Vec::all(1.0f)) * (t2 * r);
    return max(Vec::all(0.0f), x) + log1p_from(t * (t1 * r));
}

}  // namespace
