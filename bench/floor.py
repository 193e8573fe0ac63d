#!/usr/bin/env python3
"""The floor: the reference lab by hand, as fast as libvirt, QEMU and the services themselves allow.

Five guests are defined and started at once. Each is configured through its guest agent as soon as it can be: the standby
and the ejabberd nodes wait for the database, and the second ejabberd node joins the first. There is no operator, no
Kubernetes, no check before or after, and nothing can be run twice.

usage: floor.py --uri LIBVIRT_URI --image DIR [--pool POOL] [--tuned]

DIR is the directory that image/build.sh made. --tuned takes the CPU model and kernel options of the operator's machines
instead of libvirt's ordinary ones. Progress goes to standard error. The last line of standard output is one JSON object
with the seconds of each milestone, and what failed. Everything is named flo-* and removed at the end.
"""
import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET

NETWORKS = {"flo-mgmt": "192.168.121.1", "flo-dmz": None, "flo-back": None}
NODES = {
    "gw1server": [("flo-mgmt", "192.168.121.12/24"), ("flo-dmz", "192.168.1.1/29"), ("flo-back", "192.168.1.9/29")],
    "e1server": [("flo-mgmt", "192.168.121.10/24"), ("flo-dmz", "192.168.1.2/29")],
    "e2server": [("flo-mgmt", "192.168.121.11/24"), ("flo-dmz", "192.168.1.3/29")],
    "psql1server": [("flo-mgmt", "192.168.121.13/24"), ("flo-back", "192.168.1.10/29")],
    "psql2server": [("flo-mgmt", "192.168.121.14/24"), ("flo-back", "192.168.1.11/29")],
}
HOSTS = {"e1server": "192.168.1.2", "e2server": "192.168.1.3", "psql1server": "192.168.1.10", "psql2server": "192.168.1.11"}
ROUTES = {"e": "192.168.1.8/29 via 192.168.1.1", "p": "192.168.1.0/29 via 192.168.1.9"}
OPEN = {
    "e": "ip saddr 192.168.1.0/29 tcp dport { 4369, 5222, 5223, 5269, 5280, 5443, 1883, 4200-4210 } accept",
    "p": "ip saddr 192.168.1.0/28 tcp dport { 22, 5432 } accept",
    "g": "ip saddr 192.168.1.0/28 tcp dport 22 accept",
}
PLAIN_CMDLINE = "root=/dev/vda rw console=ttyS0 quiet"
BOOT_DEADLINE = 900

