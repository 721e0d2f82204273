import numpy as np

from data import array, numba_compiled

a, b = array("letters_a"), array("letters_b")
check = float


def levenshtein(a, b):
    row = np.arange(b.size + 1)
    for i in range(a.size):
        corner = row[0]
        row[0] = i + 1
        for j in range(b.size):
            above = row[j + 1]
            change = corner + (0 if a[i] == b[j] else 1)
            row[j + 1] = min(min(above, row[j]) + 1, change)
            corner = above
    return row[b.size]


def numba():
    return numba_compiled(levenshtein, a, b)
