import numpy as np

from data import array, compiled, in_chunks, mean as check

x = array("normal")
y = array("other")


def numpy():
    return lambda: np.sqrt(x ** 2 + y ** 2)


def numba_parallel():
    from numba import njit
    function = njit(parallel=True)(lambda x, y: np.sqrt(x ** 2 + y ** 2))
    return lambda: function(x, y)


def jax():
    import jax.numpy as jnp
    return compiled(lambda x, y: jnp.sqrt(x ** 2 + y ** 2), x, y)


def dask():
    return np.sqrt(in_chunks(x) ** 2 + in_chunks(y) ** 2).compute


def numexpr():
    import numexpr
    return lambda: numexpr.evaluate("sqrt(x ** 2 + y ** 2)", {"x": x, "y": y})
