"""Writes arrays.txt (and functions.py, which goes on, functions.txt): expressions in Kiln syntax with the values and dtypes NumPy gives. Needs Python 3 with NumPy.

    python tests/goldens/functions.py

A line is `expression ; dtype ; shape ; values ; tolerance`. Values are row-major, floats as repr, complex ones as real and imaginary part
one after the other. The tolerance is `exact`, `4ulp` or `1e-12`. The lines before the first blank one are the variables.
"""

import os
import numpy as np

np.seterr(all="ignore")
nan, inf, pi = np.nan, np.inf, np.pi
NAMES = {"float64": "f64", "float32": "f32", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
         "uint32": "u32", "uint64": "u64", "bool": "bool", "complex64": "c64", "complex128": "c128"}


def literal(values):
    if isinstance(values, list):
        return "[" + ", ".join(literal(v) for v in values) + "]"
    if isinstance(values, bool):
        return str(values).lower()
    return repr(values)


variables = {}
lines = []


def let(name, values, dtype):
    variables[name] = np.array(values, dtype=dtype)
    lines.append(f"{name} = {literal(values)}.as({NAMES[np.dtype(dtype).name]})")


let("f", [[0.5, -1.25, 3.0, 2.5], [10.0, 0.1, -7.5, 1e-3], [4.0, 100.25, -0.75, 0.3]], "float64")
let("g", [0.1, 0.7, 1.3, 2.9, -0.4, 5.5, -3.25], "float64")
let("h", [1.5, nan, -2.25, inf, 0.0, -0.0, nan, 7.0], "float64")
let("hh", [[1.5, nan, -2.25], [nan, 4.0, 0.5], [3.0, 2.0, nan]], "float64")
let("p", [0.1, 0.5, 1.0, 2.5, 10.0], "float64")
let("q", [0.1, -0.5, 0.9, 0.0, -0.99], "float64")
let("s", [1.5, -2.25, 3.75, 0.1], "float32")
let("i", [[3, -7, 12, 0], [5, 5, -1, 100], [-9, 8, 2, 7]], "int64")
let("j", [7, -7, 7, -7, 0, 13], "int64")
let("k", [3, 3, -3, -3, 5, -4], "int64")
let("b", [100, -100, 127, -128], "int8")
let("w", [1000, -1000, 32767, 5], "int16")
let("n", [2000000000, -5, 7, 11], "int32")
let("u", [200, 100, 255, 3], "uint8")
let("v", [4000000000, 1, 2, 3], "uint32")
let("t", [True, False, True, True], "bool")
let("cube", [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.5]], [[9.0, -1.0], [0.0, 2.0]]], "float64")
variables["c"] = np.array([1 + 2j, -3 + 0.5j, 0 - 1j, 2 + 0j])
lines.append("c = complex([1.0, -3.0, 0.0, 2.0], [2.0, 0.5, -1.0, 0.0])")
for name in ("sin", "cos", "exp", "log", "sqrt"):
    variables[name] = getattr(np, name)
env = dict(variables, np=np, nan=nan, inf=inf, pi=pi)
head = list(lines)
lines = []


def case(kiln, numpy=None, tolerance="exact"):
    value = np.asarray(eval(numpy or kiln, dict(env)))
    flat = value.ravel()
    if np.iscomplexobj(flat):
        flat = np.stack([flat.real, flat.imag], axis=1).ravel()
    text = " ".join(str(v).lower() if v.dtype == bool else (repr(float(v)) if v.dtype.kind == "f" else str(int(v))) for v in flat)
    lines.append(f"{kiln} ; {NAMES[value.dtype.name]} ; {' '.join(map(str, value.shape))} ; {text} ; {tolerance}")


# Elementwise.
for name, np_name in [("sin",) * 2, ("cos",) * 2, ("tan",) * 2, ("exp",) * 2, ("exp2",) * 2, ("expm1",) * 2, ("cbrt",) * 2, ("sinh",) * 2, ("cosh",) * 2,
                      ("tanh",) * 2, ("asinh", "arcsinh"), ("atan", "arctan"), ("degrees",) * 2, ("radians",) * 2]:
    for x in ("g", "f", "h"):
        case(f"{name}({x})", f"np.{np_name}({x})", "4ulp")
