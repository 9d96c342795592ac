"""Retrieval quality of a base model or an adapter, by sentence-transformers, PEFT and pytrec_eval, in float32.

The whole corpus is ranked by inner product of normalised vectors for every judged query of the split; nDCG@10, MRR@10
(of the first ten) and recall@10 come from pytrec_eval on the best 100.

    evaluate.py --data DATA --model MODEL [--adapter ADAPTER] --split dev --limit 128 --out RESULT.json
"""

import argparse
import json
import os
import time

from common import fail, machine, peak_mb, read_corpus, read_qrels, read_queries, report, set_threads


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data set in the BEIR layout")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", help="PEFT adapter folder")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--limit", type=int, help="longest text in tokens; the model's own when left out")
    parser.add_argument("--label", help="name in the result")
    parser.add_argument("--out", help="JSON file of the result")
    parser.add_argument("--run-file", help="TREC run file of the best 100")
    parser.add_argument("--per-query", help="TSV of the metrics of every query")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def rank(queries, documents, identifiers, names, depth):
    """{query id: {document id: score}} of the `depth` best documents of every query."""
    import numpy

    run = {}
    for start in range(0, len(names), 256):
        scores = queries[start : start + 256] @ documents.T
        best = numpy.argpartition(-scores, min(depth, scores.shape[1]) - 1, axis=1)[:, :depth]
        for row, name in enumerate(names[start : start + 256]):
            run[name] = {identifiers[column]: float(scores[row, column]) for column in best[row]}
    return run


def write_run(path, run, label):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for query, documents in run.items():
            ordered = sorted(documents.items(), key=lambda item: (item[1], item[0]), reverse=True)
            for place, (document, score) in enumerate(ordered, 1):
                file.write(f"{query} Q0 {document} {place} {score:.9g} {label}\n")


def main():
    arguments = parse_arguments()
    set_threads(arguments.threads)
    corpus, queries = read_corpus(arguments.data), read_queries(arguments.data)
    relevance = read_qrels(os.path.join(arguments.data, "qrels", arguments.split + ".tsv"))
    names = [query for query, grades in relevance.items() if any(grade > 0 for grade in grades.values())]
    unknown = [query for query in names if query not in queries]
    if unknown:
        fail(f"query {unknown[0]} of the split {arguments.split} is not in queries.jsonl")

    import torch

    from encoding import encode, load_model
    from metrics import evaluate_run

    torch.set_num_threads(arguments.threads)
    begun = machine()
    model = load_model(arguments.model, arguments.limit, arguments.adapter)
    identifiers = list(corpus)
    start = time.perf_counter()
    documents = encode(model, [corpus[identifier] for identifier in identifiers])
    document_seconds = time.perf_counter() - start
    run = rank(encode(model, [queries[name] for name in names]), documents, identifiers, names, 100)
    means, per_query = evaluate_run(run, relevance)
    label = arguments.label or ("adapter" if arguments.adapter else "base")
    result = {
        "label": label,
        "data": os.path.basename(os.path.normpath(arguments.data)),
        "split": arguments.split,
        "limit": model.max_seq_length,
        "documents": len(identifiers),
        **{name: round(value, 6) if isinstance(value, float) else value for name, value in means.items()},
        "precision": "f32",
        "threads": arguments.threads,
        "encode_seconds": round(document_seconds, 1),
        "peak_mb": peak_mb(),
    }
    if arguments.run_file:
        write_run(arguments.run_file, run, label)
    if arguments.per_query:
        with open(arguments.per_query, "w", encoding="utf-8", newline="\n") as file:
            file.write("query-id\tndcg@10\tmrr@10\trecall@10\n")
            for query, values in per_query.items():
                file.write("\t".join([query] + [f"{value:.6f}" for value in values.values()]) + "\n")
    if arguments.out:
        with open(arguments.out, "w") as file:
            json.dump({**result, "machine": begun}, file, indent=1)
            file.write("\n")
    report(**result)


if __name__ == "__main__":
    main()
