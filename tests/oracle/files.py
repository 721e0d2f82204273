"""Files that Kiln makes, or makes longer, beside xarray, netCDF4, NumPy and zarr.

    python tests/oracle/files.py --kiln target/release/kiln

Stores and files of every kind of encoding are made by the Python libraries, made longer by Kiln in steps that keep to no chunk, read back by
the libraries, and made longer by those again. Needs numpy, xarray, netCDF4, zarr 3 and numcodecs.
"""

import argparse
import os
import subprocess
import tempfile
import warnings

import netCDF4
import numcodecs
import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

DAYS = np.arange("2001-03-01", "2001-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
# Encodings of x, by the version of Zarr.
ENCODINGS = {
    2: [
        {},
        {"chunks": (4, 2)},
        {"chunks": (4, 2), "compressors": [numcodecs.Zlib(3)]},
        {"chunks": (4, 2), "compressors": [numcodecs.GZip(3)]},
        {"chunks": (4, 2), "compressors": [numcodecs.Zstd(3)]},
        {"chunks": (4, 2), "compressors": [numcodecs.Blosc("lz4", 5)]},
        {"chunks": (4, 2), "compressors": None},
    ],
    3: [
        {},
        {"chunks": (4, 2)},
        {"chunks": (4, 2), "compressors": [ZstdCodec(level=3)]},
        {"chunks": (4, 2), "compressors": [GzipCodec()]},
        {"chunks": (4, 2), "compressors": [BloscCodec(cname="lz4")]},
        {"chunks": (4, 2), "compressors": []},
        {"chunks": (2, 2), "shards": (6, 4)},
    ],
}


def dataset(lo, hi):
    values = np.arange(lo * 5, hi * 5, dtype="f4").reshape(-1, 5)
    return xr.Dataset({"x": (("time", "lat"), values)}, coords={"time": DAYS[lo:hi], "lat": np.arange(5.0)})


def kiln(binary, text):
    run = subprocess.run([binary, "--quiet", "--color", "never", "-e", text], capture_output=True, text=True)
    assert run.returncode == 0, f"{text}\n{run.stdout}{run.stderr}"
    return run.stdout.strip()


def values(lo, hi):
    return (
        f"x = (arange({lo}, {hi})[.., new] * 5 + arange(5)).as(f32).named(time, lat)\n"
        f'x = x.assign_coords(time = datetime("2001-03-01") + arange({lo}, {hi}) * 1d, lat = arange(5) * 1.0)\n'
    )


def append(binary, path, lo, hi):
    kiln(binary, values(lo, hi) + f'save("{path}", x = x, append = time)')


def check(path, count, **options):
    opened = xr.open_zarr(path, **options) if path.endswith(".zarr") else xr.open_dataset(path)
    with opened as found:
        xr.testing.assert_identical(found[["x"]].load().drop_attrs(), dataset(0, count))
        assert found.x.dtype == "f4"


def stores(binary, folder):
    for version, encodings in ENCODINGS.items():
        for at, encoding in enumerate(encodings):
            for consolidated in (True, False):
                path = os.path.join(folder, f"{version}-{at}-{consolidated}.zarr")
                dataset(0, 6).to_zarr(path, zarr_format=version, encoding={"x": encoding}, consolidated=consolidated)
                for lo, hi in [(6, 13), (13, 14)]:
                    append(binary, path, lo, hi)
                    check(path, hi, consolidated=consolidated)
                    check(path, hi, consolidated=False)
                dataset(14, 20).to_zarr(path, append_dim="time", consolidated=consolidated)
                check(path, 20, consolidated=False)


def arrays(binary, folder):
    """Stores that are one array, without names."""
    for version, separator in ((2, "."), (2, "/"), (3, "/"), (3, ".")):
        path = os.path.join(folder, f"{version}{'-' if separator == '/' else ''}.zarr")
        keys = {"name": "v2" if version == 2 else "default", "separator": separator}
        shape = {"shape": (6, 5), "chunks": (4, 2), "dtype": "i4", "fill_value": None if version == 2 else 7}
        made = zarr.create_array(path, zarr_format=version, chunk_key_encoding=keys, **shape)
        made[:] = np.arange(30).reshape(6, 5)
        for name in ("", "data = "):
            kiln(binary, f'save("{path}", {name}(arange(15).reshape(3, 5) + 100).as(i32), append = 0)')
        kiln(binary, f'save("{path}", (arange(24).reshape(12, 2) + 200).as(i32), append = 1)')
        more = np.arange(15).reshape(3, 5) + 100
        wanted = np.hstack([np.vstack([np.arange(30).reshape(6, 5), more, more]), np.arange(24).reshape(12, 2) + 200])
        assert (zarr.open_array(path, mode="r")[:] == wanted).all()


def netcdf(binary, folder):
    for unlimited in ([], ["time"], ["time", "lat"]):
        path = os.path.join(folder, f"{len(unlimited)}.nc")
        made = dataset(0, 6).assign(z=("lat", np.arange(5, dtype="i2"))).assign_attrs(title="a title", range=[1.5, 2.5], names=["a", "bc"])
        made["time"].attrs["standard_name"] = "time"
        made["x"].attrs["units"] = "K"
        made.to_netcdf(path, unlimited_dims=unlimited, encoding={"x": {"zlib": True}})
        with netCDF4.Dataset(path) as found:
            chunks = found["x"].chunking()
        append(binary, path, 6, 13)
        append(binary, path, 13, 14)
        check(path, 14)
        with netCDF4.Dataset(path, "a") as found:
            assert found.range.tolist() == [1.5, 2.5] and found.names == ["a", "bc"]
            assert found.title == "a title" and found["time"].standard_name == "time" and found["x"].units == "K"
            assert found["x"].chunking() == chunks and found["x"].filters()["zlib"] and (found["z"][:] == np.arange(5)).all()
            grow(found, unlimited)


def grow(found, unlimited):
    """What is unlimited can be written beyond its end."""
    assert {name for name, dim in found.dimensions.items() if dim.isunlimited()} == set(unlimited)
    before = found["x"][:].copy()
    count = before.shape[0]
    if "time" in unlimited:
        found["x"][count : count + 2] = 7
        assert found["x"].shape[0] == count + 2 and (found["x"][:count] == before).all() and (found["x"][count:] == 7).all()


def made(binary, folder):
    """Files that Kiln makes whole: unlimited dimensions, chunks and shards."""
    for unlimited in (["time"], ["lat"], ["time", "lat"]):
        path = os.path.join(folder, "-".join(unlimited) + ".nc")
        kiln(binary, values(0, 9) + f'save("{path}", x = (data = x, compress = 3, chunks = (30, 30)), unlimited = ({", ".join(unlimited)},))')
        check(path, 9)
        with netCDF4.Dataset(path) as found:
            assert found["x"].chunking() == [30 if "time" in unlimited else 9, 30 if "lat" in unlimited else 5]
        append(binary, path, 9, 11)
        check(path, 11)
        with netCDF4.Dataset(path, "a") as found:
            grow(found, unlimited)
    for chunks, shards in [((2, 2), (6, 4)), ((4, 5), (8, 5)), ((3, 1), (30, 5))]:
        for compress in (0, 4):
            path = os.path.join(folder, f"{chunks[0]}-{compress}.zarr")
            record = f"(data = x, chunks = {chunks}, shards = {shards}, compress = {compress})"
            kiln(binary, values(0, 9) + f'save("{path}", x = {record})')
            array = zarr.open_array(path, path="x", mode="r")
            assert array.chunks == chunks and array.shards == shards
            check(path, 9)
            append(binary, path, 9, 14)
            check(path, 14)
            dataset(14, 20).to_zarr(path, append_dim="time")
            check(path, 20)


def numpy_files(binary, folder):
    path = os.path.join(folder, "a.npy")
    np.save(path, np.arange(12.0).reshape(3, 4).T)
    kiln(binary, f'save("{path}", zeros(4, 2), append = 1)')
    assert (np.load(path) == np.hstack([np.arange(12.0).reshape(3, 4).T, np.zeros((4, 2))])).all()
    path = os.path.join(folder, "a.npz")
    np.savez_compressed(path, x=np.arange(3), y=np.eye(2))
    kiln(binary, f'save("{path}", x = arange(2), append = 0)')
    with np.load(path) as found:
        assert found["x"].tolist() == [0, 1, 2, 0, 1] and (found["y"] == np.eye(2)).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", default="target/release/kiln")
    binary = os.path.abspath(parser.parse_args().kiln)
    warnings.simplefilter("ignore")
    for part in (stores, arrays, netcdf, made, numpy_files):
        with tempfile.TemporaryDirectory() as folder:
            part(binary, folder)
        print(part.__name__, "ok")


main()
