# What else can be asked for by name: stages of a run (those of dvc.yaml), and what comes over the network.


# The cheapest task's table: `make results` has it made before anything else.
rule first_table:
    input:
        f"results/{config['run']}/tables/{TASKS[-1]}.md",
        decoded(config, TASKS[-1:]),
    localrule: True


rule data:
    input:
        prepared(config),
    localrule: True


rule models:
    input:
        trained(config),
    localrule: True


rule answers:
    input:
        answered(config),
    localrule: True


# For a login node: the rest runs without a network.
rule fetch_all:
    input:
        fetched(config),
    localrule: True


# What `--logger prefixyarn` tells of.
CONFIG.update(config)


onstart:
    if workflow.non_local_exec:
        elsewhere()


onsuccess:
    if not workflow.dag_settings.targets:
        print(
            f"\nDone: the tables are in results/{config['run']}/tables/",
            file=sys.stderr,
        )


# The last words are those of the job that failed: at exit, as Snakemake says more after this.
onerror:
    atexit.register(print, *failures(log[0]), sep="\n", file=sys.stderr)
