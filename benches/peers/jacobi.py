from numba import prange

from data import array, mean as check, numba_compiled

start = array("grid")


def jacobi(start, steps):
    grid, new = start.copy(), start.copy()
    n, m = grid.shape
    for step in range(steps):
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                new[i, j] = 0.25 * (grid[i - 1, j] + grid[i + 1, j] + grid[i, j - 1] + grid[i, j + 1])
        grid, new = new, grid
    return grid


def numba():
    return numba_compiled(jacobi, start, 50)


def numba_parallel():
    return numba_compiled(jacobi, start, 50, parallel=True)
