"""RQ: ids with every job, its start and its end told. Import this module only where RQ is installed.

`Queue(connection=redis, job_class=NarratingJob)` for those who enqueue, and for those who work
`rq worker --worker-class narration_core.bridges.rq.NarratingWorker --job-class narration_core.bridges.rq.NarratingJob`.
"""

import logging
from typing import Any, ClassVar, Final

from rq import Worker
from rq.job import Job, Retry

from narration_core._configuration import flush
from narration_core._narrator import Narrator
from narration_core.bridges._working import Working
from narration_core.bridges.stdlib import NarrationHandler

_META: Final = "narration"


class NarratingJob(Job):
    """A job that carries the ids of whoever enqueued it, and tells its start and its end.

    Who tells is `rq`; in a class of your own `narrate` says otherwise: `class Job(NarratingJob): narrate = ...`.
    """

    narrate: ClassVar[Narrator] = Narrator("rq")
    _working: ClassVar[Working] = Working(narrate)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._working = Working(cls.narrate)

    @classmethod
    def create(cls, *args: Any, **options: Any) -> Job:
        """Create a job that is enqueued later or at once."""
        job = super().create(*args, **options)
        job.meta[_META] = cls._working.enqueued(_name(job), job.id)
        return job

    def perform(self) -> Any:
        """Run the job in the scope of whoever enqueued it."""
        work = self._working.begin(_carried(self).get, _name(self), self.id)
        try:
            result = super().perform()
        except Exception as error:
            (work.tried_again if self.should_retry else work.failed)(error)
            raise
        else:
            if isinstance(result, Retry):
                if (self.number_of_retries or 0) < result.max:
                    work.tried_again(None)
                else:
                    work.gave_up("max_retries_exceeded")
            return result
        finally:
            work.leave()
            flush()  # the process of a job is left by os._exit


class NarratingWorker(Worker):
    """A worker whose log lines are narration, and that tells in a job's story that its process died.

    RQ's own worker prints what jobs raise as it is, with every secret in it.
    """

    def work(self, *args: Any, **options: Any) -> bool:
        """Work as `rq.Worker` does; handlers that the root logger has already stay as they are."""
        root = logging.getLogger()
        if not root.handlers:
            root.addHandler(NarrationHandler())
            root.setLevel(logging.INFO)
        own = logging.getLogger("rq.worker")  # RQ's command line has given it handlers of its own
        own.handlers.clear()
        own.propagate = True
        self.log_job_description = False  # it holds the arguments, as they are
        try:
            return bool(super().work(*args, **options))
        finally:
            flush()

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Tell that the process of a job died before the job ended."""
        if isinstance(job, NarratingJob):
            job._working.lost(_carried(job).get, _name(job), job.id)  # noqa: SLF001 - of this module
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]


def _carried(job: Job) -> dict[str, str]:
    return {name.lower(): value for name, value in (job.meta.get(_META) or {}).items()}


def _name(job: Job) -> str:
    return str(job.func_name or "job")
