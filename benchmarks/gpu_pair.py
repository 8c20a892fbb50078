"""What each process of `gpu_checks.two_processes` does: its part of one run.

torchrun --nproc-per-node=2 benchmarks/gpu_pair.py MLP cuda weights.pt
"""

from __future__ import annotations

import sys
from dataclasses import replace

import torch
from gpu_checks import of_run
from gpu_configs import IMAGES, NETWORKS, SMALL
from gpu_runs import plain

from wganlab import learned
from wganlab.learned.distributed import joined


def main(name: str, device: str, out: str) -> None:
    """Train, and let the first process write the weights."""
    # a penalty on points takes pairs in one process that it has no way to take in two
    clipped = replace(SMALL, constraint="clip", clip=0.1)
    known = {**NETWORKS, "MLP": clipped, "DCGAN": IMAGES}
    config = plain(known[name], iterations=5)
    torch.backends.cudnn.allow_tf32 = False
    with joined(device) as world:
        run = learned.train(config, device=device, progress=False)
        if world.first:
            torch.save(of_run(run), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
