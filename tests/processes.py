"""Processes as torchrun starts them, for the tests that need several."""

import os
import socket
import subprocess
import sys
import textwrap


def environment(rank, size, port):
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
    return {**os.environ, **{key: str(value) for key, value in told.items()}} | {
        "MASTER_ADDR": "localhost",
        "OMP_NUM_THREADS": "1",
    }


def free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def together(code, size, folder):
    """Run the code in that many processes; what each printed, and its exit status."""
    port = free_port()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=environment(rank, size, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        for rank in range(size)
    ]
    results = [process.communicate(timeout=300) for process in processes]
    return [(out, err, p.returncode) for (out, err), p in zip(results, processes, strict=True)]