for name, np_name, x in [("log", "log", "p"), ("log2", "log2", "p"), ("log10", "log10", "p"), ("log1p", "log1p", "p"), ("log", "log", "h"),
                         ("asin", "arcsin", "q"), ("acos", "arccos", "q"), ("atanh", "arctanh", "q"), ("log1p", "log1p", "q"), ("sqrt", "sqrt", "p"),
                         ("sqrt", "sqrt", "h"), ("sin", "sin", "j"), ("sqrt", "sqrt", "u.as(f64)"), ("exp", "exp", "s"), ("log", "log", "abs(s)"),
                         ("sin", "sin", "s")]:
    case(f"{name}({x})", f"np.{np_name}({x.replace('.as(f64)', '.astype(float)')})", "4ulp")
case("acosh(p + 1)", "np.arccosh(p + 1)", "4ulp")
case("atan2(g, g[3])", "np.arctan2(g, g[3])", "4ulp")
case("hypot(f, 2.0)", "np.hypot(f, 2.0)", "4ulp")
case("logaddexp(g, 1.0)", "np.logaddexp(g, 1.0)", "1e-12")
case("copysign(g, -0.0)", "np.copysign(g, -0.0)")
case("nextafter(g, 10.0)", "np.nextafter(g, 10.0)")
for name in ("floor", "ceil", "trunc", "sign", "abs", "square", "isnan", "isinf", "isfinite", "signbit"):
    for x in ("f", "h", "s"):
        case(f"{name}({x})", f"np.{name}({x})")
for name in ("sign", "abs", "square"):
    for x in ("i", "b", "n"):
        case(f"{name}({x})", f"np.{name}({x})")
case("round(g * 5)", "np.round(g * 5)")
case("round([0.5, 1.5, 2.5, -0.5, -1.5])", "np.round(np.array([0.5, 1.5, 2.5, -0.5, -1.5]))")
case("round(f, 1)", "np.round(f, 1)", "4ulp")
case("reciprocal(g)", "np.reciprocal(g)")
case("clip(f, -1, 5)", "np.clip(f, -1, 5)")
case("clip(i, -1, 5)", "np.clip(i, -1, 5)")
case("nan_to_num(h)", "np.nan_to_num(h)")
case("where(h > 0, h, -1)", "np.where(h > 0, h, -1)")
case("where(t, u, b)", "np.where(t, u, b)")
for name in ("minimum", "maximum", "fmin", "fmax"):
    case(f"{name}(h, 1.0)", f"np.{name}(h, 1.0)")
    case(f"{name}(hh, hh.T)", f"np.{name}(hh, hh.T)")
    case(f"{name}(i, 3)", f"np.{name}(i, 3)")
for op in ("==", "!=", "<", "<=", ">", ">="):
    case(f"h {op} 0.0")
    case(f"i {op} 5")
    case(f"u {op} b")
    case(f"c {op} c[1]" if op in ("==", "!=") else f"f {op} f[0]")

# Integers: floor division, remainder, power, wrapping, bits.
for op in ("//", "%"):
    for x, y in [("j", "k"), ("i", "7"), ("i", "-7"), ("b", "b[1]"), ("u", "u[3]"), ("n", "n[1]"), ("w", "w[3]"), ("b", "(b - b + 7)")]:
        case(f"{x} {op} {y}")
    for x, y in [("g", "0.3"), ("g", "-0.3"), ("f", "f[0]"), ("h", "2.0"), ("h", "inf"), ("g", "0.0"), ("g", "-inf"), ("s", "s[0]"), ("h", "h[2]")]:
        case(f"{x} {op} {y}")
case("fmod(g, 0.3)", "np.fmod(g, 0.3)")
for x, y in [("i", "2"), ("i", "3"), ("j", "0"), ("u", "u[3]"), ("b", "(b - b + 3)"), ("v", "v[2]")]:
    case(f"{x} ** {y}")
