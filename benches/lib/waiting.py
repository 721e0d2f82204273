"""What a person waits for: the start of the program, the answer to a line, a function that is compiled for the first time."""

import re
import statistics
import subprocess
import time

from .contenders import Failure
from .setup import BENCHES, PYTHON

TARGETS = {
    "cold start": "kiln at most 15 ms",
    "a line of the session": "kiln at most 2 ms",
    "a loop function compiled": "kiln at most 5 ms and 0.02 of numba",
    "a trivial task": "kiln at most 0.5 µs and 0.01 of dask; measured by `cargo bench --bench micro`, not here",
}


def measure(place, rounds):
    """Rows of (what, seconds by contender, whether the target is met or None)."""
    start = {
        "kiln": started([place.kiln, "-e", "1 + 1"], place, 10 * rounds),
        "python": started([PYTHON, "-c", "print(1 + 1)"], place, 3 * rounds),
        "numpy": started([PYTHON, "-c", "import numpy"], place, rounds),
        "numba": started([PYTHON, "-c", "import numba"], place, rounds),
        "dask": started([PYTHON, "-c", "import dask.array"], place, rounds),
        "jax": started([PYTHON, "-c", "import jax.numpy"], place, rounds),
    }
    session = Session(place)
    line = {"kiln": statistics.median(session.ask("1 + 1", "2")[0] for _ in range(20 * rounds))}
    compiled = {"kiln": statistics.median(session.compiled(i) for i in range(5 * rounds)), "numba": numba_compiles(place)}
    session.close()
    return [
        ("cold start", start, start["kiln"] <= 0.015),
        ("a line of the session", line, line["kiln"] <= 0.002),
        ("a loop function compiled", compiled, compiled["kiln"] <= min(0.005, 0.02 * compiled["numba"])),
        ("a trivial task", {}, None),
    ]


def started(command, place, times):
    def once():
        begin = time.perf_counter()
        subprocess.run(command, env=place.environment(2), stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin
    once()
    return statistics.median(once() for _ in range(times))


def numba_compiles(place):
    output = subprocess.run([PYTHON, BENCHES / "peers" / "compile_time.py"], env=place.environment(1), cwd=place.data,
                            capture_output=True, text=True, check=True).stdout
    return float(output)


class Session:
    """`kiln repl` behind a pipe."""

    function = re.search(r"fn mandelbrot.*?\n}\n", (BENCHES / "programs" / "mandelbrot.kiln").read_text(), re.S)[0]

    def __init__(self, place):
        self.process = subprocess.Popen([place.kiln, "repl"], env=place.environment(2), text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, entry, expected):
        begin = time.perf_counter()
        self.process.stdin.write(entry + "\n")
        answer = self.process.stdout.readline()
        took = time.perf_counter() - begin
        if answer.split()[:1] != [expected]:
            raise Failure(f"the session answered {answer!r}")
        return took, answer

    def compiled(self, number):
        """From the text of a function that is new to the answer of its first call."""
        name = f"f{number}"
        return self.ask(self.function.replace("mandelbrot", name) + f"{name}(4, 3).sum()", "39")[0]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
