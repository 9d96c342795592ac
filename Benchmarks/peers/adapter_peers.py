"""What PyTorch and PEFT take for the work with adapters that the benchmark `adapters` measures.

    adapter_peers.py compression|starts|merging [--threads 1]

One JSON line a measurement: {"peer", "what", "shape", "rank", "seconds"}, the median of at least five rounds, of one module, in
merging of a whole model. Shapes are outputs × inputs.
"""

import argparse
import copy
import statistics
import time

from common import report, set_threads

WEIGHTS = [(384, 384), (384, 1536), (768, 768), (768, 3072)]
RANKS = [16, 64]
# Modules that one call works on; a time is that of one of them.
COUNT = 2
ITERATIONS = 4
MODELS = [("MiniLM", 6, 384), ("BERT-base", 12, 768)]


def median(call, prepare=None, rounds=5, seconds_per_round=0.05):
    """The median time of a call, in rounds long enough to trust; with preparation, which is not counted, one call is a round."""

    def round_of(count):
        arguments = () if prepare is None else (prepare(),)
        start = time.perf_counter()
        for _ in range(count):
            call(*arguments)
        return time.perf_counter() - start

    round_of(1)
    count = 1
    while prepare is None and (taken := round_of(count)) < seconds_per_round:
        count *= max(2, min(100, int(seconds_per_round / taken)))
    return statistics.median(round_of(count) / count for _ in range(rounds))


def pairs(torch, outputs, inputs, rank):
    return [(torch.randn(outputs, rank) * 0.05, torch.randn(rank, inputs) * 0.05) for _ in range(COUNT)]


def factors(torch, u, s, vt, rank):
    """B and A of the leading part, as PEFT's PiSSA makes them."""
    root = torch.sqrt(s[:rank])
    return u[:, :rank] * root, root[:, None] * vt[:rank]


def compression(torch):
    """Of B · A to half its rank: the dense product decomposed, and the same by QR of both factors."""

    def dense(b, a):
        return torch.linalg.svd(2 * b @ a, full_matrices=False)

    def through_factors(b, a):
        (q1, r1), (q2, r2) = torch.linalg.qr(b), torch.linalg.qr(a.T)
        u, s, vt = torch.linalg.svd(2 * r1 @ r2.T)
        return q1 @ u, s, vt @ q2.T

    for outputs, inputs in WEIGHTS:
        for rank in RANKS:
            modules = pairs(torch, outputs, inputs, rank)
            for peer, way in [("torch, dense", dense), ("torch, QR", through_factors)]:
                seconds = median(lambda: [factors(torch, *way(b, a), rank // 2) for b, a in modules])
                yield peer, "truncated SVD", f"{outputs} × {inputs}", rank, seconds / COUNT


def starts(torch):
    """PEFT's own lines for PiSSA, without the residual."""

    def exact(weight, rank):
        u, s, vt = torch.linalg.svd(weight, full_matrices=False)
        return factors(torch, u, s / 2, vt, rank)

    def randomised(weight, rank):
        u, s, v = torch.svd_lowrank(weight, rank, niter=ITERATIONS)
        return factors(torch, u, s / 2, v.t(), rank)

    for outputs, inputs in WEIGHTS:
        weights = [torch.randn(outputs, inputs) * 0.05 for _ in range(COUNT)]
        for rank in RANKS:
            for what, peer, way in [
                ("PiSSA, exact", "torch.linalg.svd", exact),
                (f"PiSSA, {ITERATIONS} iterations", "torch.svd_lowrank", randomised),
            ]:
                seconds = median(lambda: [way(weight, rank) for weight in weights])
                yield peer, what, f"{outputs} × {inputs}", rank, seconds / COUNT


def merging(torch):
    """All modules of a model: torch.addmm for each, and PEFT's merge_and_unload of a fresh copy."""
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    for name, layers, width in MODELS:
        base = BertModel(
            BertConfig(
                vocab_size=16, max_position_embeddings=16, hidden_size=width, num_hidden_layers=layers,
                num_attention_heads=12, intermediate_size=4 * width,
            ),
            add_pooling_layer=False,
        )  # fmt: skip
        for rank in RANKS:
            settings = LoraConfig(
                r=rank, lora_alpha=2 * rank, target_modules=["query", "key", "value", "dense"], init_lora_weights=False
            )
            model = get_peft_model(copy.deepcopy(base), settings).eval()
            modules = [
                (one.base_layer.weight, one.lora_B["default"].weight, one.lora_A["default"].weight)
                for one in model.modules()
                if hasattr(one, "lora_B")
            ]
            assert len(modules) == 6 * layers
            seconds = median(lambda: [torch.addmm(weight, b, a, alpha=2) for weight, b, a in modules])
            yield "torch.addmm", "merging a model", name, rank, seconds
            seconds = median(lambda fresh: fresh.merge_and_unload(), prepare=lambda: copy.deepcopy(model))
            yield "merge_and_unload", "merging a model", name, rank, seconds


FAMILIES = {"compression": compression, "starts": starts, "merging": merging}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    set_threads(options.threads)
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    with torch.no_grad():
        for peer, what, shape, rank, seconds in FAMILIES[options.family](torch):
            report(peer=peer, what=what, shape=shape, rank=rank, seconds=seconds)


if __name__ == "__main__":
    main()
