from data import array, compiled, in_chunks, mean as check

x = array("normal")


def polynomial(x):
    return (((2.5 * x - 1) * x + 3) * x - 4) * x + 5


def numpy():
    return lambda: polynomial(x)


def numba_parallel():
    from numba import njit
    function = njit(parallel=True)(polynomial)
    return lambda: function(x)


def jax():
    return compiled(polynomial, x)


def dask():
    return polynomial(in_chunks(x)).compute


def numexpr():
    import numexpr
    return lambda: numexpr.evaluate("(((2.5 * x - 1) * x + 3) * x - 4) * x + 5", {"x": x})
