from data import array, compiled, in_chunks, mean as check

x = array("large")


def numpy():
    return lambda: x + x.T


def numba_parallel():
    from numba import njit
    function = njit(parallel=True)(lambda x: x + x.T)
    return lambda: function(x)


def jax():
    return compiled(lambda x: x + x.T, x)


def dask():
    y = in_chunks(x, (2000, 2000))
    return (y + y.T).compute
