import numpy as np
from numba import prange

from data import numba_compiled

check = float


def monte_carlo(n):
    inside = 0
    for i in prange(n):
        z = np.uint64(i) * np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z ^= z >> np.uint64(31)
        x = (z >> np.uint64(32)) / 4294967296.0
        y = (z & np.uint64(0xffffffff)) / 4294967296.0
        if x * x + y * y < 1.0:
            inside += 1
    return 4.0 * inside / n


def numba():
    return numba_compiled(monte_carlo, 100_000_000)


def numba_parallel():
    return numba_compiled(monte_carlo, 100_000_000, parallel=True)
