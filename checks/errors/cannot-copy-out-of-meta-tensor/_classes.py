"""Classes of one's own, as remote code has them: a layer, and one thing more that their `__init__` does."""

import torch
import transformers
from torch import nn


class Config(transformers.PretrainedConfig):
    model_type = "of-ones-own"


class Base(transformers.PreTrainedModel):
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.Linear(4, 4)
        self.make()
        self.post_init()

    def make(self):
        """What a class does beside that."""

    def forward(self, x):
        return self.layer(x)


class Moves(Base):
    def make(self):
        self.other = nn.Linear(4, 4).to("cpu")


class AsksForValues(Base):
    def make(self):
        self.rates = torch.arange(4.0).tolist()


class AsksForAnItem(Base):
    def make(self):
        self.last = torch.arange(4.0)[-1].item()


class HasATable(Base):
    def make(self):
        self.register_buffer("table", torch.arange(1.0, 5.0), persistent=False)

    def forward(self, x):
        return self.layer(x) * self.table


class FillsItsTable(HasATable):
    # --8<-- [start:fill]
    def _init_weights(self, module):
        super()._init_weights(module)
        if module is self:
            module.table.copy_(torch.arange(1.0, 5.0))
            # --8<-- [end:fill]


class KeepsATensor(Base):
    def make(self):
        self.scale = torch.arange(1.0, 5.0)

    def forward(self, x):
        return self.layer(x) * self.scale
