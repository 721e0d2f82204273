"""What the machine can do at most, measured by reference/limits.c in the same run."""

import os
import subprocess


def measure(place, threads):
    """Bytes or operations a second by name: sum, stream, triad, flops, file."""
    output = subprocess.run([place.references / "limits"], cwd=place.data, env=place.environment(threads),
                            capture_output=True, text=True, check=True).stdout
    return {name: float(value) for name, value in map(str.split, output.splitlines())}


def machine():
    """One line about processor, memory, and what else keeps them busy."""
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    return f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB, Linux {os.uname().release}, load {os.getloadavg()[0]:.1f} before the run"
