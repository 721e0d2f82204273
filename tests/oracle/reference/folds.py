"""Reductions and running folds."""

import numpy as np

from .base import E64, Expected, double, eps, flt, inf, same, wide
from .elements import subtract, truth


def axes_of(x, over):
    return tuple(range(x.ndim)) if over is None else tuple(a % x.ndim for a in (over if isinstance(over, tuple) else (over,)))


def count_of(x, over):
    return int(np.prod([x.shape[a] for a in axes_of(x, over)], dtype=np.int64))


def rounding(count):
    """Factor of `eps` in the error of a sum of so many terms by a tree of short chains."""
    return 16 + 2 * np.log2(max(count, 1))


def summed(dtype):
    dtype = np.dtype(dtype)
    return np.dtype(np.int64) if dtype.kind in "bi" else np.dtype(np.uint64) if dtype.kind == "u" else dtype


def unspecified(value):
    """Where what a float can hold is exceeded on the way, the order decides."""
    return Expected(value, slack=np.where(np.isfinite(flt(np.asarray(value))), inf, inf))


def huge(x, limit=1e150):
    size = np.abs(x[np.isfinite(x)]) if x.dtype.kind in "fc" else np.zeros(0)
    return size.size and size.max() > limit


def sum_(x, over=None, keepdims=False, skip=False):
    if x.dtype.kind in "biu":
        return x.sum(axis=over, keepdims=keepdims, dtype=summed(x.dtype))
    terms = double(x)
    terms = np.where(np.isnan(terms), 0, terms) if skip else terms
    total = wide(terms).sum(axis=over, keepdims=keepdims)
    if huge(terms, 1e300):
        return unspecified(total.astype(x.dtype))
    slack = E64 * rounding(count_of(x, over)) * np.where(np.isfinite(terms), np.abs(terms), 0).sum(axis=over, keepdims=keepdims)
    value = total.astype(x.dtype)
    return Expected(value, ulps=1, slack=slack, zeros=count_of(x, over) != 1)


def counted(x, over, keepdims, skip):
    there = ~np.isnan(flt(x)) if skip else np.ones(x.shape, bool)
    return there.sum(axis=over, keepdims=keepdims)


def mean(x, over=None, keepdims=False, skip=False):
    total = sum_(double(x), over, keepdims, skip)
    n = counted(x, over, keepdims, skip)
    value = (wide(double(x) if not skip else np.where(np.isnan(double(x)), 0, double(x))).sum(axis=over, keepdims=keepdims) / n)
    value = value.astype(x.dtype if x.dtype.kind in "fc" else np.float64)
    slack = np.where(n > 0, total.slack / np.maximum(n, 1), 0)
    return Expected(value, ulps=2, slack=slack, zeros=True)


