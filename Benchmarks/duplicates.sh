#!/usr/bin/env bash
# What duplicates in the training data do, with and without masks: a fifth of the pairs is replaced by copies of a few
# others, so that most batches hold the same pair more than once, and each copy's positive is the others' false negative.
#
#   duplicates.sh MODEL DATA OUT     DATA in the BEIR layout with qrels/train.tsv and dev.tsv; ATTUNE names the tool
set -euo pipefail
model=$1 data=$2 out=$3
attune=${ATTUNE:-.build/release/attune}
mkdir -p "$out"
python3 - "$data" "$out" <<'PYTHON'
import csv, json, os, random, sys

data, out = sys.argv[1:]
def texts(name):
    with open(os.path.join(data, name), encoding="utf-8") as file:
        return {row["_id"]: " ".join(filter(None, [row.get("title"), row["text"]])) for row in map(json.loads, file)}
corpus, queries = texts("corpus.jsonl"), texts("queries.jsonl")
with open(os.path.join(data, "qrels", "train.tsv"), encoding="utf-8") as file:
    rows = [row for row in csv.reader(file, delimiter="\t")][1:]
pairs = [(queries[q], corpus[d]) for q, d, grade in rows if float(grade) > 0]
random.Random(0).shuffle(pairs)
copies = len(pairs) // 5
injected = pairs[: len(pairs) - copies] + [pairs[i % 10] for i in range(copies)]
for name, chosen in (("clean", pairs), ("injected", injected)):
    os.makedirs(os.path.join(out, name), exist_ok=True)
    with open(os.path.join(out, name, "train.jsonl"), "w", encoding="utf-8") as file:
        for anchor, positive in chosen:
            file.write(json.dumps({"anchor": anchor, "positive": positive}, ensure_ascii=False) + "\n")
PYTHON
for run in clean:duplicates,positives injected:duplicates,positives injected:none; do
    name=$out/run-${run/:/-}
    "$attune" train -M "$model" -d "$out/${run%%:*}" -o "$name" --masks "${run##*:}" --max-length 64 --report none --quiet --force >/dev/null
    printf '%s\t' "$run"
    "$attune" eval -A "$name" -M "$model" -d "$data" --split dev --json --quiet | python3 -c 'import json, sys; print("nDCG@10 %.4f" % json.load(sys.stdin)["ndcg@10"])'
done
