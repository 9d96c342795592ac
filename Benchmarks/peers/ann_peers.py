"""What nearest-neighbour libraries reach on the same vectors: recall against queries a second, over each one's own settings.

    ann_peers.py --peer NAME --base X.npy --queries Q.npy --truth T.npy --metric l2|ip|cosine [-k 10] [--count 1000]

Builds the peer's index with all threads, then pins itself to one core (--core) and waits: for every line on standard input
it measures each setting once more, so that a benchmark can take turns between peers. It answers with JSON lines on standard
output: first {"peer", "build_s", "bytes_per_vector"}, then, a line each, {"points": [{"setting", "recall", "qps"}, …]}.
Queries go in one at a time where a batch would be computed otherwise than its queries. --list names the peers.
A neighbour counts as found where its distance is at most that of the k-th true one (1e-6 relative): ties are not errors.
"""

import argparse
import json
import os
import sys
import time

from common import fail

WIDTHS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 300, 450)
CELLS = ((2, 4), (4, 4), (8, 6), (16, 10), (32, 12), (64, 20), (128, 30))


class Hnswlib:
    settings = WIDTHS

    def build(self, base, metric):
        import hnswlib

        self.index = hnswlib.Index("l2" if metric == "l2" else "ip", base.shape[1])
        self.index.init_index(len(base), M=16, ef_construction=200)
        self.index.add_items(base)

    def search(self, queries, k, width):
        self.index.set_ef(width)
        return self.index.knn_query(queries, k=k, num_threads=1)[0]

    def save(self, path):
        self.index.save_index(path)


