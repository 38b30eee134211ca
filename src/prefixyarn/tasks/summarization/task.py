"""Summaries are free text; a dictionary's prior is the source's most salient word."""

from prefixyarn.tasks.task import Task

TASK = Task(salient=True)
