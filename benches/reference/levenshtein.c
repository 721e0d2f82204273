#include "bench.h"

static int64_t levenshtein(const uint8_t *a, const uint8_t *b, size_t n, size_t m) {
    int64_t row[m + 1];
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 0; i < n; i++) {
        int64_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < m; j++) {
            int64_t above = row[j + 1], change = corner + (a[i] != b[j]);
            int64_t best = (above < row[j] ? above : row[j]) + 1;
            row[j + 1] = best < change ? best : change;
            corner = above;
        }
    }
    return row[m];
}

int main(void) {
    size_t n, m;
    uint8_t *a = LOAD(uint8_t, "letters_a.npy", &n), *b = LOAD(uint8_t, "letters_b.npy", &m);
    int64_t edits;
    BENCH(10, edits = levenshtein(a, b, n, m));
    check(edits);
}
