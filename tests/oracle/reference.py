"""What Kiln's functions mean, over NumPy: where Kiln's rule differs from NumPy's it is written here.

A function gives an array, which Kiln must match bit for bit, or an `Expected` with the error that is allowed: units in the last place, and
an absolute error for each element that follows from the condition of the sum (`eps` times the sum of the terms' sizes). Reference
values are computed in extended precision."""

import os
import re
import warnings
from dataclasses import dataclass

import numpy as np
import scipy.special

warnings.filterwarnings("ignore")
np.seterr(all="ignore")
nan, inf, new = np.nan, np.inf, None
E64 = 2.0 ** -52


@dataclass
class Expected:
    """`zeros`: a zero may have either sign."""
    value: np.ndarray
    ulps: float = 0
    slack: object = 0
    zeros: bool = False


def same(value):
    """Values exactly, but for the sign of zeros."""
    return Expected(np.asarray(value), zeros=True)


def stated():
    """Units in the last place that docs/accuracy.md states, f64 and f32; half a unit more for the rounding of the reference."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/accuracy.md")
    rows = re.findall(r"^\| (\w+) \| \d+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", open(path).read(), re.M)
    return {name: (np.ceil(max(map(float, columns[:3])) + 0.5), np.ceil(float(columns[3]) + 0.4)) for name, *columns in rows}


STATED = stated()


def flt(x):
    """Integers and bools as f64, whatever their width."""
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind in "biu" else x


def wide(x):
    return x.astype(np.clongdouble if x.dtype.kind == "c" else np.longdouble)


def double(x):
    """Half the way of Kiln's sums: at least double precision."""
    x = flt(x)
    return x.astype({"float32": np.float64, "complex64": np.complex128}.get(x.dtype.name, x.dtype))


def eps(dtype):
    return {"float32": 2.0 ** -23, "complex64": 2.0 ** -23}.get(np.dtype(dtype).name, E64)


def as_(x, dtype):
    """Floats end at the integers' least and largest; NaN is 0."""
    x, dtype = np.asarray(x), np.dtype(dtype)
    if x.dtype.kind == "c" and dtype.kind != "c" and dtype.kind != "b":
        raise TypeError
    if x.dtype.kind == "f" and dtype.kind in "iu":
        info = np.iinfo(dtype)
        low, high = x <= float(info.min), x >= float(info.max)
        safe = np.where(low | high | np.isnan(x), 0, x)
        return np.where(low, dtype.type(info.min), np.where(high, dtype.type(info.max), safe.astype(dtype))).astype(dtype)
    return x.astype(dtype)


# Element by element.
LONG = dict(exp=np.exp, exp2=np.exp2, expm1=np.expm1, log=np.log, log1p=np.log1p, log2=np.log2, log10=np.log10, sin=np.sin, cos=np.cos, tan=np.tan,
            asin=np.arcsin, acos=np.arccos, atan=np.arctan, sinh=np.sinh, cosh=np.cosh, tanh=np.tanh, asinh=np.arcsinh, acosh=np.arccosh, atanh=np.arctanh,
            cbrt=np.cbrt)


def math(name, x):
    x = flt(x)
    if x.dtype.kind == "c":
        value = LONG[name](x.astype(np.clongdouble)).astype(x.dtype)
        return Expected(value, slack=64 * eps(x.dtype) * np.abs(value), zeros=True)
    value = LONG[name](x.astype(np.longdouble)).astype(x.dtype)
    return Expected(value, ulps=STATED[name][x.dtype == np.float32])


def special(name, x):
    x = flt(x)
    value = getattr(scipy.special, name)(x.astype(np.float64))
    return Expected(value.astype(x.dtype), ulps=32 if x.dtype == np.float64 else 1)


def meet(x, y):
    x, y = np.asarray(x) if isinstance(x, np.ndarray) else x, y
    dtype = np.result_type(x, y)
    return np.asarray(x).astype(dtype), np.asarray(y).astype(dtype)


