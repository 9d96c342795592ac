"""Loads an adapter with PEFT on a sentence-transformers model, encodes texts (one a line) and writes float32 vectors.

    check_peft.py ADAPTER MODEL TEXTS OUT.npy [--limit 128] [--expected VECTORS.npy]

ADAPTER `none` is the model alone: a merged one, or a sentence-transformers folder that holds an adapter itself. One JSON line;
exit code 1 where PEFT refuses the adapter, warns of it, a tensor does not arrive unchanged, or a vector has a cosine below 0.9999
with the expected one.
"""

import argparse
import json
import os
import sys
import warnings

from common import fail, read_lines, report, set_threads

LEAST_COSINE = 0.9999


def least_cosine(vectors, path):
    import numpy

    expected = numpy.load(path).astype(numpy.float64)
    if expected.shape != vectors.shape:
        fail(f"{path} is {expected.shape}, the vectors are {vectors.shape}")
    norms = numpy.linalg.norm(expected, axis=1) * numpy.linalg.norm(vectors, axis=1)
    return float(((expected * vectors).sum(1) / norms).min())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter")
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("out")
    parser.add_argument("--limit", type=int, help="longest text in tokens; the model's own when left out")
    parser.add_argument("--expected", help="vectors of the same texts, to be nearly the same")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    texts = read_lines(arguments.texts)

    import numpy

    from encoding import encode, load_model

    plain = load_model(arguments.model, arguments.limit)
    some = texts[:16]
    before = encode(plain, some)
    configuration, messages = {}, []
    if arguments.adapter == "none":
        model = plain
    else:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = load_model(arguments.model, arguments.limit, arguments.adapter)
        messages = [str(warning.message) for warning in caught if "peft" in warning.filename]
        with open(os.path.join(arguments.adapter, "adapter_config.json")) as file:
            configuration = json.load(file)
    vectors = encode(model, texts)
    cosine = least_cosine(vectors, arguments.expected) if arguments.expected else None
    with open(arguments.out, "wb") as file:
        numpy.save(file, vectors)
    report(
        adapter=arguments.adapter,
        rank=configuration.get("r"),
        alpha=configuration.get("lora_alpha"),
        tensors=sum("lora_" in name for name, _ in model[0].auto_model.named_parameters()),
        texts=len(texts),
        dimension=int(vectors.shape[1]),
        limit=model.max_seq_length,
        largest_change=float(abs(vectors[: len(some)] - before).max()) if some else 0.0,
        warnings=messages,
        least_cosine=cosine,
        out=arguments.out,
    )
    if messages or (cosine is not None and not cosine >= LEAST_COSINE):
        sys.exit(1)


if __name__ == "__main__":
    main()
