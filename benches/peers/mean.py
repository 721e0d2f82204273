from data import array, compiled, in_chunks, queried

x = array("normal")
check = float


def numpy():
    return x.mean


def numba_fastmath():
    from numba import njit, prange

    @njit(parallel=True, fastmath=True)
    def function(x):
        s = 0.0
        for i in prange(x.size):
            s += x[i]
        return s / x.size

    return lambda: function(x)


def jax():
    return compiled(lambda x: x.mean(), x)


def dask():
    return in_chunks(x).mean().compute


def polars():
    import polars
    return polars.Series(x).mean


def duckdb():
    return queried("select avg(column0) from x", x)