def math2(name, x, y):
    """Functions of two numbers that give floats."""
    x, y = (v if isinstance(v, (int, float)) else flt(v) for v in (x, y))
    dtype = np.result_type(x, y)
    dtype = np.dtype(np.float64) if dtype.kind in "biu" else dtype
    function = {"hypot": np.hypot, "atan2": np.arctan2, "pow": np.power}[name]
    value = function(np.asarray(x, dtype).astype(np.longdouble), np.asarray(y, dtype).astype(np.longdouble)).astype(dtype)
    return Expected(value, ulps=STATED[name][dtype == np.float32])


def add(x, y):
    return np.add(x, y)


def subtract(x, y):
    """Of bools the difference of integers."""
    if np.result_type(x, y) == bool:
        x, y = np.asarray(x, np.int64), np.asarray(y, np.int64)
    return np.subtract(x, y)


def multiply(x, y):
    value = np.multiply(x, y)
    if value.dtype.kind == "c":
        return Expected(value, slack=4 * eps(value.dtype) * np.abs(np.asarray(x)) * np.abs(np.asarray(y)), zeros=True)
    return value


def integers(x, y):
    return (np.asarray(x, np.int64), np.asarray(y, np.int64)) if np.result_type(x, y) == bool else (x, y)


def divide(x, y):
    dtype = np.result_type(x, y)
    if dtype.kind in "biu":
        return np.divide(np.asarray(x).astype(np.float64), np.asarray(y).astype(np.float64))
    value = np.divide(x, y)
    return Expected(value, slack=16 * eps(dtype) * np.abs(value), zeros=True) if dtype.kind == "c" else value


def floor_divide(x, y):
    return np.floor_divide(*integers(x, y))


def remainder(x, y):
    return np.remainder(*integers(x, y))


def power(x, y):
    x, y = integers(x, y)
    dtype = np.result_type(x, y)
    if dtype.kind in "iu":
        return np.power(x, y)
    if dtype.kind == "c":
        value = np.power(np.asarray(x, np.clongdouble), y).astype(dtype)
        return Expected(value, slack=128 * eps(dtype) * np.abs(value), zeros=True)
    return math2("pow", x, y)


def negative(x):
    return -(x.astype(np.int64) if x.dtype == bool else x)


def keep(name, x):
    """Of integers and bools the same, else NumPy's: rounding to whole numbers."""
    return x if x.dtype.kind in "biu" else getattr(np, name)(x)


def sign(x):
    return x if x.dtype == bool else np.sign(x)


def square(x):
    return multiply(x, x)


def abs_(x):
    if x.dtype.kind != "c":
        return np.abs(x)
    value = np.abs(x.astype(np.clongdouble)).astype(np.abs(x).dtype)
    return Expected(value, ulps=2)


def where(condition, x, y):
    return np.where(condition, x, y)


def clip(x, low, high):
    return same(np.minimum(np.maximum(x, low), high))


def extremes(name, x, y):
    return same(getattr(np, name)(x, y))


def shift(name, x, y):
    """0 or the sign beyond the width."""
    x, y = meet(x, y)
    width = x.dtype.itemsize * 8
    inside = np.minimum(y, width - 1)
    if name == "left_shift":
        return np.where(y >= width, x.dtype.type(0), np.left_shift(x, inside))
    over = np.where(x < 0, x.dtype.type(-1), x.dtype.type(0)) if x.dtype.kind == "i" else x.dtype.type(0)
    return np.where(y >= width, over, np.right_shift(x, inside)).astype(x.dtype)


def nan_to_num(x, value, posinf, neginf):
    return np.nan_to_num(x, nan=value, posinf=posinf, neginf=neginf) if x.dtype.kind == "f" else x


def truth(x):
    return x if x.dtype == bool else x != 0


def isclose(x, y):
    return np.isclose(np.asarray(x, np.float64), np.asarray(y, np.float64))


# Reductions.
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


