# The trained models: the SFT model, which is the 100 % line, and the refined model (paper sections 3 and 4.1).


rule train_sft:
    input:
        code=task_code("scripts/train_sft.py", "task", "metrics"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice="results/{run}/prompts/{task}/{model}.json",
        train=splits("train"),
        dev=splits("dev"),
        held_out=splits("dev", "test", "out_of_domain"),
    output:
        manifest="results/{run}/models/sft/{task}/{model}/manifest.json",
    log:
        "logs/{run}/train_sft/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/train_sft/{task}/{model}.tsv"
    priority: 6
    conda:
        ENVIRONMENT
    threads: job_processes("train_sft")
    resources:
        mem_mb=memory("train_sft"),
        runtime=runtime("train_sft"),
        gpu=cards("train_sft"),
    params:
        task=lambda w: w.task,
        subsets=lambda w: SUBSETS[w.task],
        dtype=foundation("dtype"),
        engine=config["engine"],
        sft=lambda w: {k: v for k, v in config[w.task]["sft"].items() if k != "seeds"},
        seed=config["seed"],
        max_answer_tokens=setting("max_answer_tokens"),
        max_source_tokens=setting("max_source_tokens"),
    message:
        "Training the SFT model of {wildcards.model} for {wildcards.task}"
    script:
        "../../scripts/train_sft.py"


# The same again with a further seed: how far the 100 % line moves.
use rule train_sft as train_sft_again with:
    output:
        manifest="results/{run}/models/sft_seeds/{task}/{model}/{sft_seed}/manifest.json",
    log:
        "logs/{run}/train_sft_again/{task}/{model}/{sft_seed}.log",
    benchmark:
        "results/{run}/timings/train_sft_again/{task}/{model}/{sft_seed}.tsv"
    priority: 0
    params:
        seed=lambda w: int(w.sft_seed),
    message:
        "Training the SFT model of {wildcards.model} for {wildcards.task} with seed {wildcards.sft_seed}"


# What a refined model is trained on and predicts.
REFINED_FILES = {
    "code": lambda w: code_inputs(
        "scripts/train_refined.py",
        [f"models.refined.{config[w.task]['refined']['kind'].replace('-', '_')}"],
    ),
    "pretrained": lambda w: [
        f"resources/refined/{name}/source.json"
        for name in [pretrained_name(config, w.task)]
        if name
    ],
    "train": splits("train"),
    "dev": splits("dev"),
    "held_out": splits("dev", "test", "out_of_domain"),
    "data": splits("test", "out_of_domain"),
}


# It is trained and predicts in one job: both need the same test items, which are held out of training.
rule train_refined:
    input:
        **REFINED_FILES,
    output:
        manifest="results/{run}/models/refined/{task}/manifest.json",
        predictions="results/{run}/refined/{task}.jsonl",
        training_seconds="results/{run}/timings/train_refined/{task}.tsv",
        predicting_seconds="results/{run}/timings/predict_refined/{task}.tsv",
    log:
        "logs/{run}/train_refined/{task}.log",
    priority: 5  # after the SFT model, which the longest chain waits for
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=lambda w, attempt: (
            attempt * refined_mb(config[w.task]["refined"]["kind"])
        ),
        runtime=lambda w, attempt: (
            attempt * refined_minutes(config[w.task]["refined"]["kind"])
        ),
        gpu=lambda w: refined_gpus(config, w.task),
        batch_rows=32,
    params:
        task=lambda w: w.task,
        subsets=lambda w: SUBSETS[w.task],
        kind=lambda w: config[w.task]["refined"]["kind"],
        settings=lambda w: refined_settings(config, w.task),
    message:
        "Training the refined model for {wildcards.task}"
    script:
        "../../scripts/train_refined.py"


# The same on the SFT model's own training pairs: fair in the other direction, as the SFT model sees a part of the text.
use rule train_refined as train_refined_matched with:
    input:
        **REFINED_FILES,
        sft=f"results/{{run}}/models/sft/{{task}}/{next(iter(FOUNDATIONS))}/manifest.json",
    output:
        manifest="results/{run}/models/refined_matched/{task}/manifest.json",
        predictions="results/{run}/refined_matched/{task}.jsonl",
        training_seconds="results/{run}/timings/train_refined_matched/{task}.tsv",
        predicting_seconds="results/{run}/timings/predict_refined_matched/{task}.tsv",
    log:
        "logs/{run}/train_refined_matched/{task}.log",
    message:
        "Training the refined model for {wildcards.task} on the SFT model's training pairs"
