// What this machine can do at most: "NAME VALUE" lines, in bytes or operations a second, the best of several runs.
#include <fcntl.h>
#include <immintrin.h>
#include <omp.h>
#include <unistd.h>
#include "bench.h"

#define BEST(name, amount, runs, statement)                        \
    do {                                                           \
        double best = 1e30;                                        \
        for (int run = 0; run < (runs); run++) {                   \
            double begin = now();                                  \
            statement;                                             \
            double took = now() - begin;                           \
            if (took < best) best = took;                          \
        }                                                          \
        printf("%s %.6g\n", name, (amount) / best);                \
    } while (0)

typedef double lanes __attribute__((vector_size(64)));
static volatile double sink;

static void sum(const lanes *x, size_t n) {
    double total = 0;
    #pragma omp parallel reduction(+ : total)
    {
        lanes s[8] = {0};
        #pragma omp for
        for (size_t i = 0; i < n; i += 8)
            #pragma GCC unroll 8
            for (int k = 0; k < 8; k++) s[k] += x[i + k];
        for (int k = 0; k < 8; k++)
            for (int l = 0; l < 8; l++) total += s[k][l];
    }
    sink = total;
}

// Read one array, write another past the caches: what an elementwise function of one argument moves.
static void stream(const lanes *x, lanes *y, size_t n) {
    #pragma omp parallel for
    for (size_t i = 0; i < n; i++)
#ifdef __AVX512F__
        _mm512_stream_pd((double *)&y[i], (__m512d)(2.0 * x[i]));
#else
        y[i] = 2.0 * x[i];
#endif
}

static void triad(const lanes *x, const lanes *y, lanes *z, size_t n) {
    #pragma omp parallel for
    for (size_t i = 0; i < n; i++)
#ifdef __AVX512F__
        _mm512_stream_pd((double *)&z[i], (__m512d)(x[i] + 2.0 * y[i]));
#else
        z[i] = x[i] + 2.0 * y[i];
#endif
}

static void multiply_add(long rounds) {
    #pragma omp parallel
    {
        lanes s[12], a = {0}, b = {0};
        a += 0.999999, b += 1e-6;
        for (int k = 0; k < 12; k++) s[k] = b * k;
        for (long r = 0; r < rounds; r++) {
            #pragma GCC unroll 12
            for (int k = 0; k < 12; k++) s[k] = s[k] * a + b;
        }
        for (int k = 1; k < 12; k++) s[0] += s[k];
        #pragma omp critical
        sink = s[0][0];
    }
}

static size_t size_of_file(int file) { return lseek(file, 0, SEEK_END); }

static void read_file(int file, size_t size) {
    enum { part = 1 << 20 };
    #pragma omp parallel
    {
        char *buffer = memory(part);
        #pragma omp for
        for (size_t at = 0; at < size; at += part)
            if (pread(file, buffer, part, at) < 0) exit(2);
        free(buffer);
    }
}

int main(int count, char **arguments) {
    size_t n = 12500000, bytes = n * sizeof(lanes);    // 8e8 bytes each
    lanes *x = memory(bytes), *y = memory(bytes), *z = memory(bytes);
    memset(x, 0, bytes), memset(y, 0, bytes), memset(z, 0, bytes);
    BEST("sum", bytes, 7, sum(x, n));
    BEST("stream", 2.0 * bytes, 7, stream(x, y, n));
    BEST("triad", 3.0 * bytes, 7, triad(x, y, z, n));
    long rounds = 10000000;
    BEST("flops", 2.0 * 8 * 12 * rounds * omp_get_max_threads(), 5, multiply_add(rounds));
    int file = open(count > 1 ? arguments[1] : "plain.h5", O_RDONLY);
    if (file >= 0) BEST("file", size_of_file(file), 3, read_file(file, size_of_file(file)));
}