def lines(x, over):
    """The axes `over` as one, the last."""
    axes = axes_of(x, over)
    rest = [a for a in range(x.ndim) if a not in axes]
    return x.transpose(rest + sorted(axes)).reshape([x.shape[a] for a in rest] + [-1] if count_of(x, over) else [x.shape[a] for a in rest] + [0])


def kept(x, over, keepdims, value):
    return value.reshape([1 if a in axes_of(x, over) else s for a, s in enumerate(x.shape)]) if keepdims else value


def arg(name, x, over=None, keepdims=False, skip=False):
    row = lines(x, over)
    if skip and x.dtype.kind == "f":
        row = np.where(np.isnan(row), -inf if name == "argmax" else inf, row)
        # What is left of NaN alone, or behind an infinity, is no position.
        missing = np.isnan(lines(x, over))
        best = row.max(-1, keepdims=True) if name == "argmax" else row.min(-1, keepdims=True)
        value = np.where(missing.all(-1), 0, np.argmax((row == best) & ~missing, axis=-1))
    else:
        value = getattr(np, name)(row, axis=-1)
    return kept(x, over, keepdims, np.asarray(value, np.int64))


def quantile(x, q, over=None, keepdims=False, method="linear", skip=False):
    own = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    elements = method in ("lower", "higher", "nearest")
    dtype = x.dtype if elements and not skip and x.dtype.kind != "f" else own
    dtype = x.dtype if elements else own
    row = np.sort(lines(x, over), axis=-1)
    missing = np.isnan(row.astype(np.float64)) if x.dtype.kind == "f" else np.zeros(row.shape, bool)
    n = (~missing).sum(-1) if skip else np.full(row.shape[:-1], row.shape[-1])
    values, slacks = [], []
    for one in np.atleast_1d(q):
        place = np.maximum(n - 1, 0) * float(one)
        if method == "nearest":
            low = np.round(place).astype(int)
            high, part = low, np.zeros(place.shape)
        else:
            low = np.floor(place).astype(int)
            high = np.minimum(low + 1, np.maximum(n - 1, 0))
            part = place - low
            if method == "lower":
                high, part = low, part * 0
            elif method == "higher":
                low = np.ceil(place).astype(int)
                high, part = low, part * 0
            elif method == "midpoint":
                part = np.where(part > 0, 0.5, 0.0)
        if row.shape[-1] == 0:
            values.append(np.full(n.shape, nan)), slacks.append(np.zeros(n.shape))
            continue
        a = np.take_along_axis(row, low[..., None], -1)[..., 0]
        c = np.take_along_axis(row, high[..., None], -1)[..., 0]
        if elements:
            value, slack = a, np.zeros(n.shape)
        else:
            a, c = a.astype(np.longdouble), c.astype(np.longdouble)
            value = np.where(a == c, a, np.where(part == 0, a, a + (c - a) * part))
            slack = 8 * eps(own) * np.maximum(np.abs(a), np.abs(c))
            slack = np.where(np.isinf(a) | np.isinf(c), np.where((part == 0) | (a == c), 0, inf), slack).astype(np.float64)
        if not elements or x.dtype.kind == "f":
            bad = (n == 0) if skip else missing.any(-1) | (n == 0)
            value = np.where(bad, nan, value)
            slack = np.where(bad, 0, slack)
        values.append(kept(x, over, keepdims, value)), slacks.append(kept(x, over, keepdims, slack))
    value, slack = (np.stack(values), np.stack(slacks)) if np.ndim(q) else (values[0], slacks[0])
    return Expected(value.astype(dtype), slack=slack, zeros=True)


def median(x, over=None, keepdims=False, skip=False):
    return quantile(x, 0.5, over, keepdims, skip=skip)


