"""PEFT's own batches of mixed adapters, for the benchmark `mixture`.

    mixture_peer.py --model FOLDER --texts FILE --count N --adapters N --rank R --targets attention|all-linear --batches N,...

One JSON line a batch size and way: {"who", "texts_a_call", "way", "texts_per_s", "of_one_adapter"}, medians over interleaved
rounds. The model runs in float32 under sentence-transformers' tokenizer and mean pooling, texts sorted by length in batches of
at most 32, as its own `encode` does; `adapter_names` says each text's adapter.
"""

import argparse
import statistics
import time

from common import read_lines, report, set_threads


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--adapters", type=int, required=True)
    parser.add_argument("--rank", type=int, required=True)
    parser.add_argument("--targets", required=True)
    parser.add_argument("--batches", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    set_threads(options.threads)
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    names = {"attention": ["query", "value"], "all-linear": "all-linear"}
    targets = names.get(options.targets) or options.targets.split(",")
    configuration = LoraConfig(r=options.rank, lora_alpha=2 * options.rank, target_modules=targets, init_lora_weights=False)
    model = get_peft_model(AutoModel.from_pretrained(options.model), configuration, adapter_name="0")
    for number in range(1, options.adapters):
        model.add_adapter(str(number), configuration)
    model.eval()
    texts = read_lines(options.texts)[: options.count]

    def encode(texts, adapters):
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), 32):
            part = order[start : start + 32]
            tokens = tokenizer([texts[i] for i in part], padding=True, truncation=True, max_length=256, return_tensors="pt")
            chosen = None if adapters is None else [adapters[i] for i in part]
            hidden = model(**tokens, **({} if chosen is None else {"adapter_names": chosen})).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).float()
            torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))

    model.set_adapter("0")
    ways = {"one adapter": None, "many adapters": [str(i % options.adapters) for i in range(len(texts))]}
    with torch.no_grad():
        for size in map(int, options.batches.split(",")):
            seconds = {way: [] for way in ways}
            for round in range(options.rounds + 1):
                for way, adapters in ways.items():
                    begin = time.perf_counter()
                    for start in range(0, len(texts), size):
                        encode(texts[start : start + size], None if adapters is None else adapters[start : start + size])
                    if round > 0:
                        seconds[way].append(time.perf_counter() - begin)
            rates = {way: len(texts) / statistics.median(times) for way, times in seconds.items()}
            for way, rate in rates.items():
                report(
                    who="PEFT f32", texts_a_call=size, way=way, texts_per_s=rate,
                    of_one_adapter=rate / rates["one adapter"],
                )


if __name__ == "__main__":
    main()
