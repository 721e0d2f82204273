"""Statements about whole arrays: indices, shapes, reductions, order, products, windows, stencils, and wrong ones."""

import numpy as np

from elements import joins
from generate import Var, family
from program import Input, literal


def slice_part(g, size):
    """A range of an index in both languages."""
    at = lambda: g.rng.randint(-size - 1, size + 2)
    low, high, step = (at() if g.chance(0.6) else None), (at() if g.chance(0.6) else None), g.one(None, None, 1, 2, 3, -1, -1, -2)
    # A negative number counts from the end only as a literal.
    text = lambda n: "" if n is None else str(n)
    kiln = f"{text(low)}..{text(high)}" + (f" by {step}" if step else "")
    return kiln, f"slice({low}, {high}, {step})"


@family(11)
def index(g):
    x = g.var()
    kiln, python, names, lists = [], [], [], 0
    for axis, size in enumerate(x.shape):
        how = g.rng.randrange(10)
        own = x.names[axis:axis + 1]
        if not x.names and g.chance(0.07):
            kiln.append("new"), python.append("None")
        if how <= 1 and size:
            at = g.rng.randint(-size, size - 1)
            kiln.append(str(at)), python.append(str(at))
            continue
        if how <= 5:
            k, p = slice_part(g, size)
            kiln.append(k), python.append(p)
        elif how == 6 and 0 < size < 5000 and lists < 2:
            places = [g.rng.randint(-size if g.chance(0.3) else 0, size - 1) for _ in range(g.rng.randint(1, 5))]
            kiln.append(str(places)), python.append(str(places))
            lists += 1
        elif how == 7 and size < 5000 and not lists and not x.names:
            mask = g.data.integers(0, 2, size) == 1
            kiln.append(literal(mask) if size else "zeros(0, dtype = bool)"), python.append(f"np.array({mask.tolist()}, bool)")
            lists += 1
        else:
            kiln.append(".."), python.append("slice(None)")
        names += own
    if x.ndim == 0 or (not x.names and g.chance(0.05)):
        kiln.append("new"), python.append("None")
    if x.names and g.chance(0.3):
        kiln = [f"{name} = {part}" for name, part in zip(x.names, kiln)]
    g.emit("index", f"{x.name}[{', '.join(kiln)}]", f"take({x.name}, {', '.join(python)})", tuple(names))


@family(3)
def masked(g):
    x = g.var(lambda v: v.ndim > 0 and v.kind != "c" and not v.names)
    if x is None:
        return
    masks = [v for v in g.vars if v.kind == "b" and v.shape == x.shape and not v.names]
    mask = g.one(masks).name if masks and g.chance(0.7) else f"({x.name} > {g.one(0, 1, 100)})"
    g.emit("masked", f"{x.name}[{mask}]", f"{x.name}[{mask}]")


@family(3)
def looked_up(g):
    """Positions that are data."""
    x = g.var(lambda v: v.ndim > 0 and 0 < min(v.shape) and not v.names)
    if x is None:
        return
    axis = g.rng.randrange(x.ndim)
    count = g.rng.randint(1, 6) if g.size == "small" else g.rng.randint(10, 3000)
    places = g.data.integers(0, x.shape[axis], count)
    name = g.fresh()
    g.program.inputs.append(Input(name, places.astype(np.int64), g.one("text", "npy") if count < 10 else "npy"))
    g.vars.append(Var(name, places.astype(np.int64)))
    if g.chance(0.5):
        return g.emit("take", f"take({x.name}, {name}, along = {axis})", f"np.take({x.name}, {name}, axis={axis})")
    before = ", ".join([".."] * axis + [name] + [".."] * (x.ndim - axis - 1))
    g.emit("take", f"{x.name}[{before}]", f"np.take({x.name}, {name}, axis={axis})")


def some_axes(g, x, most=None):
    axes = [a for a in range(x.ndim) if g.chance(0.45)]
    if most:
        axes = axes[:most]
    g.rng.shuffle(axes)
    return axes


