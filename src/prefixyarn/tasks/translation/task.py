"""Translations are free text."""

from prefixyarn.tasks.task import Task

TASK = Task()
