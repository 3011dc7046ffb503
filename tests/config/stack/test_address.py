"""The port: a busy or impossible one gets a message that says what to type."""

import socket

import pytest

from config.stack.address import HOST, answers, must_be_free, port_of
from config.stack.errors import StackError


def test_a_busy_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} of {HOST}: another program uses it.*PORT={port + 1}"):
            must_be_free(port)


def test_a_free_port_is_accepted() -> None:
    with socket.socket() as chosen:
        chosen.bind((HOST, 0))
        port = chosen.getsockname()[1]
    must_be_free(port)
    assert not answers(port)


@pytest.mark.parametrize("text", ["", "0", "65536", "80a", "-1", "８０００"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="expected a number from 1 to 65535"):
        port_of(text)
