# Tables and figures (paper section 4.2).


rule tabulate_task:
    input:
        code=lambda w: code_inputs(
            "scripts/tabulate_task.py", [f"tasks.{TABLES[w.table][0]}.scores"]
        ),
        scores=table_files("results/{run}/scores/{task}/{unit}/{model}.json"),
        sft=table_files(rules.train_sft.output.manifest, "sft"),
        refined=table_files(rules.train_refined.output.manifest, "refined"),
        note=lambda w: f"results/{w.run}/data/{TABLES[w.table][0]}/note.json",
    output:
        csv=report(
            "results/{run}/tables/{table}.csv",
            caption="../report/table.rst",
            category=lambda w: SECTIONS.get(TABLES[w.table][0], TABLES[w.table][0]),
        ),
        md="results/{run}/tables/{table}.md",
        tex="results/{run}/tables/{table}.tex",
    log:
        "logs/{run}/tabulate_task/{table}.log",
    wildcard_constraints:
        table="|".join(TABLES),
    conda:
        ENVIRONMENT
    params:
        task=lambda w: TABLES[w.table][0],
        foundations=as_json(list(LABELS.items())),
        directions=lambda w: TABLES[w.table][1],
        left_out=lambda w: as_json(list(LEFT_OUT[TABLES[w.table][0]].values()))(w),
        config=lambda w: as_json(config[TABLES[w.table][0]])(w),
        claims=lambda w: "--claims" if w.table == "main" else "",
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "The table {wildcards.table}"
    shell:
        "python scripts/tabulate_task.py --task {params.task} --foundations {params.foundations:q}"
        " --directions {params.directions} --config {params.config:q} --scores {input.scores} --sft {input.sft}"
        " --refined {input.refined} --resamples {params.resamples} --seed {params.seed} --note {input.note} --left-out {params.left_out:q}"
        " {params.claims} --csv {output.csv} --md {output.md} --tex {output.tex} 2>&1 | tee {log}"


rule tabulate_overview:
    input:
        code=code("scripts/tabulate_overview.py"),
        tables=expand("results/{{run}}/tables/{table}.csv", table=MAIN_TABLES),
    output:
        csv=report(
            "results/{run}/tables/overview.csv",
            caption="../report/overview.rst",
            category=SECTIONS["all"],
        ),
        md="results/{run}/tables/overview.md",
        tex="results/{run}/tables/overview.tex",
        metrics="results/{run}/metrics.json",
    log:
        "logs/{run}/tabulate_overview.log",
    conda:
        ENVIRONMENT
    params:
        tasks=TASKS,
        foundations=as_json(list(LABELS.items())),
    message:
        "The tasks side by side"
    shell:
        "python scripts/tabulate_overview.py --tasks {params.tasks} --tables {input.tables}"
        " --foundations {params.foundations:q} --csv {output.csv} --md {output.md} --tex {output.tex}"
        " --metrics {output.metrics} 2>&1 | tee {log}"


rule tabulate_translation:
    input:
        code=code("scripts/tabulate_translation.py"),
        scores=expand(
            "results/{{run}}/scores/translation/{unit}/{model}.json",
            model=FOUNDATIONS,
            unit=MAIN["translation"],
        ),
        prompts=expand(
            "results/{{run}}/prompts/translation/{model}.json", model=FOUNDATIONS
        ),
        note="results/{run}/data/translation/note.json",
    output:
        csv="results/{run}/tables/translation.csv",
        md="results/{run}/tables/translation.md",
    log:
        "logs/{run}/tabulate_translation.log",
    conda:
        ENVIRONMENT
    params:
        foundations=as_json(list(LABELS.items())),
        directions=MAIN["translation"],
        resamples=config["score"]["resamples"],
        seed=config["seed"],
        induced="--induced" if TRANSLATION["lexicon"]["source"] == "induced" else "",
    message:
        "The translation table"
    shell:
        "python scripts/tabulate_translation.py --foundations {params.foundations:q}"
        " --directions {params.directions} --scores {input.scores} --prompts {input.prompts}"
        " --resamples {params.resamples} --seed {params.seed} --note {input.note} {params.induced}"
        " --csv {output.csv} --md {output.md} > {log} 2>&1"


rule tabulate_prompts:
    input:
        code=code("scripts/tabulate_prompts.py"),
        prompts=over_units("results/{run}/prompts/{task}/{model}.json"),
        examples=over_units("results/{run}/examples/{task}/{model}.json", "examples"),
    output:
        csv="results/{run}/tables/prompts_{task}.csv",
        md="results/{run}/tables/prompts_{task}.md",
    log:
        "logs/{run}/tabulate_prompts/{task}.log",
    conda:
        ENVIRONMENT
    params:
        foundations=list(FOUNDATIONS),
    message:
        "The prompts' dev scores, {wildcards.task}"
    shell:
        "python scripts/tabulate_prompts.py --foundations {params.foundations} --prompts {input.prompts}"
        " --examples {input.examples} --csv {output.csv} --md {output.md} > {log} 2>&1"


