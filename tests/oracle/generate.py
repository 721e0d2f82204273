"""Grows a random program. NumPy's values are known while it grows, so that nearly every statement is right and none is too large."""

import random

import numpy as np

import reference
from program import NUMPY, Input, Program, Step, dtype_of, number
from reference import Expected

NAMES = ("time", "lat", "lon", "band")
DTYPES = ["f64"] * 6 + ["f32"] * 4 + ["i64"] * 4 + ["i32"] * 2 + ["u8", "u8", "i8", "i16", "u16", "u32", "u64", "bool", "bool", "bool", "c128", "c64"]
# Elements of an input, and of any variable.
SIZES = {"small": (60, 600), "medium": (300_000, 900_000), "large": (3_000_000, 8_000_000), "huge": (20_000_000, 40_000_000)}


class Var:
    def __init__(self, name, value, names=()):
        self.name, self.value, self.names = name, np.asarray(value), tuple(names)
        self.dtype, self.shape, self.ndim, self.size = dtype_of(self.value), self.value.shape, self.value.ndim, self.value.size
        self.kind = self.value.dtype.kind

    def axis(self, at):
        """How Kiln's text names a dimension."""
        return self.names[at] if self.names else str(at)

    def axes(self, axes):
        return self.axis(axes[0]) if len(axes) == 1 else "(" + ", ".join(self.axis(a) for a in axes) + ")"


