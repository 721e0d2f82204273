"""A program in both languages: inputs, statements that each bind variables, and which of them are results."""

import os
import re
from dataclasses import dataclass, field, replace

import h5py
import numpy as np

KILN = {"float64": "f64", "float32": "f32", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
        "uint32": "u32", "uint64": "u64", "bool": "bool", "complex64": "c64", "complex128": "c128"}
NUMPY = {kiln: np.dtype(numpy) for numpy, kiln in KILN.items()}


def dtype_of(array):
    return KILN[np.asarray(array).dtype.name]


def number(value, dtype):
    """A number of this dtype as Kiln text; `dtype` None is a literal without one."""
    if dtype in ("c64", "c128"):
        part = "f32" if dtype == "c64" else "f64"
        return f"complex({number(value.real, part)}, {number(value.imag, part)})"
    if dtype == "bool" or isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if dtype in ("f32", "f64") or isinstance(value, float):
        text = str(np.float32(value)) if dtype == "f32" else repr(float(value))
        if text in ("nan", "inf", "-inf"):
            return text if dtype != "f32" else f"f32({text})"
        return text + ("f32" if dtype == "f32" else "")
    return f"{int(value)}{dtype or ''}"


def literal(array):
    """An array as Kiln text."""
    array, dtype = np.asarray(array), dtype_of(array)
    if array.size == 0 or dtype in ("c64", "c128") and array.ndim:
        if array.size == 0:
            return f"zeros({', '.join(map(str, array.shape))}, dtype = {dtype})"
        return f"complex({literal(array.real)}, {literal(array.imag)})"
    if array.ndim == 0:
        return number(array[()], dtype)
    items = lambda a: "[" + ", ".join(items(b) if b.ndim else number(b[()], "f64" if dtype == "f32" else None if dtype != "f64" else "f64") for b in a) + "]"
    text = items(array)
    return text if dtype == "bool" or dtype == "f64" or dtype == "i64" else f"{text}.as({dtype})" if dtype != "u64" else "[" + ", ".join(number(v, "u64") for v in array.ravel()) + f"].reshape({', '.join(map(str, array.shape))})"


@dataclass
class Input:
    """Data of a program and how it gets it: as text, or from a file that NumPy or h5py writes."""
    name: str
    value: np.ndarray
    store: str = "text"
    names: tuple = ()

    def kiln(self, folder):
        if self.store == "text":
            text = literal(self.value)
        else:
            path = os.path.join(folder, f"{self.name}.{'h5' if self.store in ('hdf5', 'chunked') else self.store.split('-')[0]}")
            text = f'open("{path}")' if path.endswith(".npy") else f'open("{path}").x'
            if not os.path.exists(path):
                self.write(path)
            if path.endswith(".h5"):
                text = f'open("{path}", "x")'
        if self.names:
            return f"({text}).named({', '.join(self.names)})"
        # Dimensions of HDF5 files without scales have no names.
        return text

    def write(self, path):
        if self.store == "npz":
            np.savez(path, x=self.value)
        elif self.store == "npy-fortran":
            np.save(path, np.asfortranarray(self.value))
        elif self.store == "npy-big":
            np.save(path, self.value.astype(self.value.dtype.newbyteorder(">")))
        elif self.store == "npy":
            np.save(path, self.value)
        else:
            options = {}
            if self.store == "chunked":
                chunks = tuple(max(1, size // 3 + 1) if size < 200 else min(size, 77 if at else 1000) for at, size in enumerate(self.value.shape))
                options = dict(chunks=chunks, compression="gzip", compression_opts=1, shuffle=True)
            with h5py.File(path, "w") as file:
                file.create_dataset("x", data=self.value, **options)


@dataclass
class Step:
    """One statement: the variables it binds, its text in Kiln, and in Python over `reference`; of one that must fail, the error's code.
    `define` is a function that it calls."""
    names: tuple
    kiln: str
    numpy: str
    kind: str
    fails: str = ""
    define: str = ""

    def uses(self):
        return set(re.findall(r"\bv\d+\b", self.numpy)) | set(re.findall(r"\bv\d+\b", self.kiln))


@dataclass
class Program:
    inputs: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    results: list = field(default_factory=list)
    size: str = "small"

    def bound(self):
        return [name for step in self.steps if not step.fails for name in step.names]

    def pruned(self):
        """Without what no result needs."""
        needed, steps = set(self.results), []
        for step in reversed(self.steps):
            if step.fails or needed & set(step.names):
                needed |= step.uses()
                steps.append(step)
        inputs = [i for i in self.inputs if i.name in needed]
        return replace(self, inputs=inputs, steps=steps[::-1])

    def text(self, folder, saved, out):
        lines = [f"{i.name} = {i.kiln(folder)}" for i in self.inputs]
        lines += dict.fromkeys(s.define for s in self.steps if s.define)
        lines += [f"{', '.join(s.names)} = {s.kiln}" for s in self.steps]
        if saved:
            lines.append(f'save("{out}", {", ".join(f"{name} = {name}" for name in saved)})')
        else:
            lines += [f"print(compute({name}))" for step in self.steps if step.fails for name in step.names]
        return "\n".join(lines) + "\n"

    def shown(self):
        """The program as a person reads it: both languages side by side."""
        lines = [f"{i.name} = {i.kiln('/nowhere') if i.store == 'text' and i.value.size < 60 else f'<{dtype_of(i.value)}{list(i.value.shape)} {i.store} {i.names}>'}" for i in self.inputs]
        lines += dict.fromkeys(s.define for s in self.steps if s.define)
        lines += [f"{', '.join(s.names)} = {s.kiln}    # {s.numpy}" for s in self.steps]
        return "\n".join(lines) + f"\nresults: {', '.join(self.results)}"

    def bytes(self):
        return sum(i.value.nbytes for i in self.inputs)
