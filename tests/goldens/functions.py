"""Writes functions.txt beside arrays.txt: NumPy's functions one by one, in the form that make.py describes. Needs SciPy and xarray, too.

    python tests/goldens/functions.py
"""

import scipy.integrate
import scipy.linalg
import scipy.special
import scipy.stats
import xarray
from make import NAMES, case, let, env, head, lines, nan, inf, np, variables, write

let("z", [1.0, -2.0, 0.5], "float32")
let("e", [[1, 2, 3], [4, 5, 6]], "int32")
env.update(variables, scipy=scipy, xarray=xarray)
head.extend(lines)
lines.clear()


def same(name, *calls, tolerance="exact", numpy=None):
    """Calls that read alike in both languages but for the names of parameters."""
    for call in calls:
        theirs = call.replace("along =", "axis=").replace("over =", "axis=").replace("true", "True")
        case(f"{name}({call})", f"{numpy or 'np.' + name}({theirs})", tolerance)


# The form of arrays.
same("moveaxis", "cube, 0, -1", "cube, 2, 0", "cube, (0, 1), (2, 0)", "f, 0, 0")
same("swapaxes", "cube, 0, 2", "cube, -1, 1", "f, 0, 1")
for k in range(-1, 5):
    case(f"rot90(i, {k})", f"np.rot90(i, {k})")
case("rot90(cube, 1, along = (0, 2))", "np.rot90(cube, 1, (0, 2))")
case("rot90(cube, 3, along = (2, 1))", "np.rot90(cube, 3, (2, 1))")
same("fliplr", "f", "cube")
same("flipud", "f", "j", "cube")
for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    same(name, "3", "j", "f", "cube")
case("roll(f, (1, 2), along = (0, 1))", "np.roll(f, (1, 2), (0, 1))")
case("roll(f, 1, along = (0, 1))", "np.roll(f, 1, (0, 1))")
case("roll(cube, (-1, 1, 5), along = (2, 0, 1))", "np.roll(cube, (-1, 1, 5), (2, 0, 1))")
case("roll(zeros(0), 3)", "np.roll(np.zeros(0), 3)")
for times in ("2", "0", "1", "2, 3", "2, 1, 2"):
    for x in ("j", "e", "t", "c"):
        case(f"tile({x}, {times})", f"np.tile({x}, ({times},))")
case("tile(zeros(0, 2), 2, 2)", "np.tile(np.zeros((0, 2)), (2, 2))")
case("tile(5, 3)", "np.tile(5, 3)")
same("repeat", "j, 3", "e, 2", "e, 2, along = 0", "e, 2, along = 1", "cube, 2, along = 1", "j, 0", "e, [2, 0], along = 0", "e, [1, 2, 0], along = 1", "t, 2", "u, [1, 0, 2, 1]")
for mode in ("edge", "wrap", "reflect", "symmetric"):
    for x, width in [("j", "2"), ("j", "(1, 3)"), ("j", "(0, 9)"), ("j", "(13, 0)"), ("e", "1"), ("e", "((1, 0), (2, 5))"), ("cube", "(1, 0)"), ("b[0..1]", "3"), ("t", "2")]:
        case(f'pad({x}, {width}, mode = "{mode}")', f'np.pad({x.replace("..", ":")}, {width}, mode="{mode}")')
for x, width in [("j", "2"), ("j", "(1, 3)"), ("e", "((1, 0), (2, 5))"), ("cube", "1"), ("t", "1"), ("c", "(0, 2)"), ("zeros(0)", "2"), ("s", "1")]:
    case(f"pad({x}, {width})", f"np.pad({x.replace('zeros', 'np.zeros')}, {width})")
case("pad(e, (1, 2), along = 1, value = 7)", "np.pad(e, ((0, 0), (1, 2)), constant_values=7)")
case("pad(s, 1, value = -1)", "np.pad(s, 1, constant_values=-1)")
same("vstack", "(f, f[0])".replace("f, f[0]", "j, k"), "(j, j, j)", "(e, e)", "(f, i)", "(cube, cube)", "e", numpy="np.vstack")
same("hstack", "(j, k)", "(e, e)", "(f, i)", "(cube, cube)", "(1, 2)", numpy="np.hstack")
same("dstack", "(j, k)", "(e, e)", "(cube, cube)", numpy="np.dstack")
same("column_stack", "(j, k)", "(e, e)", "(j, k, j)", numpy="np.column_stack")
case("vstack(u, b)", "np.vstack((u, b))")
for at in range(3):
    case(f"split(j, 3)[{at}]", f"np.split(j, 3)[{at}]")
    case(f"array_split(g, 3)[{at}]", f"np.array_split(g, 3)[{at}]")
    case(f"split(g, [2, 5])[{at}]", f"np.split(g, [2, 5])[{at}]")
    case(f"split(g, [5, 2])[{at}]", f"np.split(g, [5, 2])[{at}]")
    case(f"split(g, [-3, 99])[{at}]", f"np.split(g, [-3, 99])[{at}]")
    case(f"split(e, 3, along = 1)[{at}]", f"np.split(e, 3, axis=1)[{at}]")
case("array_split(g, 10)[9]", "np.array_split(g, 10)[9]")
case("split(g, [3])[1]", "np.split(g, [3])[1]")
case("unstack(e)[1]", "np.unstack(e)[1]")
case("unstack(e, along = 1)[2]", "np.unstack(e, axis=1)[2]")
for at in ("0", "2", "-1", "6"):
    case(f"insert(j, {at}, 99)", f"np.insert(j, {at}, 99)")
    case(f"insert(j, {at}, [5, 6])", f"np.insert(j, {at}, [5, 6])")
