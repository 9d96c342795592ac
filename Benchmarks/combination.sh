#!/bin/sh
# One adapter for two departments: an adapter trained on nl2bash and one trained on banking77, alone, in equal parts, and at the
# weights that a search finds on both dev splits while the STS benchmark's dev pairs lose no more than a point.
#
#   Benchmarks/combination.sh ATTUNE MODEL DATA OUT
#
# ATTUNE is the program, DATA the folder that holds the data sets, OUT a folder for the runs, which are not trained again where
# they are there. LIMIT is the length in tokens, SEARCHES holds flags of searches, a line each. Prints a line an adapter: what was
# searched on, and what the search has not seen: nDCG@10 of banking77's test texts, Spearman on the pairs' test split.
set -eu

attune=$1 model=$2 data=$3 out=$4
limit=${LIMIT:-128}
mkdir -p "$out"
value() { sed -n "s/.*\"$1\": \([0-9.e-]*\).*/\1/p" | head -1; }
metric() {
    name=$1 set=$2 split=$3
    shift 3
    "$attune" eval --quiet -M "$model" "$@" -d "$set" --split "$split" --max-length "$limit" --json | value "$name"
}
row() {
    name=$1
    shift
    echo "$name | $(metric ndcg@10 "$data/nl2bash" dev "$@") | $(metric ndcg@10 "$out/banking77" dev "$@")" \
        "| $(metric spearman "$data/stsb" dev "$@") | $(metric ndcg@10 "$out/banking77" test "$@")" \
        "| $(metric spearman "$data/stsb" test "$@")"
}

test -d "$out/banking77" || "$attune" data split "$data/banking77" -o "$out/banking77" --test 0.1 --dev 0.1 >/dev/null
for set in "$data/nl2bash" "$out/banking77"; do
    run=$out/$(basename "$set")-run
    test -f "$run/adapter_config.json" || "$attune" train --quiet -M "$model" -d "$set" -o "$run" --max-length "$limit" \
        --report none >/dev/null
done
a=$out/nl2bash-run b=$out/banking77-run

echo "adapter | nl2bash dev | banking77 dev | stsb dev | banking77 test | stsb test"
row base
row "nl2bash's alone" -A "$a"
row "banking77's alone" -A "$b"
"$attune" adapter combine "$a" "$b" --type cat --weights 0.5,0.5 -o "$out/mean" --force >/dev/null
row "half of each" -A "$out/mean"
printf '%s\n' "${SEARCHES:---type cat
--type svd
--type cat --sample 300}" | while read -r flags; do
    start=$(date +%s)
    # shellcheck disable=SC2086
    "$attune" adapter combine "$a" "$b" --search -M "$model" -d "$data/nl2bash" -d "$out/banking77" --canary "$data/stsb" \
        --budget 0.01 --max-length "$limit" -o "$out/searched" --force --json $flags 2>"$out/search.log" >"$out/search.json"
    echo "search $flags: $(($(date +%s) - start)) s, $(grep -c '/.*: weights' "$out/search.log") points, weights" \
        "$(sed -n '/^  "weights"/,/\]/p' "$out/search.json" | sed '1d;$d' | tr -d ' \n')"
    row "searched, $flags" -A "$out/searched"
done
