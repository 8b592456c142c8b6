"""How fast a source may send."""

from services.api.intake.rates import Rates


def test_a_burst_and_then_the_rate() -> None:
    """As many as the bucket holds pass at once; then one each time that the rate gives; others are not touched."""
    now = 100.0
    rates = Rates(2.0, burst=3, now=lambda: now)
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("b") == 0
    now += 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0, 0.5]
    now += 60
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_what_is_refused_costs_nothing() -> None:
    """A source that goes on asking is not kept out any longer by that."""
    now = 0.0
    rates = Rates(1.0, burst=1, now=lambda: now)
    assert rates.wait("a") == 0
    assert [rates.wait("a") for _ in range(100)] == [1.0] * 100
    now += 1
    assert rates.wait("a") == 0


def test_no_limit() -> None:
    """A rate of 0 lets everything pass."""
    rates = Rates(0.0)
    assert not any(rates.wait("a") for _ in range(10_000))