for x, y in [("g", "2"), ("p", "0.5"), ("p", "-1.5"), ("h", "2"), ("f", "3"), ("g", "0.5"), ("s", "2"), ("p", "p")]:
    case(f"{x} ** {y}", tolerance="4ulp")
case("-2 ** 2")
case("2.0 ** -1")
for op in ("+", "-", "*"):
    for x in ("b", "w", "n", "u", "v", "i"):
        case(f"{x} {op} {x}")
for x in ("b", "n", "u"):
    case(f"-{x}")
for name in ("and", "or", "xor"):
    case(f"bitwise_{name}(i, 6)", f"np.bitwise_{name}(i, 6)")
case("invert(b)", "~b")
case("invert(u)", "~u")
case("left_shift(u, 2)", "np.left_shift(u, 2)")
case("right_shift(b, 2)", "np.right_shift(b, 2)")

# Promotion of dtypes.
kinds = ["b", "w", "n", "i[0]", "u", "v", "s", "f[0]", "t", "c"]
for at, x in enumerate(kinds):
    for y in kinds[at + 1:]:
        case(f"{x} + {y}", tolerance="4ulp")
for x, y in [("n", "s"), ("b", "u"), ("i[0]", "u"), ("t", "u"), ("v", "n"), ("s", "f[0]"), ("w", "s")]:
    case(f"{x} * {y}", tolerance="4ulp")
    case(f"{x} / {y}", tolerance="4ulp")
for x in ("s + 1.5", "s * 2", "u + 1", "b * 2", "n / 2", "t * 2", "s / 3", "c * 2", "i * 0.5", "w - 1"):
    case(x)
for x, to, np_to in [("g", "i64", "int64"), ("f", "f32", "float32"), ("i", "i8", "int8"), ("i", "f64", "float64"), ("t", "i32", "int32"),
                     ("b", "u8", "uint8"), ("u", "i8", "int8"), ("n", "i16", "int16"), ("g", "bool", "bool"), ("s", "f64", "float64"),
                     ("i", "c128", "complex128"), ("v", "i32", "int32")]:
    case(f"{x}.as({to})", f"{x}.astype('{np_to}')")

# Reductions.
SUMS = {"sum", "mean", "var", "std", "prod"}
for name in ("sum", "mean", "var", "std", "prod", "min", "max"):
    tolerance = "1e-12" if name in SUMS else "exact"
    for x in ("f", "i", "cube"):
        case(f"{x}.{name}()", f"{x}.{name}()", tolerance)
        case(f"{x}.{name}(over = 0)", f"{x}.{name}(axis=0)", tolerance)
        case(f"{x}.{name}(over = 1, keepdims = true)", f"{x}.{name}(axis=1, keepdims=True)", tolerance)
        case(f"{x}.{name}(over = (0, 1))", f"{x}.{name}(axis=(0, 1))", tolerance)
    case(f"h.{name}()", f"h.{name}()", tolerance)
case("cube.sum(over = (0, 2), keepdims = true)", "cube.sum(axis=(0, 2), keepdims=True)", "1e-12")
for x in ("u", "b", "n", "t", "v", "s"):
    case(f"{x}.sum()", f"{x}.sum()", "exact" if x != "s" else "4ulp")
    if x != "t":
        case(f"{x}.max()", f"{x}.max()")
for x in ("u", "n", "t"):
    case(f"{x}.mean()", f"{x}.mean()", "1e-12")
    case(f"{x}.prod()", f"{x}.prod()")
for name in ("var", "std"):
    case(f"f.{name}(ddof = 1)", f"f.{name}(ddof=1)", "1e-12")
    case(f"f.{name}(over = 0, ddof = 2)", f"f.{name}(axis=0, ddof=2)", "1e-12")
    case(f"i.{name}(over = 1, ddof = 1)", f"i.{name}(axis=1, ddof=1)", "1e-12")
    case(f"f[0..1, 0].{name}(ddof = 1)", f"f[0:1, 0].{name}(ddof=1)", "1e-12")
