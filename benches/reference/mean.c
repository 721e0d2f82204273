// flags: -ffast-math
#include "bench.h"

static double parallel_mean(const double *x, size_t n) {
    double s = 0;
    #pragma omp parallel for simd reduction(+ : s)
    for (size_t i = 0; i < n; i++) s += x[i];
    return s / n;
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), m;
    BENCH(10, m = parallel_mean(x, n));
    check(m);
}
