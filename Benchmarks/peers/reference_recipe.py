"""A recipe of recipes.py, trained with the sentence-transformers trainer and PEFT.

    reference_recipe.py NAME --pairs FOLDER --model MODEL --out ADAPTER [--seed 0] [--precision f32|bf16]

FOLDER/NAME/train.jsonl is what recipes.py wrote. MultipleNegativesRankingLoss has scale 20, CoSENTLoss too. Everything that
the recipe does not name keeps the default of the Hugging Face trainer: betas 0.9 and 0.999, epsilon 1e-8, random batches (the
default sampler), the base model's own dropout of 0.1 active. The seed decides the adapter's start, the order of the pairs
and the dropout. The adapter (PEFT layout, nothing else) and training.json go to --out.
"""

import argparse
import json
import os
import shutil
import time

from common import fail, machine, peak_mb, read_json_lines, report, set_threads
from recipes import RECIPES


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--pairs", required=True, help="folder of the recipes' rows")
    parser.add_argument("--model", required=True, help="base model, sentence-transformers layout")
    parser.add_argument("--out", required=True, help="folder of the adapter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--max-steps", type=int, default=-1, help="stop early, to measure a few steps")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def train(arguments, recipe, rows):
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss, MultipleNegativesRankingLoss
    from transformers import TrainerCallback, set_seed

    torch.set_num_threads(arguments.threads)
    set_seed(arguments.seed)
    model = SentenceTransformer(arguments.model, device="cpu")
    model.max_seq_length = recipe.limit
    model.add_adapter(
        LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            lora_dropout=0.0,
            target_modules=["query", "value"],
            task_type="FEATURE_EXTRACTION",
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
    columns = ("sentence1", "sentence2", "score") if recipe.loss == "cosent" else ("anchor", "positive")
    os.makedirs(arguments.out, exist_ok=True)
    scratch = os.path.join(arguments.out, ".trainer")
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=recipe.epochs,
            max_steps=arguments.max_steps,
            per_device_train_batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
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
        train_dataset=Dataset.from_dict({name: [row[name] for row in rows] for name in columns}),
        loss=(CoSENTLoss if recipe.loss == "cosent" else MultipleNegativesRankingLoss)(model, scale=20.0),
        callbacks=[clock],
    )
    begun = machine()
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    shutil.rmtree(scratch, ignore_errors=True)
    model[0].auto_model.save_pretrained(arguments.out)
    result = {
        "recipe": arguments.recipe,
        "loss": recipe.loss,
        "rank": recipe.rank,
        "epochs": recipe.epochs,
        "seed": arguments.seed,
        "precision": arguments.precision,
        "pairs": len(rows),
        "batch_size": recipe.batch_size,
        "limit": recipe.limit,
        "learning_rate": recipe.learning_rate,
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
    rows = read_json_lines(os.path.join(arguments.pairs, arguments.recipe, "train.jsonl"))
    if not rows:
        fail(f"{arguments.pairs}/{arguments.recipe}/train.jsonl holds no rows")
    set_threads(arguments.threads)
    train(arguments, RECIPES[arguments.recipe], rows)


if __name__ == "__main__":
    main()
