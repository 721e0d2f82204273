#include "bench.h"

static uint8_t *life(const uint8_t *start, uint8_t *cells, uint8_t *new, size_t n, int generations) {
    memcpy(cells, start, n * n);
    memset(new, 0, n * n);
    for (int generation = 0; generation < generations; generation++) {
        #pragma omp parallel for
        for (size_t i = 1; i < n - 1; i++) {
            const uint8_t *above = cells + (i - 1) * n, *here = above + n, *below = here + n;
            uint8_t *restrict out = new + i * n;
            for (size_t j = 1; j < n - 1; j++) {
                uint8_t around = above[j - 1] + above[j] + above[j + 1] + here[j - 1] + here[j + 1] + below[j - 1] + below[j] + below[j + 1];
                out[j] = around == 3 || (around == 2 && here[j] == 1);
            }
        }
        uint8_t *swap = cells;
        cells = new;
        new = swap;
    }
    return cells;
}

int main(void) {
    size_t count, alive = 0;
    uint8_t *start = LOAD(uint8_t, "cells.npy", &count), *cells = memory(count), *new = memory(count), *result;
    BENCH(10, result = life(start, cells, new, sqrt(count), 50));
    for (size_t i = 0; i < count; i++) alive += result[i];
    check(alive);
}