for name in ("argmin", "argmax"):
    for x in ("f", "i", "h"):
        case(f"{x}.{name}()", f"{x}.{name}()")
    case(f"f.{name}(over = 0)", f"f.{name}(axis=0)")
    case(f"f.{name}(over = 1)", f"f.{name}(axis=1)")
    case(f"i.{name}(over = 1, keepdims = true)", f"i.{name}(axis=1, keepdims=True)")
    case(f"hh.{name}(over = 0)", f"hh.{name}(axis=0)")
    case(f"nan{name}(hh)", f"np.nan{name}(hh)")
    case(f"nan{name}(hh, over = 1)", f"np.nan{name}(hh, axis=1)")
for name in ("nansum", "nanmean", "nanmin", "nanmax", "nanprod", "nanvar", "nanstd"):
    case(f"{name}(hh)", f"np.{name}(hh)", "1e-12")
    case(f"{name}(hh, over = 0)", f"np.{name}(hh, axis=0)", "1e-12")
    case(f"{name}(hh, over = 1, keepdims = true)", f"np.{name}(hh, axis=1, keepdims=True)", "1e-12")
case("nanvar(hh, over = 0, ddof = 1)", "np.nanvar(hh, axis=0, ddof=1)", "1e-12")
case("(f > 0).any(over = 0)", "(f > 0).any(axis=0)")
case("(f > -1).all(over = 1)", "(f > -1).all(axis=1)")
case("count_nonzero(i)", "np.count_nonzero(i)")
case("count_nonzero(i, over = 0)", "np.count_nonzero(i, axis=0)")
case("zeros(0).sum()", "np.zeros(0).sum()")
case("zeros(0, 3).prod(over = 0)", "np.zeros((0, 3)).prod(axis=0)")
case("zeros(0).mean()", "np.nan")
case("c.sum()", tolerance="1e-12")
case("c.mean()", tolerance="1e-12")
case("c.prod()", tolerance="1e-12")

# Scans.
for name in ("cumsum", "cumprod"):
    for x in ("g", "j", "h"):
        case(f"{name}({x})", f"np.{name}({x})", "exact" if x == "j" else "1e-12")
    case(f"{name}(f, along = 0)", f"np.{name}(f, axis=0)", "1e-12")
    case(f"{name}(i, along = 1)", f"np.{name}(i, axis=1)")
case("cumsum(u)", "np.cumsum(u)")
case("cumsum(t)", "np.cumsum(t)")
case("cummax(j)", "np.maximum.accumulate(j)")
case("cummin(h)", "np.minimum.accumulate(h)")
case("diff(g)", "np.diff(g)")
case("diff(i, along = 0)", "np.diff(i, axis=0)")

# Shapes and slices.
for x in ("f", "i"):
    for kiln, numpy in [("[1..3]", "[1:3]"), ("[.., 0]", "[:, 0]"), ("[-1]", "[-1]"), ("[0, -2]", "[0, -2]"), ("[.. by -1]", "[::-1]"),
                        ("[.., 0..4 by 2]", "[:, 0:4:2]"), ("[.., 3..0 by -1]", "[:, 3:0:-1]"), ("[[2, 0]]", "[[2, 0]]"), ("[.., [3, 3, 1]]", "[:, [3, 3, 1]]"),
                        ("[.., new]", "[..., None]"), ("[.., .., new]", "[:, :, None]"), ("[new]", "[None]"), ("[1..1]", "[1:1]"), ("[-2.., ..3]", "[-2:, :3]"),
                        (".T", ".T"), (".reshape(4, 3)", ".reshape(4, 3)"), (".reshape(2, -1)", ".reshape(2, -1)"), (".ravel()", ".ravel()"),
                        (".T.ravel()", ".T.ravel()"), (".T.reshape(2, 6)", ".T.reshape(2, 6)")]:
        case(x + kiln, x + numpy)
