"""Random array programs under Kiln and NumPy.

    python tests/oracle/run.py --programs 10000 --kiln target/release/kiln --seed 1

A program runs with all its variables saved (small ones in the interpreter): each statement is compared with NumPy's result for the values
that Kiln had before it, so that no difference of a last bit grows into another. Then it runs with its results alone, where statements fuse,
on one thread, on two, and with a tenth of the data as memory limit: the same bits everywhere, or K0701, and then again with as much as
that asks for. Of small programs, which are nearly always refused, one in five has that last run.
A program that goes wrong is made smaller and printed, with the folder of its files. Needs numpy, scipy and h5py.
"""

import argparse
import collections
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np

import arrays
import elements
import functions
import kiln
import reference
import sample
import shrink
from compare import fault, same_bits
from generate import SIZES, Writer

FAMILIES = elements.FAMILIES + arrays.FAMILIES + functions.FAMILIES
# What Kiln may refuse though NumPy does it: code, and a part of the message.
RULES = [("K0401", "is not known before the program runs")]
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}


def program(seed, size):
    return Writer(seed, size, FAMILIES).grow()


def size_of(at):
    """One program of four hundred has runs of blocks for each thread, one of fifty is large, one of twenty in several blocks."""
    return "huge" if at % 400 == 399 else "large" if at % 50 == 49 else "medium" if at % 20 == 10 else "small"


def data_bytes(prog, values):
    return prog.bytes() + sum(value.nbytes for value in values.values())


def allowed(error):
    return any(error[0] == code and part in error[1] for code, part in RULES)


def failing(prog, binary, folder):
    """A program whose last statement is wrong ends with its error, everywhere."""
    code = next(step.fails for step in prog.steps if step.fails)
    for threads in (1, 2):
        got = kiln.run(binary, prog, folder, [], threads)
        if got.error is None or got.error[0] != code and not allowed(got.error):
            return "error", f"{code} expected, got {got.error}"
    return None


def enough(prog, binary, folder, refused):
    """Runs with as much memory as a refusal asks for. A program that is planned in stages may ask several times."""
    for _ in range(8):
        if "local array" in refused.error[1]:
            # What a function that loops takes for itself is known when it runs.
            return None
        asked = re.search(r"needs ([\d.]+) (\w?B) ", refused.error[1])
        if not asked:
            return kiln.Run(error=("refusal", refused.error[1]))
        kept = re.search(r"kept take ([\d.]+) (\w?B) ", refused.error[1])
        size = sum(float(text[1]) * UNITS[text[2]] for text in (asked, kept) if text)
        # The text is rounded.
        refused = kiln.run(binary, prog, folder, prog.results, 2, size * 1.1 + 64)
        if not (refused.error and refused.error[0] == "K0701"):
            break
    return refused


def squeezed(prog, binary, folder, limit, tally):
    """A run within a memory limit, or within what its refusal asks for."""
    got = kiln.run(binary, prog, folder, prog.results, 2, limit)
    if got.error and got.error[0] == "K0701":
        tally[f"{prog.size}: refused at a tenth"] += 1
        got = enough(prog, binary, folder, got)
        return ("memory as asked", got) if got else None
    tally[f"{prog.size}: ran at a tenth"] += 1
    return "memory of a tenth", got


