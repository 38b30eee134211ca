# Why it works: the analyses of the translation task (paper sections 2.2 and 5).
ANALYSIS = config["analysis"]


rule decode_analysis:
    input:
        code=code("scripts/decode_analysis.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice="results/{run}/prompts/translation/{model}.json",
        sft=(
            "results/{run}/sft/translation/{model}.jsonl"
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
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_analysis"),
        runtime=runtime("decode_analysis", "translation"),
        gpu=cards("decode_analysis"),
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
        own="results/{run}/sft/translation/{model}.jsonl",
        free=rules.decode_analysis.output.outputs,
        test="results/{run}/data/translation/{unit}/test.jsonl",
    output:
        csv="results/{run}/analysis/agreement/{unit}/{model}.csv",
    log:
        "logs/{run}/analyse_agreement/{unit}/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("analyse_agreement"),
        runtime=runtime("analyse_agreement", "translation"),
        gpu=cards("analyse_agreement"),
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
        sft=analysed("results/{run}/sft/translation/{model}.jsonl"),
        manifests=analysed(rules.convert_foundation.output.manifest),
    output:
        agreement=report(
            "results/{run}/tables/agreement.csv",
            caption="../report/agreement.rst",
            category=SECTIONS["agreement"],
        ),
        quality=report(
            "results/{run}/tables/quality.csv",
            caption="../report/quality.rst",
            category=SECTIONS["quality"],
        ),
        md=multiext("results/{run}/tables/", "agreement.md", "quality.md"),
        units="results/{run}/tables/prior_units.csv",
        propagation="results/{run}/tables/propagation.csv",
    log:
        "logs/{run}/tabulate_analysis.log",
    conda:
        ENVIRONMENT
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
        " --items {input.test} --outputs {input.outputs} --sft {input.sft}"
        " --tokenizers {params.tokenizers} --resamples {params.resamples} --seed {params.seed}"
        " --tables results/{wildcards.run}/tables 2>&1 | tee {log}"


rule measure_forgetting:
    input:
        code=code("scripts/measure_forgetting.py"),
        manifest=rules.convert_foundation.output.manifest,
        sft=expand(
            "results/{{run}}/models/sft/{task}/{{model}}/manifest.json", task=TUNED
        ),
        test=expand(
            "results/{{run}}/data/translation/{unit}/test.jsonl",
            unit=MAIN["translation"],
        ),
    output:
        csv="results/{run}/analysis/forgetting/{model}.csv",
    log:
        "logs/{run}/measure_forgetting/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("measure_forgetting"),
        runtime=runtime("measure_forgetting"),
        gpu=cards("measure_forgetting"),
    params:
        dtype=foundation("dtype"),
        directions=MAIN["translation"],
        tasks=TUNED,
    message:
        "What the SFT models of {wildcards.model} forget"
    shell:
        "python scripts/measure_forgetting.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --directions {params.directions} --items {input.test} --tasks {params.tasks} --sft {input.sft}"
        " --csv {output.csv} 2>&1 | tee {log}"


rule decode_crossed:
    input:
        code=task_code("scripts/decode_sft.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        sft="results/{run}/models/sft/{trained}/{model}/manifest.json",
        choice=rules.choose_prompt.output.choice,
        test=splits("test", units=CROSSED),
    output:
        outputs="results/{run}/analysis/crossed/{trained}/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_crossed/{trained}/{task}/{model}.log",
    wildcard_constraints:
        trained="|".join(COLUMNS),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_crossed"),
        runtime=runtime("decode_crossed"),
        gpu=cards("decode_crossed"),
    params:
        dtype=foundation("dtype"),
        directions=lambda w: CROSSED[w.task],
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Decoding {wildcards.task} with the SFT model for {wildcards.trained}"
    shell:
        "python scripts/decode_sft.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --directions {params.directions} --items {input.test}"
        " --prompt {input.choice} --max-answer-tokens {params.limit} {params.cut} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_crossed/{wildcards.trained}/{wildcards.task}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule tabulate_forgetting:
    input:
        code=code_inputs(
            "scripts/tabulate_forgetting.py",
            [f"tasks.{task}.metrics" for task in TUNED],
        ),
        languages=expand(
            "results/{{run}}/analysis/forgetting/{model}.csv", model=FOUNDATIONS
        ),
        decoded=[
            f"results/{{run}}/decode/{task}/{unit}/{model}.jsonl"
            for model in FOUNDATIONS
            for task in TUNED
            for unit in CROSSED[task]
        ],
        tuned=expand(
            "results/{{run}}/sft/{task}/{model}.jsonl", task=TUNED, model=FOUNDATIONS
        ),
        crossed=CROSSED_OUTPUTS,
        data=[
            f"results/{{run}}/data/{task}/{unit}/test.jsonl"
            for task in TUNED
            for unit in CROSSED[task]
        ],
    output:
        csv=report(
            "results/{run}/tables/forgetting.csv",
            caption="../report/forgetting.rst",
            category=SECTIONS["limits"],
        ),
        crossed=report(
            "results/{run}/tables/crossed.csv",
            caption="../report/forgetting.rst",
            category=SECTIONS["limits"],
        ),
        md="results/{run}/tables/forgetting.md",
    log:
        "logs/{run}/tabulate_forgetting.log",
    conda:
        ENVIRONMENT
    params:
        foundations=list(FOUNDATIONS),
        units=as_json(CROSSED),
    message:
        "The tables of forgetting"
    shell:
        "python scripts/tabulate_forgetting.py --foundations {params.foundations} --languages {input.languages}"
        " --results results/{wildcards.run} --units {params.units:q} --csv {output.csv} --crossed {output.crossed}"
        " --md {output.md} 2>&1 | tee {log}"


rule tabulate_resources:
    input:
        code=code("scripts/tabulate_resources.py"),
        checks=expand("results/{{run}}/checks/{model}.json", model=FOUNDATIONS),
        tables=expand(
            "results/{{run}}/tables/{table}.csv",
            table=[
                table for table, (task, _) in TABLES.items() if task == "translation"
            ],
        ),
    output:
        csv=report(
            "results/{run}/tables/resources.csv",
            caption="../report/resources.rst",
            category=SECTIONS["limits"],
        ),
        md="results/{run}/tables/resources.md",
    log:
        "logs/{run}/tabulate_resources.log",
    conda:
        ENVIRONMENT
    params:
        foundations=list(FOUNDATIONS),
        directions=UNITS["translation"],
    message:
        "The table of languages by resource level"
    shell:
        "python scripts/tabulate_resources.py --foundations {params.foundations} --checks {input.checks}"
        " --tables {input.tables} --directions {params.directions} --csv {output.csv} --md {output.md} 2>&1 | tee {log}"
