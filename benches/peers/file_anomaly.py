from packed import dask_variable, xarray_variable

check = float


def dask():
    x = dask_variable()
    return (x - x.mean(axis=0)).std(dtype='f8').compute


def xarray():
    x = xarray_variable()
    return (x - x.mean('time')).std().compute
