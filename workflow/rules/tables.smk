# Tables (paper section 4.2).


# A rule a task, since translation has more tables than the others.
for task in TASKS:

    rule:
        name:
            f"tabulate_task_{task}"
        input:
            code=code_inputs("scripts/tabulate_task.py", [f"tasks.{task}.scores"]),
            scores=expand(
                "results/{{run}}/scores/{task}/{model}.json",
                task=task,
                model=FOUNDATIONS,
            ),
            sft=expand(
                "results/{{run}}/models/sft/{task}/{model}/manifest.json",
                task=task,
                model=FOUNDATIONS if has(config, task, "sft") else [],
            ),
            refined=(
                f"results/{{run}}/models/refined/{task}/manifest.json"
                if has(config, task, "refined")
                else []
            ),
            prompts=expand(
                "results/{{run}}/prompts/{task}/{model}.json",
                task=task,
                model=FOUNDATIONS,
            ),
            examples=expand(
                "results/{{run}}/examples/{task}/{model}.json",
                task=task,
                model=FOUNDATIONS if has(config, task, "examples") else [],
            ),
            note=f"results/{{run}}/data/{task}/note.json",
        output:
            csv=report(
                f"results/{{run}}/tables/{task}.csv",
                caption="../report/table.rst",
                category=SECTIONS.get(task, task),
            ),
            md=f"results/{{run}}/tables/{task}.md",
            tex=f"results/{{run}}/tables/{task}.tex",
            prompts=expand(
                "results/{{run}}/tables/prompts_{task}.{kind}",
                task=task,
                kind=("csv", "md"),
            ),
            other_directions=[
                f"results/{{run}}/tables/{table}.{kind}"
                for table, (own, _) in TABLES.items()
                for kind in ("csv", "md", "tex")
                if own == task and table != task
            ],
            by_direction=[
                f"results/{{run}}/tables/by_direction.{kind}"
                for kind in ("csv", "md")
                if task == "translation"
            ],
            groups=(
                "results/{run}/tables/translation_groups.csv"
                if task == "translation"
                else []
            ),
            contrasts=(
                "results/{run}/tables/translation_contrasts.csv"
                if task == "translation"
                else []
            ),
            primary=(
                "results/{run}/tables/primary.csv" if task == "translation" else []
            ),
        log:
            f"logs/{{run}}/tabulate_task/{task}.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            task=task,
            foundations=LABELS,
            subsets=MAIN[task],
            other_directions=config[task].get("other_directions", []),
            left_out=list(LEFT_OUT[task].values()),
            block=config[task],
            induced=config[task].get("lexicon", {}).get("source") == "induced",
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            f"Making the tables of {task}"
        script:
            "../../scripts/tabulate_task.py"


rule tabulate_across:
    input:
        **{key: files for task in TASKS for key, files in cost_files(task).items()},
        code=code("scripts/tabulate_across.py"),
        scores=expand("results/{{run}}/tables/{table}.csv", table=TABLES),
        analyses=expand(
            "results/{{run}}/tables/{table}.csv", table=analysis_tables(config)
        ),
        groups=(
            [
                "results/{run}/tables/translation_groups.csv",
                "results/{run}/tables/translation_contrasts.csv",
            ]
            if "translation" in TASKS
            else []
        ),
        primary="results/{run}/tables/primary.csv" if "translation" in TASKS else [],
        mixes="results/{run}/tables/mixes_verdicts.csv" if PRETRAINING else [],
        checks=expand(
            "results/{{run}}/checks/{model}.json",
            model=FOUNDATIONS if "translation" in TASKS else [],
        ),
        manifests=expand(
            "resources/foundations/{model}/model/manifest.json",
            model=FOUNDATIONS if compares_sizes(config) else [],
        ),
    output:
        overview=[
            report(
                "results/{run}/tables/overview.csv",
                caption="../report/overview.rst",
                category=SECTIONS["all"],
            ),
            "results/{run}/tables/overview.md",
            "results/{run}/tables/overview.tex",
        ],
        metrics="results/{run}/metrics.json",
        costs=[
            report(
                f"results/{{run}}/tables/cost_{task}.csv",
                caption="../report/cost.rst",
                category=SECTIONS["cost"],
            )
            for task in TASKS
        ]
        + [f"results/{{run}}/tables/cost_{task}.md" for task in TASKS],
        findings=[
            report(
                "results/{run}/tables/findings.csv",
                caption="../report/findings.rst",
                category=SECTIONS["all"],
            ),
            "results/{run}/tables/findings.md",
        ],
        language_resources=[
            own
            for own in (
                report(
                    "results/{run}/tables/language_resources.csv",
                    caption="../report/language_resources.rst",
                    category=SECTIONS["limits"],
                ),
                "results/{run}/tables/language_resources.md",
            )
            if "translation" in TASKS
        ],
        language_resources_fit=(
            "results/{run}/tables/language_resources_fit.csv"
            if fits_languages(config)
            else []
        ),
        scale=[
            f"results/{{run}}/tables/scale.{kind}"
            for kind in ("csv", "md")
            if compares_sizes(config)
        ],
    log:
        "logs/{run}/tabulate_across.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        foundations=LABELS,
        subsets={task: SUBSETS[task] for task in TASKS},
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Making the tables across the tasks"
    script:
        "../../scripts/tabulate_across.py"
