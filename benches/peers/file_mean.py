from data import in_chunks

check = float


def variable():
    import h5py
    return h5py.File("plain.h5")["x"]


def dask():
    x = variable()
    return in_chunks(x, (8 * x.chunks[0], x.chunks[1])).mean().compute


def h5py():
    x = variable()
    step = 8 * x.chunks[0]
    return lambda: sum(x[i:i + step].sum() for i in range(0, x.shape[0], step)) / x.size
