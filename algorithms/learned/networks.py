"""The networks, in torch-geometric: what is trained here is scored by ``scoring``, layer for layer.

Signed: Derr, Ma & Tang, Signed graph convolutional network, ICDM 2018, with links that lead to a
subject apart from those that leave it. Attention: Brody, Alon & Yahav, How attentive are graph
attention networks?, ICLR 2022 (GATv2), over messages with features of their link.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from algorithms.learned.messages import LINK_FEATURES, RELATIONS
from algorithms.learned.model import NetworkKind

with warnings.catch_warnings():
    # torch-geometric still compiles a few helpers by torch.jit, which torch warns of.
    warnings.simplefilter("ignore")
    from torch_geometric.nn import GATv2Conv, SignedConv

HEADS = 2


class TensorHop:
    """One hop of a sample as tensors: who hears from whom, and what is known of the link."""

    def __init__(
        self, listeners: int, ends: Tensor, relation: Tensor, link_features: Tensor
    ) -> None:
        self.listeners = listeners
        self.ends = ends
        self.link_features = link_features
        self.of = {name: ends[:, relation == at] for at, name in enumerate(RELATIONS)}


class Alone(nn.Module):
    """A subject's own features through two dense layers: the control that hears nobody."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, width)
        self.second = nn.Linear(width, width)
        self.head_own = nn.Linear(features, 1, bias=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor, hops: tuple[TensorHop, TensorHop]) -> Tensor:
        """Return the logits of the subjects that were asked about."""
        own = x[: hops[0].listeners]
        hidden = torch.relu(self.second(torch.relu(self.first(own))))
        logit: Tensor = self.head_own(own) + self.head(hidden)
        return logit[:, 0]


class Signed(nn.Module):
    """Two layers of friendly and hostile sides, each heard over links in and links out."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        side = width // 2
        self.first_in = SignedConv(features, side, first_aggr=True)
        self.first_out = SignedConv(features, side, first_aggr=True)
        self.second_in = SignedConv(side, side, first_aggr=False)
        self.second_out = SignedConv(side, side, first_aggr=False)
        self.head_own = nn.Linear(features, 1, bias=False)
        self.head = nn.Linear(2 * side, 1)

    def forward(self, x: Tensor, hops: tuple[TensorHop, TensorHop]) -> Tensor:
        """Return the logits of the subjects that were asked about."""
        near, far = hops
        hidden = self._layer(self.first_in, self.first_out, x, far)
        hidden = self._layer(self.second_in, self.second_out, hidden, near)
        logit: Tensor = self.head_own(x[: near.listeners]) + self.head(hidden)
        return logit[:, 0]

    @staticmethod
    def _layer(inward: nn.Module, outward: nn.Module, x: Tensor, hop: TensorHop) -> Tensor:
        both = (x, x[: hop.listeners])
        heard = inward(both, hop.of["trusted by"], hop.of["distrusted by"])
        return torch.relu(heard + outward(both, hop.of["trusts"], hop.of["distrusts"]))


class Attention(nn.Module):
    """Two layers that weigh each message by sender, listener and link."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        each = width // HEADS
        known = {
            "heads": HEADS,
            "edge_dim": len(LINK_FEATURES),
            "add_self_loops": False,
            "residual": True,
        }
        self.first = GATv2Conv(features, each, **known)
        self.second = GATv2Conv(width, each, **known)
        self.head_own = nn.Linear(features, 1, bias=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor, hops: tuple[TensorHop, TensorHop]) -> Tensor:
        """Return the logits of the subjects that were asked about."""
        near, far = hops
        hidden = torch.relu(self._layer(self.first, x, far))
        hidden = torch.relu(self._layer(self.second, hidden, near))
        logit: Tensor = self.head_own(x[: near.listeners]) + self.head(hidden)
        return logit[:, 0]

    @staticmethod
    def _layer(layer: nn.Module, x: Tensor, hop: TensorHop) -> Tensor:
        heard: Tensor = layer((x, x[: hop.listeners]), hop.ends, hop.link_features)
        return heard


NETWORKS: dict[NetworkKind, type[nn.Module]] = {
    NetworkKind.ALONE: Alone,
    NetworkKind.SIGNED: Signed,
    NetworkKind.ATTENTION: Attention,
}
