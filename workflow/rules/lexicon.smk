# Dictionaries, from which pseudo and random priors are made (paper sections 3 and 5.2).


# A rule a task, since its outputs are: a dictionary a subset.
for task in [task for task in TASKS if "lexicon" in config[task]]:

    rule:
        name:
            f"induce_lexicon_{task}"
        input:
            code=code("scripts/induce_lexicon.py"),
            text=lambda w, task=task: sum(dictionaries(task, w.run).values(), []),
        output:
            lexicons=[
                f"results/{{run}}/lexicon/{task}/{subset}.tsv"
                for subset in SUBSETS[task]
            ],
        log:
            f"logs/{{run}}/induce_lexicon/{task}.log",
        benchmark:
            f"results/{{run}}/timings/induce_lexicon/{task}.tsv"
        priority: 7
        localrule: True
        conda:
            ENVIRONMENT
        params:
            induced=config[task]["lexicon"]["source"] == "induced",
            files=lambda w, task=task: dictionaries(task, w.run),
            lock=LOCK,
        message:
            f"Making the dictionaries of {task}"
        script:
            "../../scripts/induce_lexicon.py"
