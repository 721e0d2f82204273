"""Statements by the language's own means (functions that loop, simulations) and by statistics, sets and numerical functions."""

import numpy as np

from arrays import calm
from elements import joins
from generate import family

# Definition, Kiln's call of it, what it is in NumPy, and the rank that it takes (None: any).
LOOPS = [
    ("fn bend(v: f64) { if v > 0.5 { v * 2.0 } else if v < -1.0 { -v } else { v + 1.0 } }", "bend({0})", "np.where({0} > 0.5, {0} * 2.0, np.where({0} < -1.0, -{0}, {0} + 1.0))", None),
    ("fn steps(v: f64) { k = 0; while v > 1.0 and k < 50 { v = v / 2.0; k += 1 }; k }", "steps({0})", "halvings({0})", None),
    ("fn prefix(x) { out = zeros(x.size()); s = 0.0; for i in 0..x.size() { s += x[i]; out[i] = s }; out }", "prefix({0})", "Expected(np.cumsum({0}), slack=E64 * 8 * {0}.size * np.abs({0}).sum())", 1),
    ("fn largest(x) { best = 0; for i in 1..x.size() { if x[i] > x[best] { best = i } }; best }", "largest({0})", "np.argmax({0})", 1),
    ("fn positive(x) { s = 0.0; for v in x { if v > 0 { s += v } }; s }", "positive({0})", "sum_(np.maximum({0}, 0))", 1),
    ("fn turned(x) { out = zeros(x.size(1), x.size(0)); for i in 0..x.size(0) { for j in 0..x.size(1) { out[j, i] = x[i, j] } }; out }", "turned({0})", "{0}.T", 2),
    ("fn rows(x) { out = zeros(x.size(0)); for i in 0..x.size(0) { for j in 0..x.size(1) { out[i] += x[i, j] * (j + 1) } }; out }", "rows({0})",
     "sum_({0} * np.arange(1, {0}.shape[1] + 1), 1)", 2),
    ("fn smooth(x) { out = zeros(x.size()); for i in 1..x.size() - 1 { out[i] = (x[i - 1] + x[i] + x[i + 1]) / 3 }; out }", "smooth({0})", "smoothed({0})", 1),
    ("fn wide(x) { m = x.mean(); out = x * 0.0; for i in 0..x.size() { out[i] = x[i] - m }; out }", "wide({0})", "Expected({0} - {0}.mean(), ulps=1, slack=E64 * 64 * np.abs({0}).max())", 1),
]


@family(4)
def loops(g):
    define, call, numpy, rank = g.one(LOOPS)
    x = g.var(lambda v: v.dtype == "f64" and not v.names and v.size > 0 and calm(v) and (rank is None or v.ndim == rank))
    if x is not None:
        g.emit("loops", call.format(x.name), numpy.format(x.name), define=define)


@family(1)
def simulation(g):
    """Several steps of a stencil over one array."""
    x = g.var(lambda v: v.ndim in (1, 2) and v.dtype in ("f64", "f32") and v.size > 0 and calm(v) and not v.names)
    if x is None:
        return
    mode, numpy_mode = g.one(("nearest", "edge"), ("wrap", "wrap"), ("reflect", "reflect"), ("symmetric", "symmetric"), ("constant", "constant"))
    times, name = g.rng.randint(1, 6), f"v{g.next}"
    letters, left = ("i", f"{name}[i - 1]") if x.ndim == 1 else ("i, j", f"{name}[i - 1, j + 1]")
    here = f"{name}[{letters}]"
    body = f"for t in 0..{times} {{ {name} = each({letters}, edge = {mode}) {{ 0.5 * ({left} + {here}) }} }}"
    g.emit("simulation", f"{x.name}\n{body}", f"simulated({x.name}, {times}, {numpy_mode!r})")


