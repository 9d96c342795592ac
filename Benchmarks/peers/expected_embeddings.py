"""The vectors of sentence-transformers' own encode in float32, of texts one a line, as a .npy file.

    expected_embeddings.py MODEL TEXTS OUT.npy [--limit 128] [--first 1000] [--prompt NAME]
"""

import argparse

from common import read_lines, report, set_threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("out")
    parser.add_argument("--limit", type=int, help="longest text in tokens; the model's own when left out")
    parser.add_argument("--first", type=int, help="only the first N lines")
    parser.add_argument("--prompt", help="name of one of the model's prompts")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    texts = read_lines(arguments.texts)[: arguments.first]

    import numpy

    from encoding import load_model

    model = load_model(arguments.model, arguments.limit)
    vectors = model.encode(texts, batch_size=32, prompt_name=arguments.prompt, show_progress_bar=False)
    vectors = vectors.astype(numpy.float32)
    with open(arguments.out, "wb") as file:
        numpy.save(file, vectors)
    report(texts=len(texts), dimension=int(vectors.shape[1]), limit=model.max_seq_length, out=arguments.out)


if __name__ == "__main__":
    main()
