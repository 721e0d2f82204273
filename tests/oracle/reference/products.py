"""Products, Fourier transforms and linear algebra."""

import numpy as np

from .base import Expected, double, eps, flt, inf
from .elements import multiply
from .folds import sum_


def product(function, x, y, n):
    dtype = np.result_type(x, y)
    if dtype == bool:
        dtype = np.dtype(np.int64)
    if dtype.kind in "iu":
        return np.asarray(function(x.astype(dtype), y.astype(dtype)))
    full = double(np.zeros(0, dtype)).dtype
    value = function(x.astype(full), y.astype(full))
    terms = function(np.abs(x).astype(np.float64), np.abs(y).astype(np.float64))
    slack = eps(dtype) * (8 + 2 * n ** 0.5) * terms
    slack = np.where(np.isfinite(np.abs(value)) & np.isfinite(slack), slack, np.where(np.isnan(np.abs(value)) , 0, inf))
    # Which parts of a product with an infinite complex number are infinite and which NaN is as the library multiplies.
    wild = False
    if full.kind == "c":
        wild = ~np.isfinite(np.abs(value)) & ~np.isfinite(terms)
        slack = np.where(wild, 0, slack)
    return Expected(np.asarray(value.astype(dtype)), ulps=1, slack=slack, zeros=True, wild=wild)


def matmul(x, y):
    return product(np.matmul, x, y, x.shape[-1])


def dot(x, y):
    return product(np.dot, x, y, x.shape[-1])


def outer(x, y):
    return multiply(x.ravel()[:, None], y.ravel()) if np.result_type(x, y) != bool else multiply(x.ravel()[:, None], y.ravel())


def einsum(text, x, y, n):
    return product(lambda a, c: np.einsum(text, a, c), x, y, n)


def trace(x, offset):
    return sum_(np.diagonal(x, offset), over=-1)


def fourier(name, x, along, n):
    x = flt(x)
    wide_x = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    value = getattr(np.fft, name)(wide_x, axis=along)
    single = x.dtype.name in ("float32", "complex64")
    out = np.dtype(np.complex64 if single else np.complex128)
    if name == "irfft":
        out = np.dtype(np.float32 if single else np.float64)
    size = np.sqrt((np.abs(wide_x) ** 2).sum(axis=along, keepdims=True)) * np.sqrt(n if name in ("fft", "rfft") else 1)
    slack = 8 * eps(out) * np.log2(n + 2) * np.broadcast_to(size, value.shape)
    return Expected(value.astype(out), slack=slack, zeros=True)


def solve(a, b):
    value = np.linalg.solve(double(a), double(b))
    bound = np.linalg.cond(double(a)) * eps(np.result_type(flt(a), flt(b))) * 32 * np.abs(value).max()
    return Expected(value.astype(np.result_type(flt(a), flt(b))), slack=np.full(value.shape, bound), zeros=True)


def inv(a):
    value = np.linalg.inv(double(a))
    bound = np.linalg.cond(double(a)) * eps(flt(a).dtype) * 32 * np.abs(value).max()
    return Expected(value.astype(flt(a).dtype), slack=np.full(value.shape, bound), zeros=True)


def det(a):
    value = np.asarray(np.linalg.det(double(a)))
    bound = eps(flt(a).dtype) * 32 * np.prod(np.linalg.norm(double(a), axis=-1))
    return Expected(value.astype(flt(a).dtype), slack=bound, zeros=True)


def singular(a):
    value = np.linalg.svd(double(a), compute_uv=False)
    dtype = flt(a).real.dtype
    return Expected(value.astype(dtype), slack=np.full(value.shape, 64 * eps(dtype) * value.max()), zeros=True)
