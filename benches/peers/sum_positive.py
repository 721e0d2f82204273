from data import array, compiled, in_chunks, queried

x = array("normal")
check = float


def loop(x):
    s = 0.0
    for i in range(x.size):
        if x[i] > 0:
            s += x[i]
    return s


def numpy():
    return lambda: x[x > 0].sum()


def numba():
    from numba import njit
    function = njit(loop)
    return lambda: function(x)


def numba_fastmath():
    from numba import njit, prange

    @njit(parallel=True, fastmath=True)
    def function(x):
        s = 0.0
        for i in prange(x.size):
            if x[i] > 0:
                s += x[i]
        return s

    return lambda: function(x)


def jax():
    import jax.numpy as jnp
    return compiled(lambda x: jnp.where(x > 0, x, 0.0).sum(), x)


def dask():
    import dask.array as da
    y = in_chunks(x)
    return da.where(y > 0, y, 0.0).sum().compute


def numexpr():
    import numexpr
    return lambda: numexpr.evaluate("sum(where(x > 0, x, 0))", {"x": x})


def polars():
    import polars
    column = polars.DataFrame({"x": x}).lazy().filter(polars.col("x") > 0).select(polars.col("x").sum())
    return lambda: column.collect().item()


def duckdb():
    return queried("select sum(column0) from x where column0 > 0", x)
