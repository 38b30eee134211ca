# The report: one HTML file.


rule write_report:
    input:
        code=[
            *code("scripts/write_report.py"),
            "src/prefixyarn/report/report.html.j2",
        ],
        tables=[
            f"results/{{run}}/tables/{name}"
            for name in final_tables(config)
            if name.endswith(".md")
        ],
        figures=[
            f"results/{{run}}/figures/{name}.svg" for name in final_figures(config)
        ],
        data=(
            splits_of("translation", "test.jsonl", subsets=MAIN)
            if "translation" in TASKS
            else []
        ),
        decoded=expand(
            "results/{{run}}/decode/translation/{subset}/{model}.jsonl",
            subset=MAIN["translation"] if "translation" in TASKS else [],
            model=[*FOUNDATIONS][:1],
        ),
        sft=(
            f"results/{{run}}/sft/translation/{[*FOUNDATIONS][0]}.jsonl"
            if "translation" in TASKS and has(config, "translation", "sft")
            else []
        ),
    output:
        report="results/{run}/report.html",
    log:
        "logs/{run}/write_report.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=lambda w: config,
        subsets=MAIN["translation"] if "translation" in TASKS else [],
    message:
        "Writing the report"
    script:
        "../../scripts/write_report.py"
