"""Statements that work element by element: arithmetic, comparisons, functions, conversions, selection."""

import numpy as np

from generate import family
from program import NUMPY

OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "floor_divide", "%": "remainder", "**": "power"}
COMPARE = {"<": "np.less", "<=": "np.less_equal", ">": "np.greater", ">=": "np.greater_equal", "==": "np.equal", "!=": "np.not_equal"}


def joins(a, b):
    """Whether a dtype holds both: 64-bit integers with and without sign have none."""
    pair = {a.kind, b.kind}
    return not (pair == {"i", "u"} and "u64" in (a.dtype, b.dtype))


def broadcasts(a, b):
    """Whether two variables meet, in an array that is not much larger."""
    most = 10 * max(a.size, b.size, 60)
    if (a.names or b.names) and a.ndim and b.ndim:
        sizes = dict(zip(a.names + b.names, a.shape + b.shape))
        same = all(a.shape[a.names.index(n)] == b.shape[b.names.index(n)] for n in a.names if n in b.names)
        return bool(a.names and b.names) and same and np.prod(list(sizes.values()), dtype=float) <= most
    try:
        return np.prod(np.broadcast_shapes(a.shape, b.shape), dtype=float) <= most
    except ValueError:
        return False


def second(g, x, test=lambda v: True):
    """Something that meets `x`: a variable, a part of it, a new array, or None for a literal."""
    fit = [v for v in g.vars if joins(x, v) and broadcasts(x, v) and test(v)]
    how = g.rng.random()
    if how < 0.2 and x.kind != "b":
        return None
    if how < 0.35 and x.ndim and not x.names:
        shape = tuple(s if g.chance(0.6) else 1 for s in x.shape[g.rng.randint(0, x.ndim - 1):])
        v = g.input(shape=shape, names=())
        if joins(x, v) and test(v):
            return v
    return g.one(fit) if fit else None


def names_of(x, y):
    if not (x.names and y.names):
        return x.names or y.names
    return x.names + tuple(n for n in y.names if n not in x.names)


def operands(g, x, y):
    """The texts of two operands in both languages, the second as a literal where it is None."""
    if y is None:
        kiln, python = g.literal(x)
        return (x.name, kiln), (x.name, python), x.names
    if x.names and y.names and x.names != y.names:
        python = f"*aligned({x.name}, {' '.join(x.names)!r}, {y.name}, {' '.join(y.names)!r})"
        return (x.name, y.name), (python,), names_of(x, y)
    return (x.name, y.name), (x.name, y.name), names_of(x, y)


@family(16)
def arithmetic(g):
    x = g.var()
    op = g.one("+", "-", "*", "+", "-", "*", "/", "//", "%", "**")
    if op in ("//", "%") and x.kind == "c":
        return
    if op == "**":
        return raised(g, x)
    y = second(g, x, lambda v: op not in ("//", "%") or v.kind != "c")
    kiln, python, names = operands(g, x, y)
    if op in ("//", "%"):
        ints = x.kind in "biu" and (y is None and "." not in kiln[1] or y is not None and y.kind in "biu")
        if ints and (y is not None and not np.all(y.value) or y is None and python[1] == "0"):
            if x.size and g.chance(0.1) and names == x.names:
                return g.fail(f"{kiln[0]} {op} {kiln[1]}", "K0502", *[v.name for v in (x, y) if v is not None])
            return
    if y is None and g.chance(0.3) and op != "//" and op != "%":
        return g.emit("arithmetic", f"{kiln[1]} {op} {kiln[0]}", f"{OPERATORS[op]}({python[1]}, {python[0]})", names)
    g.emit("arithmetic", f"{kiln[0]} {op} {kiln[1]}", f"{OPERATORS[op]}({', '.join(python)})", names)


def raised(g, x):
    exponent = g.one("2", "3", "0", "1") if x.kind in "iub" or g.chance(0.5) else g.one("0.5", "-1.0", "1.5", "2.5", "-2.0")
    if x.kind == "c":
        exponent = g.one("2", "3", "0", "1")
        if not np.all(x.value):
            return
    g.emit("arithmetic", f"{x.name} ** {exponent}", f"power({x.name}, {exponent})", x.names)


@family(5)
def comparison(g):
    x = g.var()
    op = g.one(list(COMPARE)) if x.kind != "c" else g.one("==", "!=")
    y = second(g, x, lambda v: v.kind != "c" or op in ("==", "!="))
    kiln, python, names = operands(g, x, y)
    g.emit("comparison", f"{kiln[0]} {op} {kiln[1]}", f"{COMPARE[op]}({', '.join(python)})", names)


MATH = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt"]
COMPLEX = ["exp", "log", "sin", "cos"]


@family(6)
def functions(g):
    x = g.var()
    name = g.one(MATH) if x.kind != "c" else g.one(COMPLEX)
    if x.kind == "c" and (not x.size or np.abs(x.value).max() > 30 or not np.all(x.value)):
        return
    g.emit("math", f"{name}({x.name})", f"math({name!r}, {x.name})", x.names)


@family(1)
def special_functions(g):
    x = g.var(lambda v: v.kind in "fiu" and v.size < 3000)
    if x is None:
        return
    name = g.one("erf", "erfc")
    if np.abs(x.value.astype(float)).max(initial=0) < 5:
        g.emit("math", f"{name}({x.name})", f"special({name!r}, {x.name})", x.names)


