"""What is measured, against whom, and what is aimed at: Kiln's time as a multiple of another's is at most the target."""

from dataclasses import dataclass, replace

GB = 1e9


@dataclass(frozen=True)
class Workload:
    title: str
    program: str              # programs/*.kiln, peers/*.py, reference/*.c
    peers: tuple              # functions of peers/PROGRAM.py
    targets: dict             # whom ("best" Python peer, a peer, "c") to the ratio aimed at
    c: bool = True            # whether reference/PROGRAM.c is there
    threads: int = 2
    limit: tuple = ()         # a limit of limits.c, and how much of it a full run needs
    tolerance: float = 1e-9   # of the checks, relative
    once: bool = False        # peers are not warmed up twice: runs that take seconds

    @property
    def name(self):
        return self.program if self.threads != 1 else self.program + "_1"


ARRAYS = [
    Workload("sum of positives, loop, 1e8", "sum_positive",
             ("numba_fastmath", "numba", "polars", "duckdb", "jax", "dask", "numexpr", "numpy"),
             {"numba_fastmath": 1.1, "numba": 0.15}, limit=("sum", 0.8 * GB)),
    Workload("mean, 1e8", "mean", ("numba_fastmath", "jax", "polars", "duckdb", "numpy", "dask"),
             {"best": 1.05}, limit=("sum", 0.8 * GB), tolerance=1e-6),
    Workload("polynomial, 1e8", "polynomial", ("numba_parallel", "jax", "numexpr", "dask", "numpy"),
             {"best": 0.6, "c": 1.0}, limit=("stream", 1.6 * GB)),
    Workload("√(x² + y²), 1e8", "hypotenuse", ("numba_parallel", "jax", "numexpr", "dask", "numpy"),
             {"best": 0.7}, limit=("triad", 2.4 * GB)),
    Workload("sin² + cos², 1e8", "sin_cos", ("numba_parallel", "jax", "numexpr", "dask", "numpy"),
             {"best": 0.6}, limit=("stream", 1.6 * GB)),
    Workload("Black-Scholes, 1e7", "black_scholes", ("jax", "numba_parallel", "dask", "numpy"),
             {"best": 0.3}, limit=("triad", 0.4 * GB)),
    Workload("x + x.T, 10000²", "add_transpose", ("numpy", "numba_parallel", "jax", "dask"),
             {"best": 0.6}, limit=("stream", 1.6 * GB), tolerance=1e-6),
    Workload("x.dot(x.T + 1), 4000²", "product", ("numpy", "jax", "dask"),
             {"best": 1.0}, c=False, limit=("flops", 2 * 4000 ** 3)),
    Workload("x.dot(x.T + 1) − x.mean(), 4000²", "product_centered", ("numpy", "jax", "dask"),
             {"best": 0.9}, c=False, limit=("flops", 2 * 4000 ** 3)),
    Workload("(x.dot(x.T + 1) − x.mean()).std(), 4000²", "product_std", ("numpy", "jax", "dask"),
             {"best": 0.8}, c=False, limit=("flops", 2 * 4000 ** 3)),
]

FILES = [
    Workload("mean of 4 GB HDF5", "file_mean", ("dask", "h5py"),
             {"dask": 0.35}, c=False, limit=("file", 4 * GB), tolerance=1e-6, once=True),
    Workload("mean of 2 GB gzip HDF5", "file_global_mean", ("dask", "xarray"),
             {"best": 0.3}, c=False, tolerance=1e-6, once=True),
    Workload("mean over time of 2 GB gzip HDF5", "file_time_mean", ("dask", "xarray"),
             {"best": 0.3}, c=False, tolerance=1e-6, once=True),
    Workload("std of anomaly of 2 GB gzip HDF5", "file_anomaly", ("dask", "xarray"),
             {"best": 0.3}, c=False, tolerance=1e-5, once=True),
]

LOOPS = [
    ("Mandelbrot, 2000² × 200", "mandelbrot"),
    ("Jacobi, 4000² × 50", "jacobi"),
    ("n-body, 5e6 steps", "nbody"),
    ("matrix product in loops, 512²", "matmul"),
    ("spectral norm, 2000", "spectral_norm"),
    ("life, 1000² × 50", "life"),
    ("prefix sum, 1e8", "prefix_sum"),
    ("Floyd-Warshall, 1000", "floyd_warshall"),
    ("Monte Carlo π, 1e8", "monte_carlo"),
    ("Levenshtein, 5000²", "levenshtein"),
]
SERIAL = ("nbody", "levenshtein")    # loops where each pass needs the one before

ONE_THREAD = [Workload(title + ", one thread", program, ("numba",), {"c": 1.3, "numba": 1.0}, threads=1) for title, program in LOOPS]
TWO_THREADS = [Workload(title, program, ("numba_parallel",), {"numba_parallel": 1.0})
               for title, program in LOOPS if program not in SERIAL]

MEAN_OF_LOOPS = 1.05    # the geometric mean of the one-thread loops against C


def all(threads):
    """Every workload; those of two threads with `threads`."""
    return [replace(workload, threads=threads) for workload in ARRAYS + FILES] + ONE_THREAD + [
        replace(workload, threads=threads) for workload in TWO_THREADS]
