#!/bin/sh
# Adapters of every variant through the files of both sides: trained here and loaded by PEFT, written by PEFT and loaded
# here, and two trained ones combined by both.
#
#   Benchmarks/variants.sh ATTUNE MODEL DATA PYTHON OUT
#
# ATTUNE is the program, DATA a data set in the BEIR layout with a split `train`, PYTHON that of the peers, OUT a folder for
# adapters and vectors. Prints a JSON line a result; exit code 1 where a file or a vector is not what the other side has.
set -eu

attune=$1 model=$2 data=$3 python=$4 out=$5
check=$(dirname "$0")/peers/check_variants.py
rm -rf "$out"
mkdir -p "$out/ours" "$out/theirs"
sed -n 's/.*"text": "\(\([^"\\]\|\\.\)*\)".*/\1/p' "$data/queries.jsonl" | grep -v '\\' | head -200 >"$out/texts.txt"
embed() { "$attune" embed --quiet -M "$model" -A "$1" -i "$out/texts.txt" -o "$1.npy" --precision f32; }

echo "# trained here, three steps, loaded by PEFT"
while read -r name flags; do
    # shellcheck disable=SC2086
    "$attune" train --quiet --report none -M "$model" -d "$data" -o "$out/ours/$name" --max-steps 3 --batch-size 32 \
        --max-length 32 --rank 8 --lr 1e-2 --seed 5 $flags >/dev/null
    embed "$out/ours/$name"
    echo "$name"
done >"$out/ours.txt" <<'END'
lora
lora-all-linear --targets all-linear
lora-bf16 --precision bf16 --seed 6
lora-plus --lr-ratio 4
rslora --variant rslora
pissa --variant pissa --lr 1e-3
pissa-iterations --variant pissa --pissa-iterations 8 --lr 1e-3
olora --variant olora --lr 1e-3
dora --variant dora
patterns --targets all-linear --rank-pattern key=2,layer.0.attention.self.query=16 --alpha-pattern attention.output.dense=4
layers --layers-to-transform 1,4
rslora-patterns --variant rslora --rank-pattern value=4 --layers-to-transform 0,2,3
pissa-layers --variant pissa --rank-pattern value=4 --layers-to-transform 3,5 --lr 1e-3
bias-lora-only --bias lora_only --targets all-linear
bias-all --bias all
dora-bias-all --variant dora --bias all
pissa-bias-all --variant pissa --bias all --lr 1e-3
pattern --target-pattern .*\.(key|output\.dense)
dora-patterns --variant dora --rank-pattern value=4,layer.5.attention.self.query=16
END
# shellcheck disable=SC2046
"$python" "$check" read "$model" "$out/texts.txt" "$out/ours" $(cat "$out/ours.txt")

echo "# written by PEFT, loaded here"
"$python" "$check" write "$model" "$out/texts.txt" "$out/theirs" >"$out/theirs.txt"
while read -r name; do embed "$out/theirs/$name"; done <"$out/theirs.txt"
# shellcheck disable=SC2046
"$python" "$check" hold "$out/theirs" $(cat "$out/theirs.txt")

echo "# two trained adapters, combined by both: the products' largest difference, as a part of their largest element"
cat >"$out/cases.txt" <<'END'
linear 0.7 0.3 - - total
linear 0.7 -0.3 - - total
cat 0.7 -0.3 - - total
svd 0.7 0.3 - - total
svd 0.7 0.3 - 4 total
ties 0.7 0.3 0.5 - total
ties 0.7 0.3 0.5 - frequency
ties_svd 0.7 0.3 0.5 6 total
dare_linear 0.7 0.3 1 - total
dare_linear_svd 0.7 0.3 1 6 total
dare_ties 0.7 0.3 1 - total
dare_ties_svd 0.7 0.3 1 6 total
magnitude_prune 0.7 0.3 0.5 - total
magnitude_prune_svd 0.7 0.3 0.5 6 total
END
number=0
while read -r type one two density rank signs; do
    set -- --type "$type" "--weights=$one,$two" -o "$out/combined-$number"
    test "$density" = - || set -- "$@" --density "$density"
    test "$rank" = - || set -- "$@" --rank "$rank"
    case $type in *ties*) set -- "$@" --signs "$signs" ;; esac
    "$attune" adapter combine "$out/ours/lora" "$out/ours/lora-bf16" --json "$@" >/dev/null
    number=$((number + 1))
done <"$out/cases.txt"
"$python" "$check" combine "$model" "$out" "$out/ours/lora" "$out/ours/lora-bf16" "$out/cases.txt"
