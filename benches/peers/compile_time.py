"""The seconds from Numba's first sight of the Mandelbrot function to its first result; one before it warms the compiler itself."""

import statistics
import time

from mandelbrot import mandelbrot
from numba import njit


def compile_seconds():
    function = njit(mandelbrot)
    begin = time.perf_counter()
    function(4, 3)
    return time.perf_counter() - begin


compile_seconds()
print(statistics.median(compile_seconds() for _ in range(3)))
