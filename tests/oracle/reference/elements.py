"""Functions that work element by element."""

import numpy as np
import scipy.special

from .base import Expected, STATED, eps, flt, same


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
    powers = math2("pow", x, y)
    # A square root, as NumPy has it: of -0 it is -0, of -inf NaN.
    powers.value = np.where(np.asarray(y) == 0.5, np.sqrt(np.asarray(x, dtype)), powers.value)
    return powers


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