def average(x, weights, over):
    terms, w = double(x), double(weights)
    along = tuple(1 if a != over else x.shape[over] for a in range(x.ndim))
    w = np.broadcast_to(w.reshape(along), x.shape)
    total, size = (wide(terms) * wide(w)).sum(axis=over), wide(w).sum(axis=over)
    value = (total / size).astype(np.result_type(flt(x), flt(weights)))
    slack = E64 * rounding(x.shape[over]) * (np.abs(terms * w).sum(axis=over) + np.abs(value) * np.abs(w).sum(axis=over)) / np.abs(size)
    return Expected(value, ulps=2, slack=np.where(np.isfinite(slack), slack, inf).astype(float), zeros=True)


# Running.
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


# Order.
def sort(x, along, descending=False):
    value = np.sort(x, axis=along)
    if descending:
        value = np.flip(value, along)
        if x.dtype.kind == "f":
            missing = np.isnan(value).sum(axis=along, keepdims=True)
            n = x.shape[along]
            at = (np.arange(n).reshape([-1 if a == along else 1 for a in range(x.ndim)]) + missing) % max(n, 1)
            value = np.take_along_axis(value, np.broadcast_to(at, value.shape), along)
    return same(value)


def argsort(x, along, descending=False):
    if not descending:
        # -0.0 stands before 0.0.
        if x.dtype.kind == "f":
            return np.lexsort((~np.signbit(x) & (x == 0), np.where(x == 0, 0, x)), axis=along).astype(np.int64)
        return np.argsort(x, axis=along, kind="stable")
    n = x.shape[along]
    back = np.flip(x, along)
    if x.dtype.kind == "f":
        order = np.lexsort((np.signbit(x) & (x == 0), -np.where(x == 0, 0, x)), axis=along)
        return order.astype(np.int64)
    order = np.argsort(back, axis=along, kind="stable")
    return np.flip(n - 1 - order, along).astype(np.int64)


def topk(x, k, along):
    if k < 0:
        return Expected(np.take(np.sort(x, axis=along), range(-k), axis=along), zeros=True)
    return Expected(np.take(sort(x, along, True).value, range(k), axis=along), zeros=True)


def unique(x):
    return same(np.unique(x))


def unique_counts(x):
    return tuple(same(part) for part in np.unique(x, return_counts=True))


def unique_inverse(x):
    value, inverse = np.unique(x, return_inverse=True)
    return same(value), inverse.reshape(x.shape)


def sets(name, x, y):
    return same(getattr(np, name)(x, y))


def histogram(x, bins):
    count, edges = np.histogram(x, bins)
    return count.astype(np.int64), Expected(edges.astype(np.float64), ulps=4, slack=4 * E64 * np.abs(edges).max())


# Shapes.
def take(x, *index):
    """Each list of positions along its own dimension."""
    index = list(index)
    out, axis = x, 0
    for part in index:
        if part is None:
            out = np.expand_dims(out, axis)
            axis += 1
        elif isinstance(part, (int, np.integer)):
            if not -out.shape[axis] <= part < out.shape[axis]:
                raise IndexError
            out = np.take(out, part, axis=axis)
        elif isinstance(part, list):
            out = np.take(out, np.asarray(part, int), axis=axis)
            axis += 1
        elif isinstance(part, np.ndarray):
            out = np.compress(part, out, axis=axis)
            axis += 1
        elif part is Ellipsis:
            raise NotImplementedError
        else:
            out = out[(slice(None),) * axis + (part,)]
            axis += 1
    return out


def pad(x, width, mode, value=0):
    if mode == "constant":
        return np.pad(x, width, constant_values=value)
    return np.pad(x, width, mode=mode)


def concat(along, *arrays):
    dtype = np.result_type(*arrays)
    return np.concatenate([a.astype(dtype) for a in arrays], axis=along)


def stack(along, *arrays):
    dtype = np.result_type(*arrays)
    return np.stack([a.astype(dtype) for a in arrays], axis=along)


