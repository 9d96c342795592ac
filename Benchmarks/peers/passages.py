"""Writes documents of a BEIR data set a line each, for benchmarks that read texts: passages.py FOLDER COUNT > FILE

Every so many-th document, so that all kinds are among them; white space becomes one space.
"""

import json
import os
import sys


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    with open(os.path.join(folder, "corpus.jsonl"), encoding="utf-8") as file:
        texts = [" ".join(json.loads(line)["text"].split()) for line in file]
    for text in texts[:: max(1, len(texts) // count)][:count]:
        print(text)


if __name__ == "__main__":
    main()
