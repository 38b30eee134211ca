"""Translations are free text."""

from prefixyarn.tasks.answering import Answers

ANSWERS = Answers()
