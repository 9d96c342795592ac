#!/bin/sh
# The recipe of peers/medquad_reference.py, trained and evaluated with Attune; the reference's adapters evaluated the same way.
#
#   Benchmarks/medquad.sh ATTUNE MEDQUAD PAIRS REFERENCE OUT
#
# ATTUNE is the program, MEDQUAD the data set, PAIRS the folder that `medquad_reference.py --pairs-only` wrote, REFERENCE
# the folder with its adapters seed-0, seed-1, seed-2. OUT receives ours-S.json, reference-S.json and the runs.
set -eu

attune=$1 medquad=$2 pairs=$3 reference=$4 out=$5
model=sentence-transformers/all-MiniLM-L6-v2

evaluate() {
    "$attune" eval --quiet -M $model -A "$1" -d "$medquad" --split dev --max-length 128 --json --precision f32 >"$2.part"
    mv "$2.part" "$2"
}

mkdir -p "$out"
for seed in 0 1 2; do
    run=$out/seed-$seed
    [ -e "$run/adapter_model.safetensors" ] ||
        "$attune" train --quiet -M $model -d "$pairs" -o "$run" --rank 16 --alpha 32 --batch-size 64 --epochs 1 --lr 1e-3 \
            --warmup 0.1 --weight-decay 0 --max-length 128 --precision f32 --seed $seed
    [ -e "$out/ours-$seed.json" ] || evaluate "$run" "$out/ours-$seed.json"
    [ -e "$out/reference-$seed.json" ] || evaluate "$reference/seed-$seed" "$out/reference-$seed.json"
done
