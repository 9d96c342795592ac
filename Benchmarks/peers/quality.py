"""Whether what Attune trains retrieves as well as what sentence-transformers trains by the same recipe, and better by Attune's own.

    quality.py --tool ATTUNE --model MODEL --data SHARED --pairs PAIRS --reference REF --out OUT [--only NAME,...]

PAIRS is what recipes.py wrote, REF holds NAME-SEED, the adapters of reference_recipe.py. For every recipe and seed Attune
trains the same recipe (no masks) and its own (masks, guide, mining, dial) into OUT; base and all adapters are evaluated by
`attune eval`, and what is there already is left as it is. A JSON line a recipe: the means over the seeds, and the paired
difference to the reference with its 95 % interval: percentile bootstrap over queries of the mean over the seeds of
nDCG@10, or over pairs of the mean over the seeds of Spearman's correlation.
"""

import argparse
import json
import os
import subprocess

import numpy as np

from common import fail, read_json_lines, report
from recipes import RECIPES

SAMPLES = 10_000
KINDS = ("reference", "same", "own")


def run(arguments, words):
    """Runs the tool; a failure ends the program with the tool's own line."""
    done = subprocess.run([arguments.tool, *words], capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"attune {' '.join(words)}: {done.stderr.strip()}")


def train(arguments, name, kind, seed):
    recipe, out = RECIPES[name], os.path.join(arguments.out, f"{name}-{kind}-{seed}")
    if os.path.exists(os.path.join(out, "adapter_model.safetensors")):
        return out
    words = ["train", "-M", arguments.model, "-o", out, "--loss", recipe.loss, "--rank", recipe.rank, "--alpha", 2 * recipe.rank]
    words += ["--batch-size", recipe.batch_size, "--epochs", recipe.epochs, "--lr", recipe.learning_rate, "--weight-decay", 0]
    words += ["--warmup", 0.1, "--max-length", recipe.limit, "--seed", seed, "--report", "none", "--quiet", "--force"]
    words += ["--threads", arguments.threads]
    if kind == "same":
        words += ["-d", os.path.join(arguments.pairs, name)]
        words += ["--masks", "none"] if recipe.loss == "mnrl" else []
    else:
        words += ["-d", os.path.join(arguments.pairs, "own", name), *recipe.own]
        words += ["--dial", "--canary", os.path.join(arguments.data, "stsb")]
    run(arguments, [str(word) for word in words])
    return out


def evaluate(arguments, name, adapter, out):
    """The tool's JSON lines of every query, or of every pair with a score."""
    if not os.path.exists(out):
        recipe = RECIPES[name]
        words = ["eval", "-M", arguments.model, "-d", os.path.join(arguments.data, name), "--split", recipe.split]
        words += ["--max-length", str(recipe.limit), "--per-query", out, "--quiet"]
        words += ["--threads", str(arguments.threads)]
        run(arguments, words + (["-A", adapter] if adapter else []))
    return read_json_lines(out)


def ranks(values):
    """Ranks from 0, equal values sharing the average of theirs."""
    values = np.asarray(values)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse]


def spearman(first, second):
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def statistic(rows, metric):
    """A function of chosen places to the mean over the seeds, for the rows of every seed."""
    if metric == "ndcg@10":
        values = np.mean([[row[metric] for row in seed] for seed in rows], axis=0)
        return len(values), lambda places: float(values[places].mean())
    scores = np.array([row["score"] for row in rows[0]])
    similarities = [np.array([row["similarity"] for row in seed]) for seed in rows]
    return len(scores), lambda places: float(np.mean([spearman(seed[places], scores[places]) for seed in similarities]))


def difference(rows, reference, metric):
    """(difference, low, high) of the means over the seeds."""
    count, ours = statistic(rows, metric)
    _, theirs = statistic(reference, metric)
    generator = np.random.default_rng(0)
    samples = SAMPLES if metric == "ndcg@10" else SAMPLES // 5
    draws = []
    for _ in range(samples):
        places = generator.integers(0, count, count)
        draws.append(ours(places) - theirs(places))
    every = np.arange(count)
    low, high = np.quantile(draws, [0.025, 0.975])
    return [round(float(value), 4) for value in (ours(every) - theirs(every), low, high)]


def compare(arguments, name, seeds):
    metric = "spearman" if RECIPES[name].loss == "cosent" else "ndcg@10"
    kinds = [kind for kind in KINDS if kind != "own" or RECIPES[name].own]
    rows = {kind: [] for kind in kinds}
    for kind in kinds:
        for seed in seeds:
            adapter = (
                os.path.join(arguments.reference, f"{name}-{seed}")
                if kind == "reference"
                else train(arguments, name, kind, seed)
            )
            rows[kind].append(evaluate(arguments, name, adapter, os.path.join(arguments.out, f"{name}-{kind}-{seed}.jsonl")))
    base = evaluate(arguments, name, None, os.path.join(arguments.out, f"{name}-base.jsonl"))

    def mean(seed_rows):
        count, value = statistic(seed_rows, metric)
        return round(value(np.arange(count)), 4)

    report(
        recipe=name, metric=metric, seeds=len(seeds), base=mean([base]),
        **{kind: mean(rows[kind]) for kind in kinds},
        **{f"{kind}_by_seed": [mean([seed]) for seed in rows[kind]] for kind in kinds},
        **{f"{kind}_less_reference": difference(rows[kind], rows["reference"], metric) for kind in kinds[1:]},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tool", "model", "data", "pairs", "reference", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", default=",".join(RECIPES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    for name in arguments.only.split(","):
        if name not in RECIPES:
            fail(f"no recipe {name}: there are {', '.join(RECIPES)}")
        compare(arguments, name, arguments.seeds.split(","))


if __name__ == "__main__":
    main()
