from data import mean as check
from packed import dask_variable, xarray_variable


def dask():
    x = dask_variable()
    return x.mean(axis=0, dtype='f8').compute


def xarray():
    x = xarray_variable()
    return x.astype('f8').mean('time').compute