case("insert(f, 1, 7)", "np.insert(f, 1, 7)")
case("insert(f, 1, 7, along = 0)", "np.insert(f, 1, 7, axis=0)")
case("insert(f, 1, [1, 2, 3], along = 1)", "np.insert(f, 1, [1, 2, 3], axis=1)")
case("insert(f, 1, [1, 2, 3, 4], along = 0)", "np.insert(f, 1, [1, 2, 3, 4], axis=0)")
case("insert(f, 3, f[0..2], along = 0)", "np.insert(f, 3, f[0:2], axis=0)")
case("insert(j, 1, 2.7)", "np.insert(j, 1, 2.7)")
for at in ("0", "-1", "[0, 3]", "[5, 5, -2]", "[0, 1, 2, 3, 4, 5]"):
    case(f"delete(j, {at})", f"np.delete(j, {at})")
case("delete(f, 1)", "np.delete(f, 1)")
case("delete(f, [0, 2], along = 1)", "np.delete(f, [0, 2], axis=1)")
case("delete(f, -1, along = 0)", "np.delete(f, -1, axis=0)")
same("take", "j, 2", "j, [3, 0, 0]", "f, [2, 1], along = 0", "f, 1, along = 1", "cube, [[0, 1], [1, 1]], along = 1", "f, [[0, 1], [2, 0]], along = 0")

# Grids and triangles.
for x, y in [("j", "[[1], [2]]"), ("e", "1.5"), ("e", "[1, 2, 3]")]:
    for at in range(2):
        case(f"broadcast_arrays({x}, {y})[{at}]", f"np.broadcast_arrays({x}, {y})[{at}]")
for indexing in ("xy", "ij"):
    for at in range(2):
        case(f'meshgrid(j, u, indexing = "{indexing}")[{at}]', f'np.meshgrid(j, u, indexing="{indexing}")[{at}]')
    for at in range(3):
        case(f'meshgrid(j, u, z, indexing = "{indexing}")[{at}]', f'np.meshgrid(j, u, z, indexing="{indexing}")[{at}]')
case("meshgrid(j)[0]", "np.meshgrid(j)[0]")
same("indices", "(2, 3)", "(4,)", "(2, 0, 3)", "(2, 3, 2)")
for k in (-2, -1, 0, 1, 5):
    case(f"tri(3, 4, diagonal = {k})", f"np.tri(3, 4, {k})")
    for x in ("f", "e", "cube", "(f > 0)"):
        case(f"tril({x}, {k})", f"np.tril({x}, {k})")
        case(f"triu({x}, {k})", f"np.triu({x}, {k})")
    for x in ("j", "f", "e", "t", "c", "u", "zeros(0)"):
        case(f"diag({x}, {k})", f"np.diag({x.replace('zeros', 'np.zeros')}, {k})")
    for x in ("f", "e", "cube", "f.T"):
        case(f"diagonal({x}, {k})", f"np.diagonal({x}, {k})")
        case(f"trace({x}, {k})", f"np.trace({x}, {k})", "1e-12")
case("diagonal(cube, along = (1, 2))", "np.diagonal(cube, axis1=1, axis2=2)")
case("diagonal(cube, 1, along = (2, 0))", "np.diagonal(cube, 1, 2, 0)")
case("trace(cube, along = (0, 2))", "np.trace(cube, axis1=0, axis2=2)", "1e-12")
case("trace(u.reshape(2, 2))", "np.trace(u.reshape(2, 2))")
case("trace(zeros(0, 0))", "np.trace(np.zeros((0, 0)))")

# Statistics.
for x in ("f", "i", "cube", "s", "hh", "b"):
    case(f"ptp({x})", f"np.ptp({x})")
for x in ("f", "i", "cube"):
    case(f"ptp({x}, over = 0)", f"np.ptp({x}, axis=0)")
    case(f"ptp({x}, over = 1, keepdims = true)", f"np.ptp({x}, axis=1, keepdims=True)")
case("average(f, abs(f))", "np.average(f, weights=abs(f))", "1e-12")
case("average(f, [1, 2, 3], over = 0)", "np.average(f, axis=0, weights=[1, 2, 3])", "1e-12")
case("average(f, [1.5, 2, 3, 0], over = 1, keepdims = true)", "np.average(f, axis=1, weights=[1.5, 2, 3, 0], keepdims=True)", "1e-12")
case("average(i, [1, 2, 3, 4], over = 1)", "np.average(i, axis=1, weights=[1, 2, 3, 4])", "1e-12")
case("average(cube, [1.0, 2.0], over = 1)", "np.average(cube, axis=1, weights=[1.0, 2.0])", "1e-12")
case("average(s, [1, 2, 3, 4])", "np.average(s, weights=[1, 2, 3, 4])", "4ulp")
case("average(c, [1, 2, 3, 4])", "np.average(c, weights=[1, 2, 3, 4])", "1e-12")
case("average(t, [1, 2, 3, 4])", "np.average(t, weights=[1, 2, 3, 4])", "1e-12")
case("nanaverage(hh, [1, 2, 3], over = 0)", "np.ma.average(np.ma.masked_invalid(hh), axis=0, weights=[1, 2, 3]).filled()", "1e-12")
for order in (0, 2, 3, 5):
    case(f"moment(f, {order})", f"scipy.stats.moment(f, {order}, axis=None)", "1e-12")
    case(f"moment(f, {order}, over = 0)", f"scipy.stats.moment(f, {order}, axis=0)", "1e-12")
