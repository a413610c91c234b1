"""What the columns of a table say of a call."""

import pytest

from tests.factories import make_session

from .asking import facts


@pytest.mark.parametrize(
    ("metadata", "customer"),
    [
        ({"from": "030 1234", "to": "030 9999"}, "030 1234"),
        ({"from": "030 1234", "to": "030 9999", "direction": "outbound"}, "030 9999"),
        ({"from": "+4930 1234"}, "'+4930 1234"),
        ({}, "030 5555"),
    ],
)
def test_the_customer_is_the_one_that_the_library_shows(metadata, customer, clients, db):
    make_session("sess_a", phone_number="030 5555", metadata=metadata)

    assert facts(clients["lead"], "sess_a")["customer"] == customer
    shown = clients["lead"].get("/").text.partition('data-label="Customer"')[2]
    assert customer.lstrip("'") in shown.partition("</td>")[0]


def test_a_customer_whom_nobody_knows_is_an_empty_cell(clients, db):
    make_session("sess_a")

    assert facts(clients["lead"], "sess_a")["customer"] == ""
