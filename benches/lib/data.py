"""The data: programs/make_arrays.kiln writes the arrays, peers/make_files.py the HDF5 files; both with fixed seeds."""

import subprocess
import sys

from .setup import BENCHES, PYTHON


def make(folder, kiln, size):
    """Makes the data of a "full" or "quick" run, unless the folder has it."""
    made = folder / "size"
    if made.exists():
        if made.read_text() != size:
            sys.exit(f"{folder} holds the data of a {made.read_text()} run")
        return
    print(f"making data in {folder}", file=sys.stderr)
    subprocess.run([kiln, "--quiet", BENCHES / "programs" / "make_arrays.kiln", size], cwd=folder, check=True)
    subprocess.run([PYTHON, BENCHES / "peers" / "make_files.py", size], cwd=folder, check=True)
    made.write_text(size)
