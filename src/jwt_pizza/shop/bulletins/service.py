"""The banner of every page: as ops last said it, never waited for."""

from jwt_pizza.shop.bulletins.model import Bulletin, StatusPage


class Board:
    def __init__(self, status_page: StatusPage) -> None:
        self._status_page = status_page
        self.bulletin: Bulletin | None = None

    async def refresh(self) -> None:
        self.bulletin = await self._status_page.open_incident()