rule tabulate_cost:
    input:
        code=code("scripts/tabulate_cost.py"),
        train=splits("train"),
        sft=over_units(rules.train_sft.output.manifest, "sft"),
        refined=where("refined", rules.train_refined.output.manifest),
        induce_lexicon=over_units(rules.induce_lexicon.benchmark, "lexicon"),
        train_refined=where("refined", rules.train_refined.benchmark),
        predict_refined=over_units(rules.predict_refined.benchmark, "refined"),
        predictions=over_units(rules.predict_refined.output.predictions, "refined"),
        train_sft=over_units(rules.train_sft.benchmark, "sft"),
        decode_sft=over_units(rules.decode_sft.benchmark, "sft"),
        sft_outputs=over_units(rules.decode_sft.output.outputs, "sft"),
        decode_examples=over_units(rules.decode_examples.benchmark, "examples"),
        trials=over_units(rules.decode_examples.output.outputs, "examples"),
        build_priors=over_units(rules.build_priors.benchmark),
        priors=over_units(rules.build_priors.output.priors),
        decode=over_units(rules.decode.benchmark),
        outputs=over_units(rules.decode.output.outputs),
        overview=rules.tabulate_overview.output.csv,
    output:
        csv=report(
            "results/{run}/tables/cost_{task}.csv",
            caption="../report/cost.rst",
            category=SECTIONS["cost"],
        ),
        md="results/{run}/tables/cost_{task}.md",
    log:
        "logs/{run}/tabulate_cost/{task}.log",
    conda:
        ENVIRONMENT
    params:
        foundations=as_json(list(LABELS.items())),
    message:
        "The table of costs, {wildcards.task}"
    shell:
        "python scripts/tabulate_cost.py --task {wildcards.task} --foundations {params.foundations:q}"
        " --train {input.train}"
        " --timings induce_lexicon {input.induce_lexicon} --timings train_refined {input.train_refined}"
        " --timings predict_refined {input.predict_refined} --timings train_sft {input.train_sft}"
        " --timings decode_sft {input.decode_sft} --timings decode_examples {input.decode_examples}"
        " --timings build_priors {input.build_priors} --timings decode {input.decode}"
        " --answers predict_refined {input.predictions} --answers decode_sft {input.sft_outputs}"
        " --answers decode_examples {input.trials} --answers build_priors {input.priors}"
        " --answers decode {input.outputs}"
        " --sft {input.sft} --refined {input.refined} --overview {input.overview} --csv {output.csv} --md {output.md}"
        " 2>&1 | tee {log}"


rule tabulate_scale:
    input:
        code=code("scripts/tabulate_scale.py"),
        overview=rules.tabulate_overview.output.csv,
        manifests=expand(rules.convert_foundation.output.manifest, model=FOUNDATIONS),
    output:
        csv="results/{run}/tables/scale.csv",
        md="results/{run}/tables/scale.md",
        svg=report(
            "results/{run}/figures/scale.svg",
            caption="../report/scale.rst",
            category=SECTIONS["all"],
        ),
        png="results/{run}/figures/scale.png",
    log:
        "logs/{run}/tabulate_scale.log",
    conda:
        ENVIRONMENT
    params:
        foundations=as_json(list(LABELS.items())),
    message:
        "Share of SFT by the size of the foundation"
    shell:
        "python scripts/tabulate_scale.py --foundations {params.foundations:q} --overview {input.overview}"
        " --manifests {input.manifests} --csv {output.csv} --md {output.md} --figures {output.svg} {output.png}"
        " 2>&1 | tee {log}"


rule tabulate_findings:
    input:
        code=code("scripts/tabulate_findings.py"),
        tables=expand(
            "results/{{run}}/tables/{table}.csv",
            table=[*MAIN_TABLES, *FOUND_TABLES],
        ),
    output:
        csv=report(
            "results/{run}/tables/findings.csv",
            caption="../report/findings.rst",
            category=SECTIONS["all"],
        ),
        md="results/{run}/tables/findings.md",
    log:
        "logs/{run}/tabulate_findings.log",
    conda:
        ENVIRONMENT
    params:
        foundations=as_json(list(LABELS.items())),
    message:
        "The findings: the paper's claims, one by one"
    shell:
        "python scripts/tabulate_findings.py --foundations {params.foundations:q} --tables {input.tables}"
        " --csv {output.csv} --md {output.md} 2>&1 | tee {log}"