def over_text(x, axes, keep):
    """The arguments of a reduction in both languages, and the names that are left."""
    kiln, python = "", ""
    if axes:
        kiln, python = f"over = {x.axes(axes)}", f"over={axes[0] if len(axes) == 1 else tuple(axes)}"
    gone = axes or range(x.ndim)
    names = x.names if keep else tuple(n for a, n in enumerate(x.names) if a not in gone)
    if keep:
        kiln, python = (kiln + ", keepdims = true").lstrip(", "), (python + ", keepdims=True").lstrip(", ")
    return kiln, python, names


PLAIN = ["sum", "mean", "min", "max", "var", "std", "prod", "any", "all", "count", "count_nonzero", "ptp"]
SKIP = ["nansum", "nanmean", "nanmin", "nanmax", "nanvar", "nanstd", "nanprod"]


@family(14)
def reduction(g):
    x = g.var(lambda v: v.ndim > 0) if g.chance(0.97) else g.var()
    if x is None:
        return
    name = g.one(PLAIN + SKIP) if x.kind != "c" else g.one("sum", "mean", "prod", "any", "count")
    if name.startswith("nan") and x.kind != "f" and g.chance(0.7):
        return
    axes, keep = some_axes(g, x), g.chance(0.25)
    count = int(np.prod([x.shape[a] for a in axes or range(x.ndim)]))
    if name in ("min", "max", "ptp", "nanmin", "nanmax") and not count:
        if x.size or not x.ndim:
            return
        kiln, _, _ = over_text(x, axes, keep)
        return g.fail(f"{x.name}.{name}({kiln})", "K0507", x.name) if g.chance(0.5) else None
    kiln, python, names = over_text(x, axes, keep)
    if name.endswith(("var", "std")) and g.chance(0.4):
        kiln, python = (kiln + ", ddof = 1").lstrip(", "), (python + ", ddof=1").lstrip(", ")
    if name in ("any", "all") and x.kind == "c":
        return
    g.emit("reduction", f"{x.name}.{name}({kiln})" if g.chance(0.6) else f"{name}({x.name}{', ' if kiln else ''}{kiln})", f"reduce({name!r}, {x.name}{', ' if python else ''}{python})", names)


@family(3)
def position(g):
    x = g.var(lambda v: v.ndim > 0 and v.size > 0 and v.kind != "c")
    if x is None:
        return
    name = g.one("argmin", "argmax", "nanargmin", "nanargmax")
    axes, keep = sorted(some_axes(g, x)), g.chance(0.25)
    kiln, python, names = over_text(x, axes, keep)
    skip = name.startswith("nan")
    if skip and x.kind == "f" and np.any(np.isnan(x.value).all(axis=tuple(axes) or None)):
        # As in NumPy there is no position then.
        return g.fail(f"{x.name}.{name}({kiln})", "K0507", x.name)
    g.emit("position", f"{x.name}.{name}({kiln})", f"arg({name.removeprefix('nan')!r}, {x.name}{', ' if python else ''}{python}{', skip=True' if skip else ''})", names)


@family(4)
def middle(g):
    x = g.var(lambda v: v.ndim > 0 and v.kind != "c" and v.size > 0)
    if x is None:
        return
    axes, keep = some_axes(g, x), g.chance(0.2)
    kiln, python, names = over_text(x, axes, keep)
    skip = g.chance(0.4)
    if g.chance(0.5):
        name = "nanmedian" if skip else "median"
        return g.emit("quantile", f"{name}({x.name}{', ' if kiln else ''}{kiln})", f"median({x.name}{', ' if python else ''}{python}{', skip=True' if skip else ''})", names)
    q, method = g.one("0.5", "0.25", "0.0", "1.0", "0.9", "[0.1, 0.5, 0.75]"), g.one(["linear"] * 3 + ["lower", "higher", "nearest", "midpoint"])
    if q.startswith("[") and x.names:
        names = ("quantile",) + names
    name, numbers = ("percentile", eval(q)) if g.chance(0.2) else ("quantile", None)
    text = q if numbers is None else str([round(100 * n) for n in numbers] if isinstance(numbers, list) else round(100 * numbers))
    text = text if numbers is None or text.startswith("[") else text
    python = (f", {python}" if python else "") + (f", method={method!r}" if method != "linear" else "") + (", skip=True" if skip else "")
    kiln = (f", {kiln}" if kiln else "") + (f', method = "{method}"' if method != "linear" else "")
    g.emit("quantile", f"{'nan' if skip else ''}{name}({x.name}, {text}{kiln})", f"quantile({x.name}, {q}{python})", names)


