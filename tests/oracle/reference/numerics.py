"""Statistics and numerical functions, and what functions that loop are in NumPy."""

import numpy as np

from .base import E64, Expected, double, eps, flt, wide
from .folds import rounding
from .shapes import pad
from .products import product


def halvings(x):
    count, value = np.zeros(x.shape, np.int64), x.copy()
    for _ in range(50):
        more = value > 1.0
        value, count = np.where(more, value / 2, value), count + more
    return count


def smoothed(x):
    out = np.zeros(x.size)
    if x.size > 2:
        out[1:-1] = (x[:-2] + x[1:-1] + x[2:]) / 3
    return out


def simulated(x, times, mode):
    for _ in range(times):
        wide_x = pad(x, [(1, 1)] * x.ndim, mode)
        left = wide_x[:-2] if x.ndim == 1 else wide_x[:-2, 2:]
        x = x.dtype.type(0.5) * (left + x)
    return x


def frexp(x):
    mantissa, exponent = np.frexp(x)
    return mantissa, np.where(np.isfinite(x), exponent, 0).astype(np.int32)


def covariance(x):
    terms = wide(double(x))
    center = terms - terms.mean(axis=1, keepdims=True)
    value = center @ center.T / (x.shape[1] - 1)
    size = np.abs(double(x)).max()
    value = value.squeeze() if value.size == 1 else value
    return Expected(value.astype(np.float64), slack=np.full(value.shape, E64 * 64 * size * size), zeros=True)


def trapezoid(x, along):
    terms = double(x)
    value = np.trapezoid(wide(terms), axis=along).astype(flt(x).dtype)
    slack = eps(flt(x).dtype) * rounding(x.shape[along]) * np.abs(terms).sum(axis=along)
    return Expected(value, ulps=2, slack=slack, zeros=True)


def norm(x, order):
    terms = double(x)
    value = np.linalg.norm(wide(terms), order)
    return Expected(np.asarray(value).astype(flt(x).dtype), ulps=2, slack=eps(flt(x).dtype) * rounding(x.size) * float(value), zeros=True)


def logsumexp(x):
    terms = wide(double(x))
    value = terms.max() + np.log(np.exp(terms - terms.max()).sum())
    return Expected(np.asarray(value).astype(flt(x).dtype), ulps=4, slack=eps(flt(x).dtype) * 8 * (1 + float(np.abs(terms).max())))


def softmax(x, over):
    terms = wide(double(x))
    below = terms - terms.max(axis=over, keepdims=True)
    power = np.exp(below)
    value = (power / power.sum(axis=over, keepdims=True)).astype(flt(x).dtype)
    # What is rounded of a difference is a factor of its power.
    return Expected(value, ulps=8, slack=eps(flt(x).dtype) * (rounding(x.shape[over]) - below.astype(np.float64)) * np.abs(value))


def interpolated(x, places, values):
    value = np.interp(x.astype(np.float64), places, values)
    return Expected(value, slack=np.full(value.shape, 16 * E64 * np.abs(values).max()), zeros=True)


def convolved(x, y, mode):
    return product(lambda a, b: np.convolve(a, b, mode), x, y, max(x.size, y.size))