for name in ("skew", "kurtosis"):
    for x in ("f", "i", "cube"):
        case(f"{name}({x})", f"scipy.stats.{name}({x}, axis=None)", "1e-12")
        case(f"{name}({x}, over = 1)", f"scipy.stats.{name}({x}, axis=1)", "1e-12")
case("kurtosis(f, fisher = false)", "scipy.stats.kurtosis(f, axis=None, fisher=False)", "1e-12")
case("skew([2.0, 2.0])", "np.nan")
case("cov(f)", "np.cov(f)", "1e-12")
case("cov(f, rowvar = false)", "np.cov(f, rowvar=False)", "1e-12")
case("cov(f, ddof = 0)", "np.cov(f, ddof=0)", "1e-12")
case("cov(g)", "np.cov(g)", "1e-12")
case("cov(g, g * 2)", "np.cov(g, g * 2)", "1e-12")
case("cov(f, f * f)", "np.cov(f, f * f)", "1e-12")
case("cov(i)", "np.cov(i)", "1e-12")
case("cov(s)", "np.cov(s)", "1e-12")
case("cov(stack(c, c * 1im))", "np.cov(np.stack([c, c * 1j]))", "1e-12")
case("corrcoef(f)", "np.corrcoef(f)", "1e-12")
case("corrcoef(g, g * g)", "np.corrcoef(g, g * g)", "1e-12")
case("corrcoef(g)", "np.corrcoef(g)", "1e-12")
case("corrcoef(i, rowvar = false)", "np.corrcoef(i, rowvar=False)", "1e-12")
for x in ("g", "f", "i", "c", "cube"):
    case(f"norm({x})", f"np.linalg.norm({x})", "1e-12")
for order in ("1", "2", "3", "0", "inf", "-inf", "-1", "0.5"):
    for x in ("g", "j", "c"):
        case(f"norm({x}, {order})", f"np.linalg.norm({x}, {order})", "1e-12")
    case(f"norm(f, {order}, over = 1)", f"np.linalg.norm(f, {order}, axis=1)", "1e-12")
for order in ("1", "-1", "inf", "-inf", '"fro"'):
    case(f"norm(f, {order})", f"np.linalg.norm(f, {order})", "1e-12")
    case(f"norm(cube, {order}, over = (0, 2), keepdims = true)", f"np.linalg.norm(cube, {order}, axis=(0, 2), keepdims=True)", "1e-12")
case("norm(s)", "np.linalg.norm(s)", "4ulp")
case("logsumexp(f)", "scipy.special.logsumexp(f)", "1e-12")
case("logsumexp(f, over = 0)", "scipy.special.logsumexp(f, axis=0)", "1e-12")
case("logsumexp([-inf, -inf])", "-np.inf")
case("logsumexp([inf, 1.0])", "np.inf")
case("softmax(f)", "scipy.special.softmax(f)", "1e-12")
case("softmax(f, over = 1)", "scipy.special.softmax(f, axis=1)", "1e-12")
for x, y in [("f", "f"), ("f", "f[0]"), ("f", "i"), ("h", "h"), ("j", "j"), ("j", "k"), ("u", "u.as(f64)"), ("zeros(0)", "zeros(0)"), ("t", "t")]:
    case(f"array_equal({x}, {y})", f"np.array_equal({x.replace('zeros', 'np.zeros')}, {y.replace('.as(f64)', '.astype(float)').replace('zeros', 'np.zeros')})")

# Differences and integrals.
for n in (0, 1, 2, 3):
    case(f"diff(g, n = {n})", f"np.diff(g, {n})", "1e-12")
    case(f"diff(i, along = 1, n = {n})", f"np.diff(i, {n})")
case("diff(u)", "np.diff(u)")
case("ediff1d(i)", "np.ediff1d(i)")
for edge in (1, 2):
    case(f"gradient(g, edge_order = {edge})", f"np.gradient(g, edge_order={edge})", "1e-12")
    case(f"gradient(g, 0.5, edge_order = {edge})", f"np.gradient(g, 0.5, edge_order={edge})", "1e-12")
    case(f"gradient(g, [0, 1, 3, 4, 4.5, 9, 10], edge_order = {edge})", f"np.gradient(g, [0, 1, 3, 4, 4.5, 9, 10], edge_order={edge})", "1e-12")
    for axis in (0, 1):
        case(f"gradient(f, along = {axis}, edge_order = {edge})", f"np.gradient(f, axis={axis}, edge_order={edge})", "1e-12")
        case(f"gradient(f, edge_order = {edge})[{axis}]", f"np.gradient(f, edge_order={edge})[{axis}]", "1e-12")
    case(f"gradient(f, [0, 2, 2.5], along = 0, edge_order = {edge})", f"np.gradient(f, [0, 2, 2.5], axis=0, edge_order={edge})", "1e-12")
    case(f"gradient(cube, [0, 2, 2.5], along = 0, edge_order = {edge})", f"np.gradient(cube, [0, 2, 2.5], axis=0, edge_order={edge})", "1e-12")
