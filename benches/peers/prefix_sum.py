import numpy as np

from data import array, mean as check, numba_compiled

x = array("normal")


def prefix_sum(x):
    out = np.empty_like(x)
    s = 0.0
    for i in range(x.size):
        s += x[i]
        out[i] = s
    return out


def numba():
    return numba_compiled(prefix_sum, x)


def numba_parallel():
    """No loop of it can be parallel: the same function."""
    return numba_compiled(prefix_sum, x)


def numpy():
    return x.cumsum
