#!/usr/bin/env python3
"""Times the operator from `kubectl apply` to Ready against the floor, in turns, and writes docs/performance.md.

usage: bringup.py --kubeconfig FILE --operator-pid PID --uri LIBVIRT_URI --image DIR --rounds N --report FILE

Each round runs bench/floor.py (the same lab by hand, nothing in between) and then the operator, on the same libvirt
with the same image. The ratio compares the two of one round. Whatever else runs on the machine slows both.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
DEADLINE = 1800
TICKS = os.sysconf("SC_CLK_TCK")
POLL = 0.2


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("kubeconfig", "uri", "image", "report"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--operator-pid", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def say(text):
    print(f"[{time.monotonic() - START:6.0f}s] {text}", file=sys.stderr, flush=True)


def kubectl(*words, check=True):
    command = ["kubectl", "--kubeconfig", ARGS.kubeconfig, *words]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def lab():
    return json.loads(kubectl("get", "ejabberdlab", "demo", "-o", "json"))


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmRSS")


def floor():
    """Seconds from the first definition to the cluster formed and replication verified."""
    command = [sys.executable, str(HERE / "floor.py"), "--uri", ARGS.uri, "--image", ARGS.image]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result = json.loads(done.splitlines()[-1])
    if result["failed"]:
        raise RuntimeError(f"the floor failed: {result['failed']}")
    return result["verified"]


def operator():
    """Seconds from apply to Ready, and what the operator itself used meanwhile."""
    before = cpu_seconds(ARGS.operator_pid)
    started = time.monotonic()
    kubectl("apply", "--validate=false", "-f", str(HERE.parent / "deploy/samples/minimal-lab.yaml"))
    # One watch: each call of kubectl takes a third of a second from the guests.
    waiting = subprocess.Popen(
        ["kubectl", "--kubeconfig", ARGS.kubeconfig, "wait", "--for=condition=Ready", "ejabberdlab/demo", f"--timeout={DEADLINE}s"],
        stdout=subprocess.DEVNULL,
    )
    memory = 0
    while waiting.poll() is None:
        memory = max(memory, memory_mib(ARGS.operator_pid))
        time.sleep(POLL)
    if waiting.returncode:
        raise RuntimeError(f"the lab did not become Ready: {json.dumps(lab()['status']['conditions'])}")
    seconds = time.monotonic() - started
    used = cpu_seconds(ARGS.operator_pid) - before
    kubectl("delete", "ejabberdlab", "demo", "--wait", "--timeout=600s")
    return {"seconds": seconds, "cpu": used, "memory": memory}


BEGIN = "<!-- bring-up: written by make bench-bringup -->"
END = "<!-- end of bring-up -->"


def report(rounds):
    """Writes the rounds between the two marks of the page."""
    ratios = [r["operator"]["seconds"] / r["floor"] for r in rounds]
    lines = [
        f"`make bench-bringup`, {len(rounds)} round{'s' * (len(rounds) != 1)} on {os.cpu_count()} cores with emulated guests "
        f"(`<domain type='qemu'>`), {time.strftime('%Y-%m-%d')}:",
        "",
        "| round | floor | operator | ratio | operator's own CPU | operator's memory (peak RSS) |",
        "|---|---|---|---|---|---|",
    ]
    for number, (r, ratio) in enumerate(zip(rounds, ratios), 1):
        own = r["operator"]
        lines.append(
            f"| {number} | {r['floor']:.0f} s | {own['seconds']:.0f} s | {ratio:.2f} "
            f"| {own['cpu']:.1f} s | {own['memory']:.0f} MiB |"
        )
    lines += ["", f"Median ratio: **{statistics.median(ratios):.2f}**; the goal is at most 1.30."]
    text = "\n".join(lines)
    page = pathlib.Path(ARGS.report)
    before, found, rest = page.read_text().partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise SystemExit(f"{page} lacks the marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
    print(text)


def main():
    rounds = []
    for number in range(1, ARGS.rounds + 1):
        say(f"round {number} of {ARGS.rounds}: floor")
        seconds = floor()
        say(f"floor: {seconds:.0f} s; round {number}: operator")
        own = operator()
        say(f"operator: {own['seconds']:.0f} s, ratio {own['seconds'] / seconds:.2f}")
        rounds.append({"floor": seconds, "operator": own})
    report(rounds)


START = time.monotonic()
ARGS = arguments()
main()
