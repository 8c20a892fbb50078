"""Every network that a configuration can name, by the word that it has for it."""

from __future__ import annotations

from wganlab.learned.networks.dcgan import DCGANConfig
from wganlab.learned.networks.folds import FoldConfig, PatchConfig
from wganlab.learned.networks.language import TextResNetConfig
from wganlab.learned.networks.mlp import MLPConfig
from wganlab.learned.networks.network import NetworkConfig
from wganlab.learned.networks.residual import ResNetConfig

NETWORKS: dict[str, type[NetworkConfig]] = {
    "mlp": MLPConfig,
    "dcgan": DCGANConfig,
    "patch": PatchConfig,
    "fold": FoldConfig,
    "resnet": ResNetConfig,
    "text": TextResNetConfig,
}
"""By the `kind` that config.json has of them."""
Network = MLPConfig | DCGANConfig | PatchConfig | FoldConfig | ResNetConfig | TextResNetConfig
