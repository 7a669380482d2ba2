// Several vectors as one: each operation is done to all of them before the next. A function of them is as many chains of
// dependent operations side by side; one chain after the other would fill the processor's queues with what must wait.
// Include after one of simd/*.hpp.
#pragma once

namespace {

template <int... I>
struct Indices {};
template <int K, int... I>
struct UpTo : UpTo<K - 1, K - 1, I...> {};
template <int... I>
struct UpTo<0, I...> {
    using type = Indices<I...>;
};

template <int K>
struct Several {
    static constexpr int count = K, width = K * Vec::width;
    Vec v[K];

    // {f(0), ..., f(K - 1)}
    template <class F>
    static Several of(F f) {
        return of(f, typename UpTo<K>::type());
    }
    static Several all(float x) {
        return of([=](int) { return Vec::all(x); });
    }
    template <class T>
    static Several loadu(const T* p) {
        return of([=](int i) { return Vec::loadu(p + i * Vec::width); });
    }
    template <class T>
    static Several load_first(const T* p, int) {  // never asked for a part
        return loadu(p);
    }
    template <class T>
    void storeu(T* p) const {
        for (int i = 0; i < K; ++i) v[i].storeu(p + i * Vec::width);
    }
    template <class T>
    void stream(T* p) const {
        for (int i = 0; i < K; ++i) v[i].stream(p + i * Vec::width);
    }
    template <class T>
    void store_first(T* p, int) const {
        storeu(p);
    }

  private:
    template <class F, int... I>
    static Several of(F f, Indices<I...>) {
        return {{f(I)...}};
    }
};

template <int K>
inline Several<K> operator+(const Several<K>& a, const Several<K>& b) {
    return Several<K>::of([&](int i) { return a.v[i] + b.v[i]; });
}
template <int K>
inline Several<K> operator-(const Several<K>& a, const Several<K>& b) {
    return Several<K>::of([&](int i) { return a.v[i] - b.v[i]; });
}
template <int K>
inline Several<K> operator*(const Several<K>& a, const Several<K>& b) {
    return Several<K>::of([&](int i) { return a.v[i] * b.v[i]; });
}
template <int K>
inline Several<K> fma(const Several<K>& a, const Several<K>& b, const Several<K>& c) {
    return Several<K>::of([&](int i) { return fma(a.v[i], b.v[i], c.v[i]); });
}
template <int K>
inline Several<K> max(const Several<K>& a, const Several<K>& b) {
    return Several<K>::of([&](int i) { return max(a.v[i], b.v[i]); });
}
template <int K>
inline Several<K> abs(const Several<K>& a) {
    return Several<K>::of([&](int i) { return abs(a.v[i]); });
}
template <int K>
inline Several<K> reciprocal(const Several<K>& a) {
    return Several<K>::of([&](int i) { return reciprocal(a.v[i]); });
}
template <int K>
inline Several<K> select_negative(const Several<K>& x, const Several<K>& if_negative, const Several<K>& otherwise) {
    return Several<K>::of([&](int i) { return select_negative(x.v[i], if_negative.v[i], otherwise.v[i]); });
}
template <int K>
inline void split(const Several<K>& x, Several<K>& whole, Several<K>& part, Several<K>& exponent) {
    for (int i = 0; i < K; ++i) split(x.v[i], whole.v[i], part.v[i], exponent.v[i]);
}
template <int K>
inline Several<K> scale(const Several<K>& p, const Several<K>& exponent) {
    return Several<K>::of([&](int i) { return scale(p.v[i], exponent.v[i]); });
}

}  // namespace
