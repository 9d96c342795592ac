#!/bin/sh
# Query heads and bridges on nl2bash and medquad (dev): base, heads, LlamaIndex's recipe, and what a bridge recovers.
#
#   Benchmarks/heads.sh ATTUNE MODEL DATA PYTHON TUNED OUT
#
# ATTUNE is the program, DATA the folder that holds the data sets, PYTHON that of the peers, TUNED an adapter on MODEL, OUT a
# folder for vectors and runs. Vectors of the base come from `attune embed`, for both sides. Prints a line a result. SETS names other data
# sets, LIMIT another length in tokens, HEADS other flags, a line each.
set -eu

attune=$1 model=$2 data=$3 python=$4 tuned=$5 out=$6
limit=${LIMIT:-128}
here=$(dirname "$0")
mkdir -p "$out"
value() { sed -n "s/.*\"$1\": \([0-9.e-]*\).*/\1/p" | head -1; }
metrics() {
    "$attune" eval --quiet -d "$data/$set" --split dev --max-length $limit --json "$@" >"$out/eval.json"
    echo "ndcg@10 $(value ndcg@10 <"$out/eval.json") mrr@10 $(value mrr@10 <"$out/eval.json")" \
        "recall@10 $(value recall@10 <"$out/eval.json")"
}

for set in ${SETS:-nl2bash medquad}; do
    echo "$set base: $(metrics -M "$model")"
    rm -rf "$out/bridge"
    "$attune" adapter bridge --quiet "$model" "$tuned" -d "$data/$set" -o "$out/bridge" --sample 20000 --max-length $limit \
        | sed "s|^$out/||; s|^|$set |"
    echo "$set tuned, re-embedded: $(metrics -A "$tuned")"
    echo "$set tuned queries across the bridge, old index: $(metrics -A "$out/bridge")"
    for part in queries corpus; do
        test -f "$out/$set-$part.npy" || "$attune" embed --quiet -M "$model" -i "$data/$set/$part.jsonl" \
            --max-length $limit -o "$out/$set-$part.npy"
    done
    for recipe in "--epochs 2" "--epochs 5"; do
        echo "$set LlamaIndex's recipe $recipe:" \
            "$("$python" "$here/peers/head_peer.py" "$data/$set" --queries "$out/$set-queries.npy" \
                --corpus "$out/$set-corpus.npy" $recipe)"
    done
    printf '%s\n' "${HEADS:---head linear
--head linear --head-negatives in-batch
--head linear --head-start ridge --epochs 1
--head low-rank
--head two-layer}" | while read -r flags; do
        rm -rf "$out/run"
        "$attune" train --quiet -M "$model" -d "$data/$set" -o "$out/run" --method query-head --max-length $limit \
            --json $flags >"$out/run.json"
        echo "$set $flags: $(metrics -A "$out/run"); training $(value seconds <"$out/run.json") s," \
            "passes $(value epochs <"$out/run.json"), kept $(value kept_epoch <"$out/run.json"), held-out ndcg@10" \
            "$(value before <"$out/run.json") to $(value best <"$out/run.json")"
    done
done
