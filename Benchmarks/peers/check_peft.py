"""Loads an adapter with PEFT on a sentence-transformers model, encodes texts (one a line) and writes float32 vectors.

    check_peft.py ADAPTER MODEL TEXTS OUT.npy [--limit 128]

One JSON line; exit code 1 where PEFT refuses the adapter or a tensor does not arrive unchanged.
"""

import argparse
import json
import os

from common import read_lines, report, set_threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter")
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("out")
    parser.add_argument("--limit", type=int, help="longest text in tokens; the model's own when left out")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    texts = read_lines(arguments.texts)

    import numpy

    from encoding import encode, load_model

    plain = load_model(arguments.model, arguments.limit)
    some = texts[:16]
    before = encode(plain, some)
    model = load_model(arguments.model, arguments.limit, arguments.adapter)
    vectors = encode(model, texts)
    with open(arguments.out, "wb") as file:
        numpy.save(file, vectors)
    with open(os.path.join(arguments.adapter, "adapter_config.json")) as file:
        configuration = json.load(file)
    report(
        adapter=arguments.adapter,
        rank=configuration.get("r"),
        alpha=configuration.get("lora_alpha"),
        tensors=sum("lora_" in name for name, _ in model[0].auto_model.named_parameters()),
        texts=len(texts),
        dimension=int(vectors.shape[1]),
        limit=model.max_seq_length,
        largest_change=float(abs(vectors[: len(some)] - before).max()) if some else 0.0,
        out=arguments.out,
    )


if __name__ == "__main__":
    main()
