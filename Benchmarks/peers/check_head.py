"""Loads a model with a head inside with stock sentence-transformers, and holds its vectors against Attune's.

    check_head.py MODEL TEXTS --queries Q.npy --documents D.npy [--minimum 0.9999]

TEXTS holds a text a line; the .npy files are `attune embed --query` and `--document` of it. One JSON line with the lowest cosine of
each route; exit code 1 below the minimum.
"""

import argparse

from common import read_lines, report, set_threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("--queries", required=True)
    parser.add_argument("--documents", required=True)
    parser.add_argument("--minimum", type=float, default=0.9999)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    texts = read_lines(arguments.texts)

    import numpy
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(arguments.model, device="cpu")

    def lowest(expected, path):
        found = numpy.load(path)
        lengths = numpy.linalg.norm(expected, axis=1) * numpy.linalg.norm(found, axis=1)
        return float(((expected * found).sum(1) / lengths).min())

    query = lowest(model.encode_query(texts), arguments.queries)
    document = lowest(model.encode_document(texts), arguments.documents)
    plain = lowest(model.encode(texts), arguments.documents)
    report(model=arguments.model, texts=len(texts), query=query, document=document, plain=plain)
    if min(query, document) < arguments.minimum:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
