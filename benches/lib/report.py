"""docs/benchmarks.md: what was measured, and how."""

import math
import platform
import subprocess
from datetime import date

from .setup import PYTHON
from .waiting import TARGETS
from .workloads import MEAN_OF_LOOPS, ONE_THREAD

NAMES = {"numba_fastmath": "Numba parallel fastmath", "numba_parallel": "Numba parallel", "numba": "Numba", "numpy": "NumPy",
         "dask": "Dask", "jax": "JAX", "numexpr": "numexpr", "polars": "Polars", "duckdb": "DuckDB", "xarray": "xarray", "h5py": "h5py", "c": "C",
         "kiln": "Kiln", "best": "best peer", "python": "Python"}


def number(x):
    """Three digits, without an exponent."""
    if x == 0:
        return "0"
    return f"{x:.{max(0, 2 - math.floor(math.log10(abs(x))))}f}"


def best(workload, results):
    return min(workload.peers, key=lambda name: results[name].median)


def ratio(workload, results, other):
    other = best(workload, results) if other == "best" else other
    return results["kiln"].median / results[other].median


def targets(workload, results):
    """Lines such as `0.93 of Numba (at most 1): met`."""
    for other, most in workload.targets.items():
        got = ratio(workload, results, other)
        yield f"{number(got)} of {NAMES[other]} (≤ {most:g}) {'met' if got <= most else '**missed**'}", got <= most


def row(workload, results, limits):
    name = best(workload, results)
    kiln = results["kiln"].median
    cells = [workload.title, number(kiln), f"{NAMES[name]} {number(results[name].median)}", number(ratio(workload, results, "best"))]
    cells.append(number(ratio(workload, results, "c")) if workload.c else "")
    kind, amount = workload.limit or ("", 0)
    cells.append(f"{number(kiln / (amount / limits[kind]))} of {kind}" if kind in limits else "")
    cells.append(f"{results['kiln'].peak / 1e6:.0f} / {results[name].peak / 1e6:.0f}")
    cells.append("; ".join(text for text, _ in targets(workload, results)))
    return table_row(cells)


def table_row(cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    return "\n".join([table_row(head), table_row(["---"] * len(head)), *rows])


def against_targets(measured, limits):
    head = ["work", "Kiln, s", "best Python peer, s", "÷ best", "÷ C", "÷ limit", "peak MB, Kiln / best", "aims"]
    return table(head, [row(workload, results, limits) for workload, results in measured])


def everyone(measured):
    def cell(result):
        compiled = f" + {number(result.compile)}" if result.compile and result.compile > 0.1 * result.median else ""
        return number(result.median) + compiled

    rows = [table_row([workload.title, ", ".join(f"{NAMES[name]} {cell(result)}" for name, result in results.items())])
            for workload, results in measured]
    return table(["work", "seconds; after + what the first run took more, which is compilation"], rows)


def loops_mean(measured):
    ratios = [ratio(workload, results, "c") for workload, results in measured if workload in ONE_THREAD]
    if len(ratios) < len(ONE_THREAD):
        return ""
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return f"Loops on one thread, geometric mean: {number(mean)} of C (≤ {MEAN_OF_LOOPS}) {'met' if mean <= MEAN_OF_LOOPS else '**missed**'}."


def waits(rows):
    def line(what, seconds, met):
        verdict = {True: "met", False: "**missed**", None: "**not measured**"}[met]
        return table_row([what, ", ".join(f"{NAMES[name]} {number(1000 * s)}" for name, s in seconds.items()), f"{TARGETS[what]}: {verdict}"])
    return table(["wait", "milliseconds", "aim"], [line(*row) for row in rows])


def versions(kiln):
    packages = subprocess.run([PYTHON, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout.lower().split()
    wanted = ("numpy==", "numba==", "dask==", "jax==", "numexpr==", "polars==", "duckdb==", "xarray==", "h5py==", "netcdf4==", "scipy==")
    of_kiln = subprocess.run([kiln, "--version"], capture_output=True, text=True).stdout.strip() or "kiln"
    gcc = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return ", ".join([of_kiln, f"Python {platform.python_version()}", *(p.replace("==", " ") for p in packages if p.startswith(wanted)), gcc])


def limits_line(limits):
    unit = {"flops": "GFLOP/s"}
    values = ", ".join(f"{name} {number(value / 1e9)} {unit.get(name, 'GB/s')}" for name, value in limits.items())
    return f"- Limits, measured in the same run: {values or 'none'}."


def document(measured, limits, waiting, failures, options, machine):
    parts = [
        f"# Benchmarks\nMeasured on {date.today()} by `{options.command}`; do not edit. How: benches/README.md.\n",
        "**A quick run: data of about a tenth of what the titles say, one round.**\n" if options.quick else "",
        f"- Machine: {machine}. {options.threads} threads unless a line says one.\n- Versions: {versions(options.kiln)}.",
        limits_line(limits) + "\n",
        against_targets(measured, limits) + "\n",
        loops_mean(measured) + "\n",
        waits(waiting) + "\n" if waiting else "",
        "## All contenders\n" + everyone(measured) + "\n",
        "## Failures\n" + "\n".join(f"- {title}: `{reason}`" for title, reason in failures) + "\n" if failures else "",
    ]
    return "\n".join(part for part in parts if part.strip())
