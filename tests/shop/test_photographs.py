"""Administrators upload pictures of pizzas; what comes out is pixels alone."""

import io
import re
import struct
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from PIL import Image, ImageCms

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.menu.pictures import WIDTHS
from jwt_pizza.web.uploads import LARGEST
from tests.running import Running
from tests.visitor import Page, Visitor, visiting

SECRET = b"taken at 40.7608 N 111.8910 W"


@pytest.fixture
async def admin(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        await made.log_in("a@jwt.com", "admin")
        yield made


async def test_an_uploaded_picture_is_shown_everywhere_without_what_else_the_file_tells(
    shop: Running, admin: Visitor, postgres: Postgres
) -> None:
    api = (await shop.call("GET", "/api/order/menu")).json
    assert (await upload(admin, photograph())).path == "/admin/menu"
    assert (await upload(admin, photograph())).status == 200, "the same once more"
    async with visiting(shop.url) as guest:
        for path in ("/", "/menu", "/checkout?store=1&pizza-1=2"):
            page = await (admin if "checkout" in path else guest).get(path)
            assert len(set(re.findall(r'src="/photographs/(\w+)/\d+\.webp"', page.text))) == 1, path
        menu = (await guest.get("/menu")).text
        assert menu.count('class="photograph"') == 1
        assert menu.count('src="/pictures/') == len(api) - 1, "the others are drawn as before"
        [name] = set(re.findall(r"/photographs/(\w+)/", menu))
        for width in WIDTHS:
            headers, body = await fetch(f"{shop.url}/photographs/{name}/{width}.webp")
            assert (headers["Content-Type"], "immutable" in headers["Cache-Control"]) == ("image/webp", True)
            assert "no-store" not in headers["Cache-Control"]
            with Image.open(io.BytesIO(body)) as made:
                assert (made.format, made.size) == ("WEBP", (width, width))
                assert not {"exif", "icc_profile", "xmp"} & set(made.info)
                # The camera was held sideways: what it wrote as left is above.
                above, below = (
                    made.convert("RGB").getpixel((width // 2, 4)),
                    made.convert("RGB").getpixel((width // 2, width - 4)),
                )
            assert isinstance(above, tuple)
            assert isinstance(below, tuple)
            assert above[0] > 200
            assert above[2] < 60
            assert below[2] > 200
            assert below[0] < 60
            assert SECRET not in body
        for wrong in (f"{name}/129.webp", f"{name}/128.png", "0/128.webp", "..%2F..%2F/128.webp", "%00/128.webp"):
            assert (await guest.get(f"/photographs/{wrong}")).status == 404, wrong
    assert (await shop.call("GET", "/api/order/menu")).json == api, "other clients know nothing of it"
    page = await admin.get("/admin/menu")
    again = next(form for form in page.forms() if "item" in form.fields and form.fields["item"] == "1")
    again.fields["verb"] = "draw"
    assert "photograph" not in (await admin.submit(again)).text.replace("/photographs", "")
    assert await postgres.fetchval("test", "SELECT count(*) FROM shop.pictures") == 0
    log = (await admin.get("/admin/audit")).text
    assert log.index("the picture is drawn again") < log.index("an uploaded picture")


@pytest.mark.parametrize(
    ("what", "status", "told"),
    [
        ("nothing", 400, "Choose a file."),
        ("words", 400, "This cannot be read as a PNG, JPEG or WebP picture, save it anew."),
        ("svg", 400, "This cannot be read as a PNG, JPEG or WebP picture, save it anew."),
        ("gif", 400, "This cannot be read as a PNG, JPEG or WebP picture, save it anew."),
        ("half", 400, "This cannot be read as a PNG, JPEG or WebP picture, save it anew."),
        ("tiny", 400, "The picture has 20 × 300 pixels, and needs 128 on both sides."),
        ("bomb", 400, "The picture has too many pixels, make it smaller than 40 megapixels."),
        ("large", 413, "The file is too large, choose one of at most 5 MB."),
        ("huge", 413, "The file is too large, choose one of at most 5 MB."),
    ],
)
async def test_what_is_no_picture_is_refused_at_the_form(
    shop: Running, admin: Visitor, what: str, status: int, told: str
) -> None:
    refused = await upload(admin, bad(what))
    assert (refused.status, told in refused.text) == (status, True), refused.text
    assert 'role="alert"' in refused.text
    assert refused.text.count('<details class="whole" open>') == 1, "where it was sent from"
    assert "photograph" not in (await admin.get("/menu")).text


async def test_only_administrators_upload_and_only_by_our_form(shop: Running, admin: Visitor) -> None:
    async with visiting(shop.url) as diner:
        await diner.log_in()
        assert (await upload(diner, bad("huge"), token="")).status == 403, "before anything is read"
    assert (await upload(admin, photograph(), token="")).status == 403
    assert (await upload(admin, photograph(), token="forged")).status == 403
    assert (await upload(admin, photograph(), headers={"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await upload(admin, photograph(), item="999")).status == 404
    assert (await upload(admin, photograph(), item="one")).status == 404
    page = await admin.get("/admin/menu")
    form = page.form("/admin/menu/1/picture")
    assert (await admin.submit(form)).status == 400, "not as a file"
    assert "photograph" not in (await admin.get("/menu")).text


def photograph() -> bytes:
    """A camera's: held sideways, with the place, a colour profile and a remark."""
    image = Image.new("RGB", (900, 600), (250, 40, 40))
    image.paste((40, 40, 250), (450, 0, 900, 600))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = SECRET.decode()
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(out, "JPEG", quality=90, exif=exif, comment=SECRET, icc_profile=profile)
    assert SECRET in out.getvalue()
    return out.getvalue()


def bad(what: str) -> bytes:
    match what:
        case "nothing":
            return b""
        case "words":
            return b"\x89PNG\r\n\x1a\n and no more"
        case "svg":
            return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        case "half":
            return photograph()[:3000]
        case "large":
            return photograph() + bytes(LARGEST)
        case "huge":
            return bytes(5 * LARGEST)
        case "bomb":
            head = struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)
            pixels = zlib.compress(bytes(100))
            return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    out = io.BytesIO()
    Image.new("RGB", (20, 300) if what == "tiny" else (300, 300)).save(out, "PNG" if what == "tiny" else "GIF")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


async def upload(
    visitor: Visitor, body: bytes, *, item: str = "1", token: str | None = None, headers: dict[str, str] | None = None
) -> Page:
    if token is None:
        token = (await visitor.get("/admin/menu")).form("/admin/menu/1/picture").fields["form"]
    form = aiohttp.FormData({"form": token})
    form.add_field("picture", io.BytesIO(body), filename="pizza.png", content_type="image/png")
    return await visitor.send(f"/admin/menu/{item}/picture", form, headers or {})


async def fetch(url: str) -> tuple[dict[str, str], bytes]:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        assert answer.status == 200, url
        return dict(answer.headers), await answer.read()
