"""Amends, the payouts of their refunds and the letters about them, wired."""

from jwt_pizza.apps import parts
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.money import of_btc_number
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.amends.model import Limits
from jwt_pizza.shop.amends.service import AmendsDesk
from jwt_pizza.shop.amends.store import PostgresAmends
from jwt_pizza.shop.letters.gateway import MailedLetters
from jwt_pizza.shop.letters.service import Postman
from jwt_pizza.shop.letters.store import PostgresLetters
from jwt_pizza.shop.payouts.gateway import BtcPay, BuiltInWallet
from jwt_pizza.shop.payouts.model import PaymentGateway
from jwt_pizza.shop.payouts.service import Paymaster
from jwt_pizza.shop.payouts.store import PostgresPayouts
from jwt_pizza.web import templates


def payment_gateway(settings: Settings) -> PaymentGateway:
    if settings.btcpay_url is None or settings.btcpay_store is None or settings.btcpay_api_key is None:
        return BuiltInWallet()
    return BtcPay(settings.btcpay_url, settings.btcpay_store, settings.btcpay_api_key)


def amends_desk(settings: Settings, postgres: Postgres, gateway: PaymentGateway, clock: Clock) -> AmendsDesk:
    limits = Limits(settings.amends_most_diners, of_btc_number(settings.amends_most_btc))
    return AmendsDesk(PostgresAmends(postgres, limits, pays_out=gateway.pays_out), clock)


def paymaster(postgres: Postgres, gateway: PaymentGateway, clock: Clock) -> Paymaster:
    return Paymaster(PostgresPayouts(postgres), gateway, clock)


def postman(settings: Settings, postgres: Postgres, clock: Clock) -> Postman:
    drawing = templates.engine(parts.VERSION).engine_instance
    letters = MailedLetters(
        parts.mail(settings),
        html=drawing.get_template("mail/amends.html"),
        text=drawing.get_template("mail/amends.txt"),
        shop=settings.public_url or settings.url,
    )
    # Half of what is claimed waits for a line to the mail server while the others are on theirs: two deadlines.
    return Postman(PostgresLetters(postgres), letters, clock, claim=2 * settings.mail_seconds + 1)
