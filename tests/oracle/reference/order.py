"""Positions, quantiles, sorting and sets."""

import numpy as np

from .base import E64, Expected, eps, inf, nan, same
from .folds import axes_of, count_of


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
        return np.argsort(x, axis=along, kind="stable")
    n = x.shape[along]
    back = np.flip(x, along)
    if x.dtype.kind == "f":
        return np.argsort(-x, axis=along, kind="stable")
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