case("cube.transpose(1, 2, 0)", "cube.transpose(1, 2, 0)")
case("cube[.., 1, ..]", "cube[:, 1, :]")
case("cube[1, [1, 0], 0..2]", "cube[1, [1, 0], 0:2]")
case("concat(f, f * 2)", "np.concatenate([f, f * 2])")
case("concat(f, f[.., 0..2], along = 1)", "np.concatenate([f, f[:, 0:2]], axis=1)")
case("concat(u, b)", "np.concatenate([u, b])")
case("stack(u, t)", "np.stack([u, t])")
case("stack(j, k, along = 1)", "np.stack([j, k], axis=1)")
case("flip(f)", "np.flip(f)")
case("flip(f, along = 1)", "np.flip(f, axis=1)")
case("roll(j, 2)", "np.roll(j, 2)")
case("roll(f, -1, along = 0)", "np.roll(f, -1, axis=0)")
case("broadcast_to(j, 2, 6)", "np.broadcast_to(j, (2, 6))")
case("expand_dims(j, 1)", "np.expand_dims(j, 1)")
case("squeeze(f[0..1])", "np.squeeze(f[0:1])")
case("f + f[0] * f[.., 0..1]", "f + f[0] * f[:, 0:1]")
case("cube - cube.mean(over = 1, keepdims = true)", "cube - cube.mean(axis=1, keepdims=True)", "1e-12")

# Making arrays.
case("arange(5)", "np.arange(5)")
case("arange(2, 11, 3)", "np.arange(2, 11, 3)")
case("arange(5, 0, -2)", "np.arange(5, 0, -2)")
case("arange(0, 1, 0.1)", "np.arange(0, 1, 0.1)")
case("linspace(0, 1, 7)", "np.linspace(0, 1, 7)", "4ulp")
case("linspace(-2, 3, 5)", "np.linspace(-2, 3, 5)", "4ulp")
case("eye(3)", "np.eye(3)")
case("eye(2, 4, diagonal = 1)", "np.eye(2, 4, 1)")
case("full(2, 3, value = 7)", "np.full((2, 3), 7)")
case("zeros(2, dtype = i32)", "np.zeros(2, np.int32)")
case("ones_like(s)", "np.ones_like(s)")

# Products and complex numbers.
case("f @ f.T", "f @ f.T", "1e-12")
case("f.T @ f", "f.T @ f", "1e-12")
case("i @ i.T", "i @ i.T")
case("f @ f[0]", "f @ f[0]", "1e-12")
case("f[.., 0] @ f", "f[:, 0] @ f", "1e-12")
case("dot(g, g)", "np.dot(g, g)", "1e-12")
case("j @ k", "j @ k")
case("outer(j, k)", "np.outer(j, k)")
case("f @ i.T", "f @ i.T", "1e-12")
case("c @ c", "c @ c", "1e-12")
for name, np_name in [("real", "real"), ("imag", "imag"), ("conj", "conj"), ("abs", "abs"), ("angle", "angle"), ("exp", "exp"), ("sqrt", "sqrt"),
                      ("log", "log"), ("sin", "sin"), ("cos", "cos"), ("square", "square")]:
    case(f"{name}(c)", f"np.{np_name}(c)", "1e-12")
for op in ("+", "-", "*", "/"):
    case(f"c {op} c[1]", tolerance="1e-12")
    case(f"c {op} 2.5", tolerance="1e-12")
case("c ** 2", "c ** 2", "1e-12")
case("c * 1im", "c * 1j", "1e-12")
case("(f.dot(f.T + 1) - f.mean()).std()", "(f.dot(f.T + 1) - f.mean()).std()", "1e-12")

# Order, selection, sets.
for x in ("f", "h", "hh", "i", "u", "t", "s", "cube"):
    for axis in range(np.ndim(variables[x])):
        # A negative zero stands before a positive one here, beside it in any order in NumPy.
        case(f"sort({x}, along = {axis})", f"np.sort({x}, axis={axis})", "4ulp")
        case(f"argsort({x}, along = {axis})", f"np.argsort({x}, axis={axis}, kind='stable')")
        case(f"median({x}, over = {axis})", f"np.median({x}, axis={axis})")
