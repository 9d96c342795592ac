"""Whether neighbours are those of a full scan in double precision, as one JSON line.

    check_nearest.py --base X.npy --queries Q.npy --ids IDS.npy --scores SCORES.npy --metric l2|ip|cosine [--tolerance 1e-6]

IDS and SCORES hold, a row for each of the first queries, the K nearest as `ann --results` writes them; a score of l2 is the
square of a distance. The K best scores of the scan have to be equal to those, one by one, within the tolerance (relative),
and so do the scores of the ids. The exit code is 1 where one is not.
"""

import argparse

from common import fail, report


def unit(rows):
    import numpy

    lengths = numpy.linalg.norm(rows, axis=1, keepdims=True)
    return rows / numpy.where(lengths > 0, lengths, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "queries", "ids", "scores"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--metric", required=True, choices=("l2", "ip", "cosine"))
    parser.add_argument("--tolerance", type=float, default=1e-6)
    arguments = parser.parse_args()
    import numpy

    ids, scores = numpy.load(arguments.ids), numpy.load(arguments.scores).astype(numpy.float64)
    if ids.shape != scores.shape:
        fail(f"{arguments.ids} is {ids.shape}, {arguments.scores} is {scores.shape}")
    count, k = ids.shape
    base = numpy.load(arguments.base).astype(numpy.float64)
    queries = numpy.load(arguments.queries, mmap_mode="r")[:count].astype(numpy.float64)
    if arguments.metric == "cosine":
        base, queries = unit(base), unit(queries)
    squares = numpy.einsum("ij,ij->i", base, base)
    sign = 1 if arguments.metric == "l2" else -1

    def of(chosen, asked):
        """The scores of chosen rows [Q, K], computed pair by pair."""
        rows = base[chosen]
        if arguments.metric == "l2":
            return ((rows - asked[:, None]) ** 2).sum(axis=2)
        return numpy.einsum("qkd,qd->qk", rows, asked)

    worst, wrong = 0.0, 0
    for first in range(0, count, 256):
        asked = queries[first : first + 256]
        products = asked @ base.T
        keys = squares - 2 * products if arguments.metric == "l2" else -products
        nearest = numpy.argpartition(keys, k - 1, axis=1)[:, :k]
        expected = numpy.sort(sign * of(nearest, asked), axis=1) * sign
        found, stated = of(ids[first : first + 256], asked), scores[first : first + 256]
        scale = numpy.maximum(numpy.abs(expected), numpy.finfo(numpy.float32).tiny)
        off = numpy.maximum(numpy.abs(found - expected), numpy.abs(stated - expected)) / scale
        worst = max(worst, float(off.max()))
        wrong += int((off > arguments.tolerance).any(axis=1).sum())
    report(queries=count, k=k, rows=len(base), worst_relative_difference=worst, queries_that_differ=wrong)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
