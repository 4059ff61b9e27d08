"""Forms with a file."""

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException

from jwt_pizza.kernel.errors import Invalid, Refusal
from jwt_pizza.web.api import AnyRequest

LARGEST: Final = 5 * 1024 * 1024
"""Bytes of a file."""
LARGEST_BODY: Final = 4 * LARGEST
"""Bytes that are read of a form: who hangs up on a larger file cannot tell what was wrong with it."""


class TooLarge(Refusal):
    status: ClassVar[int] = 413


class Upload(msgspec.Struct, frozen=True):
    fields: Mapping[str, str]
    file: bytes


async def read_upload(request: AnyRequest, name: str) -> Upload:
    """A multipart form with one file of this name. Raises Invalid, TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Invalid("send the form as multipart/form-data")
    try:
        form = await request.form()
    except ClientException as refused:
        if refused.status_code == TooLarge.status:
            raise _too_large() from refused
        raise Invalid("the form cannot be read") from refused
    fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    file = form.get(name)
    if not isinstance(file, UploadFile):
        return Upload(fields, b"")
    body = await file.read(LARGEST + 1)
    await file.close()
    if len(body) > LARGEST:
        raise _too_large()
    return Upload(fields, body)


def _too_large() -> TooLarge:
    return TooLarge(f"the file is too large, choose one of at most {LARGEST // 1024 // 1024} MB")
