"""Compares two .npy files of vectors row by row: one JSON line, exit code 1 where a cosine is below the minimum.

    compare_vectors.py A.npy B.npy --minimum-cosine 0.99999
"""

import argparse

from common import fail, report


def load(path):
    import numpy

    try:
        with open(path, "rb") as file:
            if file.read(6) != b"\x93NUMPY":
                fail(f"{path} is no .npy file")
        array = numpy.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        fail(f"cannot read {path}: {problem}")
    if not isinstance(array, numpy.ndarray) or array.ndim != 2:
        fail(f"{path}: expected one array with two dimensions")
    array = array.astype(numpy.float64)
    if not numpy.isfinite(array).all():
        fail(f"{path} holds values that are not finite")
    return array


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--minimum-cosine", type=float, required=True)
    arguments = parser.parse_args()

    import numpy

    first, second = load(arguments.first), load(arguments.second)
    if first.shape != second.shape:
        fail(f"{arguments.first} is {first.shape}, {arguments.second} is {second.shape}")
    if not len(first):
        fail(f"{arguments.first} holds no vectors")
    lengths = numpy.linalg.norm(first, axis=1) * numpy.linalg.norm(second, axis=1)
    if not lengths.all():
        fail(f"row {int(numpy.argmin(lengths))} is a zero vector in one of the files")
    cosines = (first * second).sum(axis=1) / lengths
    lowest = int(numpy.argmin(cosines))
    passes = bool(cosines[lowest] >= arguments.minimum_cosine)
    report(
        rows=len(first),
        dimension=first.shape[1],
        lowest_cosine=float(cosines[lowest]),
        at_row=lowest,
        mean_cosine=float(cosines.mean()),
        largest_difference=float(abs(first - second).max()),
        passes=passes,
    )
    raise SystemExit(0 if passes else 1)


if __name__ == "__main__":
    main()