@family(7)
def running(g):
    x = g.var(lambda v: v.ndim > 0)
    if x is None:
        return
    axis = g.rng.randrange(x.ndim)
    name = g.one("cumsum", "cumprod", "cummax", "cummin", "diff", "nancumsum", "ffill", "bfill", "cumsum", "gradient")
    if x.kind == "c" and name not in ("cumsum", "diff"):
        return
    kiln = f"{x.name}.{name}(along = {x.axis(axis)})"
    if name == "diff":
        n = g.one(1, 1, 2)
        more = f", n = {n}" if n > 1 else ""
        return g.emit("running", f"diff({x.name}, along = {x.axis(axis)}{more})", f"diff({x.name}, {axis}, {n})", x.names)
    if name in ("ffill", "bfill"):
        if not x.size or x.kind != "f":
            return
        return g.emit("running", kiln, f"fill({x.name}, {axis}{', True' if name == 'bfill' else ''})", x.names)
    if name == "gradient":
        if x.shape[axis] < 2 or x.kind == "b":
            return
        spacing = g.one(1.0, 0.5, 2.0)
        return g.emit("running", f"gradient({x.name}, {spacing}, along = {x.axis(axis)})", f"gradient({x.name}, {spacing}, {axis})", x.names)
    skip = name.startswith("nan")
    g.emit("running", kiln, f"cumulative({name.removeprefix('nan')!r}, {x.name}, {axis}{', True' if skip else ''})", x.names)


@family(6)
def ordered(g):
    x = g.var(lambda v: v.ndim > 0 and v.kind != "c")
    if x is None:
        return
    axis, down = g.rng.randrange(x.ndim), g.chance(0.3)
    more, pmore = (", descending = true", ", True") if down else ("", "")
    name = g.one("sort", "argsort", "sort", "topk", "unique", "unique_counts", "unique_inverse", "histogram", "isin", "searchsorted")
    along = f"along = {x.axis(axis)}"
    if name in ("sort", "argsort"):
        return g.emit("order", f"{name}({x.name}, {along}{more})", f"{name}({x.name}, {axis}{pmore})", x.names)
    if name == "topk":
        if x.shape[axis]:
            k = g.rng.randint(1, min(x.shape[axis], 5)) * g.one(1, 1, -1)
            g.emit("order", f"topk({x.name}, {k}, {along})", f"topk({x.name}, {k}, {axis})", x.names)
        return
    if x.names:
        return
    if name == "unique":
        return g.emit("order", f"unique({x.name})", f"unique({x.name})")
    if name == "unique_counts":
        return g.emit("order", f"unique({x.name}, counts = true)", f"unique_counts({x.name})", ((), ()))
    if name == "unique_inverse":
        return g.emit("order", f"unique({x.name}, inverse = true)", f"unique_inverse({x.name})", ((), ()))
    if name == "histogram":
        if x.size and np.all(np.isfinite(x.value.astype(float))) and np.abs(x.value.astype(float)).max() < 1e15 and x.kind != "b":
            edges = g.one("[-5.0, 0.0, 2.0, 100.0]", "[0.0, 1.0]")
            g.emit("order", f"histogram({x.name}, {edges})", f"histogram({x.name}, {edges})", ((), ()))
        return
    y = g.var(lambda v: v.kind in "iuf" and not v.names and joins(x, v) and v.ndim == 1 and v.size)
    if y is None or x.kind == "b":
        return
    if name == "isin":
        return g.emit("order", f"isin({x.name}, {y.name})", f"np.isin({x.name}, {y.name})")
    side = g.one("left", "right")
    g.emit("order", f'searchsorted(sort({y.name}), {x.name}, side = "{side}")', f"np.searchsorted(np.sort({y.name}), {x.name}, {side!r})")


