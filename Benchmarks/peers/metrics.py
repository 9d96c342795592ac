"""nDCG@10, MRR@10 and recall@10 by pytrec_eval."""

import struct

from common import fail


def read_run(path):
    """{query id: {document id: score}} of a TREC run file: query, Q0, document, rank, score, tag."""
    run = {}
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                columns = line.split()
                if len(columns) != 6:
                    fail(f"{path}:{number}: expected 6 columns, found {len(columns)}")
                documents = run.setdefault(columns[0], {})
                if columns[2] in documents:
                    fail(f"{path}:{number}: document {columns[2]} stands twice for query {columns[0]}")
                try:
                    documents[columns[2]] = float(columns[4])
                except ValueError:
                    fail(f"{path}:{number}: {columns[4]} is no score")
    except (OSError, UnicodeDecodeError) as problem:
        fail(f"cannot read {path}: {problem}")
    return run


def cut(documents, depth):
    """The first `depth` documents in trec_eval's order: score as float32 falling, then document id falling."""
    single = lambda score: struct.unpack("f", struct.pack("f", score))[0]
    ordered = sorted(documents.items(), key=lambda item: (single(item[1]), item[0].encode()), reverse=True)
    return dict(ordered[:depth])


def evaluate_run(run, relevance):
    """(means, per query) over the judged queries with a relevant document; one that the run lacks counts as 0."""
    import pytrec_eval

    judged = {
        query: grades for query, grades in relevance.items() if any(grade > 0 for grade in grades.values())
    }
    found = {query: documents for query, documents in run.items() if query in judged and documents}
    whole = pytrec_eval.RelevanceEvaluator(judged, {"ndcg_cut.10", "recall.10"}).evaluate(found)
    first_ten = pytrec_eval.RelevanceEvaluator(judged, {"recip_rank"}).evaluate(
        {query: cut(documents, 10) for query, documents in found.items()}
    )
    per_query = {
        query: {
            "ndcg@10": whole.get(query, {}).get("ndcg_cut_10", 0.0),
            "mrr@10": first_ten.get(query, {}).get("recip_rank", 0.0),
            "recall@10": whole.get(query, {}).get("recall_10", 0.0),
        }
        for query in sorted(judged)
    }
    if not per_query:
        fail("the judgements name no relevant document")
    means = {
        name: sum(values[name] for values in per_query.values()) / len(per_query)
        for name in ("ndcg@10", "mrr@10", "recall@10")
    }
    means["queries"] = len(per_query)
    means["missing"] = len(judged) - len(found)
    return means, per_query