case("gradient(j)", "np.gradient(j)", "1e-12")
case("gradient(s)", "np.gradient(s)", "4ulp")
case("gradient(c)", "np.gradient(c)", "1e-12")
case("gradient([1.0, 4.0])", "np.gradient([1.0, 4.0])")
case("trapezoid(g)", "np.trapezoid(g)", "1e-12")
case("trapezoid(f, along = 0)", "np.trapezoid(f, axis=0)", "1e-12")
case("trapezoid(f, along = 1, dx = 0.5)", "np.trapezoid(f, axis=1, dx=0.5)", "1e-12")
case("trapezoid(f, [0, 1, 5], along = 0)", "np.trapezoid(f, [0, 1, 5], axis=0)", "1e-12")
case("trapezoid(f, f * f, along = 1)", "np.trapezoid(f, f * f, axis=1)", "1e-12")
case("trapezoid(j)", "np.trapezoid(j)", "1e-12")
case("trapezoid(c)", "np.trapezoid(c)", "1e-12")
case("trapezoid([3.0])", "np.trapezoid([3.0])")
case("cumulative_trapezoid(g)", "scipy.integrate.cumulative_trapezoid(g)", "1e-12")
case("cumulative_trapezoid(f, [0, 1, 5, 6], along = 1)", "scipy.integrate.cumulative_trapezoid(f, [0, 1, 5, 6], axis=1)", "1e-12")
case("unwrap(g * 3)", "np.unwrap(g * 3)", "1e-12")
case("unwrap(f, along = 1)", "np.unwrap(f, axis=1)", "1e-12")
case("unwrap(f, along = 0, period = 4)", "np.unwrap(f, axis=0, period=4)", "1e-12")
case("unwrap([0, 180, 360, 90, 270, 450], period = 360.0)", "np.unwrap([0, 180, 360, 90, 270, 450], period=360.0)", "1e-12")
for name in ("nancumsum", "nancumprod"):
    for x in ("h", "j", "g"):
        case(f"{name}({x})", f"np.{name}({x})", "1e-12" if x != "j" else "exact")
    case(f"{name}(hh, along = 0)", f"np.{name}(hh, axis=0)", "1e-12")
for name in ("ffill", "bfill"):
    case(f"{name}(h)", f"xarray.DataArray(h).{name}('dim_0').values")
    for axis in (0, 1):
        case(f"{name}(hh, along = {axis})", f"xarray.DataArray(hh).{name}('dim_{axis}').values")
    case(f"{name}([nan, 1.0, nan, nan, nan, 2.0, nan], limit = 2)", f"xarray.DataArray([nan, 1.0, nan, nan, nan, 2.0, nan]).{name}('dim_0', limit=2).values")
    case(f"{name}(j)", "j")
case("fillna(h, 9)", "np.where(np.isnan(h), 9, h)")
for mode in ("full", "same", "valid"):
    for x, y in [("g", "p"), ("p", "g"), ("j", "k"), ("g", "[1.0, 2.0, 3.0]"), ("[1, 2, 3, 4]", "[1, 2]"), ("c", "c[0..3]"), ("c[0..2]", "c"), ("u", "b"), ("g", "[2]"), ("[1, 2]", "j"), ("[1, 2, 3]", "j")]:
        for name in ("convolve", "correlate"):
            case(f'{name}({x}, {y}, mode = "{mode}")', f'np.{name}({x.replace("..", ":")}, {y.replace("..", ":")}, "{mode}")', "1e-12")
for x in ("g", "j", "f", "c", "2.5"):
    case(f"polyval([1, 0, -2, 3], {x})", f"np.polyval([1, 0, -2, 3], {x})", "1e-12")
    case(f"polyval([4], {x})", f"np.polyval([4], {x}) + 0")
for x in ("g", "j", "c"):
    case(f"vander({x})", f"np.vander({x})", "1e-12")
    case(f"vander({x}, 3, increasing = true)", f"np.vander({x}, 3, increasing=True)", "1e-12")

# Tables.
for bins in ("[-1, 0.5, 3]", "[3, 0.5, -1]", "[0.1]", "[]"):
    for right in ("false", "true"):
        for x in ("g", "f", "h", "0.5", "j"):
            if bins != "[]":
                case(f"digitize({x}, {bins}, right = {right})", f"np.digitize({x}, {bins}, right={right.capitalize()})")
for side in ("left", "right"):
    for x in ("g", "h", "f", "2.5", "j"):
        case(f'searchsorted([-1, 0.1, 0.1, 2.5], {x}, side = "{side}")', f'np.searchsorted([-1, 0.1, 0.1, 2.5], {x}, side="{side}")')
    case(f'searchsorted([1, 2, 2, 7], j, side = "{side}")', f'np.searchsorted([1, 2, 2, 7], j, side="{side}")')
    case(f'searchsorted(zeros(0), g, side = "{side}")', f'np.searchsorted(np.zeros(0), g, side="{side}")')
for x in ("g", "f", "h", "0.75", "j", "s"):
    case(f"interpolate({x}, [-1, 0.5, 3], [10, 20, 0])", f"np.interp({x}, [-1, 0.5, 3], [10, 20, 0])", "1e-12")
    case(f"interpolate({x}, [-1, 0.5, 3], [10, 20, 0], left = -5, right = 7)", f"np.interp({x}, [-1, 0.5, 3], [10, 20, 0], left=-5, right=7)", "1e-12")
case("interpolate(g, [1], [5])", "np.interp(g, [1], [5])")
case("interpolate(g, [-1, 0.5, 3, 4], c)", "np.interp(g, [-1, 0.5, 3, 4], c)", "1e-12")