class Writer:
    def __init__(self, seed, size, families):
        self.rng, self.data = random.Random(seed), np.random.default_rng(seed)
        self.size, self.families = size, families
        self.program, self.vars, self.next, self.ended = Program(size=size), [], 0, False
        self.most = SIZES[size][1]

    def one(self, *items):
        return self.rng.choice(items[0] if len(items) == 1 else items)

    def chance(self, p):
        return self.rng.random() < p

    def fresh(self):
        self.next += 1
        return f"v{self.next - 1}"

    def var(self, test=lambda v: True):
        """A variable that passes; the newest is the likeliest."""
        fit = [v for v in self.vars if test(v)]
        if not fit:
            return None
        return fit[-1] if self.chance(0.4) else self.one(fit)

    def shape(self):
        few, _ = SIZES[self.size]
        if self.size == "small":
            rank = self.one(0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4)
            side = {0: 1, 1: 23, 2: 8, 3: 5, 4: 3}[rank]
            return tuple(0 if self.chance(0.02) else 1 if self.chance(0.08) else self.rng.randint(1, side) for _ in range(rank))
        rank = self.one(1, 2, 2, 3, 4)
        total = self.rng.randint(few // 2, few)
        shape = []
        for left in range(rank, 1, -1):
            part = max(1, int(total ** (1 / left) * self.rng.uniform(0.3, 1.8)))
            part = self.one(part, part, part, 2, 1, part) if self.size == "medium" else part
            shape.append(part)
            total = max(1, total // part)
        shape.append(total)
        self.rng.shuffle(shape)
        return tuple(shape)

    def values(self, dtype, shape):
        """Random elements: small ones, all of the dtype's, special ones."""
        rng, numpy = self.data, NUMPY[dtype]
        if dtype == "bool":
            return np.asarray(rng.integers(0, 2, shape) == 1)
        if numpy.kind in "iu":
            info = np.iinfo(numpy)
            how = self.rng.randrange(6)
            low, high = (info.min, info.max) if how == 0 else (max(info.min, -3), 4) if how == 1 else (max(info.min, -50), min(info.max, 100))
            return np.asarray(rng.integers(low, high, shape, dtype=numpy, endpoint=True))
        if numpy.kind == "c":
            part = rng.integers(-12, 13, shape) / 4 if self.chance(0.5) else rng.normal(0, 2, shape)
            return np.asarray(part + 1j * rng.integers(1, 13, shape) / 4, dtype=numpy)
        how = self.rng.randrange(8)
        if how < 3:
            value = rng.integers(-40, 41, shape) / 4
        elif how < 6:
            value = rng.normal(0, 3, shape)
        elif how == 6:
            value = rng.normal(0, 1, shape) * 10.0 ** rng.integers(-6, 7, shape)
        else:
            value = rng.uniform(0, 1, shape)
        value = np.asarray(value, dtype=numpy)
        if self.chance(0.25) and value.ndim:
            some = rng.random(shape) < self.one(0.05, 0.3)
            value = np.where(some, numpy.type(np.nan), value)
        if self.chance(0.1) and value.ndim:
            special = np.array([np.inf, -np.inf, -0.0, 0.0, np.nan, 1e30, -1e-30], dtype=numpy)
            value = np.where(rng.random(shape) < 0.1, special[rng.integers(0, len(special), shape)], value)
        return value

    def input(self, dtype=None, shape=None, names=None):
        dtype, shape = dtype or self.one(DTYPES), self.shape() if shape is None else shape
        value = self.values(dtype, shape)
        stores = ["npy", "npz", "npy-fortran", "npy-big", "hdf5", "chunked"]
        if value.ndim == 0 or value.size == 0:
            store = "text" if value.ndim == 0 else self.one("text", "npy", "hdf5")
        else:
            store = self.one(["text"] * 8 + stores) if self.size == "small" else self.one(stores + ["chunked"])
        if store == "npy-big" and value.dtype.itemsize == 1:
            store = "npy"
        if names is None:
            names = NAMES[:value.ndim] if value.ndim and self.chance(0.2) else ()
        name = self.fresh()
        self.program.inputs.append(Input(name, value, store, names))
        self.vars.append(Var(name, value, names))
        return self.vars[-1]

    def emit(self, kind, kiln, numpy, names=(), define=""):
        """Adds a statement if NumPy can do it and its result is small enough."""
        env = dict(reference.ALL, **{v.name: v.value for v in self.vars})
        try:
            result = eval(numpy, env)
        except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError, MemoryError, np.linalg.LinAlgError, np.exceptions.AxisError):
            return None
        results = result if isinstance(result, tuple) else (result,)
        results = [np.asarray(r.value if isinstance(r, Expected) else r) for r in results]
        if any(r.size > self.most or r.ndim > 6 for r in results):
            return None
        bound = [self.fresh() for _ in results]
        self.program.steps.append(Step(tuple(bound), kiln, numpy, kind, define=define))
        names = names if len(results) > 1 else [names]
        for name, value, dims in zip(bound, results, list(names) + [()] * len(results)):
            self.vars.append(Var(name, value, dims))
        return self.vars[-1]

    def fail(self, kiln, code, *uses):
        """A last statement that is wrong."""
        self.program.steps.append(Step((self.fresh(),), kiln, " ".join(uses), "wrong", fails=code))
        self.ended = True

    def literal(self, v):
        """A number without a dtype that goes with a variable: its text in Kiln and in Python."""
        value = self.one(0, 1, 2, 3, 7) if v.kind in "biu" else self.one(2, 3, 1, 2.5, 0.5, -0.5, -1.25, 0.1)
        return number(value, None) if not isinstance(value, float) else repr(value), repr(value)

    def grow(self):
        for _ in range(self.rng.randint(1, 3) if self.size == "small" else self.one(1, 1, 2)):
            self.input()
        steps = self.rng.randint(2, 9) if self.size == "small" else self.rng.randint(2, 5)
        tries = 0
        while len(self.program.steps) < steps and tries < 60 and not self.ended:
            tries += 1
            family = self.rng.choices(list(self.families), weights=[f.weight for f in self.families])[0]
            family(self)
        bound = self.program.bound()
        if bound:
            last = bound[-1]
            rest = [name for name in bound[:-1] if self.chance(0.3)]
            self.program.results = rest + [last]
        elif self.ended:
            self.program.results = []
        return self.program if bound or self.ended else None


def family(weight):
    """A function that adds a statement, or not, chosen so often."""
    def mark(function):
        function.weight = weight
        return function
    return mark
