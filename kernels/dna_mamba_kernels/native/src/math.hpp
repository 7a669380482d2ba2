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
    Vec whole, part;
    split(x, whole, part);
    return scale(exp2_part(part), whole);
}

// e^-|x|: the reduction in two pieces of ln 2 keeps the relative error at 2e-7 for large |x|.
inline Vec exp_minus_abs(Vec x) {
    const Vec y = Vec::all(0.0f) - abs(x);
    Vec whole, part;
    split(y * Vec::all(log2_e), whole, part);
    Vec r = fma(whole, Vec::all(-0.693145751953125f), y);
    r = fma(whole, Vec::all(-1.42860682030941723e-6f), r);
    return scale(exp2_part(r * Vec::all(log2_e)), whole);
}

// log(1 + t) for t in [0, 1], as 2 atanh(t / (2 + t)): relative error 4.5e-9 before rounding.
inline Vec log1p_unit(Vec t) {
    const Vec s = t / (t + Vec::all(2.0f));
    const Vec q = s * s;
    Vec p = fma(Vec::all(0.1400599335737662f), q, Vec::all(0.140009026508748f));
    p = fma(p, q, Vec::all(0.20010763618328528f));
    p = fma(p, q, Vec::all(0.33333208142863524f));
    p = fma(p, q, Vec::all(1.0f));
    return (s + s) * p;
}

// log(1 + e^x) and its derivative, without overflow for either sign.
inline Vec softplus(Vec x) { return max(Vec::all(0.0f), x) + log1p_unit(exp_minus_abs(x)); }

inline Vec sigmoid(Vec x) {
    const Vec t = exp_minus_abs(x);
    return select_negative(x, t, Vec::all(1.0f)) / (t + Vec::all(1.0f));
}

inline Vec softplus_and_slope(Vec x, Vec& slope) {
    const Vec t = exp_minus_abs(x);
    slope = select_negative(x, t, Vec::all(1.0f)) / (t + Vec::all(1.0f));
    return max(Vec::all(0.0f), x) + log1p_unit(t);
}

}  // namespace
