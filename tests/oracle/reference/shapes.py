"""Indices and shapes."""

import numpy as np


def take(x, *index):
    """Each list of positions along its own dimension."""
    index = list(index)
    out, axis = x, 0
    for part in index:
        if part is None:
            out = np.expand_dims(out, axis)
            axis += 1
        elif isinstance(part, (int, np.integer)):
            if not -out.shape[axis] <= part < out.shape[axis]:
                raise IndexError
            out = np.take(out, part, axis=axis)
        elif isinstance(part, list):
            out = np.take(out, np.asarray(part, int), axis=axis)
            axis += 1
        elif isinstance(part, np.ndarray):
            out = np.compress(part, out, axis=axis)
            axis += 1
        elif part is Ellipsis:
            raise NotImplementedError
        else:
            out = out[(slice(None),) * axis + (part,)]
            axis += 1
    return out


def pad(x, width, mode, value=0):
    if mode == "constant":
        return np.pad(x, width, constant_values=value)
    return np.pad(x, width, mode=mode)


def concat(along, *arrays):
    dtype = np.result_type(*arrays)
    return np.concatenate([a.astype(dtype) for a in arrays], axis=along)


def stack(along, *arrays):
    dtype = np.result_type(*arrays)
    return np.stack([a.astype(dtype) for a in arrays], axis=along)


def aligned(x, names, y, others):
    """Arrays that meet by name, as NumPy arrays that meet by position."""
    every = names.split() + [n for n in others.split() if n not in names.split()]
    def spread(a, own):
        own = own.split()
        a = a.transpose([own.index(n) for n in every if n in own])
        return a.reshape([a.shape[[n for n in every if n in own].index(n)] if n in own else 1 for n in every])
    return spread(x, names), spread(y, others)
