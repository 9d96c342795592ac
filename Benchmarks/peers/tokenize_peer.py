"""How fast Hugging Face's `tokenizers` turns the same texts into ids, on one thread.

    tokenize_peer.py --tokenizer TOKENIZER_JSON --texts FILE [--limit N] [--rounds 5]

A text a line; of a `.jsonl` file title, a space and text of each row. Texts go through `encode_batch`, through
`encode_batch_fast` (no offsets) and one by one through `encode`; what is timed ends with the library's own objects, ids
are taken out of them afterwards. One JSON line a way: {"peer", "texts_per_s", "tokens_per_s", "mb_per_s", "load_ms",
"ids_sha256"}, of the round that took least processor time. Special tokens count; the digest is over the ids of all texts as
little-endian numbers of 32 bits, so that the caller can see that both did the same work.
"""

import argparse
import array
import gc
import hashlib
import time

from common import fail, peak_mb, read_json_lines, read_lines, report, set_threads


def texts_of(path):
    if not path.endswith(".jsonl"):
        return read_lines(path)
    rows = read_json_lines(path)
    return [row["title"] + " " + row["text"] if "title" in row else row["text"] for row in rows]


def processor_seconds(work):
    """Seconds of processor time of this process, all threads, and what the work returned."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def digest(encodings):
    hashed = hashlib.sha256()
    for encoding in encodings:
        hashed.update(array.array("i", encoding.ids).tobytes())
    return hashed.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json")
    parser.add_argument("--texts", required=True, help="a text a line, or .jsonl")
    parser.add_argument("--limit", type=int, help="most ids of a text, special tokens included")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.rounds < 1:
        fail(f"--rounds is {options.rounds}; it must be at least 1")
    set_threads(1)
    import tokenizers

    texts = texts_of(options.texts)
    size = sum(len(text.encode()) for text in texts)

    def load():
        return tokenizers.Tokenizer.from_file(options.tokenizer)

    load_seconds = min(processor_seconds(load)[0] for _ in range(options.rounds))
    tokenizer = load()
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if options.limit is not None:
        tokenizer.enable_truncation(options.limit)
    ways = {
        "encode_batch": lambda: tokenizer.encode_batch(texts),
        "encode_batch_fast": lambda: tokenizer.encode_batch_fast(texts),
        "encode": lambda: [tokenizer.encode(text) for text in texts],
    }
    best = {}
    for _ in range(options.rounds):
        for name, work in ways.items():
            gc.collect()
            seconds, encodings = processor_seconds(work)
            if name not in best:
                tokens = sum(len(encoding.ids) for encoding in encodings)
                best[name] = [seconds, tokens, digest(encodings)]
            best[name][0] = min(best[name][0], seconds)
            del encodings
    for name, (seconds, tokens, hashed) in best.items():
        report(
            peer=f"tokenizers {tokenizers.__version__} {name}",
            texts_per_s=len(texts) / seconds,
            tokens_per_s=tokens / seconds,
            mb_per_s=size / seconds / 1e6,
            load_ms=load_seconds * 1e3,
            ids_sha256=hashed,
            peak_mb=peak_mb(),
        )


if __name__ == "__main__":
    main()
