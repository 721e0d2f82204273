"""Makes a program that goes wrong smaller while it goes wrong in the same way."""

from dataclasses import replace

import numpy as np

import reference
from program import Input
from reference import Expected


def values(prog):
    """NumPy's values of all variables, or None where it cannot compute them."""
    env = dict(reference.ALL, **{i.name: i.value for i in prog.inputs})
    for step in prog.steps:
        if step.fails:
            continue
        try:
            result = eval(step.numpy, env)
        except Exception:
            return None
        for name, one in zip(step.names, result if isinstance(result, tuple) else (result,)):
            env[name] = np.asarray(one.value if isinstance(one, Expected) else one)
    return env


def smaller(prog):
    """Programs one step smaller, the smallest first."""
    if len(prog.results) > 1:
        for name in prog.results:
            yield replace(prog, results=[name]).pruned()
    else:
        for name in reversed(prog.bound()[:-1]):
            yield replace(prog, results=[name]).pruned()
    yield prog.pruned()
    env = values(prog)
    if env is None:
        return
    # A statement's value as data.
    for at, step in enumerate(prog.steps):
        if len(step.names) == 1 and not step.fails and step.names[0] not in prog.results and env[step.names[0]].size < 2000:
            data = Input(step.names[0], env[step.names[0]], "text", ())
            yield replace(prog, inputs=prog.inputs + [data], steps=prog.steps[:at] + prog.steps[at + 1:]).pruned()
    for at, item in enumerate(prog.inputs):
        others = lambda new: replace(prog, inputs=prog.inputs[:at] + [new] + prog.inputs[at + 1:])
        for axis, size in enumerate(item.value.shape):
            for cut in (size // 2, size - 1):
                if 0 < cut < size:
                    yield others(replace(item, value=np.take(item.value, range(cut), axis=axis)))
        if item.store != "text" and item.value.size < 200:
            yield others(replace(item, store="text"))
        if item.names:
            yield others(replace(item, names=()))


def size(prog):
    return (len(prog.steps), sum(i.value.size for i in prog.inputs), len(prog.inputs) + len(prog.results), sum(i.store != "text" for i in prog.inputs), sum(len(i.names) for i in prog.inputs))


def shrunk(prog, wrong, tries=300):
    best = prog
    while tries > 0:
        for candidate in smaller(best):
            tries -= 1
            if size(candidate) < size(best) and (values(candidate) is not None) and wrong(candidate):
                best = candidate
                break
            if tries <= 0:
                break
        else:
            return best
    return best
