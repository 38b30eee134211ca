"""How near an SFT step comes to the machine's rate of fp32 matrix products.

python benchmarks/sft_rate.py --run default --foundation gemma-3-270m --steps 4

Needs a finished run, whose training items, prompt and settings it takes. Counts the operations of each step's matrix
products and attention (`torch.utils.flop_counter`), and measures products of the layers' and the output matrix' shapes
in the same process. Prints a line per step and the shares of that rate. Half a minute.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel

from prefixyarn.config.files import read_config
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.sft.loss import Example, example, passes, target_loss
from prefixyarn.models.sft.memory import PASS_TOKENS
from prefixyarn.models.sft.steps import SftConfig, order
from prefixyarn.models.sft.train import trainable
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, read_records


def product_rate(rows: int, model: torch.nn.Module) -> float:
    """Return operations per second of products of so many rows with the model's own matrices, best of three."""
    layers = [m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "lora" not in name]
    matrices = [layer.weight for layer in layers]
    seconds = []
    with torch.inference_mode():
        for _ in range(3):
            inputs = {w.shape[1]: torch.randn(rows, w.shape[1]) for w in matrices}
            start = time.perf_counter()
            for w in matrices:
                torch.nn.functional.linear(inputs[w.shape[1]], w)
            seconds.append(time.perf_counter() - start)
    return sum(2 * rows * w.numel() for w in matrices) / min(seconds)


def run(model: PreTrainedModel, parts: Sequence[Sequence[Example]]) -> None:
    """Compute an update's gradients."""
    for part in parts:
        loss, tokens = target_loss(model, part)
        (loss / tokens).backward()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="as a job of the pipeline has")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    translation = read_config()["translation"]
    results, folder = Path("results") / args.run, Path("resources/foundations") / args.foundation / "model"
    foundation = load(folder, args.foundation, "float32")
    choice = results / f"prompts/translation/{args.foundation}.json"
    prompt = load_prompt(choice, foundation.tokenizer.backend_tokenizer, None)
    examples = []
    for subset in translation["directions"]:
        direction = Direction.parse(subset)
        for item in read_records(results / f"data/translation/{subset}/train.jsonl", Item):
            filled, join = prompt.fill(item.source, direction), prompt.join(direction)
            examples.append(example(foundation.tokenizer, filled, join, item.target))
    config = SftConfig.of(translation["sft"], 1)
    trainable(foundation.model, config)
    model = foundation.model.train()
    shares = []
    for step in range(args.steps + 1):
        batch = [examples[n] for n in order(len(examples), config, step + 1)]
        parts = passes(batch, PASS_TOKENS["cpu"])
        with FlopCounterMode(display=False) as counter:  # apart, as counting takes time
            run(model, parts)
        start = time.perf_counter()
        run(model, parts)
        seconds = time.perf_counter() - start
        rate, rows = counter.get_total_flops() / seconds, sum(map(len, batch))
        own = product_rate(rows, model)
        if step:  # the first one warms up
            shares.append(rate / own)
            print(
                f"step {step}: {rows} tokens, {seconds:.2f} s, {rate / 1e9:.0f} of {own / 1e9:.0f} billion operations "
                f"a second: {100 * rate / own:.0f} %",
                flush=True,
            )
    print(f"mean share {100 * sum(shares) / len(shares):.0f} %")


if __name__ == "__main__":
    main()
