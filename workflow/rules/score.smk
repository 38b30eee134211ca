# Scores, faults, intervals and tests (paper section 4.1). No model is needed from here on.


rule score:
    input:
        code=task_code("scripts/score.py", "scores"),
        manifest=rules.convert_foundation.output.manifest,
        outputs=rules.decode.output.outputs,
        sft=where("sft", rules.decode_sft.output.outputs),
        other=lambda w: [
            f"results/{w.run}/other_sft/{run}/{w.model}.jsonl"
            for run in OTHER_SFT
            if w.task == "translation"
        ],
        refined=where("refined", rules.predict_refined.output.predictions),
        priors="results/{run}/priors/{task}/{unit}/{model}.jsonl",
        train="results/{run}/data/{task}/{unit}/train.jsonl",
        test="results/{run}/data/{task}/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/{task}/{unit}/out_of_domain.jsonl",
    output:
        scores="results/{run}/scores/{task}/{unit}/{model}.json",
    log:
        "logs/{run}/score/{task}/{unit}/{model}.log",
    conda:
        ENVIRONMENT
    params:
        languages=config["languages"],
        cuts=lambda w: as_json(config[w.task]["priors"]["k"])(w),
        cut=max_source_tokens,
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Scoring {wildcards.task} {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/score.py --task {wildcards.task} --direction {wildcards.unit} --languages {params.languages}"
        " --train {input.train} --test {input.test} --out-of-domain {input.out_of_domain} --outputs {input.outputs}"
        " --sft {input.sft} {input.other} --predictions {input.refined} --priors {input.priors}"
        " --tokenizer resources/foundations/{wildcards.model}/model/tokenizer.json --cuts {params.cuts:q} {params.cut}"
        " --resamples {params.resamples} --seed {params.seed} --scores {output.scores} 2>&1 | tee {log}"
