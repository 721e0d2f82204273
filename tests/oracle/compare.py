"""Whether a value of Kiln is what is expected."""

import numpy as np

from reference import Expected, inf


def order(x):
    """Floats as integers in the same order: neighbours differ by one."""
    bits = x.view({4: np.int32, 8: np.int64}[x.dtype.itemsize]).astype(np.int64)
    low = np.int64(-(2 ** 31) if x.dtype.itemsize == 4 else -(2 ** 63))
    return np.where(bits < 0, low - bits, bits)


def same_bits(got, want):
    """The same bits, any NaN being any other."""
    if got.dtype != want.dtype or got.shape != want.shape:
        return False
    if got.dtype.kind == "c":
        return same_bits(got.real.copy(), want.real.copy()) and same_bits(got.imag.copy(), want.imag.copy())
    if got.dtype.kind != "f":
        return bool(np.array_equal(got, want))
    got, want = np.ascontiguousarray(got), np.ascontiguousarray(want)
    return bool(np.all((order(got) == order(want)) & (np.signbit(got) == np.signbit(want)) | (np.isnan(got) & np.isnan(want))))


def parts(x):
    return np.ascontiguousarray(x.real), np.ascontiguousarray(x.imag)


def fault(got, expected):
    """What is wrong with a value, or None."""
    want = expected if isinstance(expected, Expected) else Expected(np.asarray(expected))
    value = np.asarray(want.value)
    if got.dtype != value.dtype:
        return f"dtype {got.dtype} instead of {value.dtype}"
    if got.shape != value.shape:
        return f"shape {got.shape} instead of {value.shape}"
    if value.dtype.kind == "c":
        pairs = list(zip(parts(got), parts(value)))
    else:
        pairs = [(np.ascontiguousarray(got), np.ascontiguousarray(value))]
    for ours, theirs in pairs:
        if ours.dtype.kind == "f":
            good = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
            if not want.zeros:
                good &= np.signbit(ours) == np.signbit(theirs) if not want.ulps else True
                good |= np.isnan(ours) & np.isnan(theirs)
            if want.ulps:
                a, b = order(ours), order(theirs)
                near = (np.maximum(a, b) - np.minimum(a, b)).view(np.uint64) <= np.uint64(want.ulps)
                good |= near & ~np.isnan(ours) & ~np.isnan(theirs)
            slack = np.broadcast_to(want.slack, ours.shape)
            with np.errstate(all="ignore"):
                good |= np.abs(ours.astype(np.longdouble) - theirs.astype(np.longdouble)) <= slack
            good |= slack == inf
            good |= np.broadcast_to(want.wild, ours.shape) & ~np.isfinite(ours)
        else:
            good = ours == theirs
        if not np.all(good):
            at = tuple(int(a[0]) for a in np.nonzero(np.atleast_1d(~good)))
            at = at if ours.ndim else ()
            bad = int(np.size(good) - np.count_nonzero(good))
            allowed = f", allowed {want.ulps} ulp or {np.broadcast_to(want.slack, ours.shape)[at]:.3g}" if ours.dtype.kind == "f" else ""
            return f"at {list(at)} {ours[at]!r} instead of {theirs[at]!r}{allowed} ({bad} of {ours.size} elements)"
    return None
