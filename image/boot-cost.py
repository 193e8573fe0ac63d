#!/usr/bin/env python3
"""Measures what one boot of the image costs on an emulated CPU (TCG), without libvirt.

usage: boot-cost.py [--image DIR]... [--cpu MODEL]... [--cmdline TEXT]... [--nic N] [--repeat N] [--run COMMAND]...

CPU seconds are user and system time of the QEMU process. Even they double when the other core is busy, so to compare
give several images, CPU models or command lines: they boot at the same time, and the ratio to the first is printed.
The first of each kind belong together, then the second of each, and so on; the last of a kind is used again.
Prints one line per boot (CPU seconds from start to the first answer of the guest agent, then until the boot is
complete), and the output of each COMMAND (run by bash in the guest, as root) with the CPU seconds it took.
"""
import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ejabberd-lab/image"
TICKS = os.sysconf("SC_CLK_TCK")


class Guest:
    """A QEMU process on a throw-away overlay, and the guest agent in it."""

    def __init__(self, variant, options, directory):
        self.path = os.path.join(directory, "agent")
        disk = os.path.join(directory, "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", variant.image / "base.qcow2", disk, "6G"], check=True)
        self.log = os.path.join(directory, "console")
        command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", variant.cpu, "-m", str(options.memory), "-smp", "1",
                   "-display", "none", "-nodefaults", "-no-user-config",
                   "-kernel", variant.image / "vmlinuz", "-initrd", variant.image / "initrd.img", "-append", variant.cmdline,
                   "-drive", f"file={disk},if=none,id=d,cache=unsafe", "-device", "virtio-blk-pci,drive=d",
                   "-object", "rng-random,filename=/dev/urandom,id=r", "-device", "virtio-rng-pci,rng=r",
                   "-serial", f"file:{self.log}", "-device", "virtio-serial-pci",
                   "-chardev", f"socket,path={self.path},server=on,wait=off,id=a",
                   "-device", "virtserialport,chardev=a,name=org.qemu.guest_agent.0"]
        for card in range(options.nic):
            command += ["-netdev", f"user,id=n{card},restrict=on", "-device", f"virtio-net-pci,netdev=n{card}"]
        self.process = subprocess.Popen(command)
        self.socket = socket.socket(socket.AF_UNIX)
        while self.socket.connect_ex(self.path):
            if self.process.poll() is not None:
                raise RuntimeError("QEMU does not start")
            time.sleep(0.01)
        self.buffer = b""

    def cpu(self):
        """CPU seconds of the QEMU process so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _line(self, timeout):
        self.socket.settimeout(timeout)
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("QEMU is gone; see its console: " + pathlib.Path(self.log).read_text(errors="replace")[-2000:])
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line.lstrip(b"\xff"))

    def call(self, command, timeout=300, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        answer = self._line(timeout)
        if "error" in answer:
            raise RuntimeError(answer["error"]["desc"])
        return answer["return"]

    def wait_for_agent(self, deadline):
        """Returns once the agent has answered. A request sent before the agent runs is kept by the channel, so one is enough."""
        token = int(time.time())
        self.socket.sendall(b"\xff" + json.dumps({"execute": "guest-sync", "arguments": {"id": token}}).encode() + b"\n")
        while self._line(deadline).get("return") != token:
            pass

    def run(self, script):
        pid = self.call("guest-exec", path="/bin/bash", arg=["-c", script], **{"capture-output": True})["pid"]
        pause = 0.02
        while True:
            state = self.call("guest-exec-status", pid=pid)
            if state["exited"]:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        text = "".join(base64.b64decode(state.get(key, "")).decode(errors="replace") for key in ("out-data", "err-data"))
        return state.get("exitcode", -1), text


class Variant:
    """One thing to compare: an image, a CPU model and a kernel command line."""

    def __init__(self, image, cpu, cmdline):
        self.image = image.resolve()
        self.cpu = cpu
        self.cmdline = cmdline or json.loads((self.image / "manifest.json").read_text())["cmdline"]["qemu"]
        self.costs = []


def measure(number, variant, options):
    directory = tempfile.mkdtemp(prefix="boot-cost-")

    def say(text):
        print("\n".join(f"{number}: {line}" for line in text.rstrip().split("\n")), flush=True)

    started = time.time()
    guest = Guest(variant, options, directory)
    try:
        guest.wait_for_agent(600)
        variant.costs.append(guest.cpu())
        wall = time.time() - started
        guest.run("systemctl is-system-running --wait")
        say(f"agent {variant.costs[-1]:.1f}  complete {guest.cpu():.1f}  CPU s   (agent after {wall:.1f} s)")
        for script in options.run:
            before, wall = guest.cpu(), time.time()
            code, text = guest.run(script)
            say(f"--- {guest.cpu() - before:.1f} CPU s, {time.time() - wall:.1f} s, exit {code}: {script}\n{text.rstrip()}")
    finally:
        guest.process.kill()
        guest.process.wait()
        shutil.rmtree(directory)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", type=pathlib.Path, action="append", help="default: the cached image")
    parser.add_argument("--cpu", action="append", help="default: max")
    parser.add_argument("--cmdline", action="append", help="default: cmdline.qemu of the image's manifest")
    parser.add_argument("--memory", type=int, default=1024, help="MiB")
    parser.add_argument("--nic", type=int, default=0, metavar="N", help="network cards; they reach nothing")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--run", action="append", default=[], metavar="COMMAND")
    options = parser.parse_args()
    choices = [options.image or [CACHE], options.cpu or ["max"], options.cmdline or [None]]
    count = max(map(len, choices))
    variants = [Variant(*(values[min(number, len(values) - 1)] for values in choices)) for number in range(count)]
    for _ in range(options.repeat):
        with concurrent.futures.ThreadPoolExecutor() as threads:
            list(threads.map(measure, range(count), variants, [options] * count))
    for number, variant in enumerate(variants):
        ratio = sum(variant.costs) / sum(variants[0].costs)
        print(f"{number}: {statistics.median(variant.costs):.1f} CPU s, {ratio:.2f} of 0: {variant.image} {variant.cpu} {variant.cmdline}")


if __name__ == "__main__":
    main()
