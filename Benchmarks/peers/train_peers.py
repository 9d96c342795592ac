"""How fast the peers train: MultipleNegativesRanking with LoRA on query and value, on the same pairs and threads.

    train_peers.py --model MODEL --pairs PAIRS.jsonl [--batch-size 64] [--steps 6] [--threads 2] [--rounds 1]

sentence-transformers-peft-f32    the sentence-transformers trainer with PEFT, as its users run it
sentence-transformers-peft-bf16   the same with bf16
loop-sorted-f32                   a bare torch loop over length-sorted blocks of 1,024 padded tokens, LoRA by hand
loop-sorted-bf16                  the same under bf16 autocast

Every peer runs in a process of its own, on the first pairs of the file, two steps unmeasured; one JSON line a peer and
round: {"peer", "pairs_per_s", "peak_mb", …}, pairs a second from the median step. --no-dropout turns the base model's
dropout off in all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from common import fail, peak_mb, read_json_lines, report, set_threads, sorted_batches

WARM_UP = 2  # unmeasured steps
BLOCK = 1024  # padded tokens of one block of the bare loops


class Stopwatch:
    """Wall and processor seconds of the steps after the warm-up."""

    def __init__(self):
        self.seconds, self.processor_seconds, self.step = [], [], 0

    def start(self):
        self.begun = (time.perf_counter(), time.process_time())

    def stop(self):
        if self.step >= WARM_UP:
            self.seconds.append(time.perf_counter() - self.begun[0])
            self.processor_seconds.append(time.process_time() - self.begun[1])
        self.step += 1


def without_dropout(model):
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout_prob", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def without_pooler(model, suffixes):
    """The names of the linear layers with such suffixes, but for the pooler, which no pooling of tokens reads."""
    import torch

    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name.split(".")[-1] in suffixes and "pooler" not in name
    ]


def with_trainer(options, rows, precision):
    """The sentence-transformers trainer with a PEFT adapter."""
    from datasets import Dataset
    from peft import LoraConfig
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    model = SentenceTransformer(options.model, device="cpu")
    model.max_seq_length = options.limit
    if options.no_dropout:
        without_dropout(model)
    transformer = getattr(model[0], "model", None) or model[0].auto_model
    model.add_adapter(
        LoraConfig(
            r=options.rank,
            lora_alpha=2 * options.rank,
            lora_dropout=options.dropout,
            target_modules=without_pooler(transformer, options.targets.split(",")),
            task_type="FEATURE_EXTRACTION",
        )
    )
    watch = Stopwatch()

    class Clock(TrainerCallback):
        def on_step_begin(self, args, state, control, **others):
            watch.start()

        def on_step_end(self, args, state, control, **others):
            watch.stop()

    with tempfile.TemporaryDirectory() as folder:
        SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=folder,
                max_steps=options.steps + WARM_UP,
                per_device_train_batch_size=options.batch_size,
                learning_rate=options.learning_rate,
                bf16=precision == "bf16",
                use_cpu=True,
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict(
                {"anchor": [row["anchor"] for row in rows], "positive": [row["positive"] for row in rows]}
            ),
            loss=MultipleNegativesRankingLoss(model, scale=20.0),
            callbacks=[Clock()],
        ).train()
    return watch


def adapted(options):
    """The bare transformer with frozen weights and a low-rank term beside every query and value projection."""
    import torch
    from transformers import AutoModel

    class LowRank(torch.nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.linear = linear
            self.down = torch.nn.Parameter(torch.empty(options.rank, linear.in_features))
            self.up = torch.nn.Parameter(torch.zeros(linear.out_features, options.rank))
            torch.nn.init.kaiming_uniform_(self.down, a=5**0.5)

        def forward(self, values):
            low = torch.nn.functional.dropout(values, options.dropout, self.training) if options.dropout else values
            return self.linear(values) + (low @ self.down.t() @ self.up.t()) * 2.0  # alpha is twice the rank

    model = AutoModel.from_pretrained(options.model, attn_implementation="sdpa", add_pooling_layer=False).float()
    if options.no_dropout:
        without_dropout(model)
    model.requires_grad_(False)
    for name in without_pooler(model, options.targets.split(",")):
        parent, attribute = name.rsplit(".", 1)
        setattr(model.get_submodule(parent), attribute, LowRank(model.get_submodule(name)))
    return model.train()


def embed(model, rows):
    """[B, D] mean-pooled rows in the order given, computed in length-sorted blocks."""
    import torch

    parts, places = [], []
    for block in sorted_batches([len(row) for row in rows], BLOCK, len(rows)):
        width = max(len(rows[index]) for index in block)
        ids = torch.zeros(len(block), width, dtype=torch.long)
        mask = torch.zeros(len(block), width, dtype=torch.long)
        for place, index in enumerate(block):
            ids[place, : len(rows[index])] = torch.tensor(rows[index])
            mask[place, : len(rows[index])] = 1
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        parts.append((hidden * weights).sum(1) / weights.sum(1))
        places += block
    order = torch.empty(len(rows), dtype=torch.long)
    order[torch.tensor(places)] = torch.arange(len(rows))
    return torch.cat(parts)[order].float()


def with_loop(options, rows, precision):
    """A bare torch loop."""
    import torch
    import torch.nn.functional as F
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(options.model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(options.limit)
    model = adapted(options)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=options.learning_rate, weight_decay=0.0, fused=True)
    watch = Stopwatch()
    for step in range(options.steps + WARM_UP):
        batch = rows[step * options.batch_size : (step + 1) * options.batch_size]
        watch.start()
        ids = [
            encoding.ids
            for encoding in tokenizer.encode_batch([row["anchor"] for row in batch] + [row["positive"] for row in batch])
        ]
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            vectors = embed(model, ids)
        vectors = F.normalize(vectors, dim=1)
        scores = vectors[: len(batch)] @ vectors[len(batch) :].t() * 20.0
        loss = F.cross_entropy(scores, torch.arange(len(batch)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        watch.stop()
    return watch


PEERS = {
    "sentence-transformers-peft-f32": (with_trainer, "f32"),
    "sentence-transformers-peft-bf16": (with_trainer, "bf16"),
    "loop-sorted-f32": (with_loop, "f32"),
    "loop-sorted-bf16": (with_loop, "bf16"),
}


def read_pairs(options):
    rows = read_json_lines(options.pairs)[: options.batch_size * (options.steps + WARM_UP)]
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("anchor"), str) or not isinstance(row.get("positive"), str):
            fail(f"{options.pairs}:{number}: expected the texts anchor and positive")
    if len(rows) < options.batch_size * (options.steps + WARM_UP):
        fail(f"{options.pairs} has {len(rows)} pairs, {options.steps} + {WARM_UP} steps need more")
    return rows


def run_one(options):
    """One peer in this process; its line goes to the standard output that it was started with."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    rows = read_pairs(options)

    import torch
    from tokenizers import Tokenizer

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    function, precision = PEERS[options.run]
    watch = function(options, rows, precision)
    tokenizer = Tokenizer.from_file(os.path.join(options.model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(options.limit)
    texts = [row[column] for row in rows for column in ("anchor", "positive")]
    tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts)) / len(rows)
    median = statistics.median(watch.seconds)
    line = {
        "peer": options.run,
        "pairs_per_s": round(options.batch_size / median, 3),
        "tokens_per_s": round(options.batch_size / median * tokens, 1),
        "peak_mb": peak_mb(),
        "step_s": [round(value, 3) for value in watch.seconds],
        "processor_step_s": round(statistics.median(watch.processor_seconds), 3),
        "tokens_per_pair": round(tokens, 1),
        "steps": len(watch.seconds),
        "batch_size": options.batch_size,
        "limit": options.limit,
        "rank": options.rank,
        "targets": options.targets,
        "dropout": options.dropout,
        "base_dropout": not options.no_dropout,
        "threads": options.threads,
    }
    print(json.dumps(line), file=answers)


