# Tables (paper section 4.2).


rule tabulate_translation:
    input:
        code=code("scripts/tabulate_translation.py"),
        scores=expand(
            "results/{{run}}/scores/translation/{unit}/{model}.json",
            model=FOUNDATIONS,
            unit=DIRECTIONS,
        ),
        prompts=expand(
            "results/{{run}}/prompts/translation/{model}.json", model=FOUNDATIONS
        ),
    output:
        csv="results/{run}/tables/translation.csv",
        md="results/{run}/tables/translation.md",
        prompts_csv="results/{run}/tables/prompts.csv",
        prompts_md="results/{run}/tables/prompts.md",
    log:
        "logs/{run}/tabulate_translation.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        models=as_json({name: f["label"] for name, f in FOUNDATIONS.items()}),
        directions=DIRECTIONS,
        resamples=config["score"]["resamples"],
        seed=config["seed"],
        held_out=config["translation"]["held_out"],
        induced=(
            "--induced"
            if config["translation"]["lexicon"]["source"] == "induced"
            else ""
        ),
    message:
        "The translation table"
    shell:
        "python scripts/tabulate_translation.py --models {params.models:q} --directions {params.directions}"
        " --scores {input.scores} --prompts {input.prompts} --resamples {params.resamples}"
        " --seed {params.seed} --held-out {params.held_out} {params.induced}"
        " --tables results/{wildcards.run}/tables 2>&1 | tee {log}"
