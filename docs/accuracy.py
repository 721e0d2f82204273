"""Reference points for the vector math routines, computed with mpmath to 50 digits.

    python docs/accuracy.py 20000 > points.txt
    KILN_POINTS=points.txt cargo test --release --lib vmath::accuracy -- --ignored --nocapture

A line is: function, x, y (0 where unused), the f64 nearest to the exact value, and how far the exact value is from that in its last places.
The argument is the number of points for each range; `src/vmath/golden.txt` was made with 12.
"""
import random
import sys

import mpmath
from mpmath import mp, mpf

mp.dps = 50
random.seed(20)


def flat(low, high):
    return lambda: random.uniform(low, high)


def decades(low, high, signed=True):
    return lambda: (random.choice((-1, 1)) if signed else 1) * 10 ** random.uniform(low, high)


def positive_decades(low, high):
    return decades(low, high, signed=False)


def fmod(x, y):
    rest = abs(x) - abs(y) * mpmath.floor(abs(x) / abs(y))
    return rest if x >= 0 else -rest


TINY = decades(-20, 0)
LOG = [positive_decades(-307, 308), flat(0.5, 2), flat(0.99, 1.01)]
TURN = [flat(-4, 4), flat(-1e3, 1e3), flat(-1e6, 1e6), decades(-20, 20)]
HYPERBOLIC = [flat(-709, 709), flat(-3, 3), TINY]
FUNCTIONS = {
    "exp": (mpmath.exp, [flat(-745, 709.7), flat(-2, 2), TINY]),
    "exp2": (lambda x: mpf(2) ** x, [flat(-1074, 1023.9), flat(-2, 2)]),
    "expm1": (mpmath.expm1, [flat(-40, 709), flat(-2, 2), flat(-0.4, 0.4), TINY]),
    "log": (mpmath.log, LOG),
    "log1p": (mpmath.log1p, [positive_decades(-20, 300), flat(-0.999, 2), flat(-0.5, 0.5), TINY]),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), LOG),
    "log10": (mpmath.log10, LOG),
    "sin": (mpmath.sin, TURN),
    "cos": (mpmath.cos, TURN),
    "tan": (mpmath.tan, TURN),
    "asin": (mpmath.asin, [flat(-1, 1), TINY, flat(0.99, 1)]),
    "acos": (mpmath.acos, [flat(-1, 1), TINY, flat(0.99, 1), flat(-0.51, -0.49)]),
    "atan": (mpmath.atan, [flat(-2, 2), decades(-20, 20)]),
    "sinh": (mpmath.sinh, HYPERBOLIC),
    "cosh": (mpmath.cosh, HYPERBOLIC),
    "tanh": (mpmath.tanh, [flat(-20, 20), flat(-2, 2), TINY]),
    "asinh": (mpmath.asinh, [flat(-5, 5), decades(-20, 308)]),
    "acosh": (mpmath.acosh, [flat(1, 5), positive_decades(0, 308), flat(1, 1.01)]),
    "atanh": (mpmath.atanh, [flat(-1, 1), TINY, flat(0.99, 1)]),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [decades(-323, 308), flat(1, 8)]),
    "erf": (mpmath.erf, [flat(-6, 6), flat(-1.2, 1.2), TINY]),
    "erfc": (mpmath.erfc, [flat(-6, 26.5), flat(-1, 3), TINY]),
    "erfinv": (mpmath.erfinv, [flat(-1, 1), TINY, flat(0.99, 1)]),
    "gamma": (mpmath.gamma, [flat(-20, 20), flat(0, 171), flat(-170, 0), TINY]),
    "lgamma": (lambda x: mpmath.log(mpmath.gamma(x)), [flat(0, 100), positive_decades(0, 300), flat(0.5, 2.5)]),
    "digamma": (mpmath.digamma, [flat(0, 100), positive_decades(0, 300), flat(1, 2)]),
    "pow": (
        mpmath.power,
        [
            (flat(0, 100), flat(-10, 10)),
            (positive_decades(-300, 300), flat(-1, 1)),
            (flat(0.9, 1.1), flat(-6000, 6000)),
            (flat(0, 3), flat(-300, 300)),
        ],
    ),
    "atan2": (mpmath.atan2, [(flat(-3, 3), flat(-3, 3)), (decades(-10, 10), decades(-10, 10))]),
    "hypot": (mpmath.hypot, [(flat(-3, 3), flat(-3, 3)), (decades(-300, 300), decades(-300, 300))]),
    "fmod": (fmod, [(flat(-30, 30), flat(0.1, 3)), (decades(-3, 12), decades(-3, 3))]),
}


def last_place(value):
    _, exponent = mpmath.frexp(abs(value)) if value else (0, -1074)
    return mpf(2) ** max(int(exponent) - 53, -1074)


def main():
    count = int(sys.argv[1])
    for name, (function, ranges) in FUNCTIONS.items():
        for arguments in ranges:
            two = isinstance(arguments, tuple)
            for _ in range(count):
                x, y = (arguments[0](), arguments[1]()) if two else (arguments(), 0.0)
                try:
                    exact = function(mpf(x), mpf(y)) if two else function(mpf(x))
                except (ValueError, ZeroDivisionError):
                    continue
                if abs(exact) >= mpf(2) ** 1024:
                    continue
                near = float(exact)
                print(name, repr(x), repr(y), repr(near), "%.3f" % float((exact - mpf(near)) / last_place(exact)))


if __name__ == "__main__":
    main()
