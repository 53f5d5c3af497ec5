"""The processes of a Rookery cluster on the loopback interface: Redis, nodes, and nginx before
them. How each is started, when it is ready, and what it is called when it ends."""

import ctypes
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


class Refused(Exception):
    """What keeps the cluster from running, in words for the person at the terminal."""


class Child:
    """One process of the cluster, and the file that its output goes to."""

    all: ClassVar[list["Child"]] = []

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log, self.env = name, [str(part) for part in argv], log, env or {}
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **self.env},
                # Of its own session: Ctrl-C reaches this script, which ends the rest in order.
                start_new_session=True,
                # Safe: this program has one thread.
                preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        self.reported = False
        Child.all.append(self)

    def running(self):
        return self.process.poll() is None

    def how_it_ended(self):
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def last_words(self):
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join(f"    {line}" for line in lines)

    def state(self):
        return {"pid": self.process.pid, "argv": self.argv, "env": self.env, "log": str(self.log)}


def end_with_parent():
    """Has Linux send SIGTERM to the child should this script be killed without a chance to clean up."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def need(program, package):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Refused(f"{program} is missing: run scripts/setup, or install {package}")
    return found


def can_listen(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port():
    """Below the range that the kernel takes the ports of outgoing connections from."""
    for port in random.sample(range(20000, 32000), 1000):
        if can_listen(port):
            return port
    raise Refused("found no free port between 20000 and 32000")


def jwt_secret(folder):
    """Made once and kept: tokens of an earlier run stay good."""
    file = folder / "jwt_secret"
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as new:
            new.write(secrets.token_urlsafe(48))
    return file.read_text(encoding="ascii")


def start_redis(folder):
    port = free_port()
    command = [need("redis-server", "Redis 7"), "--port", port, "--bind", "127.0.0.1"]
    command += ["--dir", folder / "redis", "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
    redis = Child("redis", command, folder / "logs/redis.log")
    redis.port, redis.url = port, f"redis://127.0.0.1:{port}"
    wait_until(redis, lambda: redis_answers(port))
    return redis


def redis_answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def start_node(number, binary, config, folder, redis):
    port, admin_port = free_port(), free_port()
    env = {
        "ROOKERY__LISTEN": f"127.0.0.1:{port}",
        "ROOKERY__ADMIN__LISTEN": f"127.0.0.1:{admin_port}",
        "ROOKERY__STORE": "redis",
        "ROOKERY__REDIS__URL": redis.url,
        "ROOKERY__AUTH__JWT_SECRET": jwt_secret(folder),
        "ROOKERY__AUTH__GUESTS": os.environ.get("ROOKERY__AUTH__GUESTS", "true"),
        "ROOKERY__HTTP__TRUSTED_PROXIES": "127.0.0.1",
    }
    command = [binary, "serve"] + (["--config", config.resolve()] if config else [])
    # In the data folder, so that no rookery.toml that happens to lie about is taken.
    node = Child(f"node-{number}", command, folder / f"logs/node-{number}.log", env, cwd=folder)
    node.port, node.url, node.admin_url = port, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}"
    return node


def start_nginx(port, folder, nodes):
    """nginx with the configuration of the repository, the list of nodes and the port replaced."""
    program, here = need("nginx", "nginx"), folder / "nginx"
    shutil.copy(ROOT / "nginx/nginx.conf", here)
    upstream = (ROOT / "nginx/upstream.conf").read_text(encoding="utf-8")
    servers = "\n    ".join(f"server 127.0.0.1:{node.port} max_fails=3 fail_timeout=3s;" for node in nodes)
    upstream = re.sub(r"(?m)^resolver .*\n", "", upstream)
    upstream, replaced = re.subn(r"server gateway:8080 .*;", servers, upstream)
    assert replaced == 1, "nginx/upstream.conf has no `server gateway:8080` to replace"
    (here / "upstream.conf").write_text(upstream, encoding="utf-8")
    (here / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n", encoding="utf-8")
    # Started by root, the workers would be somebody else, who may not write in the data folder.
    user = " user root;" if os.geteuid() == 0 else ""
    command = [program, "-p", f"{here}/", "-c", here / "nginx.conf", "-g", f"daemon off;{user}"]
    nginx = Child("nginx", command, folder / "logs/nginx.log")
    nginx.port, nginx.url = port, f"http://127.0.0.1:{port}"
    wait_until(nginx, lambda: answers_ok(f"{nginx.url}/healthz"))
    return nginx


def answers_ok(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_until(child, ready):
    end = time.monotonic() + START_SECONDS
    while not ready():
        if not child.running():
            raise Refused(f"{child.name} {child.how_it_ended()}; it said last:\n{child.last_words()}")
        if time.monotonic() > end:
            raise Refused(f"{child.name} was not ready after {START_SECONDS} s; it said last:\n{child.last_words()}")
        time.sleep(0.05)
