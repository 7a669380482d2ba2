// Functions of a Vec or of several; include after one of simd/*.hpp. Coefficients are minimax fits, errors as stated.
#pragma once
#include "several.hpp"

namespace {

constexpr float log2_e = 1.44269504088896341f;
constexpr float ln_2 = 0.693147180559945309f;

// 2^part for |part| <= 1/2, exactly 1 at 0: relative error 9.1e-8 before rounding.
template <class V>
inline V exp2_part(V r) {
    V p = fma(V::all(0.0013264727197190478f), r, V::all(0.00967151263965291f));
    p = fma(p, r, V::all(0.055507337432519774f));
    p = fma(p, r, V::all(0.24022242085375034f));
    p = fma(p, r, V::all(0.6931469775991635f));
    return fma(p, r, V::all(1.0f));
}

template <class V>
inline V exp2(V x) {
    V whole, part, exponent;
    split(x, whole, part, exponent);
    return scale(exp2_part(part), exponent);
}

// e^-part for |part| <= ln(2) / 2: the same polynomial.
template <class V>
inline V exp_minus_part(V r) {
    V p = fma(V::all(-0.008290314715395753f), r, V::all(0.04189792929679577f));
    p = fma(p, r, V::all(-0.1666763619480187f));
    p = fma(p, r, V::all(0.4999914953070706f));
    p = fma(p, r, V::all(-0.9999997071894866f));
    return fma(p, r, V::all(1.0f));
}

// e^-|x|: the reduction in two pieces of ln 2 keeps the relative error at 2e-7 for large |x|.
template <class V>
inline V exp_minus_abs(V x) {
    const V y = abs(x);
    V whole, part, exponent;
    split(y * V::all(-log2_e), whole, part, exponent);
    V r = fma(whole, V::all(0.693145751953125f), y);
    r = fma(whole, V::all(1.42860682030941723e-6f), r);
    return scale(exp_minus_part(r), exponent);
}

// atanh(s) / s from q = s^2 <= 1/9: relative error 4.5e-9 before rounding.
template <class V>
inline V atanh_ratio(V q) {
    V p = fma(V::all(0.1400599335737662f), q, V::all(0.140009026508748f));
    p = fma(p, q, V::all(0.20010763618328528f));
    p = fma(p, q, V::all(0.33333208142863524f));
    return fma(p, q, V::all(1.0f));
}

// log(1 + t) for t in [0, 1] is 2 atanh(s) with s = t / (2 + t).
template <class V>
inline V log1p_from(V s) { return (s + s) * atanh_ratio(s * s); }

// log(1 + e^x), without overflow for either sign.
template <class V>
inline V softplus(V x) {
    const V t = exp_minus_abs(x);
    return max(V::all(0.0f), x) + log1p_from(t * reciprocal(t + V::all(2.0f)));
}

template <class V>
inline V sigmoid(V x) {
    const V t = exp_minus_abs(x);
    return select_negative(x, t, V::all(1.0f)) * reciprocal(t + V::all(1.0f));
}

// Softplus and its derivative, the sigmoid; one reciprocal serves both denominators.
template <class V>
inline V softplus_and_slope(V x, V& slope) {
    const V t = exp_minus_abs(x), t1 = t + V::all(1.0f), t2 = t + V::all(2.0f), r = reciprocal(t1 * t2);
    slope = select_negative(x, t, V::all(1.0f)) * (t2 * r);
    return max(V::all(0.0f), x) + log1p_from(t * (t1 * r));
}

}  // namespace
