"""What vLLM takes for a grid: run by decode_grid.py with the interpreter of vLLM's own environment.

python benchmarks/vllm_grid.py JOB ANSWERS

JOB is a JSON file: the model's folder, its number format, threads, gigabytes for keys and values, a block's positions,
and for each request token ids, how many more may follow, and which of them end the answer. Writes answers as token ids,
the seconds of the generation alone, and the peak memory.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
# Read when vLLM and torch are imported. One process, so that its peak memory is all there is.
os.environ |= {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": str(job["kv_gb"]),
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": str(job["threads"]),
    "VLLM_LOGGING_LEVEL": "ERROR",
    "HF_HUB_OFFLINE": "1",
}

import torch  # noqa: E402
from vllm import LLM, SamplingParams  # type: ignore[import-not-found]  # noqa: E402


def main() -> None:
    model = LLM(
        job["model"],
        dtype=job["dtype"],
        skip_tokenizer_init=True,
        enforce_eager=True,
        enable_prefix_caching=True,
        block_size=job["block"],
        max_model_len=max(len(ids) + more for ids, more in job["requests"]),
        max_num_seqs=job["rows"],
    )
    assert torch.get_num_threads() == job["threads"]

    def answers(requests: list[tuple[list[int], int]]) -> list[list[int]]:
        settings = [
            SamplingParams(temperature=0, max_tokens=more, stop_token_ids=job["stop"], detokenize=False)
            for _, more in requests
        ]
        found = model.generate([{"prompt_token_ids": ids} for ids, _ in requests], settings, use_tqdm=False)
        return [list(one.outputs[0].token_ids) for one in found]  # the stop token included

    answers(job["warm_up"])
    start = time.perf_counter()
    found = answers(job["requests"])
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(sys.argv[2]).write_text(json.dumps({"answers": found, "seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
