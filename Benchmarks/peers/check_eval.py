"""The retrieval metrics of a TREC run file by pytrec_eval, as one JSON line.

    check_eval.py RUN QRELS [--expect ndcg@10=0.4123 …] [--tolerance 1e-6]

QRELS is a BEIR .tsv or a TREC judgement file. With --expect the exit code is 1 where a metric differs by more than the
tolerance.
"""

import argparse

from common import fail, read_qrels, report
from metrics import evaluate_run, read_run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("qrels")
    parser.add_argument("--expect", nargs="*", default=[], metavar="METRIC=VALUE")
    parser.add_argument("--tolerance", type=float, default=1e-6)
    arguments = parser.parse_args()
    means, _ = evaluate_run(read_run(arguments.run), read_qrels(arguments.qrels))
    differences = {}
    for expectation in arguments.expect:
        name, separator, value = expectation.partition("=")
        if not separator or name not in means:
            fail(f"--expect {expectation}: expected one of {', '.join(means)}, = and a value")
        differences[name] = abs(means[name] - float(value))
    matches = all(difference <= arguments.tolerance for difference in differences.values())
    report(**means, **({"differences": differences, "matches": matches} if differences else {}))
    raise SystemExit(0 if matches else 1)


if __name__ == "__main__":
    main()
