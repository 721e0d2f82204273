from data import array, compiled, in_chunks, mean as check

x = array("middle")


def work(x):
    return x.dot(x.T + 1)


def numpy():
    return lambda: work(x)


def jax():
    return compiled(work, x)


def dask():
    return work(in_chunks(x, (2000, 2000))).compute
