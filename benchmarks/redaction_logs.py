# ruff: noqa: E501 - lines of logs
"""Lines as programs with many numbers write them: file systems, supercomputers, coordination services; all made here."""

import random
from collections.abc import Callable, Iterator
from typing import Final


def _hdfs(pick: random.Random) -> str:
    block = pick.choice((1, -1)) * pick.randrange(10**17, 9 * 10**18)
    peer = f"10.25{pick.randrange(2)}.{pick.randrange(256)}.{pick.randrange(256)}"
    head = f"08{pick.randrange(10, 13)}{pick.randrange(10, 29)} {pick.randrange(10, 24)}{pick.randrange(10, 60)}{pick.randrange(10, 60)} {pick.randrange(10, 9999)} INFO dfs."
    return head + pick.choice(
        (
            f"DataNode$PacketResponder: PacketResponder {pick.randrange(3)} for block blk_{block} terminating",
            f"FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {peer}:50010 is added to blk_{block} size {pick.randrange(10**6, 67108865)}",
            f"DataNode$DataXceiver: Receiving block blk_{block} src: /{peer}:{pick.randrange(32768, 60999)} dest: /{peer}:50010",
            f"FSNamesystem: BLOCK* NameSystem.allocateBlock: /user/root/rand/_temporary/_task_2008{pick.randrange(10**8)}_0002_m_{pick.randrange(10**6):06}_0/part-{pick.randrange(10**5):05}. blk_{block}",
        )
    )


def _bgl(pick: random.Random) -> str:
    node = f"R{pick.randrange(64):02}-M{pick.randrange(2)}-N{pick.randrange(10)}-C:J{pick.randrange(18):02}-U{pick.choice(('01', '11'))}"
    month, day = pick.randrange(6, 13), pick.randrange(1, 29)
    head = (
        f"- {pick.randrange(1117000000, 1136000000)} 2005.{month:02}.{day:02} {node} 2005-{month:02}-{day:02}-{pick.randrange(24):02}.{pick.randrange(60):02}"
        f".{pick.randrange(60):02}.{pick.randrange(10**6):06} {node} RAS KERNEL INFO "
    )
    return head + pick.choice(
        (
            "instruction cache parity error corrected",
            f"generating core.{pick.randrange(10**4)}",
            f"CE sym {pick.randrange(30)}, at 0x{pick.getrandbits(32):08x}, mask 0x{1 << pick.randrange(8):02x}",
            f"{pick.randrange(10**4)} double-hummer alignment exceptions",
            f"iar {pick.getrandbits(32):08x} dear {pick.getrandbits(32):08x}",
            f"ciod: failed to read message prefix on control stream (CioStream socket to 172.16.96.{pick.randrange(256)}:{pick.randrange(32768, 60999)}",
            f"total of {pick.randrange(20)} ddr error(s) detected and corrected over {pick.randrange(10**6)} seconds",
            f"ciod: LOGIN chdir(/p/gb{pick.randrange(1, 3)}/made/{pick.randrange(10**5)}) failed: No such file or directory",
        )
    )


def _zookeeper(pick: random.Random) -> str:
    peer = f"10.10.34.{pick.randrange(11, 43)}:{pick.randrange(32768, 60999)}"
    session = f"0x{pick.getrandbits(60):x}"
    head = f"2015-{pick.randrange(7, 9):02}-{pick.randrange(10, 29)} {pick.randrange(10, 24)}:{pick.randrange(10, 60)}:{pick.randrange(10, 60)},{pick.randrange(100, 1000)} - "
    return head + pick.choice(
        (
            f"INFO  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@1001] - Closed socket connection for client /{peer} which had sessionid {session}",
            f"INFO  [CommitProcessor:2:ZooKeeperServer@595] - Established session {session} with negotiated timeout 10000 for client /{peer}",
            f"WARN  [RecvWorker:188978561024:QuorumCnxManager$RecvWorker@762] - Connection broken for id 188978561024, my id = {pick.randrange(1, 4)}, error =",
            f"INFO  [ProcessThread(sid:2 cport:-1)::PrepRequestProcessor@476] - Processed session termination for sessionid: {session}",
            f"INFO  [QuorumPeer[myid={pick.randrange(1, 4)}]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out: {pick.randrange(400, 60000)}",
            f"INFO  [WorkerReceiver[myid=1]:FastLeaderElection@542] - Notification: 2 (n.leader), 0x{pick.getrandbits(36):x} (n.zxid), 0x2 (n.round), LOOKING (n.state), 2 (n.sid)",
        )
    )


def _metrics(pick: random.Random) -> str:
    return " ".join(
        [
            f"{pick.randrange(1_700_000_000_000_000_000, 1_800_000_000_000_000_000)} worker={pick.randrange(140_000_000_000_000, 140_737_488_355_327)}",
            f"span={pick.getrandbits(63)} seq={pick.getrandbits(63)} m=+{pick.uniform(1, 99999):.9f}",
            *(str(pick.randrange(10 ** pick.randrange(1, 17))) for _ in range(6)),
        ]
    )


KINDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "HDFS-like": _hdfs,
    "BGL-like": _bgl,
    "ZooKeeper-like": _zookeeper,
    "counters": _metrics,
}


def lines(kind: str, count: int, seed: int = 7) -> Iterator[str]:
    """Yield log lines that hold no secret and many digits, the same ones for the same seed.

    Args:
        kind: one of `KINDS`.
        count: how many lines.
        seed: another number, other lines.
    """
    pick = random.Random(seed)
    for _ in range(count):
        yield KINDS[kind](pick)