rule plot_sft:
    input:
        code=task_code("scripts/plot_sft.py", "metrics"),
        manifest=rules.train_sft.output.manifest,
    output:
        csv="results/{run}/figures/sft_loss_{task}_{model}.csv",
        svg=report(
            "results/{run}/figures/sft_loss_{task}_{model}.svg",
            caption="../report/sft_loss.rst",
            category=SECTIONS["sft"],
        ),
        png="results/{run}/figures/sft_loss_{task}_{model}.png",
    log:
        "logs/{run}/plot_sft/{task}/{model}.log",
    conda:
        ENVIRONMENT
    params:
        label=lambda w: LABELS[w.model],
    message:
        "The loss curve of the SFT model of {wildcards.model}, {wildcards.task}"
    shell:
        "python scripts/plot_sft.py --task {wildcards.task} --manifest {input.manifest} --label {params.label:q} --csv {output.csv}"
        " --figures {output.svg} {output.png} 2>&1 | tee {log}"


rule plot_results:
    input:
        code=code("scripts/plot_results.py"),
        overview=rules.tabulate_overview.output.csv,
        costs=expand("results/{{run}}/tables/cost_{task}.csv", task=TASKS),
        main="results/{run}/tables/main.csv" if "translation" in TASKS else [],
    output:
        headline=report(
            "results/{run}/figures/headline_{model}.svg",
            caption="../report/headline.rst",
            category=SECTIONS["all"],
        ),
        cost=report(
            "results/{run}/figures/cost_{model}.svg",
            caption="../report/cost.rst",
            category=SECTIONS["cost"],
        ),
        off_target=(
            report(
                "results/{run}/figures/off_target_{model}.svg",
                caption="../report/off_target.rst",
                category=SECTIONS["translation"],
            )
            if "translation" in TASKS
            else []
        ),
        png=expand(
            "results/{{run}}/figures/{name}_{{model}}.png",
            name=[
                "headline",
                "cost",
                *(["off_target"] if "translation" in TASKS else []),
            ],
        ),
    log:
        "logs/{run}/plot_results/{model}.log",
    conda:
        ENVIRONMENT
    params:
        label=lambda w: LABELS[w.model],
        tasks=TASKS,
    message:
        "The headline figure of {wildcards.model}"
    shell:
        "python scripts/plot_results.py --foundation {wildcards.model} --label {params.label:q}"
        " --overview {input.overview} --tasks {params.tasks} --costs {input.costs} --main {input.main}"
        " --figures results/{wildcards.run}/figures 2>&1 | tee {log}"


rule plot_analysis:
    input:
        code=code("scripts/plot_analysis.py"),
        tables=expand(
            "results/{{run}}/tables/{table}.csv",
            table=("agreement", "quality", "prior_units"),
        ),
    output:
        agreement=report(
            "results/{run}/figures/agreement_{model}.svg",
            caption="../report/agreement.rst",
            category=SECTIONS["agreement"],
        ),
        silent_majority=report(
            "results/{run}/figures/silent_majority_{model}.svg",
            caption="../report/agreement.rst",
            category=SECTIONS["agreement"],
        ),
        quality=report(
            "results/{run}/figures/quality_{model}.svg",
            caption="../report/quality.rst",
            category=SECTIONS["quality"],
        ),
        prior_units=report(
            "results/{run}/figures/prior_units_{model}.svg",
            caption="../report/prior_units.rst",
            category=SECTIONS["quality"],
        ),
        png=expand(
            "results/{{run}}/figures/{name}_{{model}}.png",
            name=("agreement", "silent_majority", "quality", "prior_units"),
        ),
    log:
        "logs/{run}/plot_analysis/{model}.log",
    conda:
        ENVIRONMENT
    params:
        label=lambda w: LABELS[w.model],
    message:
        "The figures of the analyses of {wildcards.model}"
    shell:
        "python scripts/plot_analysis.py --foundation {wildcards.model} --label {params.label:q}"
        " --tables results/{wildcards.run}/tables --figures results/{wildcards.run}/figures 2>&1 | tee {log}"


rule write_report:
    input:
        code=[
            *code("scripts/write_report.py"),
            "src/prefixyarn/report/report.html.j2",
        ],
        tables=lambda w: [
            f"results/{w.run}/tables/{name}"
            for name in final_tables()
            if name.endswith(".md")
        ],
        figures=lambda w: [
            f"results/{w.run}/figures/{name}.svg" for name in final_figures()
        ],
        examples=(
            analysed("results/{run}/decode/translation/{unit}/{model}.jsonl")
            if "translation" in TASKS
            else []
        ),
    output:
        report="results/{run}/report.html",
    log:
        "logs/{run}/write_report.log",
    conda:
        ENVIRONMENT
    params:
        config=as_json(config),
        results=lambda w, output: str(Path(output.report).parent),
    message:
        "The report"
    shell:
        "python scripts/write_report.py --run {wildcards.run} --config {params.config:q} --results {params.results}"
        " --report {output.report} 2>&1 | tee {log}"
