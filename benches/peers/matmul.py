import numpy as np
from numba import prange

from data import array, mean as check, numba_compiled

x = array("square")


def matmul(a, b):
    n, m = a.shape[0], b.shape[1]
    out = np.zeros((n, m))
    for i in prange(n):
        for k in range(a.shape[1]):
            for j in range(m):
                out[i, j] += a[i, k] * b[k, j]
    return out


def numba():
    return numba_compiled(matmul, x, x)


def numba_parallel():
    return numba_compiled(matmul, x, x, parallel=True)
