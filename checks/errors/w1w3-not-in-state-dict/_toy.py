"""A tiny mixture of experts and what it learns: 3 layers of 16 experts, 2 of them for each token; a rule with known chances.

Of two symbols follows one of four, with the chances 0.85, 0.10, 0.04, 0.01; so no model's loss can be below 0.54.
"""

import torch
from torch.nn import Embedding, LayerNorm, Linear, Module, ModuleList, Parameter
from torch.nn.functional import cross_entropy, silu

LAYERS, EXPERTS, CHOSEN, HIDDEN, SYMBOLS = 3, 16, 2, 32, 32
TOKENS, STEPS = 256, 1500
CHANCES = torch.tensor([0.85, 0.10, 0.04, 0.01])
FOLLOWERS = torch.randint(SYMBOLS, (SYMBOLS, SYMBOLS, 4), generator=torch.Generator().manual_seed(1))


class Experts(Module):
    """One layer; the experts' weights are named and merged as in XTuner's shard mode."""

    def __init__(self):
        super().__init__()
        self.norm, self.gate = LayerNorm(HIDDEN), Linear(HIDDEN, EXPERTS, bias=False)
        self.w1w3 = Parameter(torch.randn(EXPERTS, 2 * HIDDEN, HIDDEN) * HIDDEN**-0.5)
        self.w2 = Parameter(torch.randn(EXPERTS, HIDDEN, HIDDEN) * HIDDEN**-0.5)

    def forward(self, x):
        """Return x with the chosen experts' outputs added, and how unevenly the tokens are spread over the experts."""
        normed = self.norm(x)
        scores = self.gate(normed).softmax(-1)
        chosen = torch.zeros_like(scores).scatter(-1, scores.topk(CHOSEN).indices, 1.0)
        weights = scores * chosen / (scores * chosen).sum(-1, keepdim=True)
        gate, up = torch.einsum("th,efh->tef", normed, self.w1w3).chunk(2, -1)
        out = torch.einsum("tef,ehf->teh", silu(gate) * up, self.w2)
        return x + torch.einsum("teh,te->th", out, weights), (scores.mean(0) * chosen.mean(0)).sum()


class Toy(Module):
    """Predicts the next symbol from two."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Embedding(SYMBOLS, HIDDEN), Embedding(SYMBOLS, HIDDEN)
        self.layers, self.head = ModuleList(Experts() for _ in range(LAYERS)), Linear(HIDDEN, SYMBOLS)

    def loss(self, batch):
        """The loss that a training log shows, and the one that keeps the experts evenly used."""
        pairs, following = batch
        x, uneven = self.first(pairs[:, 0]) + self.second(pairs[:, 1]), 0.0
        for layer in self.layers:
            x, more = layer(x)
            uneven += more
        return cross_entropy(self.head(x), following), 0.08 * uneven


def batch(generator):
    """256 pairs of symbols, and what follows them."""
    pairs = torch.randint(SYMBOLS, (TOKENS, 2), generator=generator)
    which = torch.multinomial(CHANCES, TOKENS, replacement=True, generator=generator)
    return pairs, FOLLOWERS[pairs[:, 0], pairs[:, 1], which]


def train():
    """A trained toy: the same one each time on one kind of machine."""
    torch.manual_seed(0)
    generator, toy = torch.Generator().manual_seed(2), Toy()
    optimizer = torch.optim.AdamW(toy.parameters(), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, STEPS)
    for _ in range(STEPS):
        sum(toy.loss(batch(generator))).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return toy