@family(2)
def pairs(g):
    x = g.var(lambda v: v.kind != "c")
    name = g.one("atan2", "hypot", "copysign", "logaddexp", "fmod", "nextafter")
    if x is None or name in ("logaddexp",):
        return
    y = second(g, x, lambda v: v.kind != "c")
    kiln, python, names = operands(g, x, y)
    text = ", ".join(python)
    if name in ("fmod", "nextafter", "copysign"):
        if x.kind != "f" or y is not None and y.dtype != x.dtype:
            return
        text = f"np.{name}({text})"
    else:
        text = f"math2({name!r}, {text})"
    g.emit("math", f"{name}({', '.join(kiln)})", text, names)


@family(7)
def unary(g):
    x = g.var()
    t = x.name
    plain = {"floor": f"keep('floor', {t})", "ceil": f"keep('ceil', {t})", "trunc": f"keep('trunc', {t})", "round": f"keep('round', {t})",
             "sign": f"sign({t})", "abs": f"abs_({t})", "square": f"square({t})", "isnan": f"np.isnan(flt({t}))", "isinf": f"np.isinf(flt({t}))",
             "isfinite": f"np.isfinite(flt({t}))", "signbit": f"np.signbit(flt({t}))", "sqrt": f"np.sqrt(flt({t}))",
             "reciprocal": f"divide(1, flt({t}))", "degrees": f"Expected(np.degrees(flt({t})), ulps=2)",
             "radians": f"Expected(np.radians(flt({t})), ulps=2)", "nan_to_num": f"nan_to_num({t}, 0.0, np.finfo({t}.dtype).max if {t}.dtype.kind == 'f' else 0, np.finfo({t}.dtype).min if {t}.dtype.kind == 'f' else 0)"}
    if x.kind == "b":
        plain["logical_not"] = f"~{t}"
    if x.kind == "c":
        plain = {"real": f"{t}.real.copy()", "imag": f"{t}.imag.copy()", "conj": f"np.conj({t})", "abs": f"abs_({t})", "square": f"square({t})",
                 "isnan": f"np.isnan({t})", "isfinite": f"np.isfinite({t})"}
    elif g.chance(0.1):
        return g.emit("unary", f"-{t}", f"negative({t})", x.names)
    name = g.one(list(plain))
    g.emit("unary", f"{name}({t})", plain[name], x.names)


@family(2)
def bits(g):
    x = g.var(lambda v: v.kind in "iub")
    if x is None:
        return
    name = g.one("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "invert", "gcd", "lcm", "logical_and", "logical_or", "logical_xor", "bitwise_count")
    if name == "invert":
        return g.emit("bits", f"invert({x.name})", f"~{x.name}", x.names)
    if name == "bitwise_count":
        if x.kind == "u":
            g.emit("bits", f"bitwise_count({x.name})", f"np.bitwise_count({x.name})", x.names)
        return
    if x.kind == "b" and name in ("left_shift", "right_shift", "gcd", "lcm") or x.kind != "b" and name.startswith("logical"):
        return
    y = second(g, x, lambda v: v.kind in "iu" and x.kind != "b" and (not name.endswith("shift") or np.all(v.value >= 0)) or v.kind == "b" and x.kind == "b")
    kiln, python, names = operands(g, x, y)
    if y is None and x.kind == "b" or name in ("gcd", "lcm") and y is not None and x.dtype != y.dtype or name in ("gcd", "lcm") and (x.value.size and x.value.min() < -1000):
        return
    text = f"shift({name!r}, {', '.join(python)})" if name.endswith("shift") else f"np.{name}({', '.join(python)})"
    g.emit("bits", f"{name}({', '.join(kiln)})", text, names)


@family(5)
def select(g):
    x = g.var()
    if x.kind == "c":
        condition = (f"{x.name}.real > 2",) * 2
        masks = []
    else:
        limit = g.one(0, 1, 2)
        condition = f"{x.name} > {limit}", f"{x.name} > {limit}"
        masks = [v for v in g.vars if v.kind == "b" and v.shape == x.shape and v.names == x.names]
    if masks and g.chance(0.6):
        condition = (g.one(masks).name,) * 2
    how = g.rng.randint(0, 4)
    if how <= 1:
        y = second(g, x)
        kiln, python, names = operands(g, x, y)
        if len(python) == 1 or names != x.names:
            return
        return g.emit("select", f"where({condition[0]}, {kiln[0]}, {kiln[1]})", f"where({condition[1]}, {python[0]}, {python[1]})", names)
    if x.kind == "c" or x.kind == "b":
        return
    if how == 2:
        low, high = ("-1", "2") if x.kind in "if" else ("1", "2")
        return g.emit("select", f"clip({x.name}, {low}, {high})", f"clip({x.name}, {low}, {high})", x.names)
    if how == 3:
        name = g.one("minimum", "maximum", "fmin", "fmax")
        y = second(g, x, lambda v: v.kind != "c")
        kiln, python, names = operands(g, x, y)
        return g.emit("select", f"{name}({', '.join(kiln)})", f"extremes({name!r}, {', '.join(python)})", names)
    if x.kind == "f":
        y = second(g, x, lambda v: v.kind == "f")
        kiln, python, names = operands(g, x, y)
        g.emit("select", f"isclose({', '.join(kiln)})", f"isclose({', '.join(python)})", names)


@family(6)
def convert(g):
    x = g.var()
    dtype = g.one(["f64", "f32", "i64", "i32", "i16", "i8", "u8", "u16", "u32", "u64", "bool", "c128", "c64"])
    if x.kind == "c" and dtype not in ("c64", "c128"):
        return
    call = g.one(f"{x.name}.as({dtype})", f"{dtype}({x.name})")
    g.emit("convert", call, f"as_({x.name}, {NUMPY[dtype].name!r})", x.names)


FAMILIES = [arithmetic, comparison, functions, special_functions, pairs, unary, bits, select, convert]
