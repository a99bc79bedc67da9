"""A real gRPC server of the health check: python3 grpc_health.py PORT.

The service "up" serves, "down" does not, others are not known. Protobuf is written by hand: the
request's field 1 is the service, the answer's field 1 the status.
"""

import sys
from concurrent import futures

import grpc

_ANSWERS = {b"up": b"\x08\x01", b"down": b"\x08\x02"}


def check(request, context):
    answer = _ANSWERS.get(request[2:])
    if answer is None:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return answer


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}),))
    if server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}") == 0:
        sys.exit("the port is taken")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
