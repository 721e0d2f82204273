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
    "an element and its join as a task": "kiln at most 0.0005 ms and 0.01 of dask",
}


def measure(place, rounds, quick):
    """Rows of (what, seconds by contender, whether the target is met or None). A quick run measures no tasks."""
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
    compiled = {"kiln": statistics.median(session.compiled(i) for i in range(5 * rounds)), "numba": printed_by("compile_time.py", place, 1)}
    session.close()
    task = {} if quick else {"kiln": kiln_task(), "dask": printed_by("trivial_tasks.py", place, 2)}
    return [
        ("cold start", start, start["kiln"] <= 0.015),
        ("a line of the session", line, line["kiln"] <= 0.002),
        ("a loop function compiled", compiled, compiled["kiln"] <= min(0.005, 0.02 * compiled["numba"])),
        ("an element and its join as a task", task, task["kiln"] <= min(0.5e-6, 0.01 * task["dask"]) if task else None),
    ]


def started(command, place, times):
    def once():
        begin = time.perf_counter()
        subprocess.run(command, env=place.environment(2), stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin
    once()
    return statistics.median(once() for _ in range(times))


def printed_by(peer, place, threads):
    """The seconds that a program of peers/ prints."""
    return float(printed([PYTHON, BENCHES / "peers" / peer], place.environment(threads), place.data))


def printed(command, environment, folder):
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"`{command[0]}`: {done.stderr.strip()[-500:]}")
    return done.stdout


def kiln_task():
    """A millionth of the median of `tasks` of benches/micro.rs on two threads: no program makes Kiln plan tasks so small."""
    command = ["cargo", "bench", "--quiet", "--bench", "micro", "--", "tasks"]
    output = printed(command, None, BENCHES.parent)
    row = re.search(r"─ 2 .*?│.*?│ ([\d.]+) (s|ms|µs)", output)
    if row is None:
        raise Failure(f"`{' '.join(command)}` printed {output!r}")
    return float(row[1]) * {"s": 1.0, "ms": 1e-3, "µs": 1e-6}[row[2]] / 1e6


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
