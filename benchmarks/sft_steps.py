"""What more steps, and other seeds, do to the SFT model: is the 100 % line a weak one?

python benchmarks/sft_steps.py --run default --foundation gemma-3-270m --steps 84 84 84 168 --seeds 1 2 3 1

Needs a finished run, whose splits, prompt and settings it takes; trains again with each pair of steps and seed, and
decodes the test items. Prints a line per training: dev chrF++ at ¼, ½, ¾ and all steps, and mean test chrF++ of the
checkpoint kept. About seven minutes per 84 steps on two cores.
"""

import argparse
import logging
import tempfile
from pathlib import Path

from prefixyarn.config.files import read_config
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import under_templates
from prefixyarn.decode.session import Session
from prefixyarn.languages import Direction
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.trials import trial_scores
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.sft.loss import example
from prefixyarn.models.sft.steps import SftConfig, Training
from prefixyarn.models.sft.train import train
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, read_json, read_records
from prefixyarn.tasks.task import task_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--steps", nargs="+", type=int, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    translation = read_config()["translation"]
    main_subsets, subsets = translation["directions"], translation["directions"] + translation["other_directions"]
    results, model = Path("results") / args.run, Path("resources/foundations") / args.foundation / "model"
    prompt = Prompt(**read_json(results / f"prompts/translation/{args.foundation}.json")["prompt"])
    data = {
        split: {subset: read_records(results / f"data/translation/{subset}/{split}.jsonl", Item) for subset in subsets}
        for split in ("train", "dev", "test")
    }
    for steps, seed in zip(args.steps, args.seeds, strict=True):
        foundation = load(model, args.foundation, "float32")

        def score(decoding, split, names, foundation=foundation):  # type: ignore[no-untyped-def]
            backend = Builtin(foundation.with_model(decoding), "", Limits(4000))
            asked = under_templates({subset: data[split][subset] for subset in names}, [prompt])
            outputs = Session(backend, translation["max_answer_tokens"]).answer(asked, task_of("translation"))
            return trial_scores(CHRF, {subset: (data[split][subset], outputs[subset]) for subset in names})["mean"]

        def examples(split, tokenizer=foundation.tokenizer):  # type: ignore[no-untyped-def]
            for subset in subsets:
                direction = Direction.parse(subset)
                join = prompt.join(direction)
                for item in data[split][subset]:
                    yield example(tokenizer, prompt.fill(item.source, direction), join, item.target)

        with tempfile.TemporaryDirectory() as folder:
            training = Training(
                base=identity(model),
                examples=list(examples("train")),
                dev=list(examples("dev")),
                config=SftConfig.of(translation["sft"] | {"steps": steps}, seed),
                state_file=Path(folder) / "state.pt",
            )
            manifest = train(
                foundation,
                training,
                lambda decoding: score(decoding, "dev", subsets),
                Path(folder) / "sft",
                Progress(f"steps {steps} seed {seed}", steps, "steps"),
            )
            fresh = load(model, args.foundation, "float32")
            with SftModel(fresh, identity(model), Path(folder) / "sft").on() as tuned:
                test = score(tuned, "test", main_subsets)
        dev = ", ".join(f"{d['score']:.1f} after {d['step']}" for d in manifest["dev"])
        print(
            f"steps {steps}, seed {seed}: dev chrF++ {dev}; kept {manifest['step']}; test chrF++ {test:.1f}", flush=True
        )


if __name__ == "__main__":
    main()