@family(12)
def shaped(g):
    x = g.var()
    t, n = x.name, x.ndim
    how = g.one("T", "reshape", "ravel", "transpose", "flip", "roll", "concat", "stack", "repeat", "tile", "pad", "pad", "expand", "squeeze", "moveaxis", "broadcast", "rot90",
                "triangle", "diagonal", "swapaxes", "delete", "split")
    axis = g.rng.randrange(n) if n else 0
    if how == "T":
        return g.emit("shape", f"{t}.T", f"{t}.T", x.names[::-1])
    if how == "reshape" and x.size:
        shape, left = [], x.size
        for _ in range(g.rng.randint(0, 3)):
            factors = [f for f in range(1, min(left, 60) + 1) if left % f == 0]
            shape.append(g.one(factors))
            left //= shape[-1]
        shape.append(left)
        g.rng.shuffle(shape)
        if g.chance(0.3):
            shape[g.rng.randrange(len(shape))] = -1
        return g.emit("shape", f"{t}.reshape({', '.join(map(str, shape))})", f"{t}.reshape({tuple(shape)})")
    if how == "ravel":
        return g.emit("shape", f"{t}.ravel()", f"{t}.ravel()")
    if how == "broadcast" and not x.names:
        shape = [g.rng.randint(1, 3)] + [g.rng.randint(1, 4) if s == 1 else s for s in x.shape]
        return g.emit("shape", f"broadcast_to({t}, {', '.join(map(str, shape))})", f"np.broadcast_to({t}, {tuple(shape)})")
    if how == "expand" and not x.names:
        at = g.rng.randint(0, n)
        return g.emit("shape", f"expand_dims({t}, {at})", f"np.expand_dims({t}, {at})")
    if n == 0:
        return
    if how == "transpose":
        order = list(range(n))
        g.rng.shuffle(order)
        return g.emit("shape", f"{t}.transpose({', '.join(x.axis(a) for a in order)})", f"{t}.transpose({tuple(order)})", tuple(x.names[a] for a in order) if x.names else ())
    if how == "swapaxes":
        other = g.rng.randrange(n)
        order = list(range(n))
        order[axis], order[other] = other, axis
        return g.emit("shape", f"swapaxes({t}, {x.axis(axis)}, {x.axis(other)})", f"{t}.swapaxes({axis}, {other})", tuple(x.names[a] for a in order) if x.names else ())
    if how == "flip":
        axes = some_axes(g, x)
        more, python = (f", along = {x.axes(axes)}", f", {tuple(axes)}") if axes else ("", "")
        return g.emit("shape", f"flip({t}{more})", f"np.flip({t}{python})", x.names)
    if how == "roll":
        shift = g.rng.randint(-2 * x.shape[axis] - 1, 2 * x.shape[axis] + 1)
        return g.emit("shape", f"roll({t}, {shift}, along = {x.axis(axis)})", f"np.roll({t}, {shift}, axis={axis})", x.names)
    if how in ("concat", "stack"):
        other = g.var(lambda v: v.ndim == n and v.names == x.names and joins(x, v) and all(a == b or (how == "concat" and i == axis) for i, (a, b) in enumerate(zip(v.shape, x.shape))))
        parts = [t, other.name if other else t] + ([t] if g.chance(0.3) else [])
        if how == "stack":
            if x.names:
                return
            axis = g.rng.randint(0, n)
        return g.emit("shape", f"{how}({', '.join(parts)}, along = {x.axis(axis)})", f"{how}({axis}, {', '.join(parts)})", x.names)
    if x.names and how not in ("pad", "repeat"):
        return
    if how == "repeat":
        return g.emit("shape", f"repeat({t}, {(k := g.rng.randint(0, 3))}, along = {x.axis(axis)})", f"np.repeat({t}, {k}, axis={axis})", x.names)
    if how == "tile":
        times = [g.rng.randint(1, 3) for _ in range(g.rng.randint(1, n + 1))]
        return g.emit("shape", f"tile({t}, {', '.join(map(str, times))})", f"np.tile({t}, {tuple(times)})")
    if how == "pad":
        mode = g.one("constant", "edge", "wrap", "reflect", "symmetric")
        if mode != "constant" and 0 in x.shape:
            return
        width = tuple((g.rng.randint(0, 3), g.rng.randint(0, 4)) for _ in range(n))
        text = str(width) if n > 1 else str(width[0])
        kiln = f'pad({t}, {text}, mode = "{mode}")' if mode != "constant" else f"pad({t}, {text})"
        return g.emit("shape", kiln, f"pad({t}, {width}, {mode!r})", x.names)
    if how == "squeeze":
        return g.emit("shape", f"squeeze({t})", f"np.squeeze({t})")
    if how == "moveaxis":
        to = g.rng.randrange(n)
        return g.emit("shape", f"moveaxis({t}, {axis}, {to})", f"np.moveaxis({t}, {axis}, {to})")
    if how == "delete" and x.shape[axis] > 1:
        at = sorted({g.rng.randrange(x.shape[axis]) for _ in range(2)})
        return g.emit("shape", f"delete({t}, {at}, along = {axis})", f"np.delete({t}, {at}, axis={axis})")
    if how == "split" and x.shape[axis] > 1:
        at = g.rng.randint(1, x.shape[axis] - 1)
        return g.emit("shape", f"split({t}, [{at}], along = {axis})", f"tuple(np.split({t}, [{at}], axis={axis}))", ((), ()))
    if n < 2:
        return
    if how == "rot90":
        k = g.rng.randint(-1, 4)
        return g.emit("shape", f"rot90({t}, {k})", f"np.rot90({t}, {k})")
    if how == "triangle":
        name, k = g.one("tril", "triu"), g.rng.randint(-2, 2)
        return g.emit("shape", f"{name}({t}, {k})", f"np.{name}({t}, {k})")
    if how == "diagonal":
        k = g.rng.randint(-1, 1)
        return g.emit("shape", f"diagonal({t}, {k})", f"np.diagonal({t}, {k}).copy()")