class Faiss:
    """An index that faiss makes from a description; `kind` says what its settings are."""

    def __init__(self, description, kind):
        self.description, self.kind = description, kind
        self.settings = {"graph": WIDTHS, "cells": CELLS, "flat": (0,), "refined": (4, 10, 20)}[kind]

    def build(self, base, metric):
        import faiss

        # Vectors of length 1 have the same neighbours by either metric, and some of faiss's codes know only distances.
        inner = metric != "l2" and "RaBitQ" not in self.description
        kind = faiss.METRIC_INNER_PRODUCT if inner else faiss.METRIC_L2
        cells = 512 if len(base) < 100_000 else 1024
        description = self.description.format(cells=cells, quarter=base.shape[1] // 4)
        self.index = faiss.index_factory(base.shape[1], description, kind)
        if self.kind == "graph":
            faiss.downcast_index(self.index).hnsw.efConstruction = 200
        if not self.index.is_trained:
            self.index.train(base)
        self.index.add(base)

    def search(self, queries, k, setting):
        import numpy
        import faiss

        faiss.omp_set_num_threads(1)
        parameters = None
        if self.kind == "graph":
            parameters = faiss.SearchParametersHNSW(efSearch=setting)
        elif self.kind == "refined":
            faiss.downcast_index(self.index).k_factor = setting
        elif self.kind == "cells":
            refining = faiss.downcast_index(self.index)
            refining.k_factor = setting[1]
            faiss.extract_index_ivf(refining.base_index).nprobe = setting[0]
        if self.kind == "graph":
            return self.index.search(queries, k, params=parameters)[1]
        return numpy.concatenate([self.index.search(queries[i : i + 1], k)[1] for i in range(len(queries))])

    def save(self, path):
        import faiss

        faiss.write_index(self.index, path)


class Usearch:
    settings = WIDTHS

    def build(self, base, metric):
        import numpy
        from usearch.index import Index

        self.index = Index(
            ndim=base.shape[1], metric="l2sq" if metric == "l2" else "ip", dtype="bf16", connectivity=16,
            expansion_add=200,
        )
        self.index.add(numpy.arange(len(base)), base)

    def search(self, queries, k, width):
        self.index.expansion_search = width
        return self.index.search(queries, k, threads=1).keys

    def save(self, path):
        self.index.save(path)


class Vamana:
    settings = WIDTHS

    def build(self, base, metric):
        import numpy
        import svs

        kind = svs.DistanceType.L2 if metric == "l2" else svs.DistanceType.MIP
        parameters = svs.VamanaBuildParameters(
            alpha=1.2 if metric == "l2" else 0.95, graph_max_degree=64, window_size=128, prune_to=60)
        self.index = svs.Vamana.build(parameters, base.astype(numpy.float16), kind, num_threads=os.cpu_count())

    def search(self, queries, k, width):
        self.index.num_threads = 1
        self.index.search_window_size = max(width, k)
        return self.index.search(queries, k)[0]

    def save(self, path):
        for part in ("config", "graph", "data"):
            os.makedirs(os.path.join(path, part), exist_ok=True)
        self.index.save(*(os.path.join(path, part) for part in ("config", "graph", "data")))


class Scann:
    settings = ((2, 30), (4, 40), (8, 60), (18, 100), (40, 150), (100, 300))

    def build(self, base, metric):
        import scann

        builder = scann.scann_ops_pybind.builder(base, 10, "squared_l2" if metric == "l2" else "dot_product")
        tree = builder.tree(num_leaves=int(2 * len(base) ** 0.5), num_leaves_to_search=10, training_sample_size=len(base))
        scored = tree.score_ah(2, anisotropic_quantization_threshold=float("nan") if metric == "l2" else 0.2)
        self.index = scored.reorder(100).build()

    def search(self, queries, k, setting):
        import numpy

        leaves, reordered = setting
        return numpy.stack([
            self.index.search(
                query, final_num_neighbors=k, pre_reorder_num_neighbors=reordered, leaves_to_search=leaves)[0]
            for query in queries
        ])

    def save(self, path):
        os.makedirs(path, exist_ok=True)
        self.index.serialize(path)


PEERS = {
    "hnswlib": Hnswlib,
    "faiss-hnsw-sq8": lambda: Faiss("HNSW32_SQ8", "graph"),
    "faiss-ivf-pq-refined": lambda: Faiss("IVF{cells},PQ{quarter}x4fs,RFlat", "cells"),
    "faiss-flat": lambda: Faiss("Flat", "flat"),
    "faiss-rabitq-refined": lambda: Faiss("RaBitQfs,RFlat", "refined"),
    "usearch-bf16": Usearch,
    "svs-vamana-f16": Vamana,
    "scann": Scann,
}


def stored_bytes(peer):
    """What the index takes on the disk, which is near what it takes in memory."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "index")
        peer.save(path)
        if os.path.isfile(path):
            return os.path.getsize(path)
        return sum(os.path.getsize(os.path.join(root, file)) for root, _, files in os.walk(path) for file in files)


def recall(base, queries, metric, found, truth):
    """The share of answers that are as near as the last true one."""
    import numpy

    def distances(ids):
        rows = base[ids].astype(numpy.float64)
        if metric == "l2":
            return ((rows - queries[:, None]) ** 2).sum(axis=2)
        return -(rows * queries[:, None]).sum(axis=2)

    last = distances(truth).max(axis=1, keepdims=True)
    return float((distances(found) <= last + 1e-6 * numpy.abs(last)).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--peer", choices=sorted(PEERS))
    for name in ("base", "queries", "truth"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--metric", choices=("l2", "ip", "cosine"), default="l2")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--count", type=int, default=1000, help="queries that are asked")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--until", type=float, default=0.995, help="no wider settings beyond this recall")
    arguments = parser.parse_args()
    if arguments.list:
        return print("\n".join(PEERS))
    if not all((arguments.peer, arguments.base, arguments.queries, arguments.truth)):
        fail("--peer, --base, --queries and --truth are needed")
    import numpy

    base = numpy.ascontiguousarray(numpy.load(arguments.base), dtype=numpy.float32)
    queries = numpy.ascontiguousarray(numpy.load(arguments.queries)[: arguments.count], dtype=numpy.float32)
    truth = numpy.load(arguments.truth)[: arguments.count, : arguments.k]
    if arguments.metric == "cosine":
        base /= numpy.maximum(numpy.linalg.norm(base, axis=1, keepdims=True), 1e-30)
        queries /= numpy.maximum(numpy.linalg.norm(queries, axis=1, keepdims=True), 1e-30)
    peer = PEERS[arguments.peer]()
    begun = time.perf_counter()
    try:
        peer.build(base, arguments.metric)
    except ImportError as problem:
        fail(f"{arguments.peer} is left out: {problem}")
    seconds = time.perf_counter() - begun
    size = stored_bytes(peer) / len(base)
    print(json.dumps({"peer": arguments.peer, "build_s": round(seconds, 2), "bytes_per_vector": round(size, 1)}), flush=True)
    os.sched_setaffinity(0, {arguments.core})
    recalls = {}
    for setting in peer.settings:
        found = numpy.asarray(peer.search(queries, arguments.k, setting)).astype(numpy.int64)
        recalls[setting] = recall(base, queries, arguments.metric, found, truth)
        if recalls[setting] > arguments.until:
            break
    for _ in sys.stdin:
        points = []
        for setting, share in recalls.items():
            begun = time.perf_counter()
            peer.search(queries, arguments.k, setting)
            rate = len(queries) / (time.perf_counter() - begun)
            points.append({"setting": str(setting), "recall": round(share, 5), "qps": round(rate, 1)})
        print(json.dumps({"points": points}), flush=True)


if __name__ == "__main__":
    main()
