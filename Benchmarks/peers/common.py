"""What the scripts of this folder share: data sets in the BEIR layout, the machine's description, one JSON line a result.

Import this module before torch: it sets the number of threads and keeps the libraries quiet and offline.
"""

import json
import os
import platform
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore", FutureWarning)
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")


def set_threads(count):
    """Fixes the number of threads of every library; call it before the first import of torch."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(count)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if count > 1 else "false"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def fail(message):
    """One clear line on standard error and exit code 1."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(1)


def report(**fields):
    """One JSON line on standard output."""
    print(json.dumps(fields), flush=True)


def peak_mb():
    """Peak resident memory of this process in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def machine():
    """Processor, cores, memory, versions and load: stands beside every recorded figure."""
    from importlib.metadata import PackageNotFoundError, version

    with open("/proc/cpuinfo") as file:
        facts = [line.split(":", 1) for line in file if ":" in line]
    processor = {key.strip(): value.strip() for key, value in facts}
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
    versions = {}
    for name in ("torch", "transformers", "sentence-transformers", "peft", "tokenizers", "onnxruntime", "numpy",
                 "pytrec_eval-terrier"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            pass
    return {
        "processor": processor.get("model name", "unknown"),
        "family_model": f'{processor.get("cpu family", "?")}/{processor.get("model", "?")}',
        "instruction_sets": [name for name in wanted if name in processor.get("flags", "").split()],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def read_json_lines(path):
    """The objects of a JSONL file; a line that is no JSON object ends the program with its number."""
    rows = []
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                row = json.loads(line)
                if not isinstance(row, dict):
                    fail(f"{path}:{number}: expected a JSON object")
                rows.append(row)
    except OSError as problem:
        fail(f"cannot read {path}: {problem.strerror}")
    except ValueError as problem:
        fail(f"{path}:{len(rows) + 1}: {problem}")
    return rows


def read_lines(path):
    """The texts of a file, one a line; lines end with LF only, an empty line is a text."""
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as problem:
        fail(f"cannot read {path}: {problem}")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def read_corpus(folder):
    """{document id: text}, the text as BEIR reads it: title, a space and text, stripped."""
    return {
        row["_id"]: ((row.get("title") or "") + " " + (row.get("text") or "")).strip()
        for row in read_json_lines(os.path.join(folder, "corpus.jsonl"))
    }


def read_queries(folder):
    """{query id: text}."""
    return {row["_id"]: row["text"] for row in read_json_lines(os.path.join(folder, "queries.jsonl"))}


def read_qrels(path):
    """{query id: {document id: grade}} of a BEIR .tsv with a header, or of a TREC file with four columns."""
    relevance = {}
    for number, line in enumerate(read_lines(path), 1):
        columns = line.split("\t") if "\t" in line else line.split()
        if number == 1 and not columns[-1].lstrip("-").isdigit():
            continue
        if len(columns) == 4:
            columns = [columns[0], columns[2], columns[3]]
        if len(columns) != 3 or not columns[2].lstrip("-").isdigit():
            fail(f"{path}:{number}: expected query id, document id and grade")
        relevance.setdefault(columns[0], {})[columns[1]] = int(columns[2])
    return relevance


def sorted_batches(lengths, budget, rows):
    """Indices of texts, longest first, in batches of at most `budget` padded tokens and `rows` texts."""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    start = 0
    while start < len(order):
        count = max(1, min(rows, budget // max(1, lengths[order[start]])))
        yield order[start : start + count]
        start += count