case("sort(i, along = 1, descending = true)", "-np.sort(-i, axis=1)")
for x in ("f", "hh", "i", "cube"):
    case(f"median({x})", f"np.median({x})")
    case(f"nanmedian({x}, over = 0, keepdims = true)", f"np.nanmedian({x}, axis=0, keepdims=True)")
    case(f"quantile({x}, [0.0, 0.3, 0.95, 1.0])", f"np.quantile({x}, [0.0, 0.3, 0.95, 1.0])", "4ulp")
    case(f"nanquantile({x}, 0.7, over = 1)", f"np.nanquantile({x}, 0.7, axis=1)", "4ulp")
    case(f"percentile({x}, [10, 60], over = (0, 1))", f"np.percentile({x}, [10, 60], axis=(0, 1))", "4ulp")
    for method in ("lower", "higher", "nearest", "midpoint"):
        case(f'quantile({x}, 0.45, over = 1, method = "{method}")', f"np.quantile({x}, 0.45, axis=1, method='{method}')")
case("quantile(cube, [0.25, 0.5], over = (0, 2))", "np.quantile(cube, [0.25, 0.5], axis=(0, 2))")
for x, mask in [("f", "f > 1"), ("h", "h > 0"), ("hh", "isnan(hh)"), ("i", "i % 2 == 0"), ("cube", "cube > 100"), ("t", "t"), ("c", "abs(c) > 1.5"), ("cube", "cube[.., .., 0] > 2")]:
    numpy = mask.replace("isnan", "np.isnan").replace("abs", "np.abs").replace("..", ":")
    case(f"{x}[{mask}]", f"{x}[{numpy}]")
    case(f"{x}[{mask}].sum()", f"{x}[{numpy}].sum()", "1e-12")
case("f[.., [true, false, false, true]]", "f[:, [True, False, False, True]]")
case("f[[true, false, true], 1]", "f[[True, False, True], 1]")
case("compress([false, true, true], f, along = 0)", "np.compress([False, True, True], f, axis=0)")
case("extract(i > 2, i)", "np.extract(i > 2, i)")
for x in ("i", "f", "t", "h", "cube"):
    case(f"argwhere({x})", f"np.argwhere({x})")
    case(f"flatnonzero({x})", f"np.flatnonzero({x})")
case("nonzero(i)[1]", "np.nonzero(i)[1]")
for x in ("f", "h", "i", "u", "t", "k", "cube", "hh"):
    case(f"unique({x})", f"np.unique({x})", "4ulp")
    case(f"unique({x}, counts = true)[1]", f"np.unique({x}, return_counts=True)[1]")
    case(f"unique({x}, index = true)[1]", f"np.unique({x}, return_index=True)[1]")
for x in ("f", "i", "u", "k", "hh"):
    case(f"unique({x}, inverse = true)[1]", f"np.unique({x}, return_inverse=True)[1].reshape({x}.shape)")
for x, y in [("i", "k"), ("h", "hh"), ("u", "u[2]"), ("g", "f"), ("j", "i")]:
    case(f"isin({x}, {y})", f"np.isin({x}, {y})")
    if y != "u[2]":
        for name in ("union1d", "intersect1d", "setdiff1d"):
            case(f"{name}(nan_to_num({x}), nan_to_num({y}))", f"np.{name}(np.nan_to_num({x}), np.nan_to_num({y}))", "4ulp")
for side in ("left", "right"):
    case(f'searchsorted(sort(ravel(f)), f, side = "{side}")', f"np.searchsorted(np.sort(f.ravel()), f, side='{side}')")
    case(f'searchsorted(sort(h), h, side = "{side}")', f"np.searchsorted(np.sort(h), h, side='{side}')")
    case(f'searchsorted(sort(k), 3, side = "{side}")', f"np.searchsorted(np.sort(k), 3, side='{side}')")
