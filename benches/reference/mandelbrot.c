#include "bench.h"

static void mandelbrot(int64_t *counts, int64_t n, int64_t limit) {
    #pragma omp parallel for schedule(dynamic, 16)
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double cr = -2.0 + 3.0 * j / n, ci = -1.5 + 3.0 * i / n, zr = 0, zi = 0;
            int64_t k = 0;
            while (k < limit && zr * zr + zi * zi <= 4.0) {
                double t = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = t;
                k++;
            }
            counts[i * n + j] = k;
        }
}

int main(void) {
    int64_t n = 2000, *counts = memory(n * n * sizeof *counts), sum = 0;
    BENCH(4, mandelbrot(counts, n, 200));
    for (int64_t i = 0; i < n * n; i++) sum += counts[i];
    check(sum);
}
