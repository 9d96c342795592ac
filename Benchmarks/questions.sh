#!/usr/bin/env bash
# Thirty questions that people would ask the PostgreSQL manual (fixtures/corpora/questions.jsonl), over the demo's passages: base
# against tuned.
#
#   Benchmarks/questions.sh ATTUNE DATA RUN OUT
#
# ATTUNE is the program; DATA the data set that `make demo` makes of the manual (.cache/demo/data), RUN its adapter
# (.cache/demo/run). OUT receives the data set of the questions: the same corpus, the judgements `questions` (every passage of
# the page that answers) and `sections` (those of the section).
set -euo pipefail

attune=$1 data=$2 run=$3 out=$4
questions=$(cd "$(dirname "$0")/.." && pwd)/fixtures/corpora/questions.jsonl

mkdir -p "$out/qrels"
cp "$data/corpus.jsonl" "$out/corpus.jsonl"
python3 - "$questions" "$out" <<'PYTHON'
import json, sys

questions, out = sys.argv[1:]
passages = [json.loads(line) for line in open(f"{out}/corpus.jsonl", encoding="utf-8")]
rows = {"questions": [], "sections": []}
with open(f"{out}/queries.jsonl", "w", encoding="utf-8") as queries:
    for number, line in enumerate(open(questions, encoding="utf-8"), 1):
        asked = json.loads(line)
        page = [p for p in passages if p.get("source") == asked["page"]]
        section = [p for p in page if asked["section"] in p["metadata"]["title"].split(" > ")]
        if not section:
            sys.exit(f"{questions}:{number}: the manual has no section '{asked['section']}' on {asked['page']}")
        queries.write(json.dumps({"_id": f"question-{number}", "text": asked["question"]}) + "\n")
        rows["questions"] += [f"question-{number}\t{p['_id']}\t1\n" for p in page]
        rows["sections"] += [f"question-{number}\t{p['_id']}\t1\n" for p in section]
for split, lines in rows.items():
    with open(f"{out}/qrels/{split}.tsv", "w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n" + "".join(lines))
PYTHON

# The questions of both splits are the same: each model looks for them once.
model=$(sed -n 's/.*"base_model_name_or_path": *"\(.*\)".*/\1/p' "$run/adapter_config.json")
look() { [ -s "$1" ] || "$attune" eval --quiet "${@:2}" -d "$out" --split questions --max-length 128 --run-file "$1" >/dev/null; }
look "$out/base.run" -M "$model"
look "$out/tuned.run" -M "$model" -A "$run"

for split in questions sections; do
    echo "Split $split:"
    # Exit code 2 says that B is not shown to be better, which is an answer.
    "$attune" compare "$out/base.run" "$out/tuned.run" -d "$out" --split $split --metric mrr@10 || [ $? -eq 2 ]
done
