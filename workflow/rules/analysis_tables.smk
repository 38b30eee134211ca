# The tables of the analyses (paper sections 2.2 and 5, open questions, limits).


if ANALYSED:

    rule tabulate_analysis:
        input:
            code=code_inputs(
                "scripts/tabulate_analysis.py",
                [f"tasks.{task}.metrics" for task in TUNED],
            ),
            steps=analysed("results/{run}/analysis/agreement/{subset}/{model}.csv"),
            data=splits_of("translation", "test.jsonl", subsets=MAIN),
            outputs=analysed("results/{run}/analysis/outputs/{subset}/{model}.jsonl"),
            sft=expand(
                "results/{{run}}/sft/translation/{model}.jsonl", model=FOUNDATIONS
            ),
            manifests=expand(
                "resources/foundations/{model}/model/manifest.json",
                model=FOUNDATIONS,
            ),
            bits=expand(
                "results/{{run}}/analysis/forgetting/{model}.csv",
                model=FOUNDATIONS,
            ),
            cross_data=[
                file
                for task in TUNED
                for file in splits_of(task, "test.jsonl", subsets=CROSS_TASK)
            ],
            decoded=[
                f"results/{{run}}/decode/{task}/{subset}/{model}.jsonl"
                for model in FOUNDATIONS
                for task in TUNED
                for subset in CROSS_TASK[task]
            ],
            tuned=[
                f"results/{{run}}/sft/{task}/{model}.jsonl"
                for model in FOUNDATIONS
                for task in TUNED
            ],
            tried=CROSS_TASK_OUTPUTS,
        output:
            agreement=report(
                "results/{run}/tables/agreement.csv",
                caption="../report/agreement.rst",
                category=SECTIONS["agreement"],
            ),
            quality=report(
                "results/{run}/tables/prior_quality.csv",
                caption="../report/prior_quality.rst",
                category=SECTIONS["quality"],
            ),
            length="results/{run}/tables/prior_length.csv",
            propagation="results/{run}/tables/propagation.csv",
            forgetting=report(
                "results/{run}/tables/forgetting.csv",
                caption="../report/forgetting.rst",
                category=SECTIONS["limits"],
            ),
            cross_task=report(
                "results/{run}/tables/cross_task.csv",
                caption="../report/forgetting.rst",
                category=SECTIONS["limits"],
            ),
            md=[
                f"results/{{run}}/tables/{name}.md"
                for name in analysis_tables(config)
                if f"{name}.md" in final_tables(config)
            ],
        log:
            "logs/{run}/tabulate_analysis.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            foundations=list(FOUNDATIONS),
            subsets=MAIN["translation"],
            cross_task=lambda w: CROSS_TASK,
            most_items=ANALYSIS["items"],
            k=ANALYSIS["k"],
            corrupt_words=ANALYSIS["corrupt_words"],
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the tables of the analyses"
        script:
            "../../scripts/tabulate_analysis.py"
