"""What quantised files say, by their formats' own definitions: the numbers in bfloat16, none of them rounded."""

import torch

# OCP Microscaling Formats 1.0: E2M1, a sign, two bits of exponent, one of mantissa
E2M1 = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0])
BIAS = 127  # of a shared exponent, E8M0


def mxfp4(stored):
    """Join `_blocks` (experts, out, groups, 16 bytes: 32 numbers, the lower half of a byte first) and `_scales`.

    A model holds them as (experts, in, out).
    """
    made = {name: tensor for name, tensor in stored.items() if not name.endswith(("_blocks", "_scales"))}
    for name in stored:
        if name.endswith("_blocks"):
            blocks, scales = stored[name], stored[name.replace("_blocks", "_scales")]
            numbers = torch.stack([E2M1[(blocks & 15).long()], E2M1[(blocks >> 4).long()]], dim=-1).flatten(-2)
            numbers = numbers * torch.exp2(scales.float() - BIAS)[..., None]
            made[name.removesuffix("_blocks")] = numbers.flatten(-2).transpose(1, 2).contiguous().bfloat16()
    return made


def fp8(stored):
    """Multiply each matrix of F8_E4M3 by its `_scale_inv`, one for a block; blocks are as large as the two shapes say."""
    made = {name: tensor for name, tensor in stored.items() if not name.endswith("_scale_inv")}
    for name, tensor in made.items():
        if (scale := stored.get(f"{name}_scale_inv")) is not None:
            rows, columns = (whole // parts for whole, parts in zip(tensor.shape, scale.shape, strict=True))
            made[name] = (tensor.float() * scale.repeat_interleave(rows, 0).repeat_interleave(columns, 1)).bfloat16()
    return made


DEQUANTISED = {"mxfp4": mxfp4, "fp8": fp8}
