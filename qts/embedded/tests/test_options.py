import socket
from dataclasses import replace
from datetime import time

import pytest

from qts.embedded.errors import EmbeddedError
from qts.embedded.options import ROOT, read_options
from qts.embedded.ports import free_port, is_free


def test_an_empty_environment_gives_the_documented_demo():
    options = read_options({})
    assert (options.port, options.sim_port, options.flower_port, options.rpc_port) == (8000, 8700, 5555, 8500)
    assert options.data_dir == ROOT / "var"
    assert options.speed == 10
    assert options.start == time(8, 58)
    assert options.web_url == "http://127.0.0.1:8000/"


def test_make_passes_unset_variables_as_empty_ones():
    assert read_options({"PORT": "", "SPEED": "", "START": "", "QTS_DATA_DIR": ""}) == read_options({})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80a"),
        ("SIM_PORT", "-1"),
        ("FLOWER_PORT", "٣"),
        ("SEED", "1.5"),
        ("SPEED", "0"),
        ("SPEED", "fast"),
        ("SPEED", "nan"),
        ("START", "9 o'clock"),
        ("START", "15:05"),
        ("START", "09:00:00+07:00"),
    ],
)
def test_a_value_that_cannot_be_understood_is_named_with_its_variable(variable, text):
    with pytest.raises(EmbeddedError) as refusal:
        read_options({variable: text})
    assert str(refusal.value).startswith(f"{variable}={text} is not")


def test_every_taken_port_is_named_with_the_variable_that_chooses_another():
    web, simulator, flower = free_port(), free_port(), free_port()
    options = replace(read_options({}), port=web, sim_port=simulator, flower_port=flower, rpc_port=free_port())
    with socket.create_server(("127.0.0.1", web)), socket.create_server(("127.0.0.1", flower)):
        assert not is_free(web)
        with pytest.raises(EmbeddedError) as refusal:
            options.refuse_taken_ports()
    lines = str(refusal.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"Port {web} is taken by another program",
        f"Port {flower} is taken by another program",
    ]
    assert f"`make demo PORT={web + 1000}`" in lines[0]
    assert "FLOWER_PORT=" in lines[1]
    options.refuse_taken_ports()


def test_two_parts_cannot_share_a_port():
    port = free_port()
    options = replace(read_options({}), port=port, sim_port=port, flower_port=free_port(), rpc_port=free_port())
    with pytest.raises(EmbeddedError, match="four different ports"):
        options.refuse_taken_ports()