@family(5)
def more(g):
    x = g.var(lambda v: not v.names)
    if x is None:
        return
    t, n = x.name, x.ndim
    how = g.one("fillna", "round", "modf", "divmod", "frexp", "bincount", "sets", "digitize", "insert", "vstack", "hstack", "cov", "trapezoid", "norm", "softmax",
                "logsumexp", "interpolate", "convolve", "average", "kron", "skew", "compress", "argwhere", "flatnonzero", "array_equal", "ediff1d")
    if how == "fillna" and x.kind == "f":
        return g.emit("more", f"fillna({t}, 1.5)", f"np.where(np.isnan({t}), {t}.dtype.type(1.5), {t})")
    if how == "round" and x.kind == "f":
        return g.emit("more", f"round({t}, 1)", f"np.round({t}, 1)")
    if how == "modf" and x.kind == "f":
        return g.emit("more", f"modf({t})", f"tuple(np.modf({t}))", ((), ()))
    if how == "frexp" and x.kind == "f":
        return g.emit("more", f"frexp({t})", f"frexp({t})", ((), ()))
    if how == "divmod" and x.kind in "if":
        return g.emit("more", f"divmod({t}, 3)", f"tuple(np.divmod({t}, 3))", ((), ()))
    if how == "bincount" and x.kind in "iu" and n == 1 and x.size and 0 <= x.value.min() and x.value.max() < 200 and x.dtype != "u64":
        return g.emit("more", f"bincount({t})", f"np.bincount({t})")
    if how == "ediff1d" and x.kind in "if":
        return g.emit("more", f"ediff1d({t})", f"np.ediff1d({t})")
    if how in ("argwhere", "flatnonzero") and n:
        return g.emit("more", f"{how}({t})", f"np.{how}({t})")
    if how == "compress" and n and x.shape[0]:
        mask = (g.data.integers(0, 2, x.shape[0]) == 1).tolist()
        if len(mask) < 100:
            return g.emit("more", f"compress({str(mask).lower()}, {t}, along = 0)", f"np.compress({mask}, {t}, axis=0)")
        return
    if how == "insert" and n == 1 and x.kind != "c":
        at = g.rng.randint(0, x.size)
        return g.emit("more", f"insert({t}, {at}, 1)", f"np.insert({t}, {at}, 1)")
    if how in ("vstack", "hstack") and n in (1, 2):
        y = g.var(lambda v: v.shape == x.shape and joins(x, v) and not v.names)
        return g.emit("more", f"{how}({t}, {y.name})", f"np.{how}(({t}, {y.name}))") if y else None
    if how == "sets" and x.kind in "iuf" and n:
        y = g.var(lambda v: v.kind in "iuf" and joins(x, v) and not v.names and v.ndim and calm(v))
        name = g.one("union1d", "intersect1d", "setdiff1d")
        if y and calm(x):
            g.emit("more", f"{name}({t}, {y.name})", f"same(np.{name}({t}, {y.name}).astype({t}.dtype if {name!r} == 'setdiff1d' else np.result_type({t}, {y.name})))")
        return
    if how == "array_equal" and n and x.kind != "c":
        return g.emit("more", f"array_equal({t}, {t})", f"np.asarray(np.array_equal({t}, {t}))")
    if how == "digitize" and x.kind in "if":
        right = g.chance(0.5)
        return g.emit("more", f"digitize({t}, [-1.0, 0.5, 2.0]{', right = true' if right else ''})", f"np.digitize({t}, [-1.0, 0.5, 2.0], right={right})")
    if x.kind not in "iuf" or not calm(x) or not x.size or not n:
        return
    if how == "cov" and n == 2 and x.shape[1] > 1 and x.size < 20000:
        return g.emit("more", f"cov({t})", f"covariance({t})")
    if how == "trapezoid":
        axis = g.rng.randrange(n)
        return g.emit("more", f"trapezoid({t}, along = {axis})", f"trapezoid({t}, {axis})")
    if how == "norm" and n == 1:
        order = g.one("1", "2", "inf")
        return g.emit("more", f"norm({t}, {order})", f"norm({t}, {order})")
    if how == "logsumexp":
        return g.emit("more", f"logsumexp({t})", f"logsumexp({t})")
    if how == "softmax" and n:
        return g.emit("more", f"softmax({t}, over = {n - 1})", f"softmax({t}, {n - 1})")
    if how == "interpolate" and x.size < 5000:
        return g.emit("more", f"interpolate({t}, [-2.0, 0.0, 1.5], [1.0, 3.0, -1.0])", f"interpolated({t}, [-2.0, 0.0, 1.5], [1.0, 3.0, -1.0])")
    if how == "convolve" and n == 1:
        y = g.var(lambda v: v.ndim == 1 and 0 < v.size and v.kind in "iuf" and joins(x, v) and not v.names and calm(v))
        mode = g.one("full", "same", "valid")
        if y and x.size * y.size < 1e7:
            g.emit("more", f'convolve({t}, {y.name}, "{mode}")', f"convolved({t}, {y.name}, {mode!r})")
        return
    if how == "average" and n:
        axis = g.rng.randrange(n)
        y = g.var(lambda v: v.shape == (x.shape[axis],) and v.kind in "iuf" and not v.names and np.all(v.value > 0) and calm(v))
        return g.emit("more", f"average({t}, {y.name}, over = {axis})", f"average({t}, {y.name}, {axis})") if y else None
    if how == "kron" and n == 2 and x.size < 100:
        y = g.var(lambda v: v.ndim == 2 and v.size < 100 and v.kind in "iuf" and joins(x, v) and not v.names)
        return g.emit("more", f"kron({t}, {y.name})", f"np.kron({t}, {y.name})") if y else None


FAMILIES = [loops, simulation, more]
