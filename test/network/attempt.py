"""Tries one way to IMDS and prints what became of it: "reached", "refused CODE", "sent" or "timeout".

Run as the user, and in the namespaces, that are to be tried. Where a protocol has no answer, "sent" says only that the
kernel did not refuse the sending; whether anything arrived is counted at the other end.
"""

import errno
import os
import socket
import struct
import sys

V4, V6, PORT = "169.254.169.254", "fd00:ec2::254", 80
MAPPED = "::ffff:169.254.169.254"
REQUEST = b"GET /latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n"
MPTCP = 262
WAIT = 3


def tcp(family, address, port=PORT, protocol=0, before=None):
    connection = socket.socket(family, socket.SOCK_STREAM, protocol)
    connection.settimeout(WAIT)
    if before is not None:
        before(connection)
    connection.connect((address, port))
    return ask(connection)


def ask(connection):
    connection.sendall(REQUEST)
    return "reached" if connection.recv(100).startswith(b"HTTP/1.1") else "refused empty"


def bound_to(*source):
    return lambda connection: connection.bind(source)


def option(level, name, value):
    return lambda connection: connection.setsockopt(level, name, value)


def fast_open():
    connection = socket.socket()
    connection.settimeout(WAIT)
    connection.sendto(REQUEST, socket.MSG_FASTOPEN, (V4, PORT))
    return "reached" if connection.recv(100).startswith(b"HTTP/1.1") else "refused empty"


def abandoned():
    """Closed at once after data was sent, so that what the kernel sends last has no owner."""
    connection = socket.socket()
    connection.settimeout(WAIT)
    connection.connect((V4, PORT))
    connection.sendall(REQUEST)
    connection.close()
    return "sent"


def abandoned_while_connecting():
    connection = socket.socket()
    connection.setblocking(False)
    try:
        connection.connect((V4, PORT))
    except BlockingIOError:
        pass
    connection.close()
    return "sent"


def datagram(family, address, port=PORT):
    sender = socket.socket(family, socket.SOCK_DGRAM)
    sender.connect((address, port))
    sender.send(b"x")
    return "sent"


def ping(family, protocol, kind, address):
    sender = socket.socket(family, socket.SOCK_DGRAM, protocol)
    sender.sendto(struct.pack("!BBHHH", kind, 0, 0, 1, 1), (address, 0))
    return "sent"


def raw(family, protocol, address, payload):
    sender = socket.socket(family, socket.SOCK_RAW, protocol)
    sender.sendto(payload, (address, 0))
    return "sent"


def syn(source_port=40000):
    return struct.pack("!HHIIBBHHH", source_port, PORT, 1, 0, 5 << 4, 2, 1024, 0, 0)


def raw_forged():
    """A whole IPv4 packet of our own making, from an address that is not ours."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, socket.inet_aton("10.0.0.77"), socket.inet_aton(V4)
    )
    sender.sendto(header + syn(), (V4, 0))
    return "sent"


def source_routed():
    """By way of a container: the destination is first its address, and then IMDS."""
    hop = b"\x83\x07\x04" + socket.inet_aton("172.17.0.2") + b"\x00"
    return tcp(socket.AF_INET, V4, before=option(socket.IPPROTO_IP, 4, hop))


def segment_routed():
    """By way of this machine itself, over IPv6: a routing header of type 4 with one segment, our own address."""
    hop = socket.inet_pton(socket.AF_INET6, "fd00:1::5")
    header = struct.pack("!BBBBBBH", 0, 4, 4, 1, 1, 0, 0) + b"\x00" * 16 + hop
    return tcp(socket.AF_INET6, V6, before=option(socket.IPPROTO_IPV6, 57, header))


def frame():
    """Past the packet rules: what CAP_NET_RAW can do on the interface itself."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, socket.inet_aton("10.0.0.5"), socket.inet_aton(V4)
    )
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    sender.sendto(header + syn(), ("eth0", 0x0800, 0, 0, b"\xff" * 6))
    return "sent"


