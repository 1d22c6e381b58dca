"""The gRPC server: one process, a few threads, no TLS of its own (a proxy in front has it)."""

from concurrent.futures import ThreadPoolExecutor

import grpc

from qts.rpc import accounts_pb2_grpc, risk_pb2_grpc
from qts.rpc.account_servicer import AccountQueries
from qts.rpc.servicer import RiskManagement

THREADS = 8
MESSAGE_BYTES_MAX = 64 * 1024


def make_server(address: str) -> tuple[grpc.Server, int]:
    """Not started yet; with the port that it got. Raises RuntimeError when the address is taken."""
    server = grpc.server(
        ThreadPoolExecutor(THREADS, thread_name_prefix="rpc"),
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES_MAX), ("grpc.so_reuseport", 0)],
    )
    risk_pb2_grpc.add_RiskManagementServiceServicer_to_server(RiskManagement(), server)  # type: ignore[no-untyped-call]
    accounts_pb2_grpc.add_AccountServiceServicer_to_server(AccountQueries(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port(address)
    return server, port
