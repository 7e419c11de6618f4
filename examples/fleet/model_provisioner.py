"""`python -m fleet.model_provisioner`: the catalogue, and models checked and copied to where workers find them."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from aiohttp import web

from fleet.arguments import folder
from fleet.catalogue import OWN, BadModelError, Catalogue, CatalogueError
from fleet.service import (
    RefusedError,
    Settings,
    application,
    in_short,
    json_answer,
    life_points,
    parser,
    run,
    settings_of,
)
from fleet.staging import remove_unfinished, stage
from fleet.wire import Model, Models, StagedModel
from narration_core import Narrator, register_field

NAME: Final = "model-provisioner"
narrate: Final = Narrator(NAME)
LIFE: Final = life_points(NAME)

register_field("verdict", str, "what came of it, in a few words")


class Provisioner:
    """The service.

    Args:
        catalogue: the models that there are.
        folder: where staged models are.
    """

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._staging: dict[str, asyncio.Lock] = {}

    def application(self, settings: Settings) -> web.Application:
        """Return the aiohttp application."""
        app = application(narrate, LIFE, settings)
        app.router.add_get("/v1/models", self.models)
        app.router.add_get("/v1/models/{model_ref}", self.model)
        app.router.add_post("/v1/models/{model_ref}/stage", self.stage)
        return app

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models: every model whose file can be used."""
        found: list[Model] = []
        for model_ref in self._catalogue:
            try:
                found.append(await asyncio.to_thread(self._catalogue.model, model_ref))
            except BadModelError as error:
                narrate.warn(
                    "model_skip", model_ref, "Left {target} out: {verdict}",
                    verdict=in_short(error.reason), error_kind=error.code.lower(),
                )  # fmt: skip
        return json_answer(Models(found))

    async def model(self, request: web.Request) -> web.Response:
        """GET /v1/models/{model_ref}."""
        model_ref = self._known(request)
        try:
            return json_answer(await asyncio.to_thread(self._catalogue.model, model_ref))
        except BadModelError as error:
            raise self._refused(model_ref, error) from None

    async def stage(self, request: web.Request) -> web.Response:
        """POST /v1/models/{model_ref}/stage: check a model and copy it; of two requests one waits for the other."""
        model_ref = self._known(request)
        async with self._staging.setdefault(model_ref, asyncio.Lock()):
            try:
                return json_answer(await self._staged(model_ref))
            except BadModelError as error:
                raise self._refused(model_ref, error) from None
            except OSError as error:
                raise RefusedError(
                    507, "STAGING_FAILED", f"{model_ref} cannot be copied: {error.strerror}", "look at the disk"
                ) from None

    async def _staged(self, model_ref: str) -> StagedModel:
        work = narrate.span(
            "model_stage", model_ref, "Checking and staging {target}", done="Checked {target}: {verdict}"
        )
        bad: BadModelError | None = None
        with work:
            try:
                staged = await asyncio.to_thread(
                    stage, self._catalogue.entry(model_ref), self._catalogue.locate(model_ref), self._folder
                )
                work.note(verdict="it is whole, and it is staged")
            except BadModelError as error:
                work.note(verdict=in_short(error.reason))
                bad = error
        if bad is not None:
            raise bad
        return staged

    def _known(self, request: web.Request) -> str:
        model_ref = request.match_info["model_ref"]
        if not self._catalogue.exists(model_ref):
            raise RefusedError(
                404, "UNKNOWN_MODEL", f"no model {model_ref[:80]!r} is in the catalogue", "see GET /v1/models"
            )
        return model_ref

    @staticmethod
    def _refused(model_ref: str, error: BadModelError) -> RefusedError:
        narrate.error(
            "model_refuse", model_ref, "Refused {target}: {verdict}",
            verdict=in_short(error.reason), error_kind=error.code.lower(),
        )  # fmt: skip
        hint = "fetch the file again, or mend the catalogue"
        return RefusedError(422, error.code, f"{model_ref}: {error.reason}", hint)


def main() -> int:
    """Run the service."""
    given = parser("model_provisioner", __doc__)
    given.add_argument("--catalogue", type=Path, default=OWN)
    given.add_argument("--folder", type=folder, required=True, help="where staged models are")
    arguments = given.parse_args()
    settings = settings_of(arguments)
    try:
        catalogue = Catalogue(arguments.catalogue)
    except CatalogueError as error:
        given.error(f"argument --catalogue: {error}")
    remove_unfinished(arguments.folder)
    provisioner = Provisioner(catalogue, arguments.folder)
    return run(NAME, LIFE, settings, provisioner.application(settings))


if __name__ == "__main__":
    sys.exit(main())
