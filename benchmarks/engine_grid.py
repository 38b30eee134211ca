"""What this engine takes for a grid: run by decode_grid.py, with this checkout of the project or another on the path.

python benchmarks/engine_grid.py JOB ANSWERS

JOB is a JSON file: the model's folder, name and number format, threads, the answer limit, constraints, for each request
its prompt and prior as token ids and the number of its constraint or null, and how many of the first requests to decode
in turn. Writes the answers of the last turn, the seconds of each, the peak memory, and whose engine it was. Of the
project it uses only what every checkout since constraints has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from measure import now, peak_mb

import prefixyarn
from prefixyarn.decode.backend import Request
from prefixyarn.decode.constraint import Constraint
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.models.foundation import load

MEMORY_MB = 4000


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(job["threads"])
    foundation = load(job["folder"], job["name"], job["dtype"])
    stops = Stops.of(foundation.model, foundation.tokenizer, job["limit"])
    constraints = [Constraint(*(tuple(map(tuple, part)) for part in own)) for own in job["constraints"]]
    requests = [
        Request(tuple(prompt), tuple(prior), None if number is None else constraints[number])
        for prompt, prior, number in job["requests"]
    ]
    decode(foundation.model, requests[:4], stops, Limits(MEMORY_MB))  # warm up
    seconds = []
    for size in job["sizes"]:
        start = now()
        answers = decode(foundation.model, requests[:size], stops, Limits(MEMORY_MB))
        seconds.append(now() - start)
    result = {"answers": [answer.new_ids for answer in answers], "seconds": seconds, "peak_mb": peak_mb()}
    Path(sys.argv[2]).write_text(json.dumps({**result, "source": prefixyarn.__file__}))


if __name__ == "__main__":
    main()
