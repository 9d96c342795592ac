"""LlamaIndex's recipe for a linear head on queries, trained in PyTorch on the embeddings of a frozen model.

    head_peer.py DATA --queries Q.npy --corpus C.npy [--split dev] [--epochs 2] [--lr 2e-5] [--threads 2]

What `EmbeddingAdapterFinetuneEngine` (run-llama/llama_index, llama-index-finetuning, embeddings/adapter.py and adapter_utils.py)
does: one linear layer without bias that begins as the identity; the first relevant document of each query; batches of 10 in the
order of the data; cosines times 20 and cross-entropy over the documents of the batch; AdamW at 2e-5 with torch's weight decay; a tenth of
the steps as linear warm-up, then linear decay; gradients clipped to norm 1. Its guides train for 2 to 5 epochs. It embeds every
batch anew; here embeddings come from two .npy files, rows in the order of queries.jsonl and corpus.jsonl.

One JSON line: nDCG@10, MRR@10 and recall@10 of the split without and with the head, and the seconds of training alone.
"""

import argparse
import os
import time

from common import fail, read_corpus, read_qrels, read_queries, report, set_threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--queries", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    set_threads(arguments.threads)

    import numpy
    import torch
    import transformers
    from torch import nn

    from metrics import evaluate_run

    torch.manual_seed(0)
    query_ids, document_ids = list(read_queries(arguments.data)), list(read_corpus(arguments.data))
    queries = torch.from_numpy(numpy.load(arguments.queries))
    corpus = torch.from_numpy(numpy.load(arguments.corpus))
    if len(query_ids) != len(queries) or len(document_ids) != len(corpus):
        fail("the vectors are not those of this data set")
    query_rows = {name: row for row, name in enumerate(query_ids)}
    document_rows = {name: row for row, name in enumerate(document_ids)}

    def split(name):
        return read_qrels(os.path.join(arguments.data, "qrels", name + ".tsv"))

    def metrics(layer):
        relevance = split(arguments.split)
        with torch.no_grad():
            asked = queries[[query_rows[name] for name in relevance]]
            asked = nn.functional.normalize(asked if layer is None else layer(asked))
            scores, places = torch.topk(asked @ nn.functional.normalize(corpus).T, 100)
        run = {
            name: {document_ids[place]: score for place, score in zip(row.tolist(), values.tolist())}
            for name, row, values in zip(relevance, places, scores)
        }
        return evaluate_run(run, relevance)[0]

    pairs = [(query_rows[name], document_rows[next(iter(grades))]) for name, grades in split("train").items()]
    layer = nn.Linear(queries.shape[1], queries.shape[1], bias=False)
    layer.weight.data.copy_(torch.eye(queries.shape[1]))
    batches = [pairs[start : start + arguments.batch_size] for start in range(0, len(pairs), arguments.batch_size)]
    optimizer = torch.optim.AdamW(layer.parameters(), lr=arguments.lr)
    steps = len(batches) * arguments.epochs
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(steps * 0.1), steps)
    before = metrics(None)
    start = time.monotonic()
    for _ in range(arguments.epochs):
        for batch in batches:
            asked = nn.functional.normalize(layer(queries[[query for query, _ in batch]]))
            answers = nn.functional.normalize(corpus[[document for _, document in batch]])
            loss = nn.functional.cross_entropy(20 * asked @ answers.T, torch.arange(len(batch)))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    seconds = time.monotonic() - start
    report(
        data=os.path.basename(arguments.data.rstrip("/")), split=arguments.split, epochs=arguments.epochs,
        lr=arguments.lr, pairs=len(pairs), seconds=round(seconds, 2), before=before, after=metrics(layer),
    )


if __name__ == "__main__":
    main()
