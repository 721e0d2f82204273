"""Runs one peer of one workload: `serve.py WORKLOAD PEER`.

The module WORKLOAD has a function PEER that returns a function without arguments, which computes the result and has all of it in memory
when it returns; and a function `check`, which makes one number of the result. The protocol: at first a line "compile SECONDS" (by how much
the first run was slower than the second), "check VALUE" and "ready"; then a line "time SECONDS" for each line on stdin."""

import importlib
import sys
import time


def timed(work):
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


module = importlib.import_module(sys.argv[1])
work = getattr(module, sys.argv[2])()
first, result = timed(work)
value = float(module.check(result))
del result
second = timed(work)[0] if "--once" not in sys.argv else first
print(f"compile {max(0.0, first - second):.6f}\ncheck {value!r}\nready", flush=True)
for _ in sys.stdin:
    print(f"time {timed(work)[0]:.9f}", flush=True)
