"""What benches/memory measures: a process with a limit of memory, what it took and how long."""

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass

from .setup import BENCHES, PYTHON

PROGRAMS = BENCHES / "programs" / "memory"
# A process above this is stopped, for the sake of the machine.
MOST = 12e9
# And one that takes longer, in seconds.
LONGEST = 900


@dataclass
class Work:
    name: str
    title: str
    """Whether Dask or xarray do it too: `benches/peers/memory.py` has a function of the name."""
    peer: bool = True


WORK = [
    Work("transpose", "transpose of 20000 × 20000 f64 to a new file"),
    Work("standardise", "(x − mean) / std over axis 0 of 8 GB, its extremes"),
    Work("median_columns", "exact median over axis 0 of 4 GB"),
    Work("median", "exact median of all of 4 GB", peer=False),
    Work("sort", "sort of 4 GB to a new file", peer=False),
    Work("svd", "singular values of 1,000,000 × 50"),
    Work("product", "x.dot(x.T + 1).sum(), 20000 × 20000"),
    Work("anomaly", "monthly climatology and anomaly of 2 GB packed f32 to a new file"),
    Work("spread", "(t − t.mean(over = time)).std() of 2 GB packed f32"),
    Work("stencil", "fifty steps of a stencil on 4000 × 4000", peer=False),
]


@dataclass
class Taken:
    seconds: float
    """Bytes of memory of its own at most: what the system counts as anonymous, looked at fifty times a second, or the largest resident
    size without the pages of files, which are those of the program; whichever is larger."""
    peak: int
    """Bytes read, by read calls (from the page cache too)."""
    read: int
    code: int
    output: str


def field(text, name):
    found = re.search(rf"^{name}:\s+(\d+)", text, re.M)
    return int(found[1]) if found else 0


def measure(command, folder):
    """Runs a command in a folder."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = {"file": 0, "read": 0, "own": 0}

    def watch():
        while process.returncode is None:
            try:
                now = "".join(open(f"/proc/{process.pid}/{name}").read() for name in ("status", "io", "smaps_rollup"))
                for name, counter, unit in [("file", "RssFile", 1024), ("read", "rchar", 1), ("own", "Anonymous", 1024)]:
                    seen[name] = max(seen[name], field(now, counter) * unit)
                if seen["own"] > MOST or time.monotonic() - start > LONGEST:
                    process.kill()
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    peak = max(seen["own"], usage.ru_maxrss * 1024 - seen["file"])
    return Taken(time.monotonic() - start, peak, seen["read"], process.returncode, output.strip())


UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def forecast(kiln, limit, path, folder):
    """What `explain` says: bytes of memory at most, bytes to read, and whether scratch files are needed."""
    text = subprocess.run([*kiln_command(kiln, limit), "explain", path], cwd=folder, capture_output=True, text=True).stdout
    def largest(words):
        return max([float(number) * UNITS[unit] for number, unit in re.findall(words + r"\s+([\d.]+) (\w+)", text)], default=0)
    return largest("peak memory"), largest("read from files"), largest("scratch on disk")


def kiln_command(kiln, limit):
    return [kiln, "--quiet", "--threads", "2", "--memory", limit]


def of_kiln(work, kiln, limit, folder):
    path = PROGRAMS / f"{work.name}.kiln"
    said = forecast(kiln, limit, path, folder)
    return said, measure([*kiln_command(kiln, limit), path], folder)


def of_peer(work, limit, folder):
    return measure([PYTHON, BENCHES / "peers" / "memory.py", work.name, limit], folder)
