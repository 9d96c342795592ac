#!/usr/bin/env bash
# What duplicates in the training data do, with and without masks: to all pairs a fifth more is added, copies of a few of them
# with other marks at the end of question and answer. Most batches then hold a pair more than once, and each copy's texts are
# the others' false negatives.
#
#   duplicates.sh MODEL DATA OUT [SEEDS]   DATA in the BEIR layout with qrels/train.tsv and dev.tsv; ATTUNE names the tool;
#                                          SEEDS such as "0 1 2"; PAIRS (4096) is how many there are without the copies;
#                                          OPTIONS goes to `train` besides, such as "--directions all"
set -euo pipefail
model=$1 data=$2 out=$3 seeds=${4:-0 1 2}
attune=${ATTUNE:-.build/release/attune}
mkdir -p "$out"
python3 - "$data" "$out" "${PAIRS:-4096}" <<'PYTHON'
import csv, json, os, random, sys

data, out, count = sys.argv[1:]
def texts(name):
    with open(os.path.join(data, name), encoding="utf-8") as file:
        return {row["_id"]: " ".join(filter(None, [row.get("title"), row["text"]])) for row in map(json.loads, file)}
corpus, queries = texts("corpus.jsonl"), texts("queries.jsonl")
with open(os.path.join(data, "qrels", "train.tsv"), encoding="utf-8") as file:
    rows = [row for row in csv.reader(file, delimiter="\t")][1:]
dice = random.Random(0)
pairs = sorted((queries[q], corpus[d]) for q, d, grade in rows if float(grade) > 0)
dice.shuffle(pairs)
pairs = pairs[: int(count)]
ends = ["", ".", "!", "?", "...", "!!", "?!", "??", ";", ":"]
copied = [(anchor + dice.choice(ends), positive + dice.choice(ends))
          for number in range(len(pairs) // 4) for anchor, positive in [pairs[number % 20]]]
for name, chosen in (("clean", pairs), ("injected", pairs + copied)):
    os.makedirs(os.path.join(out, name), exist_ok=True)
    with open(os.path.join(out, name, "train.jsonl"), "w", encoding="utf-8") as file:
        for anchor, positive in chosen:
            file.write(json.dumps({"anchor": anchor, "positive": positive}, ensure_ascii=False) + "\n")
PYTHON
for seed in $seeds; do
    for run in clean:none injected:none injected:duplicates,positives; do
        name=$out/run-${run/:/-}-$seed
        "$attune" train -M "$model" -d "$out/${run%%:*}" -o "$name" --masks "${run##*:}" --max-length 64 --seed "$seed" \
            --report none --quiet --force ${OPTIONS:-} >/dev/null
        printf 'seed %s\t%s\t' "$seed" "$run"
        "$attune" eval -A "$name" -M "$model" -d "$data" --split dev --json --quiet |
            python3 -c 'import json, sys; print("nDCG@10 %.4f" % json.load(sys.stdin)["ndcg@10"])'
    done
done
