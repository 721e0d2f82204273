import numpy as np

from data import array, compiled, in_chunks, mean as check

x = array("normal")


def numpy():
    return lambda: np.sin(x) ** 2 + np.cos(x) ** 2


def numba_parallel():
    from numba import njit
    function = njit(parallel=True)(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2)
    return lambda: function(x)


def jax():
    import jax.numpy as jnp
    return compiled(lambda x: jnp.sin(x) ** 2 + jnp.cos(x) ** 2, x)


def dask():
    y = in_chunks(x)
    return (np.sin(y) ** 2 + np.cos(y) ** 2).compute


def numexpr():
    import numexpr
    return lambda: numexpr.evaluate("sin(x) ** 2 + cos(x) ** 2", {"x": x})
