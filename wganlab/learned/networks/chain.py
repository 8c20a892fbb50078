"""Networks that are plain chains of layers, of which more can be said than of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from wganlab.learned.networks.activations import slope
from wganlab.learned.networks.few_channels import Conv2d
from wganlab.learned.networks.folds import Fold

if TYPE_CHECKING:
    from collections.abc import Iterable


def chain(module: nn.Module) -> list[nn.Module] | None:
    """The parts of a plain chain of modules, in order; None where it may be anything else."""
    # of a subclass, perhaps, that does something else; TorchScript has none
    forward = getattr(type(module), "forward", None)
    inner: Iterable[nn.Module]
    if module._forward_hooks or module._forward_pre_hooks or _is_patched(module):
        return None
    if any(weight.is_complex() for weight in module.parameters(recurse=False)):
        return None
    if isinstance(module, nn.Sequential) and forward is nn.Sequential.forward:
        inner = module
    elif forward is nn.Linear.forward or slope(module) is not None or is_fold(module):
        return [module]
    elif isinstance(module, nn.Conv2d) and _is_convolution(module, forward):
        # other paddings than zeros show a pixel more often
        return [module] if module.padding_mode == "zeros" else None
    else:
        return None
    chains = [chain(part) for part in inner]
    if any(parts is None for parts in chains):
        return None
    return [part for parts in chains for part in parts or ()]


def _is_convolution(module: nn.Conv2d, forward: object) -> bool:
    """Is it torch's own, or ours, and not what a subclass makes of it?"""
    own = "_conv_forward" not in vars(module)
    own = own and type(module)._conv_forward is nn.Conv2d._conv_forward
    return own and forward in (nn.Conv2d.forward, Conv2d.forward)


def _is_patched(module: nn.Module) -> bool:
    """Does it compute something else than its class says?"""
    own = {"forward", "_call_impl"} & vars(module).keys()
    kind = type(module)
    plain = kind.__call__ is nn.Module.__call__ and kind._call_impl is nn.Module._call_impl
    return bool(own) or not plain


def is_fold(module: nn.Module) -> bool:
    """Is it a fold along the planes of a plain linear layer?"""
    return type(module) is Fold and chain(module.planes) == [module.planes]
