#include "bench.h"

static void prefix_sum(const double *restrict x, double *restrict out, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) out[i] = s += x[i];
}

int main(void) {
    size_t n;
    double *x = LOAD(double, "normal.npy", &n), *out = memory(n * sizeof *out);
    BENCH(4, prefix_sum(x, out, n));
    check(mean(out, n));
}