case("digitize(f, [-1.0, 0.3, 4.0])", "np.digitize(f, [-1.0, 0.3, 4.0])")
case("digitize(f, [-1.0, 0.3, 4.0], right = true)", "np.digitize(f, [-1.0, 0.3, 4.0], right=True)")
for x in ("f", "i", "g", "cube"):
    case(f"histogram({x}, 5)[0]", f"np.histogram({x}, 5)[0]")
    case(f"histogram({x}, 5)[1]", f"np.histogram({x}, 5)[1]", "4ulp")
    case(f"histogram({x}, [-5, 0, 2, 100])[0]", f"np.histogram({x}, [-5, 0, 2, 100])[0]")
case("histogram(h, 4, range = [-3, 3])[0]", "np.histogram(h, 4, range=(-3, 3))[0]")
case("histogram(p, 4, weights = q)[0]", "np.histogram(p, 4, weights=q)[0]", "1e-12")
case("histogram(g, 3, density = true)[0]", "np.histogram(g, 3, density=True)[0]", "1e-12")
case("bincount(u)", "np.bincount(u)")
case("bincount(abs(k), minlength = 9)", "np.bincount(np.abs(k), minlength=9)")
case("bincount(abs(k), weights = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])", "np.bincount(np.abs(k), weights=[0.5, 1.0, 1.5, 2.0, 2.5, 3.0])", "1e-12")
case("topk(i, 2, along = 1)", "-np.sort(-i, axis=1)[:, :2]")
case("topk(g, -3)", "np.sort(g)[:3]")
case("argtopk(g, 2)", "np.argsort(-g, kind='stable')[:2]")

# Fourier transforms and linear algebra: what has one value whatever the signs of vectors.
cc = "[[2.0, 0.5, -1.0], [0.5, 3.0, 0.25], [-1.0, 0.25, 4.0]]"
lines_of = "np.array(" + cc + ")"
for name in ("fft", "ifft", "hfft", "irfft"):
    case(f"{name}(g)", f"np.fft.{name}(g)", "1e-12")
    case(f"{name}(c)", f"np.fft.{name}(c)", "1e-12")
    case(f"{name}(f, along = 0)", f"np.fft.{name}(f, axis=0)", "1e-12")
    case(f"{name}(f, along = 1, n = 5)", f"np.fft.{name}(f, n=5)", "1e-12")
    case(f"{name}(f, along = 1, n = 3, norm = \"ortho\")", f"np.fft.{name}(f, n=3, norm='ortho')", "1e-12")
    case(f"{name}(f, along = 1, norm = \"forward\")", f"np.fft.{name}(f, norm='forward')", "1e-12")
for name in ("rfft", "ihfft"):
    case(f"{name}(g)", f"np.fft.{name}(g)", "1e-12")
    case(f"{name}(i, along = 1)", f"np.fft.{name}(i, axis=1)", "1e-12")
    case(f"{name}(f, along = 0, n = 8)", f"np.fft.{name}(f, n=8, axis=0)", "1e-12")
for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"):
    case(f"{name}(f)", f"np.fft.{name}(f)", "1e-12")
    case(f"{name}(cube, over = (0, 2))", f"np.fft.{name}(cube, axes=(0, 2))", "1e-12")
    # Of the others some parts are what rounding leaves of 0.
    if name not in ("fft2", "fftn"):
        case(f"{name}(f, over = (1, 0), shape = (5, 6))", f"np.fft.{name}(f, s=(5, 6), axes=(1, 0))", "1e-12")
case("fftn(cube)", "np.fft.fftn(cube)", "1e-12")
for n in (1, 4, 5):
    case(f"fftfreq({n}, 0.5)", f"np.fft.fftfreq({n}, 0.5)")
    case(f"rfftfreq({n}, 0.5)", f"np.fft.rfftfreq({n}, 0.5)")
case("fftshift(f)", "np.fft.fftshift(f)")
case("fftshift(j)", "np.fft.fftshift(j)")
case("ifftshift(g)", "np.fft.ifftshift(g)")
case("ifftshift(f, over = 1)", "np.fft.ifftshift(f, axes=1)")
for mode in ("full", "same", "valid"):
    for x, y in [("g", "p"), ("j", "k"), ("p", "g"), ("b", "b[..2]"), ("c", "c[1..3]"), ("j", "k[..2]"), ("k[..2]", "j")]:
        to = y.replace("..", ":")
        case(f'convolve({x}, {y}, "{mode}")', f"np.convolve({x.replace('..', ':')}, {to}, '{mode}')", "1e-12")
        case(f'correlate({x}, {y}, "{mode}")', f"np.correlate({x.replace('..', ':')}, {to}, '{mode}')", "1e-12")
