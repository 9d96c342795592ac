#!/usr/bin/env bash
# What an adapter's rank is worth: the adapter compressed to falling ranks, the error of each as the singular values predict it,
# and the retrieval quality that is left. Then the predicted errors beside those measured on the two files in float64.
#
#   Benchmarks/compression.sh ATTUNE ADAPTER DATA SPLIT OUT [RANK…]
#
# ATTUNE is the program, ADAPTER a run's folder that names its base; OUT receives the compressed adapters. PYTHON names an
# interpreter that has numpy.
set -euo pipefail

attune=$1 adapter=$2 data=$3 split=$4 out=$5
shift 5
ranks=("${@:-32 16 8 4 2 1}")
python=${PYTHON:-python3}
mkdir -p "$out"

value() { "$python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
quality() { "$attune" eval --quiet --json --max-length 128 -d "$data" --split "$split" "$@" | value ndcg@10; }
base=$(sed -n 's/.*"base_model_name_or_path": *"\(.*\)".*/\1/p' "$adapter/adapter_config.json")

printf '%-10s %12s %12s %10s\n' rank parameters 'error, %' ndcg@10
printf '%-10s %12d %12s %10.4f\n' base 0 - "$(quality -M "$base")"
printf '%-10s %12d %12.3f %10.4f\n' full "$("$attune" adapter info "$adapter" --json --quiet | value parameters)" 0 "$(quality -A "$adapter")"
for rank in ${ranks[*]}; do
    report=$("$attune" adapter compress "$adapter" --rank "$rank" -o "$out/rank$rank" --force --json)
    printf '%s\n' "$report" >"$out/rank$rank.json"
    printf '%-10s %12d %12.3f %10.4f\n' "$rank" "$(value parameters <<<"$report")" \
        "$("$python" -c 'import sys; print(100 * float(sys.argv[1]))' "$(value relative_error <<<"$report")")" \
        "$(quality -A "$out/rank$rank")"
done
printf '\npredicted and measured\n'
for rank in ${ranks[*]}; do
    "$python" "$(dirname "$0")/peers/check_compression.py" "$adapter" "$out/rank$rank" "$out/rank$rank.json"
done
