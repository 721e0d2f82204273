"""Runs the contenders of a workload in turn, several times, and compares their results."""

import math

from . import contenders
from .contenders import Failure


def run(workload, place, rounds):
    """Results by contender, "kiln" first. Raises `Failure` where one does not run or disagrees."""
    everyone = [contenders.kiln(workload, place)]
    everyone += [contenders.peer(name, workload, place) for name in workload.peers]
    everyone += [contenders.reference(workload, place)] * workload.c
    try:
        for contender in everyone:
            contender.prepare()
        runs = 1
        for _ in range(rounds):
            for contender in everyone:
                runs = contender.round(runs) or runs
        for contender in everyone:
            contender.end()
    finally:
        for contender in everyone:
            contender.stop()
    results = {contender.name: contender.result for contender in everyone}
    agree(results, workload.tolerance)
    return results


def agree(results, tolerance):
    """Checks against the median of all, so that the one that is wrong is the one that is named."""
    values = sorted(result.check for result in results.values())
    expected = values[len(values) // 2]
    for name, result in results.items():
        if not math.isclose(result.check, expected, rel_tol=tolerance, abs_tol=tolerance * 1e-3):
            raise Failure(f"{name} computed {result.check!r}, others {expected!r}")
