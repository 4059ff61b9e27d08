from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unauthorized, Unavailable


def test_each_refusal_has_its_status() -> None:
    refusals: list[Refusal] = [
        Invalid("x"), Unauthorized(), Forbidden(), NotFound("x"), Conflict("x"), TooMany("x"), Unavailable("x"),
    ]  # fmt: skip
    assert [refusal.status for refusal in refusals] == [400, 401, 403, 404, 409, 429, 503]
    assert refusals[1].message == refusals[2].message == "unauthorized"
    assert refusals[-1].retry_after == 1