def var(x, over=None, keepdims=False, ddof=0, skip=False, root=False):
    terms = double(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    there = ~np.isnan(terms) if skip else np.ones(x.shape, bool)
    n = there.sum(axis=over, keepdims=True)
    long = np.where(there, wide(terms), 0)
    center = long.sum(axis=over, keepdims=True) / n
    squares = np.where(there, (long - center) ** 2, 0).sum(axis=over, keepdims=True)
    free = np.maximum(n - ddof, 0)
    value = squares / free
    error = E64 * rounding(count_of(x, over)) * (value + np.sqrt(value) * np.abs(center) * np.sqrt(n / np.maximum(free, 1)))
    # Deviations of equal elements from their mean are not quite 0.
    error = error + (E64 * center) ** 2 * 4 * n / np.maximum(free, 1)
    if root:
        error = np.where(value > 0, error / np.sqrt(np.maximum(value, 1e-300)), np.sqrt(error))
        value = np.sqrt(value)
    reshaped = lambda a: a if keepdims else np.squeeze(a, axis=axes_of(x, over)) if over is not None else a.reshape(())
    value, error = reshaped(value).astype(dtype), reshaped(error)
    if huge(terms):
        return unspecified(value)
    return Expected(value, ulps=2, slack=np.where(np.isfinite(error), error, 0).astype(np.float64), zeros=True)


def std(x, over=None, keepdims=False, ddof=0, skip=False):
    return var(x, over, keepdims, ddof, skip, root=True)


def prod(x, over=None, keepdims=False, skip=False):
    if x.dtype.kind in "biu":
        return x.prod(axis=over, keepdims=keepdims, dtype=summed(x.dtype))
    terms = double(x)
    terms = np.where(np.isnan(terms), 1, terms) if skip else terms
    value = wide(terms).prod(axis=over, keepdims=keepdims)
    size = np.abs(np.where(terms == 0, 1, terms))
    reach = np.where(np.isfinite(size), np.abs(np.log(size.astype(np.longdouble))), 0).sum(axis=over, keepdims=keepdims)
    result = value.astype(x.dtype)
    slack = 4 * E64 * count_of(x, over) * np.where(np.isfinite(np.abs(result)), np.abs(result), 0)
    return Expected(result, ulps=1, slack=np.where(reach > 300, inf, slack), zeros=True)


def least(name, x, over=None, keepdims=False, skip=False):
    function = {"min": np.fmin if skip else np.minimum, "max": np.fmax if skip else np.maximum}[name]
    return same(function.reduce(x, axis=axes_of(x, over) if x.ndim else None, keepdims=keepdims))


def any_(x, over=None, keepdims=False):
    return truth(x).any(axis=over, keepdims=keepdims)


def all_(x, over=None, keepdims=False):
    return truth(x).all(axis=over, keepdims=keepdims)


def count(x, over=None, keepdims=False):
    there = x if x.dtype == bool else ~np.isnan(x) if x.dtype.kind in "fc" else np.ones(x.shape, bool)
    return np.asarray(there.sum(axis=over, keepdims=keepdims), np.int64)


def count_nonzero(x, over=None, keepdims=False):
    return np.asarray(truth(x).sum(axis=over, keepdims=keepdims), np.int64)


def ptp(x, over=None, keepdims=False):
    return same(subtract(x.max(axis=over, keepdims=keepdims), x.min(axis=over, keepdims=keepdims)))


def average(x, weights, over):
    terms, w = double(x), double(weights)
    along = tuple(1 if a != over else x.shape[over] for a in range(x.ndim))
    w = np.broadcast_to(w.reshape(along), x.shape)
    total, size = (wide(terms) * wide(w)).sum(axis=over), wide(w).sum(axis=over)
    value = (total / size).astype(np.result_type(flt(x), flt(weights)))
    slack = E64 * rounding(x.shape[over]) * (np.abs(terms * w).sum(axis=over) + np.abs(value) * np.abs(w).sum(axis=over)) / np.abs(size)
    return Expected(value, ulps=2, slack=np.where(np.isfinite(slack), slack, inf).astype(float), zeros=True)


def cumulative(name, x, along, skip=False):
    if name in ("cummax", "cummin"):
        return same((np.maximum if name == "cummax" else np.minimum).accumulate(x, axis=along))
    function = np.cumsum if name == "cumsum" else np.cumprod
    if x.dtype.kind in "biu":
        return function(x, axis=along, dtype=summed(x.dtype))
    terms = double(x)
    if skip:
        terms = np.where(np.isnan(terms), 0 if name == "cumsum" else 1, terms)
    value = function(wide(terms), axis=along).astype(x.dtype)
    size = np.where(np.isfinite(terms), np.abs(terms), 0)
    steps = np.arange(1, x.shape[along] + 1).reshape([-1 if a == along % x.ndim else 1 for a in range(x.ndim)])
    if huge(terms, 1e300):
        return unspecified(value)
    if name == "cumsum":
        return Expected(value, ulps=1, slack=E64 * (rounding(1) + steps) * np.cumsum(size, axis=along), zeros=True)
    reach = np.cumsum(np.abs(np.log(np.where(size == 0, 1, size))), axis=along)
    slack = 4 * E64 * steps * np.where(np.isfinite(np.abs(value)), np.abs(value), 0)
    return Expected(value, ulps=1, slack=np.where(reach > 300, inf, slack), zeros=True)


def diff(x, along, n=1):
    return np.diff(x.astype(np.int64) if x.dtype == bool else x, n=n, axis=along)


def fill(x, along, back=False):
    """NaN replaced by the last element that is there."""
    if x.dtype.kind != "f":
        return x
    x = np.flip(x, along) if back else x
    moved = np.moveaxis(x, along, -1)
    at = np.maximum.accumulate(np.where(np.isnan(moved), 0, np.arange(moved.shape[-1])), axis=-1)
    value = np.moveaxis(np.take_along_axis(moved, at, -1), -1, along)
    return np.flip(value, along) if back else value


def gradient(x, spacing, along):
    """Differences of neighbours; the reference's own rounding is allowed once more."""
    x = flt(x)
    value = np.gradient(wide(x), spacing, axis=along).astype(x.dtype)
    size = np.abs(double(x)) if x.size else np.zeros(x.shape)
    near = np.where(np.isfinite(size), size, 0).max(axis=along, keepdims=True) / abs(spacing)
    return Expected(value, ulps=2, slack=4 * eps(x.dtype) * np.broadcast_to(near, value.shape), zeros=True)


REDUCE = dict(sum=sum_, mean=mean, var=var, std=std, prod=prod, any=any_, all=all_, count=count, count_nonzero=count_nonzero, ptp=ptp,
              min=lambda *a, **k: least("min", *a, **k), max=lambda *a, **k: least("max", *a, **k))
for key in ("sum", "mean", "var", "std", "prod", "min", "max"):
    REDUCE["nan" + key] = lambda *a, key=key, **k: REDUCE[key](*a, skip=True, **k)


def reduce(name, x, *args, **options):
    return REDUCE[name](x, *args, **options)
