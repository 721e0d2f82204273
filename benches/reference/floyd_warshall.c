#include "bench.h"

static void shortest(const double *start, double *restrict d, size_t n) {
    double from_k[n], to_k[n];
    memcpy(d, start, n * n * sizeof *d);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++) from_k[i] = d[k * n + i], to_k[i] = d[i * n + k];
        #pragma omp parallel for
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double way = to_k[i] + from_k[j];
                if (way < d[i * n + j]) d[i * n + j] = way;
            }
    }
}

int main(void) {
    size_t count;
    double *start = LOAD(double, "distance.npy", &count), *d = memory(count * sizeof *d);
    BENCH(3, shortest(start, d, sqrt(count)));
    check(mean(d, count));
}
