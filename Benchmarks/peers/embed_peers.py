"""How fast the peers embed the same texts on the same threads: text in, normalised vectors out.

    embed_peers.py --model MODEL --texts FILE [--threads 2] [--rounds 3] [--peers NAME,…] [--limit N] [--forms FOLDER]

Every peer lives in a process of its own, loads and warms up first and then waits; in every round each encodes all
texts (one a line) once, one after another, in turned order every second round. One JSON line a peer and round:
{"peer", "round", "texts_per_s", "tokens_per_s", "threads", "peak_mb", "query_p50_ms", "query_p99_ms", "first_vector_s", …}:
one query of a dozen tokens 1,000 times, and the time from the start of the process to its first vector. Medians over the rounds are the caller's; tokens
are the real ones, with [CLS] and [SEP], without padding. --check adds the lowest cosine to sentence-transformers' float32
vectors of the first 200 texts. A peer whose library is missing or that fails is named on standard error and left out.
ONNX, OpenVINO and CTranslate2 read forms of the model that are written to --forms once (a temporary folder by default).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from common import fail, peak_mb, read_lines, report, set_threads, sorted_batches

QUERY = "which setting limits how much memory a sort may use"
BUDGET, ROWS = 4096, 64  # padded tokens and texts of one batch where the batches are ours


class Sorted:
    """Tokenises everything, sorts by length, pads to the batch's longest text; a subclass gives `load` and `hidden`."""

    def __init__(self, options):
        from tokenizers import Tokenizer

        self.options = options
        self.tokenizer = Tokenizer.from_file(os.path.join(options.model, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(options.limit)
        self.load()

    def load(self):
        pass

    def tokenize(self, texts):
        return [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]

    def encode(self, texts):
        import numpy

        ids = self.tokenize(texts)
        vectors = None
        for batch in sorted_batches([len(row) for row in ids], BUDGET, ROWS):
            pooled = self.pooled([ids[index] for index in batch])
            if vectors is None:
                vectors = numpy.empty((len(ids), pooled.shape[1]), numpy.float32)
            vectors[batch] = pooled
        return vectors

    def pooled(self, rows):
        ids, mask = padded(rows)
        return mean_pooled(self.hidden(ids, mask), mask)


class SentenceTransformersF32:
    """sentence-transformers as its users call it."""

    def __init__(self, options):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(options.threads)
        self.model = SentenceTransformer(options.model, device="cpu", model_kwargs={"dtype": torch.float32})
        self.model.max_seq_length = options.limit

    def encode(self, texts):
        return self.model.encode(texts, batch_size=32, show_progress_bar=False)


class TorchF32(Sorted):
    """The bare transformer with scaled-dot-product attention."""

    name = "float32"

    def load(self):
        import torch
        from transformers import AutoModel

        torch.set_num_threads(self.options.threads)
        self.torch = torch
        self.model = AutoModel.from_pretrained(
            self.options.model, attn_implementation="sdpa", add_pooling_layer=False, dtype=getattr(torch, self.name)
        ).eval()

    def pooled(self, rows):
        torch = self.torch
        ids, mask = (torch.from_numpy(array) for array in padded(rows))
        with torch.inference_mode():
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            sums = (hidden * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(sums.float(), dim=1).numpy()


class TorchBF16(TorchF32):
    name = "bfloat16"


class OnnxRuntimeF32(Sorted):
    form = "model.onnx"

    @classmethod
    def prepare(cls, options):
        onnx_form(options, cls.form)

    def load(self):
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self.options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            onnx_form(self.options, self.form), settings, providers=["CPUExecutionProvider"]
        )
        self.names = [value.name for value in self.session.get_inputs()]

    def hidden(self, ids, mask):
        return self.session.run(None, inputs(self.names, ids, mask))[0]


class OnnxRuntimeFusedF32(OnnxRuntimeF32):
    form = "model_fused.onnx"


class OnnxRuntimeFusedInt8(OnnxRuntimeF32):
    form = "model_fused_int8.onnx"


class OpenVinoF32(Sorted):
    precision, form = "f32", "model.xml"

    @classmethod
    def prepare(cls, options):
        openvino_form(options, cls.form)

    def load(self):
        import openvino

        self.compiled = openvino.Core().compile_model(
            openvino_form(self.options, self.form),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": self.options.threads,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": self.precision,
                "NUM_STREAMS": 1,
            },
        )
        self.request = self.compiled.create_infer_request()
        self.names = [value.get_any_name() for value in self.compiled.inputs]

    def hidden(self, ids, mask):
        return self.request.infer(inputs(self.names, ids, mask), share_inputs=True, share_outputs=True)[0]


class OpenVinoBF16(OpenVinoF32):
    precision = "bf16"


class OpenVinoInt8(OpenVinoF32):
    form = "model_int8.xml"


class CTranslate2F32(Sorted):
    precision = "float32"

    @staticmethod
    def prepare(options):
        ctranslate2_form(options)

    def load(self):
        import ctranslate2

        self.encoder = ctranslate2.Encoder(
            ctranslate2_form(self.options),
            device="cpu",
            compute_type=self.precision,
            inter_threads=1,
            intra_threads=self.options.threads,
        )

    def pooled(self, rows):
        import numpy

        hidden = numpy.asarray(self.encoder.forward_batch(rows).last_hidden_state)
        return mean_pooled(hidden, padded(rows, hidden.shape[1])[1])


class CTranslate2Int8(CTranslate2F32):
    precision = "int8"


class TokenizersAlone(Sorted):
    """What tokenisation costs; its vectors are no vectors."""

    def encode(self, texts):
        self.tokenize(texts)
        return None


PEERS = {
    "sentence-transformers-f32": SentenceTransformersF32,
    "torch-f32-sorted": TorchF32,
    "torch-bf16-sorted": TorchBF16,
    "onnxruntime-f32": OnnxRuntimeF32,
    "onnxruntime-fused-f32": OnnxRuntimeFusedF32,
    "onnxruntime-fused-int8": OnnxRuntimeFusedInt8,
    "openvino-f32": OpenVinoF32,
    "openvino-bf16": OpenVinoBF16,
    "openvino-int8": OpenVinoInt8,
    "ctranslate2-f32": CTranslate2F32,
    "ctranslate2-int8": CTranslate2Int8,
    "tokenizers": TokenizersAlone,
}


def padded(rows, width=None):
    """Identifiers and mask, int64, padded with zeros on the right."""
    import numpy

    width = width or max(map(len, rows))
    ids = numpy.zeros((len(rows), width), numpy.int64)
    mask = numpy.zeros((len(rows), width), numpy.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask


def mean_pooled(hidden, mask):
    import numpy

    weights = mask[:, :, None].astype(numpy.float32)
    vectors = (hidden * weights).sum(1) / weights.sum(1)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def inputs(names, ids, mask):
    import numpy

    values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
    return {name: values[name] for name in names}


def traceable(options):
    """The transformer as a function of three tensors, and an example that has padding in it."""
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(
        options.model, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32
    ).eval()

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    ids = torch.randint(5, 1000, (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    return Hidden(), {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}


def onnx_form(options, name="model.onnx"):
    """The graph as exported, with attention, GELU and layer norms fused, or that with dynamic 8-bit products."""
    path = os.path.join(options.forms, name)
    if os.path.exists(path):
        return path
    if name == "model_fused.onnx":
        from onnxruntime.transformers.optimizer import optimize_model

        with open(os.path.join(options.model, "config.json"), encoding="utf-8") as file:
            shape = json.load(file)
        fused = optimize_model(
            onnx_form(options), "bert", num_heads=shape["num_attention_heads"], hidden_size=shape["hidden_size"]
        )
        print(f"fused: {fused.get_fused_operator_statistics()}", file=sys.stderr)
        fused.save_model_to_file(path + ".part")
    elif name == "model_fused_int8.onnx":
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            onnx_form(options, "model_fused.onnx"),
            path + ".part",
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    else:
        import torch

        module, example = traceable(options)
        names = list(example)
        torch.onnx.export(
            module,
            tuple(example.values()),
            path + ".part",
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names + ["last_hidden_state"]},
            opset_version=17,
            dynamo=False,
        )
    os.replace(path + ".part", path)
    return path


def openvino_form(options, name):
    path = os.path.join(options.forms, name)
    if os.path.exists(path):
        return path
    import openvino

    model = openvino.Core().read_model(onnx_form(options))
    if name == "model_int8.xml":
        import nncf

        texts = read_lines(options.texts)
        tokenizer = TokenizersAlone(options)

        def example(row):
            ids, mask = padded([row])
            return inputs(["input_ids", "attention_mask", "token_type_ids"], ids, mask)

        calibration = nncf.Dataset(tokenizer.tokenize(texts[:: max(1, len(texts) // 300)][:300]), example)
        model = nncf.quantize(
            model,
            calibration,
            subset_size=300,
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
        )
    openvino.save_model(model, path, compress_to_fp16=False)
    return path


def ctranslate2_form(options):
    path = os.path.join(options.forms, "ctranslate2")
    if not os.path.exists(os.path.join(path, "model.bin")):
        from ctranslate2.converters import TransformersConverter

        TransformersConverter(options.model).convert(path, force=True)
    return path


def prepare(options):
    """Writes the form of the model that a peer reads, in a process of its own: it would count in the peer's memory."""
    try:
        PEERS[options.prepare].prepare(options)
    except Exception as problem:
        fail(f"{type(problem).__name__}: {problem}")


def serve(options):
    """One peer: a command a line on standard input, an answer a line on the standard output it was started with."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print stays off the answers
    try:
        peer = PEERS[options.serve](options)
        peer.encode([QUERY])
        first = time.time() - options.started
        texts = read_lines(options.texts)
        peer.encode(texts[:64])
        times = []
        for _ in range(1000):
            start = time.perf_counter()
            peer.encode([QUERY])
            times.append(1e3 * (time.perf_counter() - start))
        times.sort()
    except Exception as problem:
        print(json.dumps({"error": f"{type(problem).__name__}: {problem}"}), file=answers)
        return
    ready = {"first_vector_s": first, "query_p50_ms": times[500], "query_p99_ms": times[990]}
    print(json.dumps(ready), file=answers)
    for command in sys.stdin:
        words = command.split()
        if words[0] == "encode":
            start, processor = time.perf_counter(), time.process_time()
            peer.encode(texts)
            answer = {
                "seconds": time.perf_counter() - start,
                "processor_seconds": time.process_time() - processor,
                "peak_mb": peak_mb(),
            }
        else:
            import numpy

            vectors = peer.encode(texts[:200])
            if vectors is not None:
                numpy.save(words[1], vectors)
            answer = {"saved": vectors is not None}
        print(json.dumps(answer), file=answers)


class Worker:
    """The parent's side of one peer."""

    def __init__(self, name, options):
        self.name, self.process = name, None
        command = [
            sys.executable, os.path.abspath(__file__), "--model", options.model, "--texts", options.texts,
            "--threads", str(options.threads), "--limit", str(options.limit), "--forms", options.forms,
        ]  # fmt: skip
        if hasattr(PEERS[name], "prepare"):
            ended = subprocess.run(command + ["--prepare", name], capture_output=True, text=True)
            if ended.returncode:
                self.ready = {"error": (ended.stderr.strip().splitlines() or ["conversion failed"])[-1]}
                return
        quiet = None if options.verbose else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command + ["--serve", name, "--started", repr(time.time())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True
        )
        self.ready = self.answer()

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except OSError:
            return {"error": "the process is gone"}
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended without an answer"}

    def end(self):
        if self.process is None:
            return
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.wait()


def lowest_cosines(workers, folder):
    """{peer: lowest cosine to the first peer's vectors}, for those that give vectors."""
    import numpy

    cosines, reference = {}, None
    for worker in workers:
        path = os.path.join(folder, worker.name + ".npy")
        if not worker.ask(f"save {path}").get("saved"):
            continue
        vectors = numpy.load(path).astype(numpy.float64)
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        if reference is None:
            reference = vectors
        cosines[worker.name] = round(float((vectors * reference).sum(axis=1).min()), 6)
    return cosines


def count_tokens(options, texts):
    return sum(len(row) for row in TokenizersAlone(options).tokenize(texts))


def race(options):
    names = options.peers.split(",") if options.peers else list(PEERS)
    for name in names:
        if name not in PEERS:
            fail(f"no peer {name}; there are {', '.join(PEERS)}")
    texts = read_lines(options.texts)
    if not texts:
        fail(f"{options.texts} holds no texts")
    tokens = count_tokens(options, texts)
    workers, temporary = [], tempfile.TemporaryDirectory()
    options.forms = os.path.abspath(options.forms or temporary.name)
    os.makedirs(options.forms, exist_ok=True)
    try:
        for name in names:
            worker = Worker(name, options)
            workers.append(worker)
            if "error" in worker.ready:
                print(f"{name} left out: {worker.ready['error']}", file=sys.stderr)
                worker.end()
                workers.remove(worker)
        if not workers:
            fail("no peer is left")
        cosines = lowest_cosines(workers, temporary.name) if options.check else {}
        for number in range(options.rounds):
            for worker in workers if number % 2 == 0 else workers[::-1]:
                answer = worker.ask("encode")
                if "error" in answer:
                    print(f"{worker.name} left out of round {number}: {answer['error']}", file=sys.stderr)
                    continue
                line = {
                    "peer": worker.name,
                    "round": number,
                    "texts_per_s": round(len(texts) / answer["seconds"], 2),
                    "tokens_per_s": round(tokens / answer["seconds"], 1),
                    "texts": len(texts),
                    "threads": options.threads,
                    "processor_seconds": round(answer["processor_seconds"], 3),
                    **worker.ready,
                    "peak_mb": answer["peak_mb"],
                }
                if worker.name in cosines:
                    line["lowest_cosine"] = cosines[worker.name]
                report(**line)
    finally:
        for worker in workers:
            worker.end()
        temporary.cleanup()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="sentence-transformers folder of a BERT model with mean pooling")
    parser.add_argument("--texts", required=True, help="a text a line")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="comma-separated; all by default")
    parser.add_argument("--limit", type=int, default=256, help="longest text in tokens")
    parser.add_argument("--forms", help="folder that keeps the converted forms of the model")
    parser.add_argument("--check", action="store_true", help="add the lowest cosine to the first peer's vectors")
    parser.add_argument("--verbose", action="store_true", help="show what the peers print")
    parser.add_argument("--serve", metavar="PEER", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", metavar="PEER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    set_threads(options.threads)
    (serve if options.serve else prepare if options.prepare else race)(options)


if __name__ == "__main__":
    main()