for name in ("inv", "cholesky", "eigvalsh", "det", "pinv", "matrix_rank", "cond"):
    case(f"{name}({cc})", f"np.linalg.{name}({lines_of})", "1e-12")
case(f"svdvals({cc})", f"np.linalg.svd({lines_of}, compute_uv=False)", "1e-12")
case("svdvals(f)", "np.linalg.svd(f, compute_uv=False)", "1e-12")
case(f"solve({cc}, [1.0, 2.0, 3.0])", f"np.linalg.solve({lines_of}, np.array([1.0, 2.0, 3.0]))", "1e-12")
case(f"solve({cc}, f)", f"np.linalg.solve({lines_of}, f)", "1e-12")
case(f"solve(stack({cc}, eye(3)), f)", f"np.linalg.solve(np.stack([{lines_of}, np.eye(3)]), f)", "1e-12")
case("det(f[.., ..3])", "np.linalg.det(f[:, :3])", "1e-12")
case("pinv(f)", "np.linalg.pinv(f)", "1e-12")
case("matrix_rank(outer(g, p))", "np.linalg.matrix_rank(np.outer(g, p))")
for ord, np_ord in [('"fro"', "'fro'"), ('"nuc"', "'nuc'"), ("1", "1"), ("-1", "-1"), ("2", "2"), ("-2", "-2"), ("inf", "inf"), ("-inf", "-inf")]:
    case(f"norm(f, {ord})", f"np.linalg.norm(f, {np_ord})", "1e-12")
    case(f"norm(cube, {ord}, over = (0, 2), keepdims = true)", f"np.linalg.norm(cube, {np_ord}, axis=(0, 2), keepdims=True)", "1e-12")
for ord in ("1", "-1", "2", "0", "3", "0.5", "inf", "-inf"):
    case(f"norm(g, {ord})", f"np.linalg.norm(g, {ord})", "1e-12")
    case(f"norm(f, {ord}, over = 0)", f"np.linalg.norm(f, {ord}, axis=0)", "1e-12")
case("norm(cube)", "np.linalg.norm(cube)", "1e-12")
case("norm(c)", "np.linalg.norm(c)", "1e-12")
case("norm(i)", "np.linalg.norm(i)", "1e-12")
case("trace(f)", "np.trace(f)", "1e-12")
case("trace(i, 1)", "np.trace(i, 1)")
case("matmul(cube, f[..2])", "np.matmul(cube, f[:2])", "1e-12")
case("matmul(cube, cube[1])", "np.matmul(cube, cube[1])", "1e-12")
case("matmul(cube, [1.0, 2.0])", "np.matmul(cube, np.array([1.0, 2.0]))", "1e-12")
case("matmul([1.0, 2.0], cube)", "np.matmul(np.array([1.0, 2.0]), cube)", "1e-12")
case("matmul(cube.as(i64), cube.as(i64))", "np.matmul(cube.astype('int64'), cube.astype('int64'))")
for n in (0, 1, 5, -2):
    case(f"matrix_power({cc}, {n})", f"np.linalg.matrix_power({lines_of}, {n})", "1e-12")
case("matrix_power(i[.., ..3], 3)", "np.linalg.matrix_power(i[:, :3], 3)")

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrays.txt")
with open(path, "w") as file:
    file.write("\n".join(head) + "\n\n" + "\n".join(lines) + "\n")
print(len(lines), "expressions")


def write(name):
    """The cases so far as a file; the next ones begin another."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as file:
        file.write("\n".join(head) + "\n\n" + "\n".join(lines) + "\n")
    print(len(lines), "expressions in", name)
    lines.clear()


write("arrays.txt")