# Products.
case("matmul(cube, cube)", "np.matmul(cube, cube)", "1e-12")
case("matmul(cube, f[0..2, 0..2])", "np.matmul(cube, f[0:2, 0:2])", "1e-12")
case("matmul(f[0..2, 0..2], cube)", "np.matmul(f[0:2, 0:2], cube)", "1e-12")
case("matmul(cube, p[0..2])", "np.matmul(cube, p[0:2])", "1e-12")
case("matmul(p[0..2], cube)", "np.matmul(p[0:2], cube)", "1e-12")
case("matmul(expand_dims(cube, 1), cube[new])", "np.matmul(cube[:, None], cube[None])", "1e-12")
case("matmul(cube[0..1], cube)", "np.matmul(cube[0:1], cube)", "1e-12")
case("matmul(f, f.T)", "np.matmul(f, f.T)", "1e-12")
case("matmul(p, p)", "np.matmul(p, p)", "1e-12")
case("matmul(arange(12).reshape(2, 2, 3), arange(12).reshape(2, 3, 2))", "np.matmul(np.arange(12).reshape(2, 2, 3), np.arange(12).reshape(2, 3, 2))")
case("matmul(zeros(0, 2, 3), zeros(0, 3, 2))", "np.matmul(np.zeros((0, 2, 3)), np.zeros((0, 3, 2)))")
big = "(arange({0}).reshape({1}) % 7 - 3.0)"
nbig = "(np.arange({0}).reshape({1}) % 7 - 3.0)"
for left, right in [((5 * 40 * 40, "5, 40, 40"), (5 * 40 * 40, "5, 40, 40")), ((40 * 40, "1, 40, 40"), (5 * 40 * 40, "5, 40, 40")), ((6 * 40 * 40, "2, 3, 40, 40"), (40 * 40, "1, 40, 40"))]:
    case(f"matmul({big.format(*left)}, {big.format(*right)}).sum(over = -1)", f"np.matmul({nbig.format(*left)}, {nbig.format(*right)}).sum(axis=-1)", "1e-12")
same("vdot", "g, g", "c, c", "f, f * 2", "j, k", tolerance="1e-12")
same("inner", "g, g", "c, c", "f, f", "f, f[0]", "cube, cube", "3, j", "i, i", tolerance="1e-12")
case("tensordot(cube, cube, ((1, 2), (1, 2)))", "np.tensordot(cube, cube, ((1, 2), (1, 2)))", "1e-12")
case("tensordot(cube, cube, ((0, 1), (0, 2)))", "np.tensordot(cube, cube[:, :, :], ((0, 1), (0, 2)))", "1e-12")
case("tensordot(f, f, ([0], [0]))", "np.tensordot(f, f, ([0], [0]))", "1e-12")
case("tensordot(f, f, (1, 1))", "np.tensordot(f, f, (1, 1))", "1e-12")
case("tensordot(f, f)", "np.tensordot(f, f)", "1e-12")
case("tensordot(f, g, 0)", "np.tensordot(f, g, 0)", "1e-12")
case("tensordot(i, i.T, 1)", "np.tensordot(i, i.T, 1)")
case("tensordot(cube, [[1, 2], [3, 4]], 2)", "np.tensordot(cube, [[1, 2], [3, 4]], 2)", "1e-12")
same("kron", "j, k", "e, e", "f, [1, 2]", "cube, e", "3, j", "c, [1, 2]", tolerance="1e-12")
same("outer", "f, g", "e, e", "c, c", tolerance="1e-12")
case("cross(e, e * e)", "np.cross(e, e * e)")
case("cross(e, [1, 2, 3])", "np.cross(e, [1, 2, 3])")
case("cross([1, 2, 3], e)", "np.cross([1, 2, 3], e)")
case("cross(f, f * f, along = 0)", "np.cross(f, f * f, axis=0)", "1e-12")
case("multi_dot(f, f.T, f)", "np.linalg.multi_dot([f, f.T, f])", "1e-12")
case("multi_dot(g[0..3], f, f.T, f, g[0..4])", "np.linalg.multi_dot([g[0:3], f, f.T, f, g[0:4]])", "1e-12")
case("multi_dot(i, f.T)", "np.linalg.multi_dot([i, f.T])", "1e-12")
for n in range(6):
    case(f"matrix_power(e @ e.T, {n})", f"np.linalg.matrix_power(e @ e.T, {n})")
    case(f"matrix_power(cube, {n})", f"np.linalg.matrix_power(cube, {n})", "1e-12")
for text, operands in [("ij,jk->ik", "f, f.T"), ("ij,jk", "f, f.T"), ("ii", "e[0..2, 0..2]"), ("ii->i", "e[0..2, 0..2]"), ("ij->ji", "f"), ("ij->", "f"), ("ij->j", "f"), ("ji", "f"),
                       ("i,i", "g, g"), ("i,j->ij", "g, p"), ("i,j->ji", "g, p"), ("ij,ij->i", "f, f"), ("ij,ij", "f, f"), ("ij,ij->ij", "f, i"), ("bij,bjk->bik", "cube, cube"),
                       ("bij,bj->bi", "cube, cube[.., 0]"), ("bij,bij->b", "cube, cube"), ("...ij,...jk->...ik", "cube, cube"), ("...ij,jk->...ik", "cube, cube[0]"), ("i...->...", "cube"),
                       ("...ii->...i", "cube"), ("ij,jk,kl->il", "f, f.T, f"), ("ij,kj,kl,ml->im", "f, f, f, f"), ("ijk,ilm,njm,nlk,abc->", "cube[0..2], cube[0..2], cube[0..2], cube[0..2], cube"),
                       ("ijk,jk->i", "cube, cube[0]"), ("ab,cd->abcd", "e, e"), ("abc,cb->a", "cube, cube[0].T"), ("i,ij,j->", "g[0..3], f, g[0..4]"), ("ij,ij,ij->", "f, f, i"), ("iij->ij", "cube[0..2]"),
                       ("ij,j->ij", "e, e[0]"), ("i->", "c"), ("ij,jk->ik", "c.reshape(2, 2), c.reshape(2, 2)"), ("...,...->...", "cube, cube[0]"), ("...i,...i->...", "f, f[0]"), ("i...j->j...i", "cube"),
                       ("bhq,bhk,hk->bhqk", "cube, cube, cube[0]")]:
    theirs = operands.replace("..,", "...,").replace("0..2", ":2").replace("0..", ":")
    case(f'einsum("{text}", {operands})', f'np.einsum("{text}", {theirs})', "1e-12")

