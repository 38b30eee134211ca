"""The tasks: a folder each, and a block of the configuration each. docs/adding-a-task.md adds another.

A folder has ``task.py`` (how it is answered), ``metrics.py`` (what they are measured by) and ``scores.py``
(what else tables tell of them), loaded by the task's name, so that a rule runs again where its own task's code changes,
and not where another's or a later stage's does (`prefixyarn.code_inputs`).
"""