@family(2)
def made(g):
    """Arrays that the language makes."""
    if g.size != "small":
        n = g.rng.randint(100_000, 300_000)
        return g.emit("made", f"arange({n}).as(f64) / {n}", f"np.arange({n}) / {n}")
    n, m = g.rng.randint(0, 12), g.rng.randint(1, 5)
    kiln, numpy = g.one([(f"arange({n})", f"np.arange({n})"), (f"zeros({n}, {m})", f"np.zeros(({n}, {m}))"), (f"ones({m}, dtype = i8)", f"np.ones({m}, np.int8)"),
                         (f"full({m}, {n}, value = 2.5)", f"np.full(({m}, {n}), 2.5)"), (f"eye({m})", f"np.eye({m})"),
                         (f"linspace(0.0, 1.0, {n + 1})", f"Expected(np.linspace(0, 1, {n + 1}), ulps=1)"), (f"arange({n}, {n + 20}, 3)", f"np.arange({n}, {n + 20}, 3)"),
                         (f"arange({n}, {-n}, -2)", f"np.arange({n}, {-n}, -2)"), (f"indices({m}, {n})", f"np.indices(({m}, {n}))"),
                         (f"tri({m}, {n + 1}, 1)", f"np.tri({m}, {n + 1}, 1)")])
    g.emit("made", kiln, numpy)


def calm(v):
    """Without NaN, infinities and huge numbers."""
    return v.kind != "f" or bool(np.all(np.isfinite(v.value))) and np.abs(v.value).max(initial=0) < 1e15


