"""Pictures from strangers, made anew: what leaves here is pixels alone."""

import asyncio
import io
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from PIL import Image, ImageOps

from jwt_pizza.kernel.errors import Invalid, Unavailable

_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_LEAST: Final = 128
_LONGEST: Final = 10_000
_MOST: Final = 40_000_000
"""Pixels: a small file may unfold to gigabytes, so that it is measured first."""
_SECONDS: Final = 10.0
_QUALITY: Final = 76


class Images:
    """One at a time, in a thread: a picture takes a core for a quarter of a second."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def squares(self, body: bytes, widths: Sequence[int]) -> Mapping[int, bytes]:
        """The middle of it as WebP, by width in pixels. Raises Invalid; Unavailable when it takes too long."""
        try:
            async with asyncio.timeout(_SECONDS), self._turn:
                return await asyncio.to_thread(_squares, body, widths)
        except TimeoutError:
            raise Unavailable("the picture takes too long now, please try again", retry_after=10) from None


def _squares(body: bytes, widths: Sequence[int]) -> Mapping[int, bytes]:
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
            _measured(image)
            # JPEG: decoded no larger than is needed.
            image.draft("RGB", (2 * max(widths), 2 * max(widths)))
            upright = ImageOps.exif_transpose(image)
            plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            return {width: _webp(ImageOps.fit(plain, (width, width), Image.Resampling.LANCZOS)) for width in widths}
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as broken:
        raise Invalid("this cannot be read as a PNG, JPEG or WebP picture, save it anew") from broken
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _too_large() from bomb


def _measured(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < _LEAST:
        raise Invalid(f"the picture has {width} × {height} pixels, and needs {_LEAST} on both sides")
    if max(width, height) > _LONGEST or width * height > _MOST:
        raise _too_large()


def _too_large() -> Invalid:
    return Invalid(f"the picture has too many pixels, make it smaller than {_MOST // 1_000_000} megapixels")


def _webp(image: Image.Image) -> bytes:
    # New pixels without anything that came along: place, camera, colour profile, a second picture within.
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
