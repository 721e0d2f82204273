import numpy as np

from data import array, compiled, in_chunks

price, strike, years = array("price"), array("strike"), array("years")
rate, volatility = 0.02, 0.3


def check(result):
    return np.asarray(result[0]).mean() + np.asarray(result[1]).mean()


def call_and_put(price, strike, years, m, erf):
    """With the functions of the module `m`, which is NumPy or another's version of it."""
    d1 = (m.log(price / strike) + (rate + 0.5 * volatility ** 2) * years) / (volatility * m.sqrt(years))
    d2 = d1 - volatility * m.sqrt(years)
    discounted = strike * m.exp(-rate * years)
    call = price * 0.5 * (1 + erf(d1 / np.sqrt(2))) - discounted * 0.5 * (1 + erf(d2 / np.sqrt(2)))
    return call, call - price + discounted


def numpy():
    from scipy.special import erf
    return lambda: call_and_put(price, strike, years, np, erf)


def numba_parallel():
    import math
    from numba import njit, prange

    @njit(parallel=True, fastmath=True)
    def function(price, strike, years):
        call, put = np.empty_like(price), np.empty_like(price)
        for i in prange(price.size):
            spread = volatility * math.sqrt(years[i])
            d1 = (math.log(price[i] / strike[i]) + (rate + 0.5 * volatility ** 2) * years[i]) / spread
            discounted = strike[i] * math.exp(-rate * years[i])
            call[i] = (price[i] * 0.5 * (1 + math.erf(d1 / math.sqrt(2)))
                       - discounted * 0.5 * (1 + math.erf((d1 - spread) / math.sqrt(2))))
            put[i] = call[i] - price[i] + discounted
        return call, put

    return lambda: function(price, strike, years)


def jax():
    import jax.numpy as jnp
    from jax.scipy.special import erf
    return compiled(lambda *arrays: call_and_put(*arrays, jnp, erf), price, strike, years)


def dask():
    import dask
    import dask.array as da
    from scipy.special import erf
    arrays = [in_chunks(x, "8MiB") for x in (price, strike, years)]
    both = call_and_put(*arrays, da, lambda x: da.map_blocks(erf, x))
    return lambda: dask.compute(*both)
