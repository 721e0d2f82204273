#include "bench.h"

static inline double element(int64_t i, int64_t j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(const double *restrict v, double *restrict out, int64_t n) {
    #pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double s = 0;
        for (int64_t j = 0; j < n; j++) s += element(i, j) * v[j];
        out[i] = s;
    }
}

static void transposed_times(const double *restrict v, double *restrict out, int64_t n) {
    #pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double s = 0;
        for (int64_t j = 0; j < n; j++) s += element(j, i) * v[j];
        out[i] = s;
    }
}

static double spectral_norm(int64_t n) {
    double u[n], v[n], t[n], uv = 0, vv = 0;
    for (int64_t i = 0; i < n; i++) u[i] = 1;
    for (int step = 0; step < 10; step++) {
        times(u, t, n), transposed_times(t, v, n);
        times(v, t, n), transposed_times(t, u, n);
    }
    for (int64_t i = 0; i < n; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    return sqrt(uv / vv);
}

int main(void) {
    double norm;
    BENCH(4, norm = spectral_norm(2000));
    check(norm);
}