@family(5)
def products(g):
    x = g.var(lambda v: 0 < v.ndim <= 3 and not v.names and calm(v))
    if x is None:
        return
    how = g.one("matmul", "gram", "outer", "einsum", "vector", "trace", "fft", "solve", "inv", "svdvals", "det", "tensordot")
    if how == "outer" and x.size < 500:
        y = g.var(lambda v: v.size < 500 and joins(x, v) and not v.names and calm(v))
        return g.emit("products", f"outer({x.name}, {y.name})", f"outer({x.name}, {y.name})") if y else None
    if how == "fft":
        axis = g.rng.randrange(x.ndim)
        name = g.one("fft", "ifft") if x.kind == "c" else g.one("fft", "rfft", "ifft")
        if x.shape[axis] and x.size < 1_000_000:
            g.emit("products", f"{name}({x.name}, along = {axis})", f"fourier({name!r}, {x.name}, {axis}, {x.shape[axis]})")
        return
    if how == "vector" and x.ndim == 1:
        y = g.var(lambda v: v.shape == x.shape and joins(x, v) and not v.names and calm(v))
        return g.emit("products", f"{x.name} @ {y.name}", f"matmul({x.name}, {y.name})") if y else None
    if x.ndim < 2 or 0 in x.shape[-2:] and how not in ("matmul", "gram"):
        return
    if how == "matmul":
        y = g.var(lambda v: v.ndim in (1, 2) and v.shape[0] == x.shape[-1] and joins(x, v) and not v.names and calm(v))
        if y and x.size // max(1, x.shape[-1]) * y.size < 3e8:
            g.emit("products", f"{x.name} @ {y.name}", f"dot({x.name}, {y.name})")
        return
    if how == "gram" and x.ndim == 2 and max(x.shape) * x.size < 3e8:
        return g.emit("products", *g.one((f"{x.name} @ {x.name}.T", f"matmul({x.name}, {x.name}.T)"), (f"{x.name}.T @ {x.name}", f"matmul({x.name}.T, {x.name})")))
    if how == "trace" and x.ndim == 2:
        k = g.rng.randint(-1, 1)
        return g.emit("products", f"trace({x.name}, {k})", f"trace({x.name}, {k})")
    if how == "einsum" and x.ndim == 2:
        y = g.var(lambda v: v.ndim == 2 and v.shape[0] == x.shape[1] and joins(x, v) and not v.names and calm(v))
        out = g.one("ik", "ki", "k", "i", "")
        if y and x.size * y.shape[1] < 3e7:
            g.emit("products", f'einsum("ij,jk->{out}", {x.name}, {y.name})', f"einsum('ij,jk->{out}', {x.name}, {y.name}, {x.shape[1] * (1 if len(out) == 2 else max(x.shape[0], y.shape[1]) ** 2)})")
        return
    if how == "tensordot" and x.ndim == 3:
        y = g.var(lambda v: v.ndim >= 2 and v.shape[:2] == x.shape[-2:] and joins(x, v) and not v.names and calm(v))
        if y and x.shape[0] * y.size < 3e7:
            g.emit("products", f"tensordot({x.name}, {y.name}, 2)", f"product(lambda a, c: np.tensordot(a, c, 2), {x.name}, {y.name}, {x.shape[1] * x.shape[2]})")
        return
    if x.kind == "b" or x.ndim != 2 or max(x.shape) > 60:
        return
    if how == "svdvals":
        return g.emit("products", f"svdvals({x.name})", f"singular({x.name})")
    if x.shape[0] != x.shape[1]:
        return
    bad = not np.isfinite(x.value).all() or np.linalg.cond(x.value.astype(np.complex128)) > 1e4
    if how == "det":
        return g.emit("products", f"det({x.name})", f"det({x.name})")
    if how == "inv" and not bad:
        return g.emit("products", f"inv({x.name})", f"inv({x.name})")
    if how == "solve" and not bad:
        y = g.var(lambda v: v.ndim in (1, 2) and v.shape[0] == x.shape[0] and v.kind in "if" and not v.names and calm(v) and v.size)
        if y:
            g.emit("products", f"solve({x.name}, {y.name})", f"solve({x.name}, {y.name})")


