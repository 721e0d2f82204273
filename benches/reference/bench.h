// What every reference needs: arrays from .npy files, and the protocol of contenders: a line "time SECONDS" for each run, then "check VALUE".
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static inline void *memory(size_t bytes) { return aligned_alloc(1 << 21, (bytes + (1 << 21) - 1) >> 21 << 21); }

// The elements of a .npy file (version 1, C order); `count` becomes their number.
static inline void *load(const char *path, size_t size, size_t *count) {
    FILE *file = fopen(path, "rb");
    unsigned char head[10];
    if (!file || fread(head, 1, 10, file) != 10) { perror(path); exit(2); }
    long start = 10 + head[8] + 256L * head[9];
    fseek(file, 0, SEEK_END);
    size_t bytes = ftell(file) - start;
    void *data = memory(bytes);
    fseek(file, start, SEEK_SET);
    if (fread(data, 1, bytes, file) != bytes) { perror(path); exit(2); }
    fclose(file);
    if (count) *count = bytes / size;
    return data;
}

#define LOAD(type, path, count) ((type *)load(path, sizeof(type), count))

#define BENCH(runs, statement)                          \
    for (int run = 0; run < (runs); run++) {            \
        double begin_ = now();                          \
        statement;                                      \
        printf("time %.9f\n", now() - begin_);           \
    }

static inline void check(double value) { printf("check %.17g\n", value); }

static inline double mean(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / n;
}
