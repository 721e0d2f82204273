from packed import dask_variable, xarray_variable

check = float


def dask():
    x = dask_variable()
    return x.mean(dtype='f8').compute


def xarray():
    x = xarray_variable()
    return x.astype('f8').mean().compute
