#include "bench.h"

static void polynomial(const double *restrict x, double *restrict y, size_t n) {
    #pragma omp parallel for simd
    for (size_t i = 0; i < n; i++) y[i] = (((2.5 * x[i] - 1) * x[i] + 3) * x[i] - 4) * x[i] + 5;
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), *y = memory(n * sizeof *y);
    BENCH(4, polynomial(x, y, n));
    check(mean(y, n));
}
