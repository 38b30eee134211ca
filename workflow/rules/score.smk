# Scores, faults, intervals and tests (paper section 4.1). No model is needed from here on.


rule score_translation:
    input:
        code=code("scripts/score_translation.py"),
        manifest=rules.convert_foundation.output.manifest,
        outputs=rules.decode_translation.output.outputs,
        sft=rules.decode_sft.output.outputs if SFT else [],
        refined=rules.predict_refined.output.predictions if REFINED else [],
        priors=rules.build_priors.output.priors,
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
        cuts=as_json(TRANSLATION["priors"]["k"]),
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Scoring {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/score_translation.py --direction {wildcards.unit} --languages {params.languages}"
        " --test {input.test} --out-of-domain {input.out_of_domain} --outputs {input.outputs}"
        " {input.sft} --predictions {input.refined} --priors {input.priors}"
        " --tokenizer resources/foundations/{wildcards.model}/model/tokenizer.json --cuts {params.cuts:q}"
        " --resamples {params.resamples} --seed {params.seed} --scores {output.scores} 2>&1 | tee {log}"
