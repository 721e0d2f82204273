"""The seconds an element and its join take Dask's threads, in a graph that adds many numbers in a tree; as `tasks` of benches/micro.rs."""

import statistics
import time

import dask.threaded

LEAVES = 1 << 16


def graph():
    tasks = {("leaf", i): (float, i) for i in range(LEAVES)}
    level, number = list(tasks), 0
    while len(level) > 1:
        pairs = list(zip(level[::2], level[1::2]))
        level = [("sum", number + at) for at in range(len(pairs))]
        tasks.update({key: (lambda a, b: a + b, *pair) for key, pair in zip(level, pairs)})
        number += len(level)
    return tasks, level[0]


def seconds_of_an_element():
    tasks, root = graph()
    begin = time.perf_counter()
    result = dask.threaded.get(tasks, root, num_workers=2)
    took = time.perf_counter() - begin
    assert result == LEAVES * (LEAVES - 1) / 2
    return took / LEAVES


print(statistics.median(seconds_of_an_element() for _ in range(3)))