# Numbers.
for x in ("g", "f", "h", "s", "j"):
    case(f"heaviside({x}, 0.5)", f"np.heaviside({x}, {'np.float32(0.5)' if x == 's' else '0.5'})")
    case(f"sinc({x})", f"np.sinc({x})", "1e-12" if x != "s" else "4ulp")
    case(f"modf({x})[0]", f"np.modf({x})[0]")
    case(f"modf({x})[1]", f"np.modf({x})[1]")
    case(f"frexp({x})[0]", f"np.frexp({x})[0]")
    case(f"frexp({x})[1]", f"np.frexp({x})[1]")
    case(f"isposinf({x})", f"np.isposinf({x})")
    case(f"isneginf({x})", f"np.isneginf({x})")
    for n in ("3", "-1", "1030", "-1070", "-1080", "0", "2200", "-2200"):
        case(f"ldexp({x}, {n})", f"np.ldexp({x}, {n})" + (".astype(np.float64)" if x == "j" else ""))
case("frexp([5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.9999999999999999, 2.0, 1e-310, -3e-320])[0]", "np.frexp([5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.9999999999999999, 2.0, 1e-310, -3e-320])[0]")
case("frexp([5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.9999999999999999, 2.0, 1e-310, -3e-320])[1]", "np.frexp([5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, 0.9999999999999999, 2.0, 1e-310, -3e-320])[1]")
case("ldexp([5e-324, 1.1e-308, 1.7976931348623157e308, 0.7500000001, 1.0000000000000002], [1074, 1000, -2090, -1060, -1070])", "np.ldexp([5e-324, 1.1e-308, 1.7976931348623157e308, 0.7500000001, 1.0000000000000002], [1074, 1000, -2090, -1060, -1070])")
case("logaddexp2(g, 1.0)", "np.logaddexp2(g, 1.0)", "1e-12")
case("logaddexp2([inf, -inf, nan, inf], [inf, -inf, 1.0, -inf])", "np.logaddexp2([inf, -inf, nan, inf], [inf, -inf, 1.0, -inf])")
case("float_power(j, 2)", "np.float_power(j, 2)", "4ulp")
case("float_power([1, 2, 4], [-1, -2, 0.5])", "np.float_power([1, 2, 4], [-1, -2, 0.5])", "4ulp")
case("float_power(s, 2)", "np.float_power(s, 2)", "4ulp")
for x, y in [("j", "k"), ("i", "7"), ("g", "0.3"), ("b", "b[1]")]:
    case(f"divmod({x}, {y})[0]", f"np.divmod({x}, {y})[0]")
    case(f"divmod({x}, {y})[1]", f"np.divmod({x}, {y})[1]")
for name in ("gcd", "lcm"):
    for x, y in [("i", "6"), ("j", "k"), ("b", "(b - b + 12)"), ("u", "u[0]"), ("n", "n[2]"), ("w", "w"), ("u", "w"), ("v", "v[1]")]:
        case(f"{name}({x}, {y})", f"np.{name}({x}, {y})")
for x in ("i", "b", "w", "n", "u", "v"):
    case(f"bitwise_count({x})", f"np.bitwise_count({x})")
case("isreal(c)", "np.isreal(c)")
case("iscomplex(c)", "np.iscomplex(c)")
case("isreal(g)", "np.isreal(g)")
for name in ("fmin", "fmax"):
    for x in ("s", "u", "b"):
        case(f"{name}({x}, 1)", f"np.{name}({x}, 1)")

# Positions and ranks.
for x, axis, at in (("f", 0, "1"), ("f", 1, ".., 1"), ("cube", 0, "1"), ("cube", 1, ".., 1, .."), ("cube", 2, ".., .., 1")):
    theirs = at.replace("..", ":")
    case(f"partition({x}, 1, along = {axis})[{at}]", f"np.partition({x}, 1, axis={axis})[{theirs}]")
    case(f"sort(partition({x}, (0, 1), along = {axis}), along = {axis})", f"np.sort(np.partition({x}, (0, 1), axis={axis}), axis={axis})")
    case(f"take_along({x}, argpartition({x}, 1, along = {axis}), along = {axis})[{at}]", f"np.partition({x}, 1, axis={axis})[{theirs}]")
for x in ("j", "w", "[2.0, nan, -0.5, inf, nan, 1.0]"):
    for kth in ("0", "2", "-1"):
        case(f"partition({x}, {kth})[{kth}]", f"np.partition({x}, {kth})[{kth}]")
for axis, order in ((0, "argsort(f, along = 0)"), (1, "argsort(f, along = 1)"), (1, "[[3, 0], [1, 1], [0, 2]]")):
    case(f"take_along(f, {order}, along = {axis})", f"np.take_along_axis(f, np.array({order.replace('argsort(f, along =', 'np.argsort(f, axis=')}), axis={axis})")
case("take_along(j, [5, 0, 5])", "np.take_along_axis(j, np.array([5, 0, 5]), axis=0)")
case("take_along(cube, [[[1, 0]], [[0, 1]], [[1, 1]]], along = 1)", "np.take_along_axis(cube, np.array([[[1, 0]], [[0, 1]], [[1, 1]]]), axis=1)")
for at in range(3):
    case(f"unravel_index([0, 7, 23], 2, 3, 4)[{at}]", f"np.unravel_index([0, 7, 23], (2, 3, 4))[{at}]")
