"""A few programs with NumPy's results, as tests/goldens/programs.txt: `cargo test` runs them without Python.

A program is its text and, for each result, a line `#> name ; dtype ; shape ; values ; tolerance` in the form of the other goldens. Here NumPy
computes whole programs by itself; those in which rounding grows beyond the tolerances are left out.
"""

import os
import tempfile

import numpy as np

import kiln
from compare import order, same_bits
from program import dtype_of
from shrink import values

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../goldens/programs.txt")


TOLERANCES = ["exact", "4ulp", "1e-12"]


def tolerance(got, want):
    """The first of the tolerances that holds, or None."""
    if got.dtype != want.dtype or got.shape != want.shape:
        return None
    if same_bits(got, want):
        return "exact"
    if want.dtype.kind != "f":
        return None
    got, want = np.ascontiguousarray(got), np.ascontiguousarray(want)
    equal = (got == want) | (np.isnan(got) & np.isnan(want))
    both = ~np.isnan(got) & ~np.isnan(want)
    a, b = order(got), order(want)
    if np.all(equal | both & ((np.maximum(a, b) - np.minimum(a, b)).view(np.uint64) <= 4)):
        return "4ulp"
    near = np.abs(got - want) <= 1e-12 * np.maximum(np.abs(want), 1e-3)
    return "1e-12" if np.all(equal | near) else None


def text(array):
    flat = array.ravel()
    if flat.dtype.kind == "c":
        flat = np.stack([flat.real, flat.imag], axis=1).ravel()
    return " ".join(str(v).lower() if v.dtype == bool else repr(float(v)) if v.dtype.kind == "f" else str(int(v)) for v in flat)


def golden(prog, binary):
    """The lines of a program, or None for one that is no golden."""
    if prog is None or any(s.fails for s in prog.steps) or any(i.store != "text" for i in prog.inputs):
        return None
    prog = prog.pruned()
    want = values(prog)
    if want is None or not prog.steps or any(want[name].size > 40 for name in prog.results):
        return None
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        # Without fused multiply-adds some functions round otherwise.
        runs = [kiln.run(binary, prog, folder, prog.results, 1, interpret=True, simd=simd) for simd in (None, "sse2")]
        lines = prog.text(folder, prog.results, "").splitlines()[:-1]
    if any(got.error for got in runs):
        return None
    for name in prog.results:
        array = want[name]
        allowed = [tolerance(got.values[name], array) for got in runs]
        if None in allowed:
            return None
        allowed = max(allowed, key=TOLERANCES.index)
        lines.append(f"#> {name} ; {dtype_of(array)} ; {' '.join(map(str, array.shape))} ; {text(array)} ; {allowed}")
    return lines if sum(map(len, lines)) < 1500 else None


def write(programs, count, binary):
    kept = []
    for prog in programs:
        lines = golden(prog, binary)
        if lines:
            kept.append("\n".join(lines))
        if len(kept) == count:
            break
    with open(PATH, "w") as file:
        file.write("\n\n".join(kept) + "\n")
    print(len(kept), "programs in", os.path.normpath(PATH))
