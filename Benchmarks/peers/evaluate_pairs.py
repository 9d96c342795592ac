"""Spearman and Pearson correlation on scored pairs (TSV: sentence1, sentence2, score) by sentence-transformers.

    evaluate_pairs.py MODEL PAIRS.tsv [--adapter ADAPTER] [--limit N] [--out RESULT.json]
"""

import argparse
import json

from common import fail, machine, read_lines, report, set_threads


def read_pairs(path):
    """(first, second, score) rows of an unquoted TSV with a header."""
    lines = read_lines(path)
    if not lines or lines[0].split("\t") != ["sentence1", "sentence2", "score"]:
        fail(f"{path}:1: expected the header sentence1, sentence2, score")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        columns = line.split("\t")
        try:
            first, second, score = columns
            rows.append((first, second, float(score)))
        except ValueError:
            fail(f"{path}:{number}: expected two texts and a score, found {len(columns)} columns")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pairs")
    parser.add_argument("--adapter")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--out")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    rows = read_pairs(arguments.pairs)

    from scipy.stats import pearsonr, spearmanr

    from encoding import encode, load_model

    model = load_model(arguments.model, arguments.limit, arguments.adapter)
    first, second = encode(model, [row[0] for row in rows]), encode(model, [row[1] for row in rows])
    cosines = (first * second).sum(axis=1)
    scores = [row[2] for row in rows]
    result = {
        "spearman": round(float(spearmanr(cosines, scores).statistic), 6),
        "pearson": round(float(pearsonr(cosines, scores).statistic), 6),
        "pairs": len(rows),
        "limit": model.max_seq_length,
        "adapter": bool(arguments.adapter),
    }
    if arguments.out:
        with open(arguments.out, "w") as file:
            json.dump({**result, "machine": machine()}, file, indent=1)
            file.write("\n")
    report(**result)


if __name__ == "__main__":
    main()
