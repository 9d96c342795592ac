"""What a distance costs the peers: SimSIMD and NumKong, one query against rows that stay in the level-2 cache.

    distance_peers.py [--dimensions 128,384,768,1024,1536] [--kilobytes 256] [--queries 64] [--seconds 0.05] [--rounds 5]

Their kernels are called through the addresses that they give out, by a loop in C that this script compiles with `cc`
(CC names another): no Python between two pairs. Hamming distances, which have no address, go through the library's own
cdist. "one to one" is that loop; "many to many" is NumKong's with packed rows and numpy's own product (OpenBLAS),
packing not counted. One thread. One JSON line a measurement: {"peer", "kernel", "dimension", "ns", …}, ns a pair, the
median of the rounds. NumKong adds float32 up in double precision. A library that is missing is named on standard error
and left out. Every kernel's result is first held to numpy's.
"""

import argparse
import ctypes
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import fail, report, set_threads

LOOP = """
#include <stddef.h>
typedef void (*kernel)(const void *, const void *, size_t, void *);
void pairs(kernel distance, const char *query, const char *rows, size_t bytes, size_t count, size_t n, double *out,
           long repetitions) {
    for (long i = 0; i < repetitions; i++) {
        for (size_t r = 0; r < count; r++) distance(query, rows + r * bytes, n, out + r);
    }
}
"""
TYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "int8": "int8"}
# Largest relative difference to numpy's result: 16-bit sums of the older kernels are coarse.
TOLERANCE = 0.02


