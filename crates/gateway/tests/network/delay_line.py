#!/usr/bin/env python3
"""A wire that is long: a TUN device whose packets come back out of it some milliseconds later, each
with a jitter of its own, so that they overtake each other as on a real way. What `tc netem` does,
on kernels that come without it.

    delay_line.py DEVICE DELAY_MS JITTER_MS     prints "ready", and runs until it is ended
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

SET_INTERFACE = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001


def open_device(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, SET_INTERFACE, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return device


def main():
    name, delay, jitter = sys.argv[1], int(sys.argv[2]) / 1000, int(sys.argv[3]) / 1000
    device = open_device(name)
    waiting = []
    print("ready", flush=True)
    while True:
        left = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([device], [], [], left)[0]:
            due = time.monotonic() + delay + random.uniform(0, jitter)
            heapq.heappush(waiting, (due, os.read(device, 65536)))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(device, heapq.heappop(waiting)[1])


if __name__ == "__main__":
    main()
