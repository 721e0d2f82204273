#include "bench.h"

enum { tile = 32 };

static void add_transpose(const double *restrict x, double *restrict y, size_t n) {
    #pragma omp parallel for
    for (size_t i0 = 0; i0 < n; i0 += tile)
        for (size_t j0 = 0; j0 < n; j0 += tile)
            for (size_t i = i0; i < i0 + tile && i < n; i++)
                for (size_t j = j0; j < j0 + tile && j < n; j++) y[i * n + j] = x[i * n + j] + x[j * n + i];
}

int main(void) {
    size_t count;
    double *x = LOAD(double, "large.npy", &count), *y = memory(count * sizeof *y);
    size_t n = sqrt(count);
    BENCH(4, add_transpose(x, y, n));
    check(mean(y, count));
}