def opened_before():
    """Connects, says so, and asks only when it is told to."""
    connection = socket.create_connection((V4, PORT), timeout=WAIT)
    print("connected", flush=True)
    sys.stdin.readline()
    return ask(connection)


def handed_over(uid):
    """A socket made by this user and used by another one."""
    connection = socket.socket()
    connection.settimeout(WAIT)
    os.setuid(int(uid))
    connection.connect((V4, PORT))
    return ask(connection)


ANY_SOURCE = option(socket.IPPROTO_IP, 19, 1)
WAYS = {
    "tcp over IPv4": lambda: tcp(socket.AF_INET, V4),
    "tcp over IPv6": lambda: tcp(socket.AF_INET6, V6),
    "tcp to the mapped address": lambda: tcp(socket.AF_INET6, MAPPED),
    "tcp from another own address": lambda: tcp(socket.AF_INET, V4, before=bound_to("172.17.0.1", 0)),
    "tcp from another own IPv6 address": lambda: tcp(socket.AF_INET6, V6, before=bound_to("fd00:2::1", 0)),
    "tcp to the mapped address from another": lambda: tcp(
        socket.AF_INET6, MAPPED, before=bound_to("::ffff:172.17.0.1", 0)
    ),
    "tcp from a port below 1024": lambda: tcp(socket.AF_INET, V4, before=bound_to("0.0.0.0", 80)),
    "tcp bound to the device": lambda: tcp(socket.AF_INET, V4, before=option(socket.SOL_SOCKET, 25, b"eth0\0")),
    "tcp with a fwmark": lambda: tcp(socket.AF_INET, V4, before=option(socket.SOL_SOCKET, 36, 1)),
    "tcp to port 8080": lambda: tcp(socket.AF_INET, V4, 8080),
    "tcp to port 8080 over IPv6": lambda: tcp(socket.AF_INET6, V6, 8080),
    "tcp fast open": fast_open,
    "multipath tcp": lambda: tcp(socket.AF_INET, V4, protocol=MPTCP),
    "multipath tcp over IPv6": lambda: tcp(socket.AF_INET6, V6, protocol=MPTCP),
    "tcp, closed with data on its way": abandoned,
    "tcp, closed while connecting": abandoned_while_connecting,
    "source-routed through a container": source_routed,
    "segment-routed through this machine": segment_routed,
    "udp to port 80": lambda: datagram(socket.AF_INET, V4),
    "udp to port 80 over IPv6": lambda: datagram(socket.AF_INET6, V6),
    "udp to port 53": lambda: datagram(socket.AF_INET, V4, 53),
    "ping socket": lambda: ping(socket.AF_INET, socket.IPPROTO_ICMP, 8, V4),
    "ping socket over IPv6": lambda: ping(socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, V6),
    "raw tcp": lambda: raw(socket.AF_INET, socket.IPPROTO_TCP, V4, syn()),
    "raw tcp over IPv6": lambda: raw(socket.AF_INET6, socket.IPPROTO_TCP, V6, syn()),
    "raw icmp": lambda: raw(socket.AF_INET, socket.IPPROTO_ICMP, V4, struct.pack("!BBHHH", 8, 0, 0, 1, 1)),
    "raw protocol 253": lambda: raw(socket.AF_INET, 253, V4, b"x"),
    "raw packet with a forged source": raw_forged,
    "tcp from an address that is not ours": lambda: tcp(
        socket.AF_INET, V4, before=lambda s: (ANY_SOURCE(s), s.bind(("10.0.0.77", 0)))
    ),
    "frame on the interface": frame,
    "connection opened before": opened_before,
}


def main():
    way, *rest = sys.argv[1:]
    try:
        print(handed_over(*rest) if way == "handed over" else WAYS[way]())
    except TimeoutError as error:
        print("refused ETIMEDOUT" if error.errno else "timeout")
    except OSError as error:
        print("refused", errno.errorcode.get(error.errno, error.errno))


main()