case("unravel_index(argmax(f), f.shape)[1]", "np.unravel_index(np.argmax(f), f.shape)[1]")
case("ravel_multi_index([3, 6, 0], [4, 5, 1], shape = (7, 6))", "np.ravel_multi_index(([3, 6, 0], [4, 5, 1]), (7, 6))")
case("take(ravel(f), ravel_multi_index([2, 0, 1], [3, 3, 0], shape = f.shape))", "f[[2, 0, 1], [3, 3, 0]]")
case("lexsort(j, k)", "np.lexsort((j, k))")
case("lexsort(k, j)", "np.lexsort((k, j))")
case("lexsort(g)", "np.lexsort((g,))")
case("lexsort([1, 0, 1, 0], [2.0, 2.0, 1.0, 1.0], [0, 0, 0, 0])", "np.lexsort(([1, 0, 1, 0], [2.0, 2.0, 1.0, 1.0], [0, 0, 0, 0]))")
for x in ("j", "g", "u", "[2.0, 2.0, 2.0]", "t"):
    case(f"rank({x})", f"scipy.stats.rankdata({x})")
case("rank(h)", "xarray.DataArray(h).rank('dim_0').values")
case("rank(i, along = 1)", "scipy.stats.rankdata(i, axis=1)")
case("rank(cube, along = 0)", "scipy.stats.rankdata(cube, axis=0)")
case("rank(hh, along = 0)", "xarray.DataArray(hh).rank('dim_0').values")

# Fitting, and filling in between.
case("interpolate_na(h[0..3])", "xarray.DataArray(h[:3]).interpolate_na('dim_0').values", "1e-12")
case("interpolate_na([nan, 1.0, nan, nan, 4.0, nan])", "xarray.DataArray([nan, 1.0, nan, nan, 4.0, nan]).interpolate_na('dim_0').values", "1e-12")
for axis in (0, 1):
    case(f"interpolate_na(hh, along = {axis})", f"xarray.DataArray(hh).interpolate_na('dim_{axis}').values", "1e-12")
case("interpolate_na([1.0, nan, nan, 4.0].named(t).assign_coords(t = [0, 1, 5, 6]), along = t)", "xarray.DataArray([1.0, nan, nan, 4.0], dims='t', coords={'t': [0, 1, 5, 6]}).interpolate_na('t').values", "1e-12")
for degree in range(4):
    case(f"polyfit(g, {degree})", f"np.polyfit(np.arange(7), g, {degree})", "1e-9")
    case(f"polyfit(g, {degree}, x = [0, 1, 3, 4, 4.5, 9, 10])", f"np.polyfit([0, 1, 3, 4, 4.5, 9, 10], g, {degree})", "1e-9")
case("polyfit(f, 1, along = 1)", "np.polyfit(np.arange(4), f.T, 1)", "1e-9")
case("polyfit(f, 2, along = 0)", "np.polyfit(np.arange(3), f, 2)", "1e-9")
case("polyfit(i, 2, along = 1, x = [1, 2, 4, 8])", "np.polyfit([1, 2, 4, 8], i.T, 2)", "1e-9")
case("polyfit(c, 1)", "np.polyfit(np.arange(4), c, 1)", "1e-9")
case("polyfit(cube, 1, along = 0)[0]", "np.polyfit(np.arange(3), cube.reshape(3, 4), 1)[0].reshape(2, 2)", "1e-9")

# Lines of arrays.
for mode in ("full", "same", "valid"):
    for name in ("convolve", "correlate"):
        case(f'{name}(f, [1.0, -2.0, 0.5], "{mode}", along = 1)', f'np.stack([np.{name}(r, [1.0, -2.0, 0.5], "{mode}") for r in f])', "1e-12")
        case(f'{name}(f, [1.0, -2.0], "{mode}", along = 0)', f'np.stack([np.{name}(r, [1.0, -2.0], "{mode}") for r in f.T]).T', "1e-12")
        case(f'{name}(cube, [1, 3], "{mode}", along = 1)', f'np.apply_along_axis(lambda r: np.{name}(r, [1, 3], "{mode}"), 1, cube)', "1e-12")
case('convolve(stack(sin(arange(700)), cos(arange(700))), cos(arange(300) / 7), "same", along = 1)', 'np.stack([np.convolve(r, np.cos(np.arange(300) / 7), "same") for r in np.stack([np.sin(np.arange(700)), np.cos(np.arange(700))])])', "1e-9")

# Histograms of several variables.
for x, y, bins in [("g", "g * g", "4"), ("g", "g[.. by -1]", "[-4, 0, 0.7, 6]"), ("f", "i", "3"), ("h", "h", "[-1, 0, 2]")]:
    theirs = lambda v: v.replace("[.. by -1]", "[::-1]")
    ravel = lambda v: f"({theirs(v)}).ravel()"
    for at in range(3):
        case(f"histogram2d({x}, {y}, {bins})[{at}]", f"np.histogram2d({ravel(x)}, {ravel(y)}, {bins})[{at}]" + (".astype(np.int64)" if at == 0 else ".astype(float)"), "1e-12")
    if x != "h":
        case(f"histogram2d({x}, {y}, {bins}, weights = abs({x}))[0]", f"np.histogram2d({ravel(x)}, {ravel(y)}, {bins}, weights=abs({ravel(x)}))[0]", "1e-12")
        case(f"histogram2d({x}, {y}, {bins}, density = true)[0]", f"np.histogram2d({ravel(x)}, {ravel(y)}, {bins}, density=True)[0]", "1e-12")