def check(prog, binary, folder, tally=None, tight=True):
    """What is wrong with a program: (kind, text), or None."""
    tally = collections.Counter() if tally is None else tally
    if any(step.fails for step in prog.steps):
        tally["run that must fail"] += 1
        return failing(prog, binary, folder)
    full = kiln.run(binary, prog, folder, prog.bound(), 1, interpret=prog.size == "small")
    if full.error and allowed(full.error):
        tally["refused: " + full.error[0]] += 1
        return None
    if full.error:
        return "error " + full.error[0], full.error[1]
    env = dict(reference.ALL, **{i.name: i.value for i in prog.inputs}, **full.values)
    for step in prog.steps:
        try:
            want = eval(step.numpy, env)
        except Exception as error:
            return "reference", f"{step.numpy}: {error!r}"
        for name, one in zip(step.names, want if isinstance(want, tuple) else (want,)):
            wrong = fault(full.values[name], one)
            if wrong:
                return f"value {step.kind}", f"{name} = {step.kiln}: {wrong}"
            tally["results compared with NumPy's"] += 1
    first = kiln.run(binary, prog, folder, prog.results, 1)
    ways = [("one thread", first)]
    ways.append(("two threads", kiln.run(binary, prog, folder, prog.results, 2)))
    if tight:
        way = squeezed(prog, binary, folder, max(data_bytes(prog, full.values) // 10, 1), tally)
        ways += [way] if way else []
    for name, way in ways:
        if way.error:
            return f"error {way.error[0]} {name}", f"{name}: {way.error[1]}"
    for name, way in ways[1:]:
        for result in prog.results:
            if not same_bits(way.values[result], first.values[result]):
                return f"bits {name}", f"{result} under {name}: {fault(way.values[result], first.values[result])}"
    for result in prog.results:
        if not same_bits(first.values[result], full.values[result]):
            tally["results whose bits differ where all variables are saved"] += 1
            wrong = fault(first.values[result], reference.Expected(full.values[result], slack=drift(full.values[result]), zeros=True))
            if wrong:
                return "bits fused", f"{result} alone: {wrong}"
    return None


def drift(value):
    """What another order of sums may change."""
    if value.dtype.kind not in "fc":
        return 0
    size = np.abs(value[np.isfinite(value)])
    return 256 * reference.eps(value.dtype) * float(size.max(initial=0))


def work(task):
    seed, size, binary, keep = task
    folder = tempfile.mkdtemp(prefix="oracle-")
    tally, kinds = collections.Counter(), collections.Counter()
    try:
        prog = program(seed, size)
        if prog is None:
            return size, kinds, tally, None
        kinds.update(step.kind for step in prog.steps)
        found = check(prog, binary, folder, tally, size != "small" or seed % 5 == 0)
        if not found:
            return size, kinds, tally, None
        small = shrink.shrunk(prog, lambda p: wrong_as(p, binary, found[0]))
        kept = os.path.join(keep, str(seed))
        os.makedirs(kept, exist_ok=True)
        again = check(small, binary, kept) or found
        text = f"program {seed} ({size}): {again[0]}: {again[1]}\n{small.shown()}\n"
        with open(os.path.join(kept, "found.txt"), "w") as file:
            file.write(text)
        return size, kinds, tally, (found[0], text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wrong_as(prog, binary, kind):
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        found = check(prog, binary, folder)
    return bool(found) and found[0] == kind


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=10000)
    parser.add_argument("--kiln", default="target/release/kiln")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--size", choices=list(SIZES))
    parser.add_argument("--only", help="one program, by the number it is printed with")
    parser.add_argument("--sample", type=int, metavar="N", help="write the first N fitting programs as tests/goldens/programs.txt, and stop")
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "oracle-found"), help="folder for programs that go wrong")
    options = parser.parse_args()
    binary = os.path.abspath(options.kiln)
    numbers = [int(options.only)] if options.only else range(options.seed * 1_000_000, options.seed * 1_000_000 + options.programs)
    if options.sample:
        return sample.write((program(number, "small") for number in numbers), options.sample, binary)
    tasks = [(number, options.size or size_of(number), binary, options.keep) for number in numbers]
    begun, sizes, kinds, tally, found = time.time(), collections.Counter(), collections.Counter(), collections.Counter(), []
    with multiprocessing.Pool(options.workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            for at, (size, of, counted, wrong) in enumerate(pool.imap_unordered(work, tasks), 1):
                sizes[size] += 1
                kinds.update(of), tally.update(counted)
                if wrong:
                    found.append(wrong)
                    print(wrong[1], flush=True)
                if at % 500 == 0:
                    print(f"{at} programs, {len(found)} wrong, {time.time() - begun:.0f} s", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            print("stopped; so far:")
    print("programs:", ", ".join(f"{count} {size}" for size, count in sizes.items()))
    print("statements:", sum(kinds.values()), dict(kinds.most_common()))
    print("runs:", dict(tally))
    print("wrong:", len(found), dict(collections.Counter(kind for kind, _ in found)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
