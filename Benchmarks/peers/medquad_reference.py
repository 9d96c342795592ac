"""The reference recipe: LoRA on MedQuAD questions and answers with the sentence-transformers trainer and PEFT.

4,096 fixed (question, answer) pairs of the train split, limit 128 tokens, LoRA rank 16, alpha 32, no LoRA dropout, on
query and value; MultipleNegativesRankingLoss with scale 20, batch 64, one epoch, AdamW at 1e-3, 10 % warm-up, linear
decay, gradient norm at most 1. Everything not named here keeps the default of the Hugging Face trainer: weight decay 0,
betas 0.9 and 0.999, epsilon 1e-8, random batches (the default sampler), the base model's own dropout of 0.1 active.
The seed decides the adapter's start, the order of the pairs and the dropout; the pairs are the same for every seed.

    medquad_reference.py --data MEDQUAD --pairs FOLDER --pairs-only
    medquad_reference.py --data MEDQUAD --pairs FOLDER --model MODEL --out FOLDER --seed 0

The chosen pairs go to FOLDER/train.jsonl (anchor, positive, anchor_id, positive_id), or are read from there when the
file exists; the adapter (PEFT layout, nothing else) and training.json go to --out.
"""

import argparse
import json
import os
import random
import shutil
import time

from common import fail, machine, peak_mb, read_corpus, read_json_lines, read_qrels, read_queries, report, set_threads


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data set in the BEIR layout, with qrels/train.tsv")
    parser.add_argument("--pairs", required=True, help="folder of train.jsonl, written when missing")
    parser.add_argument("--pairs-only", action="store_true", help="write the pairs and stop")
    parser.add_argument("--count", type=int, default=4096)
    parser.add_argument("--model", help="base model, sentence-transformers layout")
    parser.add_argument("--out", help="folder of the adapter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=128, help="longest text in tokens")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--max-steps", type=int, default=-1, help="stop early, to measure a few steps")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def choose_pairs(data, count):
    """A sample with seed 0 of the train split's (question, answer) pairs sorted by their identifiers."""
    corpus, queries = read_corpus(data), read_queries(data)
    relevance = read_qrels(os.path.join(data, "qrels", "train.tsv"))
    pairs = sorted(
        (query, document)
        for query, documents in relevance.items()
        for document, grade in documents.items()
        if grade > 0
    )
    if count > len(pairs):
        fail(f"asked for {count} pairs, the train split has {len(pairs)}")
    return [
        {"anchor": queries[query], "positive": corpus[document], "anchor_id": query, "positive_id": document}
        for query, document in random.Random(0).sample(pairs, count)
    ]


def write_pairs(folder, rows):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "train.jsonl")
    with open(path + ".part", "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.replace(path + ".part", path)


def train(arguments, rows):
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback, set_seed

    torch.set_num_threads(arguments.threads)
    set_seed(arguments.seed)
    model = SentenceTransformer(arguments.model, device="cpu")
    model.max_seq_length = arguments.limit
    model.add_adapter(
        LoraConfig(
            r=16, lora_alpha=32, lora_dropout=0.0, target_modules=["query", "value"], task_type="FEATURE_EXTRACTION"
        )
    )
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)

    class Clock(TrainerCallback):
        """Wall and processor seconds of every step."""

        def __init__(self):
            self.seconds, self.processor_seconds = [], []

        def on_step_begin(self, args, state, control, **others):
            self.start = (time.perf_counter(), time.process_time())

        def on_step_end(self, args, state, control, **others):
            self.seconds.append(time.perf_counter() - self.start[0])
            self.processor_seconds.append(time.process_time() - self.start[1])

    clock = Clock()
    os.makedirs(arguments.out, exist_ok=True)
    scratch = os.path.join(arguments.out, ".trainer")
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=1,
            max_steps=arguments.max_steps,
            per_device_train_batch_size=arguments.batch_size,
            learning_rate=arguments.learning_rate,
            warmup_steps=0.1,
            lr_scheduler_type="linear",
            max_grad_norm=1.0,
            seed=arguments.seed,
            bf16=arguments.precision == "bf16",
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict(
            {"anchor": [row["anchor"] for row in rows], "positive": [row["positive"] for row in rows]}
        ),
        loss=MultipleNegativesRankingLoss(model, scale=20.0),
        callbacks=[clock],
    )
    begun = machine()
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    shutil.rmtree(scratch, ignore_errors=True)
    model[0].auto_model.save_pretrained(arguments.out)
    result = {
        "recipe": "sentence-transformers trainer + PEFT LoRA r16 alpha32 query,value; MNRL scale 20",
        "seed": arguments.seed,
        "precision": arguments.precision,
        "pairs": len(rows),
        "batch_size": arguments.batch_size,
        "limit": arguments.limit,
        "learning_rate": arguments.learning_rate,
        "weight_decay": trainer.args.weight_decay,
        "optimizer": str(trainer.args.optim),
        "warmup_steps": trainer.args.get_warmup_steps(trainer.state.max_steps),
        "steps": trainer.state.global_step,
        "trainable_parameters": trainable,
        "threads": arguments.threads,
        "train_seconds": round(seconds, 1),
        "step_seconds_median": round(sorted(clock.seconds)[len(clock.seconds) // 2], 2),
        "processor_seconds": round(sum(clock.processor_seconds), 1),
        "peak_mb": peak_mb(),
        "log": [
            {key: entry[key] for key in ("step", "loss", "grad_norm", "learning_rate")}
            for entry in trainer.state.log_history
            if "loss" in entry
        ],
        "machine": begun,
    }
    with open(os.path.join(arguments.out, "training.json"), "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    report(**{key: value for key, value in result.items() if key not in ("log", "machine")},
           first_loss=result["log"][0]["loss"], last_loss=result["log"][-1]["loss"])


def main():
    arguments = parse_arguments()
    path = os.path.join(arguments.pairs, "train.jsonl")
    if os.path.exists(path):
        rows = read_json_lines(path)
        if len(rows) != arguments.count:
            fail(f"{path} holds {len(rows)} pairs, expected {arguments.count}")
    else:
        rows = choose_pairs(arguments.data, arguments.count)
        write_pairs(arguments.pairs, rows)
    if arguments.pairs_only:
        report(pairs=len(rows), path=path)
        return
    if not arguments.model or not arguments.out:
        fail("training needs --model and --out")
    set_threads(arguments.threads)
    train(arguments, rows)


if __name__ == "__main__":
    main()
