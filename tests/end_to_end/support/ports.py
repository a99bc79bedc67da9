"""Loopback ports that no other test takes, also while nothing listens on them."""

import random
import socket

# Below Linux's ephemeral range: no outgoing connection can take a port while its server is down,
# and no connect() to a closed port can meet itself.
_RANGE = range(12000, 32000)
_reserved = {}


def free_port():
    """A TCP port on 127.0.0.1, reserved for this process until it ends.

    The reservation is an abstract Unix socket: seen by every test on the machine, gone with the
    process, nothing to clean up.
    """
    for _ in range(1000):
        port = random.choice(_RANGE)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0pilotlight-test-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _reserved[port] = claim
        return port
    raise RuntimeError("no free port on loopback")
