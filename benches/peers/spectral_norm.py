import numpy as np
from numba import njit, prange

check = float


def spectral_norm(parallel):
    compiled = njit(parallel=parallel)

    @njit
    def element(i, j):
        return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)

    @compiled
    def times(v):
        out = np.empty_like(v)
        for i in prange(v.size):
            s = 0.0
            for j in range(v.size):
                s += element(i, j) * v[j]
            out[i] = s
        return out

    @compiled
    def transposed_times(v):
        out = np.empty_like(v)
        for i in prange(v.size):
            s = 0.0
            for j in range(v.size):
                s += element(j, i) * v[j]
            out[i] = s
        return out

    @njit
    def norm(n):
        u = np.ones(n)
        v = u
        for step in range(10):
            v = transposed_times(times(u))
            u = transposed_times(times(v))
        return np.sqrt((u * v).sum() / (v * v).sum())

    return lambda: norm(2000)


def numba():
    return spectral_norm(parallel=False)


def numba_parallel():
    return spectral_norm(parallel=True)
