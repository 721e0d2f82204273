#include "bench.h"

static double monte_carlo(int64_t n) {
    int64_t inside = 0;
    #pragma omp parallel for reduction(+ : inside)
    for (int64_t i = 0; i < n; i++) {
        uint64_t z = (uint64_t)i * 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        z ^= z >> 31;
        double x = (z >> 32) / 4294967296.0, y = (z & 0xffffffff) / 4294967296.0;
        if (x * x + y * y < 1.0) inside++;
    }
    return 4.0 * inside / n;
}

int main(void) {
    double pi;
    BENCH(4, pi = monte_carlo(100000000));
    check(pi);
}