# Named dimensions.
def aligned(x, names, y, others):
    """Arrays that meet by name, as NumPy arrays that meet by position."""
    every = names.split() + [n for n in others.split() if n not in names.split()]
    def spread(a, own):
        own = own.split()
        a = a.transpose([own.index(n) for n in every if n in own])
        return a.reshape([a.shape[[n for n in every if n in own].index(n)] if n in own else 1 for n in every])
    return spread(x, names), spread(y, others)


# Products.
def product(function, x, y, n):
    dtype = np.result_type(x, y)
    if dtype == bool:
        dtype = np.dtype(np.int64)
    if dtype.kind in "iu":
        return np.asarray(function(x.astype(dtype), y.astype(dtype)))
    full = double(np.zeros(0, dtype)).dtype
    value = function(x.astype(full), y.astype(full))
    terms = function(np.abs(x).astype(np.float64), np.abs(y).astype(np.float64))
    slack = eps(dtype) * (8 + 2 * n ** 0.5) * terms
    slack = np.where(np.isfinite(np.abs(value)) & np.isfinite(slack), slack, np.where(np.isnan(np.abs(value)) , 0, inf))
    return Expected(np.asarray(value.astype(dtype)), ulps=1, slack=slack, zeros=True)


def matmul(x, y):
    return product(np.matmul, x, y, x.shape[-1])


def dot(x, y):
    return product(np.dot, x, y, x.shape[-1])


def outer(x, y):
    return multiply(x.ravel()[:, None], y.ravel()) if np.result_type(x, y) != bool else multiply(x.ravel()[:, None], y.ravel())


def einsum(text, x, y, n):
    return product(lambda a, c: np.einsum(text, a, c), x, y, n)


def trace(x, offset):
    return sum_(np.diagonal(x, offset), over=-1)


def fourier(name, x, along, n):
    x = flt(x)
    real = name in ("rfft",)
    wide_x = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    value = getattr(np.fft, name)(wide_x, axis=along)
    single = x.dtype.name in ("float32", "complex64")
    out = np.dtype(np.complex64 if single else np.complex128)
    if name == "irfft":
        out = np.dtype(np.float32 if single else np.float64)
    size = np.sqrt((np.abs(wide_x) ** 2).sum(axis=along, keepdims=True)) * np.sqrt(n if name in ("fft", "rfft") else 1)
    slack = 8 * eps(out) * np.log2(n + 2) * np.broadcast_to(size, value.shape)
    return Expected(value.astype(out), slack=slack, zeros=True)


def solve(a, b):
    value = np.linalg.solve(double(a), double(b))
    bound = np.linalg.cond(double(a)) * eps(np.result_type(flt(a), flt(b))) * 32 * np.abs(value).max()
    return Expected(value.astype(np.result_type(flt(a), flt(b))), slack=np.full(value.shape, bound), zeros=True)


def inv(a):
    value = np.linalg.inv(double(a))
    bound = np.linalg.cond(double(a)) * eps(flt(a).dtype) * 32 * np.abs(value).max()
    return Expected(value.astype(flt(a).dtype), slack=np.full(value.shape, bound), zeros=True)


def det(a):
    value = np.asarray(np.linalg.det(double(a)))
    bound = eps(flt(a).dtype) * 32 * np.prod(np.linalg.norm(double(a), axis=-1))
    return Expected(value.astype(flt(a).dtype), slack=bound, zeros=True)


def singular(a):
    value = np.linalg.svd(double(a), compute_uv=False)
    dtype = flt(a).real.dtype
    return Expected(value.astype(dtype), slack=np.full(value.shape, 64 * eps(dtype) * value.max()), zeros=True)


