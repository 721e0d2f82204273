"""Windows and groups along a dimension."""

import numpy as np

from .base import E64, Expected, eps, flt, inf, nan
from .elements import subtract
from .folds import REDUCE, rounding


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
