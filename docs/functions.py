"""Says which public names of dask.array, xarray.DataArray and the array API standard 2024.12 are not in functions.tsv, and which there are no names.

    python docs/functions.py

Needs dask, xarray and array-api-strict.
"""

import importlib
import inspect
import os

import array_api_strict
import dask.array
import xarray
from xarray.core.accessor_dt import DatetimeAccessor, TimedeltaAccessor

MODULES = ["fft", "linalg", "random", "stats", "overlap", "ma"]
# Newer than the standard's edition, or of the implementation.
NOT_2024 = {"isin", "broadcast_shapes"}
IMPLEMENTATION = {"ArrayAPIStrictFlags", "Device", "ModuleType"}
# Reflected and in-place forms follow their operators; the others are Python's own.
PYTHONS = {"__array__", "__buffer__", "__iter__"}


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def functions(module):
    """What a module defines itself, or says is its own."""
    own = lambda value: getattr(value, "__module__", "").startswith(module.__name__.rsplit(".", 1)[0])
    named = set(getattr(module, "__all__", ()))
    return {name for name in public(module) if callable(value := getattr(module, name)) and not inspect.ismodule(value) and (name in named or own(value))}


def dask_names():
    top = {name for name in public(dask.array) if not inspect.ismodule(getattr(dask.array, name))} - {"ARRAY_EXPR_ENABLED", "annotations"}
    yield "dask.array", top
    yield "dask.array.Array", public(dask.array.Array)
    for name in MODULES:
        module = importlib.import_module(f"dask.array.{name}")
        found = {f for f in functions(module) if getattr(module, f).__module__ == module.__name__}
        found |= {f for f in public(module) if module is dask.array.fft and "fft" in f and callable(getattr(module, f))}
        if name == "random":
            found = public(dask.array.random.Generator) | public(dask.array.random.RandomState) | {"Generator", "RandomState", "default_rng"}
        if name == "stats":
            found = set(module.__all__)
        if name == "ma":
            found |= {f for f in public(module) if f.startswith("masked_")}
        yield f"dask.array.{name}", found


def standard_names():
    modules = lambda module, more: {n for n in public(module) if n not in more and not inspect.ismodule(getattr(module, n))}
    flags = {n for n in public(array_api_strict) if n.endswith("_flags")}
    yield "array API", modules(array_api_strict, IMPLEMENTATION | NOT_2024 | flags) | {"__array_namespace_info__"}
    for name in ("linalg", "fft"):
        module = getattr(array_api_strict, name)
        yield f"array API {name}", set(module.__all__)
    array = array_api_strict.zeros(1)
    own = {n for n in dir(type(array)) if n.startswith("__") and n not in PYTHONS and (n not in dir(object) or n in ("__eq__", "__ge__", "__gt__", "__le__", "__lt__", "__ne__"))}
    operators = {n for n in own if n.strip("_")[:1] in "ri" and f"__{n.strip('_')[1:]}__" in own}
    yield "array API array", (own - operators - {"__module__", "__slots__", "__weakref__", "__annotations__", "__dict__"}) | public(array)


def names():
    yield from dask_names()
    yield "xarray.DataArray", public(xarray.DataArray)
    yield "xarray.DataArray.dt", public(DatetimeAccessor) | public(TimedeltaAccessor)
    yield from standard_names()


here = os.path.dirname(os.path.abspath(__file__))
table = {}
for line in open(os.path.join(here, "functions.tsv"), encoding="utf-8"):
    if not line.startswith("#"):
        library, name = line.rstrip("\n").split("\t")[:2]
        table.setdefault(library, set()).add(name)
for library, found in names():
    listed = table.get(library, set())
    print(f"{library}: {len(found)} names; not in the table: {sorted(found - listed)}; in the table alone: {sorted(listed - found)}")
