#include "bench.h"

static void matmul(const double *restrict a, const double *restrict b, double *restrict out, size_t n) {
    memset(out, 0, n * n * sizeof *out);
    #pragma omp parallel for
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++) out[i * n + j] += a[i * n + k] * b[k * n + j];
}

int main(void) {
    size_t count;
    double *x = LOAD(double, "square.npy", &count), *out = memory(count * sizeof *out);
    BENCH(10, matmul(x, x, out, sqrt(count)));
    check(mean(out, count));
}
