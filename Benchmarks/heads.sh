#!/bin/sh
# Query heads and bridges on nl2bash and medquad (dev): base, heads of each form, LlamaIndex's recipe, and what a bridge recovers.
#
#   Benchmarks/heads.sh ATTUNE MODEL DATA PYTHON TUNED [OUT]
#
# ATTUNE is the program, DATA the folder that holds the two data sets, PYTHON that of the peers, TUNED an adapter on MODEL.
# Vectors of the base are computed once, by `attune embed`, and read by both sides. Prints a line a result.
set -eu

attune=$1 model=$2 data=$3 python=$4 tuned=$5 out=${6:-$(mktemp -d)}
here=$(dirname "$0")
value() { sed -n "s/.*\"$1\": \([0-9.e-]*\).*/\1/p" | head -1; }
eval_() { "$attune" eval --quiet -M "$model" -d "$data/$1" --split dev --json $2 >"$out/eval.json"; }

for set in ${SETS:-nl2bash medquad}; do
    eval_ $set ""
    echo "$set base ndcg@10 $(value ndcg@10 <"$out/eval.json") recall@10 $(value recall@10 <"$out/eval.json")"
    for flags in "linear" "low-rank" "two-layer" "linear --head-negatives in-batch" "low-rank --head-negatives in-batch" \
        "linear --head-start ridge" "low-rank --head-start ridge"; do
        "$attune" train --quiet -M "$model" -d "$data/$set" -o "$out/run" --force --method query-head --head $flags \
            --json >"$out/run.json"
        eval_ $set "-A $out/run"
        echo "$set head $flags: ndcg@10 $(value ndcg@10 <"$out/eval.json") recall@10 $(value recall@10 <"$out/eval.json")" \
            "training $(value seconds <"$out/run.json") s, epochs $(value epochs <"$out/run.json")," \
            "kept $(value kept_epoch <"$out/run.json"), held-out $(value before <"$out/run.json") to $(value best <"$out/run.json")"
    done
    for part in queries corpus; do
        test -f "$out/$set-$part.npy" || "$attune" embed --quiet -M "$model" -i "$data/$set/$part.jsonl" -o "$out/$set-$part.npy"
    done
    for recipe in "--epochs 2" "--epochs 5" "--epochs 5 --lr 1e-3"; do
        echo "$set llama-index $recipe:" \
            "$("$python" "$here/peers/head_peer.py" "$data/$set" --queries "$out/$set-queries.npy" \
                --corpus "$out/$set-corpus.npy" $recipe)"
    done
    rm -rf "$out/bridge"
    "$attune" bridge --quiet "$model" "$tuned" -d "$data/$set" -o "$out/bridge" --sample 20000 --json >"$out/bridge.json"
    echo "$set bridge: $(tr -d '\n' <"$out/bridge.json")"
    eval_ $set "-A $tuned"
    echo "$set re-embedded ndcg@10 $(value ndcg@10 <"$out/eval.json") recall@10 $(value recall@10 <"$out/eval.json")"
    eval_ $set "-A $out/bridge"
    echo "$set bridged ndcg@10 $(value ndcg@10 <"$out/eval.json") recall@10 $(value recall@10 <"$out/eval.json")"
done
