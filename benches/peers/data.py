"""What the peers share: arrays of the data folder, which is the working folder, and Dask and JAX set up as their manuals say."""

import os

import numpy as np

threads = int(os.environ["BENCH_THREADS"])


def array(name):
    return np.load(name + ".npy")


def in_chunks(x, size="32MiB"):
    import dask
    import dask.array as da
    dask.config.set(scheduler="threads", num_workers=threads)
    return da.from_array(x, chunks=size)


def compiled(function, *arguments):
    """A JAX function, compiled by XLA for 64-bit floats, on arguments that are on its device already."""
    import jax
    jax.config.update("jax_enable_x64", True)
    function = jax.jit(function)
    arguments = [jax.device_put(x) for x in arguments]
    return lambda: jax.block_until_ready(function(*arguments))


def mean(result):
    return np.asarray(result).mean()


def numba_compiled(loop, *arguments, **options):
    """A Numba function of `loop`; without `parallel`, its `prange` is a plain `range`."""
    from numba import njit
    function = njit(**options)(loop)
    return lambda: function(*arguments)


def queried(query, x):
    """A query of DuckDB over the array as the table `x` with the column `column0`."""
    import duckdb
    connection = duckdb.connect(config={"threads": threads})
    connection.register("x", x)
    return lambda: connection.execute(query).fetchone()[0]
