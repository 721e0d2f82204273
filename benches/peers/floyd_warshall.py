from numba import prange

from data import array, mean as check, numba_compiled

distance = array("distance")


def shortest(start):
    d = start.copy()
    n = d.shape[0]
    for k in range(n):
        from_k, to_k = d[k].copy(), d[:, k].copy()
        for i in prange(n):
            for j in range(n):
                way = to_k[i] + from_k[j]
                if way < d[i, j]:
                    d[i, j] = way
    return d


def numba():
    return numba_compiled(shortest, distance)


def numba_parallel():
    return numba_compiled(shortest, distance, parallel=True)
