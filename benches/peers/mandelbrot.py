import numpy as np
from numba import prange

from data import numba_compiled


def check(counts):
    return counts.sum()


def mandelbrot(n, limit):
    counts = np.empty((n, n), np.int64)
    for i in prange(n):
        for j in range(n):
            cr = -2.0 + 3.0 * j / n
            ci = -1.5 + 3.0 * i / n
            zr = zi = 0.0
            k = 0
            while k < limit and zr * zr + zi * zi <= 4.0:
                t = zr * zr - zi * zi + cr
                zi = 2.0 * zr * zi + ci
                zr = t
                k += 1
            counts[i, j] = k
    return counts


def numba():
    return numba_compiled(mandelbrot, 2000, 200)


def numba_parallel():
    return numba_compiled(mandelbrot, 2000, 200, parallel=True)
