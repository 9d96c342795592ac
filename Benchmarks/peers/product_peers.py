"""What a product of activations and weights costs oneDNN, as torch calls it, on one thread.

    product_peers.py [--seconds 0.3]

float32 and bfloat16 as a linear layer, int8 as a product of bytes to 32 bits, without scales. One JSON line a measurement: {"peer", "kernel", "shape", "gflops"}, the median of
many calls. Shapes are tokens, outputs, inputs.
"""

import argparse
import statistics
import sys
import time

from common import report, set_threads

SHAPES = [
    (2048, 384, 384), (2048, 1536, 384), (2048, 384, 1536), (2048, 768, 768), (2048, 3072, 768), (12, 384, 384),
    (12, 1536, 384), (12, 384, 1536),
]  # fmt: skip


def plain(torch, x, weight):
    return lambda: torch.nn.functional.linear(x, weight)


def integers(torch, x, weight):
    values, weights = (x * 40).to(torch.int8), (weight * 800).to(torch.int8).t()
    return lambda: torch._int_mm(values, weights)


WAYS = {"product f32": (plain, "float32"), "product bf16": (plain, "bfloat16"), "product int8": (integers, "float32")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.3)
    options = parser.parse_args()
    set_threads(1)
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        for m, n, k in SHAPES:
            for name, (make, kind) in WAYS.items():
                kind = getattr(torch, kind)
                try:
                    call = make(torch, torch.randn(m, k, dtype=kind), torch.randn(n, k, dtype=kind) * 0.05)
                    call()
                except Exception as problem:
                    print(f"{name} left out: {str(problem).splitlines()[0]}", file=sys.stderr)
                    continue
                times, end = [], time.perf_counter() + options.seconds
                while time.perf_counter() < end or len(times) < 5:
                    start = time.perf_counter()
                    call()
                    times.append(time.perf_counter() - start)
                seconds = statistics.median(times)
                report(peer="oneDNN (torch)", kernel=name, shape=f"{m}, {n}, {k}", seconds=seconds,
                       gflops=round(2e-9 * m * n * k / seconds, 1))  # fmt: skip


if __name__ == "__main__":
    main()