@family(5)
def windows(g):
    x = g.var(lambda v: v.names and v.kind in "iuf" and v.size > 0)
    if x is None:
        if not g.chance(0.3):
            return
        shape = g.shape()
        if not shape or 0 in shape:
            return
        x = g.input(dtype=g.one("f64", "f32", "i32"), shape=shape, names=("time", "lat", "lon", "band")[:len(shape)])
    axis = g.rng.randrange(x.ndim)
    name, size = x.names[axis], x.shape[axis]
    how = g.one("rolling", "rolling", "coarsen", "groupby", "groupby", "groupless")
    if how == "rolling":
        fold = g.one("sum", "mean", "min", "max", "std", "var")
        window = g.rng.randint(1, min(size, 7))
        center, least = g.chance(0.4), g.one(None, None, 1, max(1, window - 1))
        if fold in ("std", "var", "sum", "mean") and x.kind == "f" and (np.any(np.isinf(x.value)) or np.nanmax(np.abs(x.value), initial=0) > 1e100):
            return
        more = (", center = true" if center else "") + (f", min_periods = {least}" if least else "")
        return g.emit("windows", f"{x.name}.rolling({name} = {window}{more}).{fold}()", f"rolling({fold!r}, {x.name}, {axis}, {window}, {center}, {least})", x.names)
    fold = g.one("sum", "mean", "min", "max", "std", "var", "nanmean", "nansum", "nanmax")
    if how == "coarsen":
        window = g.rng.randint(1, min(size, 5))
        trim = ', boundary = "trim"' if size % window else ""
        return g.emit("windows", f"{x.name}.coarsen({name} = {window}{trim}).{fold}()", f"coarsen({fold!r}, {x.name}, {axis}, {window})", x.names)
    if size > 4000:
        return
    keys, few = g.data.integers(0, g.one(1, 3, 5), size), size < 100
    a, k = g.rng.randint(1, 9), g.one(1, 3, 5)
    text = f"{keys.tolist()}.named({name})" if few else f"(arange({size}) * {a} // 3 % {k}).named({name})"
    keys = f"np.array({keys.tolist()})" if few else f"np.arange({size}) * {a} // 3 % {k}"
    if how == "groupby":
        g.emit("groups", f"{x.name}.groupby({text}).{fold}().unnamed()", f"groups({fold!r}, {x.name}, {axis}, {keys})")
    elif x.kind == "f":
        g.emit("groups", f"({x.name}.groupby({text}) - {x.name}.groupby({text}).mean())", f"groups_less({x.name}, {axis}, {keys})", x.names)


@family(4)
def stencil(g):
    x = g.var(lambda v: 0 < v.ndim <= 3 and v.kind in "if" and v.size > 0 and v.dtype not in ("f16",))
    if x is None:
        return
    letters = x.names or ("i", "j", "k")[:x.ndim]
    mode, numpy_mode = g.one(("nearest", "edge"), ("wrap", "wrap"), ("reflect", "reflect"), ("symmetric", "symmetric"), ("constant", "constant"))
    reach = 2
    offsets = [tuple(g.rng.randint(-reach, reach) for _ in letters) for _ in range(g.rng.randint(1, 4))]
    at = lambda offset: ", ".join(l if o == 0 else f"{l} {'+' if o > 0 else '-'} {abs(o)}" for l, o in zip(letters, offset))
    terms, python = [], []
    padded = f"pad({x.name}, {[(reach, reach)] * x.ndim}, {numpy_mode!r})"
    for offset in offsets:
        terms.append(f"{x.name}[{at(offset)}]")
        cut = ", ".join(f"slice({reach + o}, {reach + o + s})" for o, s in zip(offset, x.shape))
        python.append(f"{padded}[{cut}]")
    body, value = terms[0], python[0]
    for term, part in zip(terms[1:], python[1:]):
        op = g.one("+", "-", "*")
        body, value = f"({body} {op} {term})", f"({value} {op} {part})"
    # Every dimension is indexed by its variable in the first term.
    g.emit("stencil", f"each({', '.join(letters)}, edge = {mode}) {{ {body} }}", value, x.names)


@family(1)
def wrong(g):
    x = g.var(lambda v: v.ndim > 0)
    if x is None:
        return
    how = g.rng.randrange(5)
    t = x.name
    if how == 0:
        g.fail(f"{t}[{x.shape[0] + g.rng.randint(0, 3)}]", "K0501", t)
    elif how == 1:
        g.fail(f"{t}.sum(over = {x.ndim + 1})", "K0403", t) if not x.names else g.fail(f"{t}.sum(over = height)", "K0403", t)
    elif how == 2 and x.kind in "iu" and x.size:
        g.fail(f"{t} // ({t} - {t})", "K0502", t)
    elif how == 3 and x.shape[-1] > 1 and not x.names:
        g.fail(f"{t} + zeros({x.shape[-1] + 1})", "K0401", t)
    elif how == 4 and x.size:
        g.fail(f"{t}.reshape({x.size + 1})", "K0401", t)


FAMILIES = [index, masked, looked_up, reduction, position, middle, running, ordered, shaped, made, products, windows, stencil, wrong]
