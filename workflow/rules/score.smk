# Scores, faults, intervals and tests (paper section 4.1). No model is needed from here on.


rule score_translation:
    input:
        code=code("scripts/score_translation.py"),
        outputs=rules.decode_translation.output.outputs,
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
    output:
        scores="results/{run}/scores/translation/{unit}/{model}.json",
    log:
        "logs/{run}/score_translation/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        languages=config["languages"],
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Scoring {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/score_translation.py --direction {wildcards.unit} --languages {params.languages}"
        " --test {input.test} --out-of-domain {input.out_of_domain} --outputs {input.outputs}"
        " --resamples {params.resamples} --seed {params.seed} --scores {output.scores} 2>&1 | tee {log}"
