# Why it works: what the analyses of the translation task measure (paper sections 2.2 and 5).


rule measure_agreement:
    input:
        code=code("scripts/measure_agreement.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice="results/{run}/prompts/translation/{model}.json",
        sft="results/{run}/models/sft/translation/{model}/manifest.json",
        tuned="results/{run}/sft/translation/{model}.jsonl",
        own=rules.decode_analysis.output.outputs,
        data="results/{run}/data/translation/{subset}/test.jsonl",
    output:
        steps="results/{run}/analysis/agreement/{subset}/{model}.csv",
    log:
        "logs/{run}/measure_agreement/{subset}/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("measure_agreement"),
        runtime=runtime("measure_agreement", "translation"),
        gpu=cards("measure_agreement"),
    params:
        dtype=foundation("dtype"),
        languages=config["languages"],
        k=ANALYSIS["free_k"],
        most_items=ANALYSIS["items"],
    message:
        "Comparing foundation and SFT model token by token: {wildcards.subset}, {wildcards.model}"
    script:
        "../../scripts/measure_agreement.py"


rule measure_mechanism:
    input:
        code=code("scripts/measure_mechanism.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice="results/{run}/prompts/translation/{model}.json",
        sft="results/{run}/models/sft/translation/{model}/manifest.json",
        priors=rules.build_mechanism_priors.output.priors,
        data="results/{run}/data/translation/{subset}/test.jsonl",
    output:
        scores="results/{run}/analysis/mechanism/{subset}/{model}.csv",
    log:
        "logs/{run}/measure_mechanism/{subset}/{model}.log",
    benchmark:
        "results/{run}/timings/measure_mechanism/{subset}/{model}.tsv"
    conda:
        decoder_environment
    threads: 1
    resources:
        mem_mb=memory("measure_mechanism"),
        runtime=runtime("measure_mechanism", "translation"),
        gpu=cards("measure_mechanism"),
    params:
        dtype=foundation("dtype"),
        backend=foundation("engine"),
        most_items=ANALYSIS["items"],
    message:
        "Measuring what a prior does: {wildcards.subset}, {wildcards.model}"
    script:
        "../../scripts/measure_mechanism.py"


rule measure_forgetting:
    input:
        code=code("scripts/measure_forgetting.py"),
        manifest=rules.convert_foundation.output.manifest,
        sft=expand(
            "results/{{run}}/models/sft/{task}/{{model}}/manifest.json", task=TUNED
        ),
        data=splits_of("translation", "test.jsonl", subsets=MAIN),
    output:
        bits="results/{run}/analysis/forgetting/{model}.csv",
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
        subsets=MAIN["translation"],
        tasks=TUNED,
    message:
        "Measuring what the SFT models of {wildcards.model} forget"
    script:
        "../../scripts/measure_forgetting.py"
