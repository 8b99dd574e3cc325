"""Train on after the message: whether the weights of the checkpoint come back."""

import torch
from _tiny import load, prefixed, save, save_as

STEPS, RATE = 200, 3e-3
sound = save("sound")
save_as("prefix", prefixed(sound))


def _trained(folder):
    """Load and train; return the loss before and after, and how far each matrix is from the checkpoint, in its own norm."""
    model, _ = load(folder)
    torch.manual_seed(3)
    tokens = torch.randint(3, 64, (8, 12))
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    losses = []
    for _ in range(STEPS):
        loss = model(input_ids=tokens, labels=tokens).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    far = {n: (t - sound[n]).norm().item() / sound[n].norm().item() for n, t in model.state_dict().items() if t.dim() == 2}
    print(f"{folder}: loss {losses[0]:.2f} to {losses[-1]:.2f}; distance {min(far.values()):.2f} to {max(far.values()):.2f}")
    return losses, far


def training_does_not_bring_the_weights_back():
    """200 steps halve the loss, and none of 16 matrices comes nearer to the checkpoint than 0.9 of its norm."""
    losses, far = _trained("prefix")
    assert losses[-1] < losses[0] / 2, (losses[0], losses[-1])
    assert len(far) == 16 and min(far.values()) > 0.9, far
    _, near = _trained("sound")
    assert max(near.values()) < 0.5, near


if __name__ == "__main__":
    training_does_not_bring_the_weights_back()
