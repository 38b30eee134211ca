"""Tagged sentences are constrained: the words are given, their tags are chosen."""

from prefixyarn.tasks.tagging.tags import constraint
from prefixyarn.tasks.task import Task

TASK = Task(constraint=constraint)
