"""Derives the polynomial coefficients of src/vmath with mpmath and prints them: python docs/minimax.py [NAME …]

Each is a minimax polynomial by Remez's exchange: the largest |weight(t) (P(t) - f(t))| on an interval is as small as it can be, where the weight turns
the error of P into the relative error of the function it serves. Coefficients are rounded to f64 lowest first, and the rest is fitted
again each time to make up for it (not on intervals around 0, where it would not pay).
"""
import sys

from mpmath import (
    asin, atan, atanh, cos, cosh, digamma, erf, erfc, exp, expm1, findroot, log, log1p, lu_solve, matrix, mp, mpf, pi, psi, sin, sinh, sqrt,
)

mp.dps = 60
GRID = 1200


def value(coefficients, t):
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * t + c
    return total


def chebyshev(a, b, count):
    return [(a + b) / 2 - (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def alternating(errors, wanted):
    """Positions of the extrema of alternating sign, the largest `wanted` of them in a row."""
    found = []
    last = len(errors) - 1
    for i, e in enumerate(errors):
        rises = i == 0 or abs(e) >= abs(errors[i - 1]) or (e > 0) != (errors[i - 1] > 0)
        falls = i == last or abs(e) >= abs(errors[i + 1]) or (e > 0) != (errors[i + 1] > 0)
        if not (rises and falls):
            continue
        if found and (errors[found[-1]] > 0) == (e > 0):
            if abs(e) > abs(errors[found[-1]]):
                found[-1] = i
        else:
            found.append(i)
    while len(found) > wanted:
        found.pop(0 if abs(errors[found[0]]) < abs(errors[found[-1]]) else -1)
    return found


def remez(f, weight, a, b, degree, low=0):
    """Coefficients of t^0 … t^degree (those below `low` are 0)."""
    size = degree + 2 - low
    nodes = chebyshev(a, b, size)
    grid = chebyshev(a, b, GRID)
    goal = [(f(t), weight(t)) for t in grid]
    for _ in range(12):
        system, right = matrix(size, size), matrix(size, 1)
        for i, t in enumerate(nodes):
            for k in range(low, degree + 1):
                system[i, k - low] = t**k
            system[i, size - 1] = (-1) ** i / weight(t)
            right[i] = f(t)
        solution = lu_solve(system, right)
        coefficients = [mpf(0)] * low + [solution[k] for k in range(degree + 1 - low)]
        errors = [w * (value(coefficients, t) - v) for t, (v, w) in zip(grid, goal)]
        extrema = alternating(errors, size)
        if len(extrema) < size:
            break
        nodes = [grid[i] for i in extrema]
        if max(map(abs, errors)) < 1.002 * min(abs(errors[i]) for i in extrema):
            break
    return coefficients


def fit(name, f, weight, a, b, degree):
    a, b = mpf(a), mpf(b)
    rounded = []
    if a < 0:
        rounded = [mpf(float(c)) for c in remez(f, weight, a, b, degree)]
    else:
        for low in range(degree + 1):
            fixed = list(rounded)
            rounded.append(mpf(float(remez(lambda t: f(t) - value(fixed, t), weight, a, b, degree, low)[low])))
    error = max(abs(weight(t) * (value(rounded, t) - f(t))) for t in chebyshev(a, b, GRID))
    print(f"{name}: degree {degree}, error 2^{float(log(error, 2)):.1f}")
    for c in rounded:
        print(f"    {float(c)!r},")


def near_zero(limit, f, below=mpf(10) ** -12):
    """f, or its limit where f itself would divide 0 by 0."""
    return lambda t: limit if abs(t) < below else f(t)


def odd_tail(function, first):
    """(function(r) / r - 1) / z with r = sqrt z: what follows r in the series of an odd function, whose second coefficient is `first`."""
    return near_zero(first, lambda z: (function(sqrt(z)) / sqrt(z) - 1) / z, mpf(10) ** -20)


EPSILON = mpf(10) ** -20  # keeps weights away from 0
HALF_LN2 = log(2) / 2 * mpf(1.0005)
LOG_END = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf(1.0001)
SQUARE = (pi / 2) ** 2 * mpf(1.0001)
QUARTER = (pi / 4) ** 2 * mpf(1.0001)
ROOT = findroot(digamma, mpf("1.4616321449683623"))


def atanh_tail(z):
    return mpf(2) / 3 if z < EPSILON else (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z


def per_sine(z):
    return z * sqrt(z) / sin(sqrt(z)) + EPSILON if z > 0 else EPSILON


def cos_tail(z):
    return mpf(1) / 24 - z / 720 if z < mpf(10) ** -12 else (cos(sqrt(z)) - 1 + z / 2) / z**2


def erf_over_x(z):
    return 2 / sqrt(pi) if z < EPSILON else erf(sqrt(z)) / sqrt(z)


def erf_tail(z):
    return (-mpf(1) / 3 + z / 10) * 2 / sqrt(pi) if z < mpf(10) ** -14 else (erf_over_x(z) - 2 / sqrt(pi)) / z


def scaled_erfc(t):
    x = 4 * (1 + t) / (1 - t)
    return exp(x * x) * erfc(x) * (1 + 2 * x)


def erfinv_over_x(w):
    """erfinv(x) / x with w = -log(1 - x²), by Newton and Halley on erfc."""
    if w < mpf(10) ** -15:
        return sqrt(pi) / 2
    x = sqrt(-expm1(-w))
    q = exp(-w) / (1 + x)
    y = sqrt(w) * mpf("0.85")
    for _ in range(60):
        step = (erfc(y) - q) / (-2 / sqrt(pi) * exp(-y * y))
        y -= step / (1 + y * step)
        if abs(step) < mpf(10) ** -45:
            break
    return y / x


def digamma_over_root(t):
    x = t + mpf(3) / 2
    return psi(1, ROOT) if abs(x - ROOT) < mpf(10) ** -18 else digamma(x) / (x - ROOT)


def log_short_tail(f):
    return near_zero(-mpf(1) / 2, lambda t: (log1p(t) - t) / t**2)(f)


FITS = {
    "SINH": [(odd_tail(sinh, mpf(1) / 6), lambda z: z + EPSILON, 0, HALF_LN2**2, d) for d in (4, 2)],
    "COSH": [(near_zero(mpf(1) / 2, lambda z: (cosh(sqrt(z)) - 1) / z, EPSILON), lambda z: z + EPSILON, 0, HALF_LN2**2, d) for d in (4, 2)],
    "EXP_SHORT": [(near_zero(mpf(1) / 2, lambda r: (expm1(r) - r) / r**2), lambda r: r**2 / exp(r) + EPSILON, -HALF_LN2, HALF_LN2, 5)],
    "LOG": [(atanh_tail, lambda z: z + EPSILON, 0, LOG_END, 6)],
    "LOG_TAIL": [(near_zero(mpf(2) / 5, lambda z: (atanh_tail(z) - mpf(2) / 3) / z, mpf(10) ** -10), lambda z: z * z / 2 + EPSILON**2, 0, LOG_END, 7)],
    "LOG_SHORT": [(log_short_tail, lambda f: f * f / abs(log1p(f)) + mpf(10) ** -15 if f else mpf(10) ** -15, (sqrt(mpf(0.5)) - 1) * mpf(1.0001), (sqrt(mpf(2)) - 1) * mpf(1.0001), 10)],
    "SIN": [(odd_tail(sin, -mpf(1) / 6), per_sine, 0, SQUARE, d) for d in (7, 4)],
    "SIN_QUARTER": [(odd_tail(sin, -mpf(1) / 6), per_sine, 0, QUARTER, d) for d in (5, 3)],
    "COS_QUARTER": [(cos_tail, lambda z: z**2 + EPSILON, 0, QUARTER, d) for d in (5, 2)],
    "ATAN": [(odd_tail(atan, -mpf(1) / 3), lambda z: z * sqrt(z) / atan(sqrt(z)) + EPSILON, 0, 1, d) for d in (19, 10)],
    "ASIN": [(odd_tail(asin, mpf(1) / 6), lambda z: z + EPSILON, 0, 0.25, d) for d in (12, 6)],
    "ERF": [(erf_tail, lambda z: z / erf_over_x(z) + EPSILON, 0, 1, d) for d in (10, 6)],
    "ERFCX": [(scaled_erfc, lambda t: 1 / scaled_erfc(t), -1, mpf(end - 4) / (end + 4), d) for end, d in ((28, 22), (12, 12))],
    "ERFINV": [(lambda t: erfinv_over_x(t + mpf(3.125)), lambda t: 1 / erfinv_over_x(t + mpf(3.125)), -3.125, 3.125, 8)],
    "ERFINV_FAR": [
        (lambda t: erfinv_over_x((t + mpf(4.35)) ** 2), lambda t: 1 / erfinv_over_x((t + mpf(4.35)) ** 2), mpf(2.5) - mpf(4.35), mpf(6.2) - mpf(4.35), 10)
    ],
    "DIGAMMA": [(digamma_over_root, lambda t: 1 / digamma_over_root(t), -0.5, 0.5, 21)],
}

if __name__ == "__main__":
    for name, fits in FITS.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            for arguments in fits:
                fit(name, *arguments)
