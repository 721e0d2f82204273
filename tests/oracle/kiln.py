"""Runs Kiln on a program and reads what it saved, or the error it ended with."""

import json
import os
import subprocess

import numpy as np


class Run:
    """What a run of Kiln gave: `values` by name, or `error` (code, message)."""

    def __init__(self, values=None, error=None):
        self.values, self.error = values, error

    def broken(self):
        """What no input may cause: a panic, a hang, an internal error, an error without a code."""
        return self.error if self.error and not (self.error[0].startswith("K") and self.error[0] != "K0999") else None


def run(kiln, program, folder, saved, threads=None, memory=None, interpret=False, simd=None, seconds=300):
    out = os.path.join(folder, "out.npz")
    if os.path.exists(out):
        os.remove(out)
    path = os.path.join(folder, "program.kiln")
    with open(path, "w") as file:
        file.write(program.text(folder, saved, out))
    options = ["--json", "-q"]
    if threads:
        options += ["--threads", str(threads)]
    if memory:
        options += ["--memory", str(int(memory))]
    if interpret:
        options.append("--interpret")
    env = dict(os.environ, KILN_SIMD=simd) if simd else None
    try:
        done = subprocess.run([kiln, *options, path], capture_output=True, text=True, timeout=seconds, cwd=folder, env=env)
    except subprocess.TimeoutExpired:
        return Run(error=("hang", f"not done after {seconds} s"))
    errors = []
    for line in done.stderr.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            return Run(error=("panic", done.stderr[-1500:]))
        if found.get("kind") == "diagnostic" and found["severity"] == "error":
            errors.append((found["code"], " ".join([found["message"], *found.get("notes", [])])))
    if errors:
        return Run(error=errors[0])
    if done.returncode != 0:
        return Run(error=("exit", f"{done.returncode} {done.stderr[-500:]}"))
    if not saved:
        return Run(values={})
    with np.load(out) as file:
        return Run(values={name: file[name] for name in saved})
