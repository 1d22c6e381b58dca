import structlog

from qts.observability.correlation import correlated, correlation_id


def test_an_id_holds_for_its_block_and_the_outer_one_returns():
    assert correlation_id() == ""
    with correlated("outer"):
        with correlated("inner"):
            assert correlation_id() == "inner"
        assert correlation_id() == "outer"
    assert correlation_id() == ""


def test_the_id_of_a_web_request_serves_as_one():
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        assert correlation_id() == "r-1"
        with correlated("c-1"):
            assert correlation_id() == "c-1"