# Windows and groups.
def folded(name, rows, least_count, dtype):
    """A reduction of windows along the last axis: of NaN alone, or of too few, NaN."""
    there = ~np.isnan(rows)
    enough = there.sum(-1) >= least_count
    n = there.sum(-1)
    clean = np.where(there, rows, 0).astype(np.longdouble)
    size = np.where(np.isfinite(clean), np.abs(clean), 0).sum(-1)
    slack = E64 * rounding(rows.shape[-1]) * size
    if name == "sum":
        value = clean.sum(-1)
    elif name == "mean":
        value, slack = clean.sum(-1) / n, slack / np.maximum(n, 1)
    elif name in ("min", "max"):
        fill_value = inf if name == "min" else -inf
        filled = np.where(there, rows, fill_value)
        value, slack = (filled.min(-1) if name == "min" else filled.max(-1)), slack * 0
    else:
        center = (clean.sum(-1) / n)[..., None]
        squares = np.where(there, (clean - center) ** 2, 0).sum(-1)
        value = squares / n
        slack = E64 * rounding(rows.shape[-1]) * (value + np.sqrt(value) * np.abs(center[..., 0])) + (E64 * center[..., 0]) ** 2 * 8
        if name == "std":
            slack = np.where(value > 0, slack / np.sqrt(np.maximum(value, 1e-300)), np.sqrt(slack))
            value = np.sqrt(value)
    value = np.where(enough, value, nan).astype(dtype)
    slack = np.where(np.isfinite(value), slack, 0).astype(float)
    return Expected(value, ulps=2, slack=np.where(np.isfinite(slack), slack, inf), zeros=True)


def rolling(name, x, along, window, center, min_periods):
    x = flt(x)
    moved = np.moveaxis(x.astype(np.float64), along, -1)
    before = window // 2 if center else window - 1
    rows = np.pad(moved, [(0, 0)] * (x.ndim - 1) + [(before, window - 1 - before)], constant_values=nan)
    rows = np.lib.stride_tricks.sliding_window_view(rows, window, axis=-1)
    got = folded(name, rows, min_periods or window, x.dtype)
    return Expected(np.moveaxis(got.value, -1, along), got.ulps, np.moveaxis(got.slack, -1, along), True)


def coarsen(name, x, along, window):
    moved = np.moveaxis(x, along, -1)
    n = moved.shape[-1] // window
    blocks = moved[..., :n * window].reshape(moved.shape[:-1] + (n, window))
    return on_axis(REDUCE[name](blocks, -1), along)


def on_axis(got, along):
    """A result whose last axis belongs at another place."""
    move = lambda a: np.moveaxis(a, -1, along) if np.ndim(a) else a
    if isinstance(got, Expected):
        return Expected(move(got.value), got.ulps, move(got.slack), got.zeros)
    return move(got)


def groups(name, x, along, by):
    """A reduction of the elements of each key, in the keys' order."""
    parts = [REDUCE[name](np.compress(by == key, x, axis=along), along, True) for key in np.unique(by)]
    parts = [p if isinstance(p, Expected) else Expected(p) for p in parts]
    join = lambda items: np.concatenate(items, axis=along)
    return Expected(join([p.value for p in parts]), max(p.ulps for p in parts), join([np.broadcast_to(p.slack, p.value.shape) for p in parts]), True)


def groups_less(x, along, by):
    """Each element less its group's mean, which is computed with error."""
    clim = groups("mean", x, along, by)
    at = np.searchsorted(np.unique(by), by)
    center, slack = np.take(clim.value, at, axis=along), np.take(clim.slack, at, axis=along)
    value = subtract(x, center)
    return Expected(value, ulps=2, slack=slack + 4 * eps(value.dtype) * np.where(np.isfinite(center), np.abs(center), 0), zeros=True)


REDUCE = dict(sum=sum_, mean=mean, var=var, std=std, prod=prod, any=any_, all=all_, count=count, count_nonzero=count_nonzero, ptp=ptp,
              min=lambda *a, **k: least("min", *a, **k), max=lambda *a, **k: least("max", *a, **k))
for key in ("sum", "mean", "var", "std", "prod", "min", "max"):
    REDUCE["nan" + key] = lambda *a, key=key, **k: REDUCE[key](*a, skip=True, **k)


def reduce(name, x, *args, **options):
    return REDUCE[name](x, *args, **options)
