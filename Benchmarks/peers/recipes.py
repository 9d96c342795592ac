"""The recipes whose quality is compared: one for every data set, the same pairs and settings for both trainers.

    recipes.py --data SHARED --out FOLDER [--only NAME,...]

SHARED holds the data sets medquad, nl2bash, banking77, cranfield and stsb. FOLDER receives NAME/train.jsonl, which both
trainers read: (anchor, positive) or (sentence1, sentence2, score). Where Attune has a recipe of its own, FOLDER/own/NAME
receives the same rows for it, one in twenty held out as dev.jsonl for the strength dial; texts with labels as what they are.
What is there already is left as it is.
"""

import argparse
import csv
import hashlib
import json
import os
import random
from dataclasses import dataclass

from common import fail, read_corpus, read_qrels, read_queries, report
from evaluate_pairs import read_pairs


@dataclass(frozen=True)
class Recipe:
    """LoRA on query and value, AdamW without weight decay, 10 % warm-up, then linear decay, gradient norm at most 1."""

    split: str  # what the result is evaluated on
    limit: int  # tokens
    loss: str = "mnrl"
    rank: int = 16  # alpha is twice the rank
    batch_size: int = 64
    epochs: int = 1
    learning_rate: float = 1e-3
    count: int | None = None  # so many pairs, drawn with seed 0; all without
    own: tuple[str, ...] = ()  # what Attune's own recipe adds, flags of `attune train`; without, it has none


RECIPES = {
    "medquad": Recipe(split="dev", limit=128, count=4096, own=("--epochs", "2", "--mine", "1")),
    "nl2bash": Recipe(split="dev", limit=64, own=("--epochs", "3", "--mine", "1")),
    "banking77": Recipe(split="test", limit=64, own=("--epochs", "3")),
    "cranfield": Recipe(split="test", limit=256, batch_size=32),
    "stsb": Recipe(split="test", limit=128, loss="cosent", rank=8, batch_size=32, epochs=2),
}


def judged_pairs(data, count):
    """The train split's (question, answer) pairs sorted by their identifiers; with `count`, a sample with seed 0."""
    corpus, queries = read_corpus(data), read_queries(data)
    relevance = read_qrels(os.path.join(data, "qrels", "train.tsv"))
    pairs = sorted(
        (query, document)
        for query, documents in relevance.items()
        for document, grade in documents.items()
        if grade > 0
    )
    if count is not None:
        if count > len(pairs):
            fail(f"asked for {count} pairs, the train split has {len(pairs)}")
        pairs = random.Random(0).sample(pairs, count)
    return [
        {"anchor": queries[query], "positive": corpus[document], "anchor_id": query, "positive_id": document}
        for query, document in pairs
    ]


def labelled_pairs(path):
    """Each text once as anchor, and once as the positive of another text of its label, in an order drawn with seed 0."""
    members = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            members.setdefault(row["label"], []).append(row["text"])
    generator, pairs = random.Random(0), []
    for label in sorted(members):
        texts = members[label]
        generator.shuffle(texts)
        pairs += zip(texts, texts[1:] + texts[:1]) if len(texts) > 1 else []
    return [{"anchor": anchor, "positive": positive} for anchor, positive in pairs]


def training_rows(name, shared):
    """The rows of a recipe's train.jsonl."""
    recipe, data = RECIPES[name], os.path.join(shared, name)
    if recipe.loss == "cosent":
        columns = ("sentence1", "sentence2", "score")
        return [dict(zip(columns, row)) for row in read_pairs(os.path.join(data, "train.tsv"))]
    labels = os.path.join(data, "train.csv")
    return labelled_pairs(labels) if os.path.exists(labels) else judged_pairs(data, recipe.count)


def own_rows(name, shared, rows):
    """{split: rows} for Attune's own recipe; rows that share a document stay together."""
    labels = os.path.join(shared, name, "train.csv")
    if os.path.exists(labels):
        with open(labels, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    splits = {"train": [], "dev": []}
    for row in rows:
        key = row.get("positive") or row["text"]
        held_out = int(hashlib.sha1(key.encode()).hexdigest(), 16) % 20 == 0
        splits["dev" if held_out else "train"].append(row)
    return splits


def write_rows(folder, rows, split="train"):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{split}.jsonl")
    with open(path + ".part", "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", default=",".join(RECIPES))
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        if name not in RECIPES:
            fail(f"no recipe {name}: there are {', '.join(RECIPES)}")
        folder = os.path.join(arguments.out, name)
        if not os.path.exists(os.path.join(folder, "train.jsonl")):
            rows = training_rows(name, arguments.data)
            write_rows(folder, rows)
            for split, part in own_rows(name, arguments.data, rows).items() if RECIPES[name].own else ():
                write_rows(os.path.join(arguments.out, "own", name), part, split)
            report(recipe=name, rows=len(rows))


if __name__ == "__main__":
    main()
