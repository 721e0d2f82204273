"""What a reference gives, and the dtypes that Kiln computes in."""

import os
import re
import warnings
from dataclasses import dataclass

import numpy as np

warnings.filterwarnings("ignore")
np.seterr(all="ignore")
nan, inf = np.nan, np.inf
E64 = 2.0 ** -52


@dataclass
class Expected:
    """`zeros`: a zero may have either sign."""
    value: np.ndarray
    ulps: float = 0
    slack: object = 0
    zeros: bool = False
    """Where a part that is infinite or NaN may be either."""
    wild: object = False


def same(value):
    """Values exactly, but for the sign of zeros."""
    return Expected(np.asarray(value), zeros=True)


def stated():
    """Units in the last place that docs/accuracy.md states, f64 and f32; half a unit more for the rounding of the reference."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs/accuracy.md")
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
