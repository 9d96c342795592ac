#!/bin/sh
# What bf16 and int8 cost: stsb (test), medquad (dev) and nl2bash (dev) evaluated in every precision.
#
#   Benchmarks/precision.sh ATTUNE MODEL DATA
#
# ATTUNE is the program, DATA the folder that holds the three data sets. Prints a line a data set and precision: Spearman's
# correlation or nDCG@10, then the difference to float32 in points.
set -eu

attune=$1 model=$2 data=$3
value() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p"; }

for set in stsb:test:spearman medquad:dev:ndcg@10 nl2bash:dev:ndcg@10; do
    name=${set%%:*} rest=${set#*:}
    split=${rest%%:*} metric=${rest#*:}
    full=
    for precision in f32 bf16 int8; do
        result=$("$attune" eval --quiet -M "$model" -d "$data/$name" --split "$split" --precision $precision --json |
            value "$metric")
        full=${full:-$result}
        echo "$name $split $metric $precision $result $full" |
            awk '{ printf "%-8s %-5s %-9s %-5s %.5f %+.3f\n", $1, $2, $3, $4, $5, 100 * ($5 - $6) }'
    done
done
