"""Ways to write an _init_weights that all write, and leave no mark for the library."""

import torch
from _classes import Base, ByTorch
from torch import nn


class UnderNoGrad(Base):
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            with torch.no_grad():
                module.weight.normal_(std=0.02)


class TorchOnData(Base):
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight.data, std=0.02)


class Assigned(Base):
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data = torch.randn(module.weight.shape) * 0.02


class OfTheModel(Base):
    def _init_weights(self, module):
        if module is self:
            module.scale.data.fill_(1.0)


class Recorded(ByTorch):
    """It keeps for which kinds of modules it is called."""

    called = []  # noqa: RUF012  filled by each load

    def _init_weights(self, module):
        self.called.append(type(module).__name__)
        super()._init_weights(module)
