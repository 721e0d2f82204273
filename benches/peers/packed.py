"""A gzip file of [time, lat, lon], as Dask arrays over h5py and as xarray datasets over netCDF4, in the chunks of the file."""

from data import in_chunks

path, name = "packed.nc", "t"


def dask_variable():
    import h5py
    x = h5py.File(path)[name]
    return in_chunks(x, x.chunks)


def xarray_variable():
    import xarray
    in_chunks([0.0])    # the scheduler
    return xarray.open_dataset(path, chunks={})[name]