COMMON = r"""
hostname {name}; echo {name} >/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 {name}\n{hosts}' >/etc/hosts
sysctl -qw net.ipv4.ip_default_ttl=66 net.ipv4.ip_forward={forward}
{addresses}
{route}
cat >/etc/nftables.conf <<'NFT'
flush ruleset
table inet lab {{
  chain input {{
    type filter hook input priority 0; policy drop;
    iif lo accept
    ct state established,related accept
    ip saddr 192.168.121.1 tcp dport {{ 22, 5280 }} accept
    {open}
    icmp type echo-request accept
    ip protocol vrrp accept
  }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
    ip saddr 192.168.1.0/28 ip daddr 192.168.1.0/28 accept
  }}
}}
NFT
nft -f /etc/nftables.conf
"""
PRIMARY = r"""
cat >/etc/postgresql/15/main/conf.d/lab.conf <<'C'
listen_addresses='*'
wal_log_hints=on
max_slot_wal_keep_size=1GB
C
cat >>/etc/postgresql/15/main/pg_hba.conf <<'C'
host ejabberd-domain-local ejabberd 192.168.1.0/29 scram-sha-256
host replication replica_role 192.168.1.8/29 scram-sha-256
C
systemctl start postgresql@15-main
cd /; runuser -u postgres -- /usr/lib/postgresql/15/bin/psql -qv ON_ERROR_STOP=1 <<'S'
CREATE ROLE ejabberd LOGIN PASSWORD 'pw'; CREATE ROLE replica_role REPLICATION LOGIN PASSWORD 'pw';
CREATE DATABASE "ejabberd-domain-local" OWNER ejabberd;
S
PGPASSWORD=pw /usr/lib/postgresql/15/bin/psql -qv ON_ERROR_STOP=1 -h 127.0.0.1 -U ejabberd -d ejabberd-domain-local -f /usr/share/ejabberd/sql/pg.sql >/dev/null
"""
STANDBY = r"""
printf "listen_addresses='*'\nwal_log_hints=on\n" >/etc/postgresql/15/main/conf.d/lab.conf
cd /; rm -rf /var/lib/postgresql/15/main
printf '192.168.1.10:5432:*:replica_role:pw\n' >/var/lib/postgresql/.pgpass
chown postgres: /var/lib/postgresql/.pgpass; chmod 600 /var/lib/postgresql/.pgpass
runuser -u postgres -- env HOME=/var/lib/postgresql /usr/lib/postgresql/15/bin/pg_basebackup -h 192.168.1.10 -U replica_role -X stream -R -C -S psql2 --checkpoint=fast -D /var/lib/postgresql/15/main
systemctl start postgresql@15-main
"""
EJABBERD = r"""
cat >/etc/ejabberd/ejabberd.yml <<'C'
hosts: [domain.local]
loglevel: info
default_db: sql
sql_type: pgsql
sql_server: 192.168.1.10
sql_database: ejabberd-domain-local
sql_username: ejabberd
sql_password: pw
auth_method: [sql]
auth_password_format: scram
listen:
  - {{port: 5222, module: ejabberd_c2s}}
  - {{port: 5280, module: ejabberd_http, request_handlers: {{/api: mod_http_api, /admin: ejabberd_web_admin}}}}
acl: {{admin: {{user: admin@domain.local}}, loopback: {{ip: [127.0.0.0/8]}}}}
access_rules: {{configure: {{allow: admin}}}}
api_permissions: {{local: {{who: {{access: {{allow: {{acl: loopback}}}}}}, what: "*"}}}}
modules: {{mod_roster: {{}}, mod_offline: {{}}, mod_disco: {{}}, mod_ping: {{}}}}
C
printf 'ERLANG_NODE=ejabberd@{name}\nFIREWALL_WINDOW=4200-4210\n' >>/etc/default/ejabberd
printf COOKIECOOKIE >/var/lib/ejabberd/.erlang.cookie
chown ejabberd: /var/lib/ejabberd/.erlang.cookie; chmod 400 /var/lib/ejabberd/.erlang.cookie
systemctl start ejabberd
for i in $(seq 600); do curl -fs -m 5 -d '{{}}' http://127.0.0.1:5280/api/status >/dev/null && exit 0; sleep .5; done; exit 1
"""
JOIN = r"""
ejabberdctl --no-timeout join_cluster ejabberd@e1server
for i in $(seq 600); do [ "$(curl -fs -d '{}' http://127.0.0.1:5280/api/list_cluster | grep -o ejabberd@ | wc -l)" = 2 ] && exit 0; sleep .5; done; exit 1
"""
STREAMING = """for i in $(seq 200); do
[ "$(runuser -u postgres -- /usr/lib/postgresql/15/bin/psql -Atc "select state from pg_stat_replication")" = streaming ] && exit 0; sleep .2; done; exit 1"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--image", required=True, type=pathlib.Path)
    parser.add_argument("--pool", default="default")
    parser.add_argument("--tuned", action="store_true")
    return parser.parse_args()


def mark(name):
    MARKS[name] = round(time.monotonic() - STARTED, 1)
    print(f"floor: {MARKS[name]:7.1f}s {name}", file=sys.stderr, flush=True)


def sh(*words, check=True, stdin=None):
    done = subprocess.run(words, capture_output=True, text=True, input=stdin)
    if check and done.returncode:
        raise RuntimeError(f"{words[0]} {words[1]}: {done.stderr.strip()}")
    return done


def virsh(*words, **options):
    return sh("virsh", "-q", "-c", ARGS.uri, *words, **options)


def pool_directory():
    return ET.fromstring(virsh("pool-dumpxml", ARGS.pool).stdout).findtext("target/path") + "/floor"


def mac(node, index):
    return f"52:54:00:aa:{list(NODES).index(node):02x}:{index:02x}"


def network_xml(name, host_address):
    root = ET.Element("network")
    ET.SubElement(root, "name").text = name
    if host_address:
        ET.SubElement(root, "forward", mode="nat")
        ET.SubElement(root, "ip", address=host_address, netmask="255.255.255.0")
    return ET.tostring(root, encoding="unicode")


def domain_xml(node):
    root = ET.Element("domain", type="qemu")
    ET.SubElement(root, "name").text = "flo-" + node
    ET.SubElement(root, "memory", unit="MiB").text = "1024"
    ET.SubElement(root, "vcpu").text = "1"
    system = ET.SubElement(root, "os")
    ET.SubElement(system, "type", arch="x86_64", machine="q35").text = "hvm"
    ET.SubElement(system, "kernel").text = DIRECTORY + "/vmlinuz"
    ET.SubElement(system, "initrd").text = DIRECTORY + "/initrd.img"
    ET.SubElement(system, "cmdline").text = CMDLINE
    ET.SubElement(ET.SubElement(root, "features"), "acpi")
    if ARGS.tuned:
        cpu = ET.SubElement(root, "cpu", mode="custom", match="exact")
        ET.SubElement(cpu, "model", fallback="allow").text = "Nehalem"
    else:
        ET.SubElement(root, "cpu", mode="maximum")
    devices = ET.SubElement(root, "devices")
    disk = ET.SubElement(devices, "disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="qcow2", cache="unsafe")
    ET.SubElement(disk, "source", file=f"{DIRECTORY}/{node}.qcow2")
    ET.SubElement(disk, "target", dev="vda", bus="virtio")
    for index, (network, _) in enumerate(NODES[node]):
        interface = ET.SubElement(devices, "interface", type="network")
        ET.SubElement(interface, "mac", address=mac(node, index))
        ET.SubElement(interface, "source", network=network)
        ET.SubElement(interface, "model", type="virtio")
    serial = ET.SubElement(devices, "serial", type="file")
    ET.SubElement(serial, "source", path=f"{DIRECTORY}/{node}.log")
    channel = ET.SubElement(devices, "channel", type="unix")
    ET.SubElement(channel, "target", type="virtio", name="org.qemu.guest_agent.0")
    rng = ET.SubElement(devices, "rng", model="virtio")
    ET.SubElement(rng, "backend", model="random").text = "/dev/urandom"
    return ET.tostring(root, encoding="unicode")


def agent(node, command, check=True):
    done = virsh("qemu-agent-command", "--timeout", "30", "flo-" + node, json.dumps(command), check=check)
    return json.loads(done.stdout)["return"] if done.returncode == 0 else None


def run(node, script):
    arguments = {
        "path": "/bin/bash", "arg": ["-euo", "pipefail"], "capture-output": True,
        "input-data": base64.b64encode(script.encode()).decode(),
    }
    pid = agent(node, {"execute": "guest-exec", "arguments": arguments})["pid"]
    delay = 0.1
    while not (state := agent(node, {"execute": "guest-exec-status", "arguments": {"pid": pid}}))["exited"]:
        time.sleep(delay)
        delay = min(delay * 1.3, 0.5)
    if state.get("exitcode"):
        error = base64.b64decode(state.get("err-data", "")).decode(errors="replace")
        raise RuntimeError(f"{node}: exit code {state['exitcode']}: {error[-2000:]}")


def common(node):
    addresses = "\n".join(
        f"d=$(basename $(dirname $(grep -l {mac(node, i)} /sys/class/net/*/address))); ip addr add {address} dev $d; ip link set $d up"
        for i, (_, address) in enumerate(NODES[node])
    )
    route = ROUTES.get(node[0])
    return COMMON.format(
        name=node,
        hosts="".join(f"{a} {n}.domain.local {n}\\n" for n, a in HOSTS.items()),
        forward=int(node[0] == "g"),
        addresses=addresses,
        route=f"ip route add {route}" if route else "",
        open=OPEN[node[0]],
    )


def build(node):
    try:
        disk = f"{DIRECTORY}/{node}.qcow2"
        sh("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"{DIRECTORY}/base.qcow2", disk, "6G")
        virsh("define", "/dev/stdin", stdin=domain_xml(node))
        virsh("start", "flo-" + node)
        while agent(node, {"execute": "guest-ping"}, check=False) is None:
            if time.monotonic() - STARTED > BOOT_DEADLINE:
                raise RuntimeError(f"{node}: no guest agent")
            time.sleep(0.3)
        mark(f"agent {node}")
        run(node, common(node))
        mark(f"common {node}")
        if node == "psql1server":
            run(node, PRIMARY)
            mark("database")
            DATABASE.set()
        elif node == "psql2server":
            DATABASE.wait()
            run(node, STANDBY)
            mark("standby")
        elif node == "e1server":
            DATABASE.wait()
            run(node, EJABBERD.format(name=node))
            mark("ejabberd e1server")
            FIRST.set()
        elif node == "e2server":
            DATABASE.wait()
            run(node, EJABBERD.format(name=node))
            mark("ejabberd e2server")
            FIRST.wait()
            run(node, JOIN)
            mark("cluster")
    except Exception as error:  # one node's fault must end the others' waiting
        FAILED.append(f"{node}: {error}")
        DATABASE.set()
        FIRST.set()


def tear_down():
    for node in NODES:
        virsh("destroy", "flo-" + node, check=False)
        virsh("undefine", "flo-" + node, check=False)
    for network in NETWORKS:
        virsh("net-destroy", network, check=False)
        virsh("net-undefine", network, check=False)
    sh("rm", "-rf", DIRECTORY)


ARGS = arguments()
MARKS, FAILED = {}, []
DATABASE, FIRST = threading.Event(), threading.Event()
DIRECTORY = pool_directory()
CMDLINE = json.loads((ARGS.image / "manifest.json").read_text())["cmdline"]["qemu"] if ARGS.tuned else PLAIN_CMDLINE

STARTED = time.monotonic()
tear_down()
os.makedirs(DIRECTORY, mode=0o711)
for name in ("base.qcow2", "vmlinuz", "initrd.img"):
    sh("cp", str(ARGS.image / name), f"{DIRECTORY}/{name}")
    os.chmod(f"{DIRECTORY}/{name}", 0o644)
try:
    STARTED = time.monotonic()
    for name, host_address in NETWORKS.items():
        virsh("net-define", "/dev/stdin", stdin=network_xml(name, host_address))
        virsh("net-start", name)
    mark("networks")
    with concurrent.futures.ThreadPoolExecutor(len(NODES)) as pool:
        list(pool.map(build, NODES))
    if not FAILED:
        run("psql1server", STREAMING)
        mark("verified")
finally:
    tear_down()
print(json.dumps({"failed": FAILED, **MARKS}))
