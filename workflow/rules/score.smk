# Scores, errors, intervals and tests (paper section 4.1). No model is needed from here on.


rule score:
    input:
        code=task_code("scripts/score.py", "scores"),
        manifest="resources/foundations/{model}/model/manifest.json",
        outputs=over_subsets("results/{run}/decode/{task}/{subset}/{model}.jsonl"),
        sft=where("sft", "results/{run}/sft/{task}/{model}.jsonl"),
        other=lambda w: [
            f"results/{w.run}/other_sft/{other}/{w.model}.jsonl"
            for other in OTHER_SFT
            if w.task == "translation"
        ],
        seeds=lambda w: [
            f"results/{w.run}/sft_seeds/{w.task}/{w.model}/{own}.jsonl"
            for own in further_seeds(config, w.task)
        ],
        refined=where("refined", "results/{run}/refined/{task}.jsonl"),
        priors="results/{run}/priors/{task}/{model}.jsonl",
        train=splits("train"),
        test=splits("test"),
        out_of_domain=splits("out_of_domain"),
    output:
        scores="results/{run}/scores/{task}/{model}.json",
    log:
        "logs/{run}/score/{task}/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        task=lambda w: w.task,
        subsets=lambda w: SUBSETS[w.task],
        languages=config["languages"],
        cuts=lambda w: [[*cut] for cut in all_cuts(config[w.task]["priors"])],
        max_source_tokens=setting("max_source_tokens"),
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Scoring {wildcards.task}, {wildcards.model}"
    script:
        "../../scripts/score.py"
