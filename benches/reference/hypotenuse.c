// flags: -fno-math-errno
#include "bench.h"

static void hypotenuse(const double *restrict x, const double *restrict y, double *restrict z, size_t n) {
    #pragma omp parallel for simd
    for (size_t i = 0; i < n; i++) z[i] = sqrt(x[i] * x[i] + y[i] * y[i]);
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), *y = LOAD(double, "other.npy", &n), *z = memory(n * sizeof *z);
    BENCH(4, hypotenuse(x, y, z, n));
    check(mean(z, n));
}
