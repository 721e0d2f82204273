"""What must be there before anything runs: the peers' virtual environment and the compiled references."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
VENV = BENCHES / ".venv"
PYTHON = VENV / "bin" / "python"


def install_peers():
    """Makes the virtual environment anew when requirements.txt has changed."""
    requirements = BENCHES / "requirements.txt"
    stamp = VENV / "installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing the peers into benches/.venv", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    stamp.write_text(wanted)


def compile_references(folder):
    """Compiles benches/reference/*.c into the folder; a first line `// flags: …` adds to the usual flags."""
    for source in sorted((BENCHES / "reference").glob("*.c")):
        flags = re.match(r"// flags: (.*)|", source.read_text())[1] or ""
        command = ["gcc", "-O3", "-march=native", "-fopenmp", *flags.split(), source, "-o", folder / source.stem, "-lm"]
        subprocess.run(command, check=True)
