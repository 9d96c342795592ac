#!/usr/bin/env bash
# Whether a run that was killed at a random step, in the middle of whatever it did, and resumed gives the same adapter.
#
#   interruptions.sh MODEL DATA OUT [COUNT] [FLAG...]     ATTUNE names the tool; COUNT kills, 20 unless said; FLAGs are train's
#
# One run is left alone; every other is killed with SIGKILL once as many lines of metrics are written as the dice say, plus a
# part of a step, then resumed to its end with the other number of threads. A line a run: the step, and whether the adapter's
# SHA-256 is that of the first. Exit code 1 where one is not.
set -euo pipefail
model=$1 data=$2 out=$3 count=${4:-20}
attune=${ATTUNE:-.build/release/attune}
RANDOM=1
steps=24
mkdir -p "$out"
train() { # NAME THREADS FLAG...
    local name=$1 threads=$2
    shift 2
    "$attune" train -M "$model" -d "$data" -o "$out/$name" --max-steps $steps --batch-size 16 --max-length 64 \
        --checkpoint-every 3 --threads "$threads" --report none --quiet "$@" >/dev/null
}
digest() { sha256sum "$out/$1/adapter_model.safetensors" | cut -d' ' -f1; }
lines() { cat "$out/$1/metrics.jsonl" 2>/dev/null | wc -l; }
flags=("${@:5}")
rm -rf "$out"/run-*
train run-whole 2 "${flags[@]}"
expected=$(digest run-whole)
echo "uninterrupted: $expected"
wrong=0 number=0
while [ $number -lt "$count" ]; do
    name=run-$((number + 1)) step=$((RANDOM % (steps - 1) + 1))
    rm -rf "${out:?}/$name"
    {
        train "$name" 2 "${flags[@]}" &
        while [ "$(lines "$name")" -lt $step ] && kill -0 $!; do sleep 0.02; done
        sleep "0.$((RANDOM % 30 + 10))"
        pkill -KILL -P $! || true
        wait $! || true
    } 2>/dev/null
    # The last step may have been over before: then nothing was interrupted.
    [ -e "$out/$name/adapter_model.safetensors" ] && continue
    number=$((number + 1)) at=$(lines "$name")
    train "$name" 1 --resume "${flags[@]}"
    if [ "$(digest "$name")" = "$expected" ]; then verdict=same; else verdict=DIFFERENT wrong=1; fi
    echo "$name: killed after $at lines of metrics, resumed on one thread: $verdict"
done
exit $wrong
