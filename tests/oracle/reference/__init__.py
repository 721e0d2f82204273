"""What Kiln's functions mean, over NumPy: where Kiln's rule differs from NumPy's it is written here.

A function gives an array, which Kiln must match bit for bit, or an `Expected` with the error that is allowed: units in the last place, and
an absolute error for each element that follows from the condition of the sum (`eps` times the sum of the terms' sizes). Reference
values are computed in extended precision. `ALL` holds every name that the NumPy text of a statement may use.
"""

from . import base, elements, folds, numerics, order, products, shapes, windows
from .base import Expected, eps, inf

ALL = {}
for module in (base, elements, folds, order, shapes, products, windows, numerics):
    ALL.update(vars(module))

__all__ = ["ALL", "Expected", "eps", "inf"]
