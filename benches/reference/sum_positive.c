// flags: -ffast-math
#include "bench.h"

static double sum_positive(const double *x, size_t n) {
    double s = 0;
    #pragma omp parallel for simd reduction(+ : s)
    for (size_t i = 0; i < n; i++) s += x[i] > 0 ? x[i] : 0;
    return s;
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), s;
    BENCH(10, s = sum_positive(x, n));
    check(s);
}
