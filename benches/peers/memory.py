"""The programs of benches/memory for Dask and xarray: `memory.py NAME LIMIT`. Dask is told the limit where it can be told: chunk sizes are
chosen for it, and its threads are two."""

import sys

import dask
import dask.array as da
import h5py

THREADS = 2


def opened(name, chunks="auto"):
    return da.from_array(h5py.File(name, "r")["x"], chunks=chunks)


def stored(x, name):
    with h5py.File(name, "w") as file:
        da.store(x, file.create_dataset("x", shape=x.shape, dtype=x.dtype, chunks=True), lock=True)


def transpose():
    stored(opened("square.h5", (2000, 2000)).T, "peer.h5")


def standardise():
    x = opened("long.h5")
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    print(*dask.compute(z.max(), z.min()))


def median_columns():
    x = opened("plain.h5")
    print(da.median(x.rechunk({0: -1, 1: "auto"}), axis=0).sum().compute())


def svd():
    _, s, _ = da.linalg.svd(opened("tall.h5", (50_000, 50)))
    print(s.sum().compute())


def product():
    x = opened("square.h5", (2000, 2000))
    print(x.dot(x.T + 1).sum().compute())


def days():
    import xarray
    # Several chunks of the file, which are 2 MB, together: by single ones a sixth of the result was written after 510 s.
    return xarray.open_dataset("days.nc", chunks={"time": 20, "lat": 500, "lon": 1000}).t


def anomaly():
    t = days()
    clim = t.groupby("time.month").mean()
    out = (t.groupby("time.month") - clim).to_dataset(name="anomaly")
    out["climatology"] = clim
    # Chunks of the file, so that none is written in parts.
    out.to_netcdf("peer.nc", encoding={"anomaly": {"zlib": True, "complevel": 1, "chunksizes": (20, 100, 250)}})


def spread():
    t = days()
    print(float((t - t.mean("time")).std()))


if __name__ == "__main__":
    name, limit = sys.argv[1:]
    size = {"M": 10**6, "G": 10**9}[limit[-1]] * int(limit[:-1])
    # A chunk is held several times for each thread.
    dask.config.set({"scheduler": "threads", "num_workers": THREADS, "array.chunk-size": min(size // 16, 128 * 2**20)})
    globals()[name]()
