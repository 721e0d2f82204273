// flags: -ffast-math
#include "bench.h"

static void sin_cos(const double *restrict x, double *restrict y, size_t n) {
    #pragma omp parallel for simd
    for (size_t i = 0; i < n; i++) {
        double s = sin(x[i]), c = cos(x[i]);
        y[i] = s * s + c * c;
    }
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), *y = memory(n * sizeof *y);
    BENCH(4, sin_cos(x, y, n));
    check(mean(y, n));
}
