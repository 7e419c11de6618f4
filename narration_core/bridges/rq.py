"""RQ: ids with every job, its start and its end told. Import this module only where RQ is installed.

`Queue(connection=redis, job_class=NarratingJob)` for those who enqueue, and for those who work
`rq worker --job-class narration_core.bridges.rq.NarratingJob`, or `Worker([queue], job_class=NarratingJob)`.
"""

from typing import Any, ClassVar, Final

from rq.job import Job

from narration_core._configuration import flush
from narration_core._narrator import Narrator
from narration_core.bridges._working import Working

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
        carried = {name.lower(): value for name, value in (self.meta.get(_META) or {}).items()}
        work = self._working.begin(carried.get, _name(self), self.id)
        try:
            return super().perform()
        except Exception as error:
            work.failed(error)
            raise
        finally:
            work.leave()
            flush()  # the process of a job is left by os._exit


def _name(job: Job) -> str:
    return str(job.func_name or "job")
