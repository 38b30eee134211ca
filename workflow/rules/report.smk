# Tables and figures (paper section 4.2).


rule tabulate_main:
    input:
        code=code("scripts/tabulate_main.py"),
        scores=expand(
            "results/{{run}}/scores/translation/{unit}/{model}.json",
            model=FOUNDATIONS,
            unit=DIRECTIONS,
        ),
        sft=sft_manifests(),
        refined=rules.train_refined.output.manifest if REFINED else [],
    output:
        csv="results/{run}/tables/main.csv",
        md="results/{run}/tables/main.md",
        tex="results/{run}/tables/main.tex",
    log:
        "logs/{run}/tabulate_main.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        foundations=as_json(list(LABELS.items())),
        directions=DIRECTIONS,
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "The main table"
    shell:
        "python scripts/tabulate_main.py --foundations {params.foundations:q} --directions {params.directions}"
        " --scores {input.scores} --sft {input.sft} --refined {input.refined} --resamples {params.resamples}"
        " --seed {params.seed} --csv {output.csv} --md {output.md} --tex {output.tex} --claims 2>&1 | tee {log}"


rule tabulate_other_directions:
    input:
        code=code("scripts/tabulate_main.py"),
        scores=expand(
            "results/{{run}}/scores/translation/{unit}/{model}.json",
            model=FOUNDATIONS,
            unit=TRANSLATION["other_directions"],
        ),
        sft=sft_manifests(),
        refined=rules.train_refined.output.manifest if REFINED else [],
    output:
        csv="results/{run}/tables/other_directions.csv",
        md="results/{run}/tables/other_directions.md",
    log:
        "logs/{run}/tabulate_other_directions.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        foundations=as_json(list(LABELS.items())),
        directions=TRANSLATION["other_directions"],
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "The table of directions without English, and into it"
    shell:
        "python scripts/tabulate_main.py --foundations {params.foundations:q} --directions {params.directions}"
        " --scores {input.scores} --sft {input.sft} --refined {input.refined} --resamples {params.resamples}"
        " --seed {params.seed} --csv {output.csv} --md {output.md} > {log} 2>&1"


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
        examples=(
            expand(
                "results/{{run}}/examples/translation/{model}.json", model=FOUNDATIONS
            )
            if EXAMPLES
            else []
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
        foundations=as_json(list(LABELS.items())),
        directions=DIRECTIONS,
        resamples=config["score"]["resamples"],
        seed=config["seed"],
        held_out=TRANSLATION["held_out"],
        induced="--induced" if TRANSLATION["lexicon"]["source"] == "induced" else "",
    message:
        "The translation table"
    shell:
        "python scripts/tabulate_translation.py --foundations {params.foundations:q}"
        " --directions {params.directions} --scores {input.scores} --prompts {input.prompts}"
        " --examples {input.examples} --resamples {params.resamples}"
        " --seed {params.seed} --held-out {params.held_out} {params.induced}"
        " --tables results/{wildcards.run}/tables > {log} 2>&1"


rule tabulate_cost:
    input:
        code=code("scripts/tabulate_cost.py"),
        train=splits("train"),
        sft=sft_manifests(),
        refined=rules.train_refined.output.manifest if REFINED else [],
        induce_lexicon=per_unit(rules.induce_lexicon.benchmark),
        train_refined=rules.train_refined.benchmark if REFINED else [],
        predict_refined=per_unit(rules.predict_refined.benchmark) if REFINED else [],
        predictions=(
            per_unit(rules.predict_refined.output.predictions) if REFINED else []
        ),
        train_sft=per_unit(rules.train_sft.benchmark) if SFT else [],
        decode_sft=per_unit(rules.decode_sft.benchmark) if SFT else [],
        sft_outputs=per_unit(rules.decode_sft.output.outputs) if SFT else [],
        decode_examples=(
            per_unit(rules.decode_examples.benchmark, DIRECTIONS) if EXAMPLES else []
        ),
        trials=(
            per_unit(rules.decode_examples.output.outputs, DIRECTIONS)
            if EXAMPLES
            else []
        ),
        build_priors=per_unit(rules.build_priors.benchmark),
        priors=per_unit(rules.build_priors.output.priors),
        decode_translation=per_unit(rules.decode_translation.benchmark),
        outputs=per_unit(rules.decode_translation.output.outputs),
    output:
        csv="results/{run}/tables/cost.csv",
    log:
        "logs/{run}/tabulate_cost.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        foundations=list(FOUNDATIONS),
    message:
        "The table of costs"
    shell:
        "python scripts/tabulate_cost.py --foundations {params.foundations} --train {input.train}"
        " --timings induce_lexicon {input.induce_lexicon} --timings train_refined {input.train_refined}"
        " --timings predict_refined {input.predict_refined} --timings train_sft {input.train_sft}"
        " --timings decode_sft {input.decode_sft} --timings decode_examples {input.decode_examples}"
        " --timings build_priors {input.build_priors} --timings decode_translation {input.decode_translation}"
        " --answers predict_refined {input.predictions} --answers decode_sft {input.sft_outputs}"
        " --answers decode_examples {input.trials} --answers build_priors {input.priors}"
        " --answers decode_translation {input.outputs}"
        " --sft {input.sft} --refined {input.refined} --csv {output.csv} 2>&1 | tee {log}"


rule plot_sft:
    input:
        code=code("scripts/plot_sft.py"),
        manifest=rules.train_sft.output.manifest,
    output:
        csv="results/{run}/figures/sft_loss_{model}.csv",
        svg="results/{run}/figures/sft_loss_{model}.svg",
        png="results/{run}/figures/sft_loss_{model}.png",
    log:
        "logs/{run}/plot_sft/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        label=lambda w: LABELS[w.model],
    message:
        "The loss curve of the SFT model of {wildcards.model}"
    shell:
        "python scripts/plot_sft.py --manifest {input.manifest} --label {params.label:q} --csv {output.csv}"
        " --figures {output.svg} {output.png} 2>&1 | tee {log}"
