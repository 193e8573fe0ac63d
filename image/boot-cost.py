#!/usr/bin/env python3
"""Measures what one boot of the image costs on an emulated CPU (TCG), without libvirt.

usage: boot-cost.py [--image DIR] [--cpu MODEL] [--cmdline TEXT] [--repeat N] [--run COMMAND]... [--nic]

CPU seconds are user and system time of the QEMU process: unlike wall time they do not depend on what else runs on
the machine. Prints one line per boot (CPU seconds from start to the first answer of the guest agent, then until the
boot is complete), and the output of each COMMAND (run by bash in the guest, as root) with the CPU seconds it took.
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ejabberd-lab/image"
TICKS = os.sysconf("SC_CLK_TCK")


class Guest:
    """A QEMU process on a throw-away overlay, and the guest agent in it."""

    def __init__(self, image, cpu, cmdline, nic, memory, directory):
        self.path = os.path.join(directory, "agent")
        disk = os.path.join(directory, "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image / "base.qcow2", disk, "6G"], check=True)
        self.log = os.path.join(directory, "console")
        command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", cpu, "-m", str(memory), "-smp", "1",
                   "-display", "none", "-nodefaults", "-no-user-config",
                   "-kernel", image / "vmlinuz", "-initrd", image / "initrd.img", "-append", cmdline,
                   "-drive", f"file={disk},if=none,id=d,cache=unsafe", "-device", "virtio-blk-pci,drive=d",
                   "-object", "rng-random,filename=/dev/urandom,id=r", "-device", "virtio-rng-pci,rng=r",
                   "-serial", f"file:{self.log}", "-device", "virtio-serial-pci",
                   "-chardev", f"socket,path={self.path},server=on,wait=off,id=a",
                   "-device", "virtserialport,chardev=a,name=org.qemu.guest_agent.0"]
        if nic:
            command += ["-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n"]
        self.process = subprocess.Popen(command)
        while not os.path.exists(self.path):
            time.sleep(0.01)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
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

    def call(self, command, timeout=60, **arguments):
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", type=pathlib.Path, default=CACHE)
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--cmdline", help="default: cmdline.qemu of the image's manifest")
    parser.add_argument("--memory", type=int, default=1024, help="MiB")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--nic", action="store_true", help="add a virtio network card that reaches nothing")
    parser.add_argument("--run", action="append", default=[], metavar="COMMAND")
    options = parser.parse_args()
    image = options.image.resolve()
    cmdline = options.cmdline or json.loads((image / "manifest.json").read_text())["cmdline"]["qemu"]
    for _ in range(options.repeat):
        directory = tempfile.mkdtemp(prefix="boot-cost-")
        started = time.time()
        guest = Guest(image, options.cpu, cmdline, options.nic, options.memory, directory)
        try:
            guest.wait_for_agent(600)
            agent, wall = guest.cpu(), time.time() - started
            guest.run("systemctl is-system-running --wait")
            print(f"agent {agent:.1f}  complete {guest.cpu():.1f}  CPU s   (agent after {wall:.1f} s)", flush=True)
            for script in options.run:
                before, wall = guest.cpu(), time.time()
                code, text = guest.run(script)
                print(f"--- {guest.cpu() - before:.1f} CPU s, {time.time() - wall:.1f} s, exit {code}: {script}\n{text.rstrip()}", flush=True)
        finally:
            guest.process.kill()
            guest.process.wait()
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
