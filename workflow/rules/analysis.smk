# Why it works: the analyses of the translation task (paper sections 2.2 and 5).
ANALYSIS = config["analysis"]


rule decode_analysis:
    input:
        code=code("scripts/decode_analysis.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice="results/{run}/prompts/translation/{model}.json",
        sft=(
            "results/{run}/sft/translation/{unit}/{model}.jsonl"
            if has("sft")("translation")
            else []
        ),
        refined=(
            "results/{run}/refined/translation/{unit}.jsonl"
            if has("refined")("translation")
            else []
        ),
        lexicon="results/{run}/lexicon/translation/{unit}.tsv",
        train="results/{run}/data/translation/{unit}/train.jsonl",
        test="results/{run}/data/translation/{unit}/test.jsonl",
    output:
        priors="results/{run}/analysis/priors/{unit}/{model}.jsonl",
        outputs="results/{run}/analysis/outputs/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_analysis/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        dtype=foundation("dtype"),
        config=as_json(ANALYSIS),
        seed=config["seed"],
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Decoding for the analyses: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/decode_analysis.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.test} --train {input.train} --lexicon {input.lexicon}"
        " --refined {input.refined} --sft {input.sft} --prompt {input.choice} --config {params.config:q}"
        " --seed {params.seed} --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_analysis/{wildcards.unit}/{wildcards.model}.jsonl"
        " --priors {output.priors} --outputs {output.outputs} 2>&1 | tee {log}"


rule analyse_agreement:
    input:
        code=code("scripts/analyse_agreement.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice="results/{run}/prompts/translation/{model}.json",
        sft="results/{run}/models/sft/translation/{model}/manifest.json",
        own="results/{run}/sft/translation/{unit}/{model}.jsonl",
        free=rules.decode_analysis.output.outputs,
        test="results/{run}/data/translation/{unit}/test.jsonl",
    output:
        csv="results/{run}/analysis/agreement/{unit}/{model}.csv",
    log:
        "logs/{run}/analyse_agreement/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        dtype=foundation("dtype"),
        k=ANALYSIS["free_k"],
        number=ANALYSIS["items"],
    message:
        "Comparing foundation and SFT model token by token: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/analyse_agreement.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --direction {wildcards.unit} --items {input.test} --prompt {input.choice}"
        " --own {input.own} --free {input.free} --k {params.k} --number {params.number} --csv {output.csv}"
        " 2>&1 | tee {log}"


rule tabulate_analysis:
    input:
        code=code("scripts/tabulate_analysis.py"),
        agreement=analysed(rules.analyse_agreement.output.csv),
        test=analysed("results/{run}/data/translation/{unit}/test.jsonl"),
        outputs=analysed(rules.decode_analysis.output.outputs),
        priors=analysed(rules.decode_analysis.output.priors),
        sft=analysed("results/{run}/sft/translation/{unit}/{model}.jsonl"),
        manifests=analysed(rules.convert_foundation.output.manifest),
    output:
        agreement=multiext("results/{run}/tables/agreement", ".csv", ".md"),
        quality=multiext("results/{run}/tables/quality", ".csv", ".md"),
        units="results/{run}/tables/prior_units.csv",
        propagation="results/{run}/tables/propagation.csv",
    log:
        "logs/{run}/tabulate_analysis.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        foundations=list(FOUNDATIONS),
        tokenizers=expand(
            "resources/foundations/{model}/model/tokenizer.json", model=FOUNDATIONS
        ),
        directions=MAIN["translation"],
        number=ANALYSIS["items"],
        k=ANALYSIS["k"],
        corrupt=ANALYSIS["corrupt_words"],
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "The tables of the analyses"
    shell:
        "python scripts/tabulate_analysis.py --foundations {params.foundations} --directions {params.directions}"
        " --number {params.number} --k {params.k} --corrupt-words {params.corrupt} --agreement {input.agreement}"
        " --items {input.test} --outputs {input.outputs} --priors {input.priors} --sft {input.sft}"
        " --tokenizers {params.tokenizers} --resamples {params.resamples} --seed {params.seed}"
        " --tables results/{wildcards.run}/tables 2>&1 | tee {log}"
