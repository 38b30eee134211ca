"""``snakemake --logger prefixyarn``: instead of Snakemake's own text, what `prefixyarn.watch` says.

Snakemake's text goes to its log file, and what jobs print to their logs.
"""

from __future__ import annotations

import builtins
import logging
import os
import shutil
import sys
import threading
from contextlib import suppress
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter, get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from prefixyarn import watch
from prefixyarn.job import LOGS_ONLY
from prefixyarn.running import busy_text

EVERY = {True: 1.0, False: 30.0}  # seconds between lines: on a terminal, where they are rewritten, and elsewhere


class LogHandler(LogHandlerBase):
    """Writes what a person wants to see of a run to standard error."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Say nothing yet."""
        settings = self.common_settings
        self._plain = ColorizingTextHandler(
            nocolor=settings.nocolor,
            formatter=DefaultFormatter(settings.quiet, settings.show_failed_logs),
            filter=DefaultFilter(
                settings.quiet, settings.debug_dag, settings.verbose, settings.dryrun, settings.printshellcmds
            ),
        )
        self._terminal = sys.stderr.isatty()
        self._cores = 1
        self._watch: watch.Watch | None = None
        self._ended = threading.Event()
        if not settings.dryrun:
            os.environ[LOGS_ONLY] = "1"  # jobs inherit it

    def emit(self, record: Any) -> None:
        """Say what an event of Snakemake means to a reader; a dry run is shown as Snakemake shows it."""
        try:
            self._emit(record)
        except Exception:
            self.handleError(record)  # the run goes on, and what follows is still said

    def _emit(self, record: Any) -> None:
        event = get_event(record)
        if self.common_settings.dryrun:
            self._plain.handle(record)
        elif event == LogEvent.RESOURCES_INFO:
            self._cores = getattr(record, "cores", None) or getattr(record, "nodes", None) or self._cores
        elif event == LogEvent.RUN_INFO:
            self._begin(record.stats)
        elif self._watch and event == LogEvent.JOB_INFO:
            log = record.log[0] if record.log else ""
            self._watch.started(record.jobid, record.rule_name, record.rule_msg or "", log, record.wildcards)
        elif self._watch and event == LogEvent.JOB_FINISHED:
            table = watch.table_of(self._watch.finished(record.job_id))
            if table:
                self._say(f"\n{table}\n")
        elif self._watch and event == LogEvent.JOB_ERROR:
            self._say(f"Failed: {self._watch.failed(record.jobid)}; jobs that run are waited for")
        elif getattr(record, "exception", "") == "LockException":
            self._say(busy_text())
        elif _of_the_system(getattr(record, "exception", "")):
            said = record.getMessage().strip().splitlines()[-1]
            self._say(
                f"error: {said}. Free some space or mend the permissions, then run again: nothing finished is lost."
            )
        elif record.levelno >= logging.WARNING and not _of_a_job(record):
            self._clear()
            self._plain.handle(record)

    def _begin(self, counts: dict[str, int]) -> None:
        counts = {rule: count for rule, count in counts.items() if rule != "total"}
        fetching = watch.downloads(watch.CONFIG)  # before jobs have fetched it
        self._watch = watch.Watch(watch.CONFIG, counts, self._cores, watch.slower())
        files = [h.baseFilename for h in logging.getLogger("snakemake.logging").handlers if hasattr(h, "baseFilename")]
        log = os.path.relpath(files[0]) if files else ".snakemake/log"
        jobs, seconds = sum(counts.values()), self._watch.seconds_left()
        self._say(watch.start_text(watch.CONFIG, jobs, seconds, self._cores, fetching, log) + "\n")
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while not self._ended.wait(EVERY[self._terminal]):
            with suppress(OSError, ValueError):  # a terminal that went away
                self._line()

    def _line(self) -> None:
        self.acquire()
        try:
            if self._watch and not self._ended.is_set():
                line = self._watch.line()
                if self._terminal:
                    width = shutil.get_terminal_size().columns or 80
                    line = "\r\033[K" + watch.cut(line, max(20, min(watch.WIDTH, width) - 1))
                print(line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)
        finally:
            self.release()

    def _say(self, text: str) -> None:
        self._clear()
        print(text, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr)

    def close(self) -> None:
        """End the line."""
        self._ended.set()
        self.acquire()
        try:
            self._clear()
        finally:
            self.release()
        super().close()


def _of_the_system(name: str) -> bool:
    """Return whether an exception of this name is an error of the system: a full disk, a folder of another's."""
    found = getattr(builtins, name, None) if name else None
    return isinstance(found, type) and issubclass(found, OSError)


def _of_a_job(record: Any) -> bool:
    """Return whether a job's failure is told: at the end, by the Snakefile, what the job itself said is told."""
    failed = get_event(record) in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR)
    return failed or getattr(record, "exception", "") in ("RuleException", "CalledProcessError")
