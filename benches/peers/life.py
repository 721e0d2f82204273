import numpy as np
from numba import prange

from data import array, numba_compiled

start = array("cells")


def check(cells):
    return cells.sum()


def life(start, generations):
    cells, new = start.copy(), np.zeros_like(start)
    n, m = cells.shape
    for generation in range(generations):
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                around = (cells[i - 1, j - 1] + cells[i - 1, j] + cells[i - 1, j + 1]
                          + cells[i, j - 1] + cells[i, j + 1]
                          + cells[i + 1, j - 1] + cells[i + 1, j] + cells[i + 1, j + 1])
                new[i, j] = around == 3 or (around == 2 and cells[i, j] == 1)
        cells, new = new, cells
    return cells


def numba():
    return numba_compiled(life, start, 50)


def numba_parallel():
    return numba_compiled(life, start, 50, parallel=True)
