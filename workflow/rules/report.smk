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


def explorer_files(task):
    """Return what the explorer shows of a task, by names of inputs that begin with the task's; {run} stays."""
    found = {
        **{
            split: splits_of(task, f"{split}.jsonl")
            for split in ("test", "out_of_domain", "train")
        },
        "refined": (
            [f"results/{{run}}/refined/{task}.jsonl"]
            if has(config, task, "refined")
            else []
        ),
        "scores": [
            f"results/{{run}}/scores/{task}/{model}.json" for model in FOUNDATIONS
        ],
    }
    analysed_subsets = (
        MAIN[task] if task == "translation" and "agreement" in ANALYSES else []
    )
    for n, model in enumerate(FOUNDATIONS):
        found[f"outputs_{n}"] = [
            f"results/{{run}}/decode/{task}/{subset}/{model}.jsonl"
            for subset in SUBSETS[task]
        ]
        found[f"tuned_{n}"] = [
            *(
                [f"results/{{run}}/sft/{task}/{model}.jsonl"]
                if has(config, task, "sft")
                else []
            ),
            *(
                f"results/{{run}}/other_sft/{other}/{model}.jsonl"
                for other in OTHER_SFT
                if task == "translation"
            ),
            *(
                f"results/{{run}}/sft_seeds/{task}/{model}/{own}.jsonl"
                for own in further_seeds(config, task)
            ),
        ]
        found[f"steps_{n}"] = [
            f"results/{{run}}/analysis/agreement/{subset}/{model}.csv"
            for subset in analysed_subsets
        ]
    return {f"{task}_{name}": files for name, files in found.items()}


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