case("histogram2d(g, g + 1, 3, ybins = [0, 1, 2])[0]", "np.histogram2d(g, g + 1, (3, [0, 1, 2]))[0].astype(np.int64)")
case("histogramdd(g, g * g, abs(g), bins = 3)[0]", "np.histogramdd(np.stack([g, g * g, abs(g)], 1), 3)[0].astype(np.int64)")
case("histogramdd(g, g * g, abs(g), bins = 3, density = true)[0]", "np.histogramdd(np.stack([g, g * g, abs(g)], 1), 3, density=True)[0]", "1e-12")
case("histogramdd(g, g + 1, bins = [[0, 1, 2], [1, 1.5, 3]])[0]", "np.histogramdd(np.stack([g, g + 1], 1), ([0, 1, 2], [1, 1.5, 3]))[0].astype(np.int64)")

# Special functions, and what dtypes hold.
case("i0(g)", "scipy.special.i0(g)", "1e-12")
case("i0([0.0, 19.9, 20.1, -30.0, 700.0, 720.0, inf, nan])", "scipy.special.i0([0.0, 19.9, 20.1, -30.0, 700.0, 720.0, inf, nan])", "1e-12")
case("i0(s)", "np.i0(s).astype(np.float32)", "4ulp")
for a in ("0.5", "1", "3.5", "100"):
    for name in ("gammainc", "gammaincc"):
        case(f"{name}({a}, p)", f"scipy.special.{name}({a}, p)", "1e-12")
    case(f"betainc({a}, 2, [0.0, 0.1, 0.5, 0.9, 1.0])", f"scipy.special.betainc({a}, 2, [0.0, 0.1, 0.5, 0.9, 1.0])", "1e-12")
case("gammainc([0, 1, 2], [1.0, -1.0, inf])", "scipy.special.gammainc([0, 1, 2], [1.0, -1.0, inf])")
for name, kiln in (("float64", "f64"), ("float32", "f32")):
    for field in ("eps", "max", "min", "smallest_normal"):
        case(f"finfo({kiln}).{field}", f"np.{name}(np.finfo(np.{name}).{field})")
for name, kiln in NAMES.items():
    if "int" in name:
        case(f"iinfo({kiln}).max", f"np.{name}(np.iinfo(np.{name}).max)")
        case(f"iinfo({kiln}).min", f"np.{name}(np.iinfo(np.{name}).min)")
for x in ("f", "s", "c", "t", "cube"):
    case(f"nbytes({x})", f"np.int64({x}.nbytes)")

# Tests of hypotheses.
for x, y in (("g", "g * 2 + 1"), ("f", "f * f"), ("j", "k")):
    for at in range(2):
        ravel = lambda v: f"np.ravel({v})"
        case(f"ttest_1samp({x}, 0.5)[{at}]", f"scipy.stats.ttest_1samp({ravel(x)}, 0.5)[{at}]", "1e-12")
        case(f"ttest_rel({x}, {y})[{at}]", f"scipy.stats.ttest_rel({ravel(x)}, {ravel(y)})[{at}]", "1e-12")
        case(f"ttest_ind({x}, {y})[{at}]", f"scipy.stats.ttest_ind({ravel(x)}, {ravel(y)})[{at}]", "1e-12")
        case(f"ttest_ind({x}, {y}, equal_var = false)[{at}]", f"scipy.stats.ttest_ind({ravel(x)}, {ravel(y)}, equal_var=False)[{at}]", "1e-12")
for at in range(2):
    case(f"ttest_1samp(f, [1.0, 2.0, 3.0, 4.0], over = 0)[{at}]", f"scipy.stats.ttest_1samp(f, [1.0, 2.0, 3.0, 4.0])[{at}]", "1e-12")
    case(f"f_oneway(g, p, f[0])[{at}]", f"scipy.stats.f_oneway(g, p, f[0])[{at}]", "1e-12")
    case(f"chisquare([16, 18, 16, 14, 12, 12])[{at}]", f"scipy.stats.chisquare([16, 18, 16, 14, 12, 12])[{at}]", "1e-12")
    case(f"chisquare([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8], ddof = 1)[{at}]", f"scipy.stats.chisquare([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8], ddof=1)[{at}]", "1e-12")
    for power in ("0", "-1", "-0.5", "2"):
        case(f"power_divergence([16, 18, 16, 14, 12, 12], lambda = {power})[{at}]", f"scipy.stats.power_divergence([16, 18, 16, 14, 12, 12], lambda_={power})[{at}]", "1e-12")
    for name in ("skewtest", "kurtosistest", "normaltest"):
        case(f"{name}(sin(arange(40.0)) ** 3 + arange(40.0) / 20)[{at}]", f"scipy.stats.{name}(np.sin(np.arange(40.0)) ** 3 + np.arange(40.0) / 20)[{at}]", "1e-12")
        case(f"{name}(reshape(cos(arange(60.0) ** 2), 30, 2), over = 0)[{at}]", f"scipy.stats.{name}(np.cos(np.arange(60.0) ** 2).reshape(30, 2))[{at}]", "1e-12")

# The exponential of matrices.
for x in ("i[0..3, 0..3] / 10", "cube / 4", "e[0..2, 0..2] * 0.0", "c.reshape(2, 2)", "f[0..3, 0..3] / 100"):
    case(f"expm({x})", f"scipy.linalg.expm({x.replace('..', ':')})", "1e-12")

write("functions.txt")
