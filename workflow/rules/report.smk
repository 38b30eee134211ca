# The report and the explorer: an HTML file each.


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


rule write_explorer:
    input:
        **{key: files for task in TASKS for key, files in explorer_files(task).items()},
        code=[
            *code_inputs(
                "scripts/write_explorer.py", [f"tasks.{task}.scores" for task in TASKS]
            ),
            *(
                f"src/prefixyarn/explorer/explorer.{kind}"
                for kind in ("html.j2", "css", "js")
            ),
        ],
    output:
        explorer="results/{run}/explorer.html",
    log:
        "logs/{run}/write_explorer.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        foundations=LABELS,
        subsets={task: SUBSETS[task] for task in TASKS},
    message:
        "Writing the explorer"
    script:
        "../../scripts/write_explorer.py"