def race(options):
    names = options.peers.split(",") if options.peers else list(PEERS)
    for name in names:
        if name not in PEERS:
            fail(f"no peer {name}; there are {', '.join(PEERS)}")
    read_pairs(options)
    failures = 0
    for number in range(options.rounds):
        for name in names if number % 2 == 0 else names[::-1]:
            command = [
                sys.executable, os.path.abspath(__file__), "--run", name, "--model", options.model,
                "--pairs", options.pairs, "--batch-size", str(options.batch_size), "--steps", str(options.steps),
                "--threads", str(options.threads), "--limit", str(options.limit), "--rank", str(options.rank),
                "--learning-rate", str(options.learning_rate), "--targets", options.targets,
                "--dropout", str(options.dropout),
            ] + (["--no-dropout"] if options.no_dropout else [])  # fmt: skip
            ended = subprocess.run(command, capture_output=True, text=True)
            if ended.returncode or not ended.stdout.strip():
                reason = (ended.stderr.strip().splitlines() or ["no message"])[-1]
                print(f"{name} failed in round {number}: {reason}", file=sys.stderr)
                failures += 1
                continue
            report(**{**json.loads(ended.stdout), "round": number})
    raise SystemExit(1 if failures else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", required=True, help="JSONL with anchor and positive")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=6, help="measured steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--limit", type=int, default=256, help="longest text in tokens")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--targets", default="query,value", help="suffixes of the adapted linear layers")
    parser.add_argument("--dropout", type=float, default=0.0, help="of the adapters' inputs")
    parser.add_argument("--no-dropout", action="store_true", help="of the base model")
    parser.add_argument("--peers", help="comma-separated; all by default")
    parser.add_argument("--run", metavar="PEER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.steps < 1 or options.batch_size < 2:
        fail("expected at least 1 step and a batch of at least 2 pairs")
    set_threads(options.threads)
    (run_one if options.run else race)(options)


if __name__ == "__main__":
    main()
