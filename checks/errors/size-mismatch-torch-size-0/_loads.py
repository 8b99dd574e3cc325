"""Right loads and wrong loads of tiny models by the installed transformers, each with the folder that it is compared with."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from _tiny_models import MODELS, known, make, model_class
from safetensors.torch import load_file, save_file

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
ROOT = Path(_temporary.name)


def saved(name, **options):
    """The folder of a model as the library saves it; made once."""
    folder = ROOT / "-".join([name, *map(str, options.values())])
    if not folder.is_dir():
        make(name).save_pretrained(folder, **options)
    return folder


def loaded(name, folder=None, **options):
    """Load a model as its users do; transformers says what it misses by its log alone."""
    return model_class(name).from_pretrained(folder or saved(name), **options)


def _copy(name, **options):
    return Path(shutil.copytree(saved(name, **options), tempfile.mkdtemp(dir=ROOT), dirs_exist_ok=True))


def rewritten(name, change):
    """A copy of the folder whose tensors are changed by a function of their dictionary."""
    folder = _copy(name)
    tensors = load_file(folder / "model.safetensors")
    save_file(
        {key: value.contiguous() for key, value in change(tensors).items()}, folder / "model.safetensors", {"format": "pt"}
    )
    return folder


def reconfigured(name, **changes):
    folder = _copy(name)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | changes), "utf-8")
    return folder


# Right loads: (what, model, folder, options of compare)


def right():
    """Every load here is right."""
    for name in MODELS:
        if known(name):
            yield name, loaded(name), saved(name), {}
    for name in ("Llama", "Mixtral", "Qwen3-MoE", "Qwen2.5-VL"):
        folder = saved(name, max_shard_size="30KB")
        yield f"{name}, in shards", loaded(name, folder), folder, {}
    for name in ("Llama", "T5", "Mixtral"):
        yield f"{name}, cast to bfloat16", loaded(name, dtype=torch.bfloat16), saved(name), {}
    yield from _places()
    yield from _without_a_head()
    yield from _wrapped()


def _places():
    hub = ROOT / "hub" / "models--tiny--llama"
    snapshot = hub / "snapshots" / "0123abc"
    (hub / "blobs").mkdir(parents=True)
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("0123abc")
    snapshot.mkdir(parents=True)
    for number, file in enumerate(saved("Llama").iterdir()):
        shutil.copyfile(file, hub / "blobs" / str(number))
        (snapshot / file.name).symlink_to(f"../../blobs/{number}")
    yield "Llama, a hub cache's snapshot", loaded("Llama", snapshot), snapshot, {}
    yield "Llama, a hub cache's entry", loaded("Llama", snapshot), hub, {}
    folder = _copy("Qwen3")
    half = {key: value.half() for key, value in load_file(folder / "model.safetensors").items()}
    save_file(half, folder / "model.fp16.safetensors", {"format": "pt"})
    yield "Qwen3, an fp16 variant beside it", loaded("Qwen3", folder), folder, {}
    yield "Qwen3, the fp16 variant", loaded("Qwen3", folder, variant="fp16", dtype="float16"), folder, {"variant": "fp16"}
    folder = _copy("Llama", max_shard_size="30KB")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text("utf-8"))
    content["weight_map"]["lm_head.weight"] = max(
        set(content["weight_map"].values()) - {content["weight_map"]["lm_head.weight"]}
    )
    index.write_text(json.dumps(content), "utf-8")
    yield "Llama, the index names the wrong shard", loaded("Llama", folder), folder, {}


def _without_a_head():
    for name in ("Llama", "Qwen3-MoE", "BERT", "GPT-2", "Gemma 3"):
        base = transformers.AutoModel.from_pretrained(saved(name), **({"add_pooling_layer": False} if name == "BERT" else {}))
        yield f"{name}, without its head", base, saved(name), {}
    heads = (("Llama", "LlamaForSequenceClassification", "score"), ("BERT", "BertForTokenClassification", "classifier"))
    for name, other, head in heads:
        yield (
            f"{name}, with a new head",
            getattr(transformers, other).from_pretrained(saved(name)),
            saved(name),
            {"new": [head]},
        )


def _wrapped():
    yield "Llama, compiled", torch.compile(loaded("Llama")), saved("Llama"), {}
    layers = loaded("Mixtral")
    layers.model.layers[1] = torch.compile(layers.model.layers[1])
    yield "Mixtral, one layer compiled", layers, saved("Mixtral"), {}
    yield "Qwen2.5-VL, in DataParallel", torch.nn.DataParallel(loaded("Qwen2.5-VL")), saved("Qwen2.5-VL"), {}
    yield "T5, compiled in DataParallel", torch.nn.DataParallel(torch.compile(loaded("T5"))), saved("T5"), {}
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        return
    config = LoraConfig(target_modules=["q_proj", "v_proj"], modules_to_save=["lm_head"])
    adapted = get_peft_model(loaded("Llama"), config)
    adapted.save_pretrained(ROOT / "adapter")
    yield "Llama, with LoRA", adapted, saved("Llama"), {}
    yield "Llama, with LoRA, the adapter too", adapted, saved("Llama"), {"adapter": ROOT / "adapter"}
    yield "Llama, the adapter alone", adapted, ROOT / "adapter", {}


# Wrong loads: (what, model, folder, the tensors that are wrong, if it is these alone)


def wrong():
    """Every load here is wrong. The files that are compared with are those that were loaded, or the right ones."""
    for name in ("Llama", "Qwen3-MoE"):
        yield from _lost(name)
        yield from _changed_in_memory(name)
        yield from _other_config(name)
    for name in ("Llama", "Qwen2.5-VL"):
        yield from _other_names(name)
        yield from _without_the_library(name)
    for name in ("Mixtral", "Qwen3-MoE"):
        yield from _experts(name)
    yield from _stale()
    yield from _adapters()


def _is_of_layer(key, number):
    return f"layers.{number}." in key


def _lost(name):
    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if not _is_of_layer(k, 1)})
    yield f"{name}, a layer is in no file", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if k != "lm_head.weight"})
    yield f"{name}, lm_head is in no file, and not tied", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if not k.endswith("norm.weight")})
    yield f"{name}, the norms are in no file", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if not k.endswith("0.self_attn.k_proj.weight")})
    yield f"{name}, one projection is in no file", loaded(name, folder), folder
    yield f"{name}, nothing was loaded", model_class(name)(loaded(name).config), saved(name)


def _changed_in_memory(name):
    parameter = "model.layers.1.self_attn.o_proj.weight"

    def changed(what, change):
        model = loaded(name)
        with torch.no_grad():
            change(model.get_parameter(parameter), model)
        return f"{name}, {what}", model, saved(name)

    yield changed("a tensor is zero", lambda p, _: p.zero_())
    yield changed("one bit is flipped", lambda p, _: p.view(torch.int32)[3, 4].bitwise_xor_(1))
    yield changed("one value is NaN", lambda p, _: p[0, 0].fill_(float("nan")))
    yield changed("a tensor is transposed", lambda p, _: p.copy_(p.t().clone()))
    yield changed("a tensor's rows are moved", lambda p, _: p.copy_(p.roll(1, 0)))
    yield changed("a tensor was rounded to bfloat16", lambda p, _: p.copy_(p.bfloat16()))
    yield changed("two tensors are swapped", lambda p, m: _swap(p, m.model.layers[1].self_attn.q_proj.weight))
    yield changed("two layers are swapped", lambda p, m: _swap_layers(m.model.layers))
    yield changed("the last norm is ones", lambda p, m: m.model.norm.weight.fill_(1))


def _swap(one, other):
    kept = one.clone()
    one.copy_(other)
    other.copy_(kept)


def _swap_layers(layers):
    layers[0], layers[1] = layers[1], layers[0]


def _other_config(name):
    folder = reconfigured(name, num_hidden_layers=1)
    yield f"{name}, fewer layers than are stored", loaded(name, folder), folder
    folder = reconfigured(name, num_hidden_layers=3)
    yield f"{name}, more layers than are stored", loaded(name, folder), folder
    folder = reconfigured(name, vocab_size=48)
    yield f"{name}, another vocabulary", loaded(name, folder, ignore_mismatched_sizes=True), folder


def _other_names(name):
    folder = rewritten(name, lambda t: {f"module.{k}": v for k, v in t.items()})
    yield f"{name}, `module.` before each name", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {f"model.language_model.language_model.language_model.{k}": v for k, v in t.items()})
    yield f"{name}, a prefix three times", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {k.replace("k_proj", "key_proj"): v for k, v in t.items()})
    yield f"{name}, a projection under another name", loaded(name, folder), folder


def _without_the_library(name):
    """Into a plain torch model whose names are its own: only the contents tell which tensor is which."""

    def own(change=lambda tensors: tensors):
        model, tensors = torch.nn.Module(), change(dict(loaded(name).state_dict()))
        for key, value in tensors.items():
            part = model
            for step in ("net", *key.split(".")[:-1]):
                part._modules.setdefault(step, torch.nn.Module())
                part = part._modules[step]
            part.register_parameter(key.rpartition(".")[2], torch.nn.Parameter(value.clone()))
        return model

    def exchanged(tensors, one, other):
        swapped = {k: k.replace(one, "@").replace(other, one).replace("@", other) for k in tensors}
        return {k: tensors[swapped[k]] if tensors[k].shape == tensors[swapped[k]].shape else v for k, v in tensors.items()}

    yield f"{name}, own names, gate and up exchanged", own(lambda t: exchanged(t, "gate_proj", "up_proj")), saved(name)
    yield f"{name}, own names, layers exchanged", own(lambda t: exchanged(t, "layers.0.", "layers.1.")), saved(name)
    yield (
        f"{name}, own names, a tensor is zero",
        own(lambda t: t | {k: v * 0 for k, v in t.items() if "0.mlp.up" in k}),
        saved(name),
    )


def _experts(name):
    def experts(tensors):
        return sorted(key for key in tensors if ".experts." in key and "layers.1." in key)

    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if k not in experts(t)})
    yield f"{name}, a layer's experts are in no file", loaded(name, folder), folder
    folder = rewritten(name, lambda t: {k: v for k, v in t.items() if k not in experts(t)[-3:]})
    try:
        yield f"{name}, one expert is in no file", loaded(name, folder), folder
    except Exception as error:  # some releases refuse it, which is right
        print(f"{name}, one expert is in no file: {type(error).__name__}")
    model = loaded(name)
    with torch.no_grad():
        stored = [p for n, p in model.named_parameters() if ".experts." in n and "layers.1." in n]
        if stored[0].dim() == 3:
            stored[0].copy_(stored[0].roll(stored[0].shape[1] // 2, 1))  # up before gate
        else:
            _swap(stored[0], stored[3])  # of two experts
    yield f"{name}, the parts of the experts in another order", model, saved(name)
    model = loaded(name)
    with torch.no_grad():
        stored = [p for n, p in model.named_parameters() if ".experts." in n and "layers.1." in n and p.shape[-1] != 32]
        _swap(*((stored[0][0], stored[0][1]) if stored[0].dim() == 3 else stored[:2]))
    yield f"{name}, two experts are swapped", model, saved(name)


def _stale():
    for name in ("Llama", "Gemma 2"):
        folder = _copy(name, max_shard_size="30KB")
        index = json.loads((folder / "model.safetensors.index.json").read_text("utf-8"))["weight_map"]
        key = "model.embed_tokens.weight"
        right_file = folder / index[key]
        model = loaded(name, folder)
        save_file(load_file(right_file) | {key: load_file(right_file)[key] + 1}, right_file, {"format": "pt"})
        yield f"{name}, a shard was replaced after the load", model, folder
    for name in ("Llama, tied", "Qwen3"):
        model = loaded(name)
        model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
        yield f"{name}, the tied head is another tensor", model, saved(name)
        folder = rewritten(name, lambda t: t | {"lm_head.weight": t["model.embed_tokens.weight"] + 1})
        model = loaded(name, folder)
        model.lm_head.weight = model.model.embed_tokens.weight
        yield f"{name}, tied, but the files have another head", model, folder


def _adapters():
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        return
    for name in ("Llama", "Qwen2"):
        adapted = get_peft_model(loaded(name), LoraConfig(target_modules=["q_proj"], init_lora_weights=False))
        adapted.merge_adapter()
        yield f"{name}, an adapter is merged", adapted, saved(name)
        adapted.unmerge_adapter()
        with torch.no_grad():
            adapted.base_model.model.model.layers[0].self_attn.q_proj.base_layer.weight.zero_()
        yield f"{name}, under an adapter a tensor is zero", adapted, saved(name)
