"""Classes with an embedding and a head that is tied to it, as transformers 4 and 5 ask for it, and as neither does."""

import transformers
from _classes import Base, Config
from torch import nn


class Tied(transformers.PreTrainedModel):
    """An embedding and a head that is tied to it, as transformers 4 and 5 ask for it."""

    config_class = Config
    _tied_weights_keys = {"lm_head.weight": "embed.weight"}  # noqa: RUF012  the library's interface

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(8, 4)
        self.lm_head = nn.Linear(4, 8, bias=False)
        self.end()

    def end(self):
        """How the class's __init__ ends."""
        self.post_init()

    def get_input_embeddings(self):
        return self.embed

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, head):
        self.lm_head = head


class WithoutPostInit(Tied):
    def end(self):
        pass


class OfAList(Tied):
    _tied_weights_keys = ["lm_head.weight"]  # noqa: RUF012


class OfNothing(Tied):
    _tied_weights_keys = None


class EmptyByHand(Tied):
    def end(self):
        self.all_tied_weights_keys = {}


class ListAndByHand(OfAList):
    def end(self):
        self.all_tied_weights_keys = {"lm_head.weight": "embed.weight"}


class Plain(Base):
    """Without a tied head, and without the end of __init__ that transformers 5 needs."""

    def post_init(self):
        pass
