"""Makes the HDF5 files: `make_files.py full` or `quick`; `days` makes `days.nc` alone, which is packed.nc with days as times.

plain.h5 has one f64 array `x`, chunked and not compressed. packed.nc has f32 temperatures `t` [time, lat, lon] with gzip and shuffle,
two decimals, which compress about as well as measured ones do."""

import sys
from concurrent.futures import ThreadPoolExecutor
import zlib

import h5py
import numpy as np

size = sys.argv[1]


def plain(rows):
    with h5py.File("plain.h5", "w") as file:
        x = file.create_dataset("x", (rows, 1000), "f8", chunks=(1000, 1000))
        for i in range(0, rows, 1000):
            x[i:i + 1000] = np.random.default_rng(i).standard_normal((1000, 1000))


def temperatures(times, lats, lons, begin, count):
    """`count` times from `begin`: a mean of the place, a season, and weather."""
    time = np.arange(begin, begin + count)[:, None, None]
    lat = np.linspace(-90, 90, lats)[:, None]
    lon = np.linspace(0, 360, lons, endpoint=False)
    climate = 30 * np.cos(np.radians(lat)) - 5 * np.sin(np.radians(2 * lon)) - 5
    season = 10 * np.sin(np.radians(lat)) * np.cos(2 * np.pi * time / 365)
    weather = np.random.default_rng(begin).standard_normal((count, lats, lons), dtype="f4")
    return (climate + season + weather).astype("f4").round(2)


def packed(name, times, lats, lons, chunk=(20, 100, 250)):
    shape = dict(time=times, lat=lats, lon=lons)
    with h5py.File(name, "w") as file, ThreadPoolExecutor() as pool:
        t = file.create_dataset("t", (times, lats, lons), "f4", chunks=chunk, compression="gzip", compression_opts=4, shuffle=True)
        for axis, (dim, length) in enumerate(shape.items()):
            file[dim] = np.arange(length, dtype="f8")
            file[dim].make_scale(dim)
            t.dims[axis].attach_scale(file[dim])
        if name == "days.nc":
            file["time"].attrs["units"] = "days since 1981-01-01"

        def compressed(block):
            shuffled = np.ascontiguousarray(block).view("u1").reshape(-1, 4).T
            return zlib.compress(shuffled.tobytes(), 4)

        for i in range(0, times, chunk[0]):
            slab = temperatures(*shape.values(), i, chunk[0])
            places = [(j, k) for j in range(0, lats, chunk[1]) for k in range(0, lons, chunk[2])]
            blocks = [slab[:, j:j + chunk[1], k:k + chunk[2]] for j, k in places]
            for (j, k), data in zip(places, pool.map(compressed, blocks)):
                t.id.write_direct_chunk((i, j, k), data)


if size == "days":
    packed("days.nc", 1000, 500, 1000)
else:
    plain(50_000 if size == "quick" else 500_000)
    packed("packed.nc", 100 if size == "quick" else 1000, 400 if size == "quick" else 500, 1000)