def compiled_loop(folder):
    """The loop in C, or the end of the program where there is no compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("clang")
    if not compiler:
        fail("no C compiler found (CC names one)")
    source, library = os.path.join(folder, "loop.c"), os.path.join(folder, "loop.so")
    with open(source, "w") as file:
        file.write(LOOP)
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    function = ctypes.CDLL(library).pairs
    size = ctypes.c_size_t
    function.argtypes = [ctypes.c_void_p] * 3 + [size] * 3 + [ctypes.c_void_p, ctypes.c_long]
    function.restype = None
    return function


def aligned(numpy, array):
    """A copy that starts on a page, as Attune's rows do: numpy's own start anywhere."""
    memory = numpy.empty(array.nbytes + 4096, numpy.uint8)
    start = -memory.ctypes.data % 4096
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


def vectors(numpy, kind, count, dimension, seed):
    """Random rows of a type, and the same numbers in double precision."""
    rows = numpy.random.default_rng(seed).standard_normal((count, dimension)).astype(numpy.float32)
    if kind == "float16":
        rows = rows.astype(numpy.float16)
    elif kind == "int8":
        rows = (rows * 30).clip(-127, 127).astype(numpy.int8)
    elif kind == "bfloat16":
        bits = (rows.view(numpy.uint32) >> 16).astype(numpy.uint16)
        return aligned(numpy, bits), (bits.astype(numpy.uint32) << 16).view(numpy.float32).astype(numpy.float64)
    return aligned(numpy, rows), rows.astype(numpy.float64)


def nanoseconds(options, pairs, run):
    """The median time of a pair over the rounds; run(k) does k repetitions."""
    run(1)
    repetitions = 1
    while True:
        start = time.perf_counter()
        run(repetitions)
        taken = time.perf_counter() - start
        if taken >= options.seconds:
            break
        repetitions *= 2
    times = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        run(repetitions)
        times.append((time.perf_counter() - start) / repetitions / pairs)
    return round(statistics.median(times) * 1e9, 3)


def expected(numpy, metric, query, rows):
    if metric == "dot":
        return rows @ query
    if metric == "sqeuclidean":
        return ((rows - query) ** 2).sum(axis=1)
    return 1 - rows @ query / numpy.linalg.norm(rows, axis=1) / numpy.linalg.norm(query)


def result_of(numpy, raw, wanted):
    """A kernel writes a double, a float or an integer: the reading that is near what is wanted, or nothing."""
    for kind in (numpy.float64, numpy.float32, numpy.int32, numpy.uint32):
        found = raw.view(kind)[:: 8 // numpy.dtype(kind).itemsize].astype(numpy.float64)
        if numpy.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * numpy.abs(wanted).max()):
            return found
    return None


def one_to_one(options, numpy, library, name, loop, dimension):
    for kind, code in TYPES.items():
        queries, precise_query = vectors(numpy, kind, 1, dimension, 1)
        count = max(1, options.kilobytes * 1024 // queries.nbytes)
        rows, precise = vectors(numpy, kind, count, dimension, 2)
        for metric, title in (("dot", "dot"), ("sqeuclidean", "squared L2"), ("angular", "cosine")):
            address = getattr(library, f"pointer_to_{metric}", None)
            if address is None and metric == "angular":
                address = getattr(library, "pointer_to_cosine", None)
            try:
                kernel = address(code)
            except (TypeError, ValueError, LookupError) as problem:
                print(f"{name} {kind} {title} left out: {problem}", file=sys.stderr)
                continue
            out = numpy.zeros(count)
            arguments = (kernel, queries.ctypes.data, rows.ctypes.data, rows.strides[0], count, dimension, out.ctypes.data)
            loop(*arguments, 1)
            if result_of(numpy, out, expected(numpy, metric, precise_query[0], precise)) is None:
                print(f"{name} {kind} {title} left out: its results are not those of numpy", file=sys.stderr)
                continue
            report(peer=name, kernel=f"{kind} {title}, one to one", dimension=dimension, rows=count,
                   ns=nanoseconds(options, count, lambda repetitions: loop(*arguments, repetitions)))


def hamming(options, numpy, library, name, dimension):
    random = numpy.random.default_rng(3)
    columns = dimension // 8
    count = options.kilobytes * 1024 // columns
    query = random.integers(0, 256, (1, columns)).astype(numpy.uint8)
    rows = aligned(numpy, random.integers(0, 256, (count, columns)).astype(numpy.uint8))
    wanted = numpy.unpackbits(query ^ rows, axis=1).sum(axis=1)
    for dtype in ("bin8", "uint1", "u1"):
        try:
            found = numpy.asarray(library.cdist(query, rows, "hamming", dtype=dtype)).reshape(-1)
        except (TypeError, ValueError, LookupError):
            continue
        if not (found == wanted).all():
            continue

        def run(repetitions):
            for _ in range(repetitions):
                library.cdist(query, rows, "hamming", dtype=dtype)

        report(peer=name, kernel="bits Hamming, one to one", dimension=dimension, rows=count,
               ns=nanoseconds(options, count, run))
        return
    print(f"{name} bits left out: no cdist of packed bits", file=sys.stderr)


def many_to_many(options, numpy, numkong, dimension):
    for kind in TYPES:
        queries, precise_queries = vectors(numpy, kind, options.queries, dimension, 4)
        count = max(1, options.kilobytes * 1024 // queries[:1].nbytes)
        rows, precise = vectors(numpy, kind, count, dimension, 5)
        peers = []
        if numkong and hasattr(numkong, "dots_pack"):
            try:
                tensors = queries, rows
                if kind == "bfloat16":
                    tensors = tuple(numkong.from_pointer(v.ctypes.data, v.shape, "bf16", owner=v) for v in tensors)
                packed = numkong.dots_pack(tensors[1])
                found = numpy.asarray(numkong.dots_packed(tensors[0], packed)).astype(numpy.float64)
                wanted = precise_queries @ precise.T
                if numpy.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * numpy.abs(wanted).max()):
                    peers.append(("numkong", lambda: numkong.dots_packed(tensors[0], packed)))
                else:
                    print(f"numkong {kind} many to many left out: its results are not numpy's", file=sys.stderr)
            except (TypeError, ValueError, LookupError, RuntimeError) as problem:
                print(f"numkong {kind} many to many left out: {problem}", file=sys.stderr)
        if kind == "float32":
            peers.append(("numpy", lambda: queries @ rows.T))
        for name, product in peers:

            def run(repetitions):
                for _ in range(repetitions):
                    product()

            report(peer=name, kernel=f"{kind} dot, many to many", dimension=dimension, rows=count,
                   queries=options.queries, ns=nanoseconds(options, count * options.queries, run))


def many_hammings(options, numpy, numkong, dimension):
    if not hasattr(numkong, "hammings_pack"):
        return
    random = numpy.random.default_rng(6)
    columns = dimension // 8
    count = options.kilobytes * 1024 // columns
    queries = aligned(numpy, random.integers(0, 256, (options.queries, columns)).astype(numpy.uint8))
    rows = aligned(numpy, random.integers(0, 256, (count, columns)).astype(numpy.uint8))
    packed = numkong.hammings_pack(rows, dtype="uint1")
    found = numpy.asarray(numkong.hammings_packed(queries, packed))
    if any((found[i] != numpy.unpackbits(queries[i] ^ rows, axis=1).sum(axis=1)).any() for i in range(len(queries))):
        print("numkong bits many to many left out: its results are not numpy's", file=sys.stderr)
        return

    def run(repetitions):
        for _ in range(repetitions):
            numkong.hammings_packed(queries, packed)

    report(peer="numkong", kernel="bits Hamming, many to many", dimension=dimension, rows=count,
           queries=options.queries, ns=nanoseconds(options, count * options.queries, run))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimensions", default="128,384,768,1024,1536")
    parser.add_argument("--kilobytes", type=int, default=256, help="size of the rows")
    parser.add_argument("--queries", type=int, default=64, help="of many to many")
    parser.add_argument("--seconds", type=float, default=0.05, help="a round takes at least this long")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    set_threads(1)
    import numpy

    libraries = {}
    for name in ("simsimd", "numkong"):
        try:
            libraries[name] = importlib.import_module(name)
        except ImportError as problem:
            print(f"{name} left out: {problem}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        loop = compiled_loop(folder)
        for dimension in map(int, options.dimensions.split(",")):
            for name, library in libraries.items():
                one_to_one(options, numpy, library, name, loop, dimension)
                hamming(options, numpy, library, name, dimension)
            many_to_many(options, numpy, libraries.get("numkong"), dimension)
            many_hammings(options, numpy, libraries.get("numkong"), dimension)


if __name__ == "__main__":
    main()
