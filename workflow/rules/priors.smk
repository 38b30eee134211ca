# The priors of all systems (paper section 3).


rule build_priors:
    input:
        code=code("scripts/build_priors.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice=rules.choose_prompt.output.choice,
        examples=rules.choose_examples.output.choice if EXAMPLES else [],
        sft=rules.decode_sft.output.outputs if SFT else [],
        refined=rules.predict_refined.output.predictions if REFINED else [],
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
        train="results/{run}/data/translation/{unit}/train.jsonl",
        lexicon=rules.induce_lexicon.output.lexicon,
    output:
        priors="results/{run}/priors/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/build_priors/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/build_priors/{unit}/{model}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        dtype=foundation("dtype"),
        config=as_json({key: TRANSLATION[key] for key in ("priors", "sft")}),
        seed=config["seed"],
    message:
        "Priors: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/build_priors.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.test} {input.out_of_domain} --train {input.train}"
        " --lexicon {input.lexicon} --refined {input.refined} --sft {input.sft} --prompt {input.choice}"
        " --examples {input.examples} --config {params.config:q} --seed {params.seed}"
        " --memory-mb {resources.mem_mb} --priors {output.priors} 2>&1 | tee {log}"
