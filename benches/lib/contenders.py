"""The processes that are measured. A contender computes one workload; it prints lines "time SECONDS", "check VALUE", "compile SECONDS"."""

import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from .setup import BENCHES, PYTHON


ENOUGH = 2.0


class Failure(Exception):
    pass


@dataclass
class Place:
    """Where contenders run."""
    kiln: Path
    data: Path
    references: Path

    def environment(self, threads):
        """The same number of threads for all, and nothing that steers a library's choice of code."""
        unwanted = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
        variables = {name: value for name, value in os.environ.items() if name not in unwanted}
        limits = ("BENCH", "OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "NUMEXPR_NUM", "NUMEXPR_MAX", "POLARS_MAX")
        variables.update({name + "_THREADS": str(threads) for name in limits})
        return variables


@dataclass
class Result:
    seconds: list = field(default_factory=list)
    compile: float | None = None
    check: float | None = None
    peak: int = 0    # bytes

    @property
    def median(self):
        return statistics.median(self.seconds)

    def read(self, line):
        word, value = line.split()
        if word == "time":
            self.seconds.append(float(value))
        elif word in ("check", "compile"):
            setattr(self, word, float(value))


class Contender:
    """A process of its own on the first `threads` processors, in the data folder."""

    def __init__(self, name, command, place, threads):
        self.name, self.command, self.place, self.threads = name, command, place, threads
        self.result = Result()
        self.process = None

    def start(self):
        processors = sorted(os.sched_getaffinity(0))[:self.threads]
        self.process = subprocess.Popen(
            self.command, cwd=self.place.data, env=self.place.environment(self.threads), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, processors))
        self.errors = []
        self.listener = threading.Thread(target=lambda: self.errors.extend(self.process.stderr))
        self.listener.start()

    def stop(self):
        """Ends it if it is still there."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            self.process.wait()

    def finish(self):
        """Waits for the end; notes the largest memory the process had."""
        self.process.stdin.close()
        for line in self.process.stdout:
            self.result.read(line)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.listener.join()
        self.result.peak = max(self.result.peak, usage.ru_maxrss * 1024)
        if self.process.returncode != 0:
            raise Failure(f"{self.name}: exit code {self.process.returncode}\n" + "".join(self.errors[-12:]))


class Program(Contender):
    """Kiln or a C reference: a process for each round, whose first run is the warm-up."""

    def prepare(self):
        pass

    def round(self, runs):
        """The runs of one round; how many is the program's decision, and is returned for the peers to follow."""
        self.start()
        seconds, self.result.seconds = self.result.seconds, []
        self.finish()
        this = self.result.seconds
        self.result.seconds = seconds + (this[1:] or this)
        return max(1, len(this) - 1)

    def end(self):
        pass


class Peer(Contender):
    """A Python peer: a process for all rounds, which is asked for one run at a time."""

    def prepare(self):
        self.start()
        while (line := self.answer()) != "ready\n":
            self.result.read(line)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.finish()
            raise Failure(f"{self.name} ended early")
        return line

    def round(self, runs):
        """At most `runs` runs, and no more once they took `ENOUGH` seconds."""
        begin = time.monotonic()
        for run in range(runs):
            if run and time.monotonic() - begin > ENOUGH:
                return
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            self.result.read(self.answer())

    def end(self):
        self.finish()


def kiln(workload, place):
    command = [place.kiln, "--quiet", "--threads", str(workload.threads), BENCHES / "programs" / f"{workload.program}.kiln"]
    return Program("kiln", command, place, workload.threads)


def peer(name, workload, place):
    command = [PYTHON, BENCHES / "peers" / "serve.py", workload.program, name]
    return Peer(name, command + ["--once"] * workload.once, place, workload.threads)


def reference(workload, place):
    return Program("c", [place.references / workload.program], place, workload.threads)
