"""Takes a message to an address, by whoever was set up for its channel."""

from collections.abc import Awaitable, Callable

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.ops.people.model import Channel

Send = Callable[[str, str, str], Awaitable[object]]
"""(address, subject, text); raises Unavailable."""


class Couriers:
    """The part that sends pages says how each channel is served: `couriers.use("sms", phone.send)`."""

    def __init__(self) -> None:
        self._by_channel: dict[Channel, Send] = {}

    def use(self, channel: Channel, send: Send) -> None:
        self._by_channel[channel] = send

    async def send(self, channel: Channel, address: str, subject: str, text: str) -> None:
        send = self._by_channel.get(channel)
        if send is None:
            raise Unavailable(f"nothing is set up that sends {channel} messages", retry_after=60)
        await send(address, subject, text)
