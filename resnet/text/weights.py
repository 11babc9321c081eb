"""Models and their files: names, folders, downloads, preprocessing."""

STRINGS: dict[str, tuple[str, str]] = {
    # names
    "architecture_unknown": (
        "There is no network called “{name}”; did you mean: {near}?",
        "没有名为 “{name}” 的网络；您是否想用：{near}？",
    ),
    # preprocessing
    "preprocessing_wrong": (
        "The preprocessing's {field} is {value}, which this project cannot apply.",
        "预处理的 {field} 为 {value}，本项目无法使用。",
    ),
    "preprocessing_center": (
        "resized so that the shorter side has {resize} pixels; the middle {size} × {size} is seen",
        "缩放至短边 {resize} 像素；取中间的 {size} × {size}",
    ),
    "preprocessing_squash": (
        "resized to {resize} × {resize} pixels whatever its shape; the middle {size} × {size} is seen",
        "不保持长宽比，缩放至 {resize} × {resize} 像素；取中间的 {size} × {size}",
    ),
    "preprocessing_squash_whole": (
        "squashed or stretched to {size} × {size} pixels, all of it seen",
        "不保持长宽比，缩放至 {size} × {size} 像素，全部可见",
    ),
    "preprocessing_border_whole": (
        "resized to fit into {size} × {size} pixels, on a plain border, all of it seen",
        "缩放至 {size} × {size} 像素之内，四周以纯色填充，全部可见",
    ),
    "preprocessing_border": (
        "resized so that the longer side has {resize} pixels, on a plain border; the middle {size} × {size} is seen",
        "缩放至长边 {resize} 像素，四周以纯色填充；取中间的 {size} × {size}",
    ),
    # model folders
    "config_missing": (
        "{folder} is not a model folder: it has no {file}.",
        "{folder} 不是模型文件夹：缺少 {file}。",
    ),
    "json_wrong": (
        "{file} is not a JSON object; the file is damaged or not one of a model.",
        "{file} 不是 JSON 对象；文件已损坏或不属于模型。",
    ),
    "json_large": (
        "{file} has {size} bytes; a file of this kind has {limit} at most.",
        "{file} 有 {size} 字节；此类文件最多 {limit} 字节。",
    ),
    "format_newer": (
        "{file} was written by a newer version of this project (format {format}); update the project to open it.",
        "{file} 由本项目的较新版本写成（格式 {format}）；请更新本项目后再打开。",
    ),
    "config_wrong": (
        "{file}: {field} is {value}, which this project cannot open.",
        "{file}：{field} 为 {value}，本项目无法打开。",
    ),
    "config_argument": (
        "{file}: the network was made with another {argument} than usual, and models are opened with the usual one. "
        "In Python, resnet.create_model makes such a network, and resnet.load_checkpoint gives it the weights.",
        "{file}：该网络使用了非常规的 {argument}，而模型只能以常规参数打开。"
        "在 Python 中，可用 resnet.create_model 创建这样的网络，再用 resnet.load_checkpoint 载入权重。",
    ),
    "labels_wrong": (
        "{file}: label_names must be {count} different names, one for each class.",
        "{file}：label_names 必须是 {count} 个互不相同的名称，每个类别一个。",
    ),
    # which model is meant
    "model_unknown": (
        "There is no model “{name}”; did you mean: {near}?",
        "没有名为 “{name}” 的模型；您是否想用：{near}？",
    ),
    "model_ships": (
        "ships with the project: {network}, {count} classes, {size} px",
        "随项目提供：{network}，{count} 个类别，{size} 像素",
    ),
    "model_network": (
        "a network: from random weights (train --mode scratch), or with timm's usual ones",
        "网络：可从随机权重训练（train --mode scratch），或使用 timm 的常用权重",
    ),
    "model_network_bare": (
        "a network: from random weights (train --mode scratch)",
        "网络：可从随机权重训练（train --mode scratch）",
    ),
    "model_former": (
        "“{former}” is a former name; timm now calls it {name}.",
        "“{former}” 是旧名称；timm 现在称之为 {name}。",
    ),
    "model_path_wrong": (
        "{path} is neither a model folder (with {file}) nor a file of weights ({suffixes}); "
        "a model on the Hub is called hf-hub:OWNER/NAME.",
        "{path} 既不是模型文件夹（含 {file}），也不是权重文件（{suffixes}）；Hub 上的模型写作 hf-hub:OWNER/NAME。",
    ),
    "model_not_shipped": (
        "“{name}” is not offered here; choose one of: {models}.",
        "此处不提供 “{name}”；请选择其中之一：{models}。",
    ),
    "model_none": (
        "No model ships with this copy of the project: {folder} is empty. Name a model.",
        "本项目副本未附带模型：{folder} 为空。请指定一个模型。",
    ),
    "run_without_model": (
        "The run “{name}” has no model yet; let it train, or resume it.",
        "训练 “{name}” 还没有模型；请等待训练，或继续该训练。",
    ),
    "pretrained_unknown": (
        "timm has no weights called “{name}”; did you mean: {near}?",
        "timm 没有名为 “{name}” 的权重；您是否想用：{near}？",
    ),
    "pretrained_none": (
        "timm publishes no weights for {name}; train it from random weights (--mode scratch), "
        "or name another model: `python -m resnet models` lists them.",
        "timm 没有发布 {name} 的权重；请从随机权重训练（--mode scratch），"
        "或指定其他模型：`python -m resnet models` 会列出它们。",
    ),
    # published weights, to choose from
    "picker_params": ("{count} M parameters", "{count} M 参数"),
    "picker_macs": ("{count} G multiply-adds", "{count} G 次乘加"),
    "picker_top1": ("{percent} % of ImageNet", "ImageNet {percent} %"),
    "picker_top1_at": ("{percent} % of ImageNet at {size} px", "ImageNet {percent} %（{size} 像素）"),
    "picker_headless": ("no classifier: to train from", "无分类器：用于训练"),
    "picker_source": (
        "The accuracy is from timm's results-imagenet.csv.",
        "准确率来自 timm 的 results-imagenet.csv。",
    ),
    "picker_here": ("on this machine", "已在本机上"),
    # files of weights: what they are instead
    "weights_missing": (
        "There is no file {file}.",
        "文件 {file} 不存在。",
    ),
    "weights_unreadable": (
        "{file} cannot be read: {reason}.",
        "无法读取 {file}：{reason}。",
    ),
    "weights_folder": (
        "{file} is a folder; name the file of weights in it.",
        "{file} 是文件夹；请指定其中的权重文件。",
    ),
    "weights_empty": (
        "{file} is empty; copy or download it again.",
        "{file} 是空文件；请重新复制或下载。",
    ),
    "weights_large": (
        "{file} has {size}; the weights of a residual network, with all that its training keeps, have {limit} at most.",
        "{file} 的大小为 {size}；残差网络的权重连同训练状态最多 {limit}。",
    ),
    "weights_other": (
        "{file} is no file of weights but {kind}.",
        "{file} 不是权重文件，而是{kind}。",
    ),
    "kind_lfs": (
        "git-lfs's pointer to one; fetch it with `git lfs pull`",
        " git-lfs 的指针文件；请用 `git lfs pull` 获取权重",
    ),
    "kind_page": (
        "a web page: the download failed, or asks for a login; open its address in a browser",
        "网页：下载失败或需要登录；请在浏览器中打开其地址",
    ),
    "kind_json": ("JSON, which is text", " JSON 文本"),
    "kind_text": ("text", "文本"),
    "kind_picture": ("a picture", "图片"),
    "kind_archive": ("an archive; unpack it, and name the file in it", "压缩包；请解压后指定其中的文件"),
    "kind_keras": (
        "HDF5, in which Keras keeps weights; a PyTorch network's state_dict() is needed",
        " HDF5（Keras 的权重格式）；此处需要 PyTorch 网络的 state_dict()",
    ),
    "kind_numpy": (
        "NumPy's arrays; a PyTorch network's state_dict() is needed",
        " NumPy 数组；此处需要 PyTorch 网络的 state_dict()",
    ),
    "kind_gguf": (
        "GGUF, the format of language models; a PyTorch network's state_dict() is needed",
        " GGUF（语言模型的格式）；此处需要 PyTorch 网络的 state_dict()",
    ),
    "kind_onnx": (
        "a network in ONNX's or TensorFlow's format; the state_dict() of a PyTorch network is needed",
        " ONNX 或 TensorFlow 格式的网络；此处需要 PyTorch 网络的 state_dict()",
    ),
    "kind_torchscript": (
        "a TorchScript program; in PyTorch, write torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)",
        " TorchScript 程序；请在 PyTorch 中执行 torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)",
    ),
    "weights_zip": (
        "{file} is a zip archive that PyTorch did not write (in it: {names}); unpack it and name the file of weights.",
        "{file} 是并非由 PyTorch 写成的 zip 压缩包（内含 {names}）；请解压后指定权重文件。",
    ),
    # files of weights: damaged or hostile
    "weights_damaged": (
        "{file} cannot be read as weights: it is cut short, damaged, or something else. Copy or download it again.",
        "{file} 无法作为权重读取：文件不完整、已损坏或并非权重。请重新复制或下载。",
    ),
    "weights_cut": (
        "{file} is cut short: it has {size} bytes of {expected}. Copy or download it again.",
        "{file} 不完整：共 {expected} 字节，只有 {size} 字节。请重新复制或下载。",
    ),
    "weights_header": (
        "The header of {file} is damaged, or the file is no .safetensors: {reason}. Copy or download it again.",
        "{file} 的文件头已损坏，或该文件不是 .safetensors：{reason}。请重新复制或下载。",
    ),
    "header_long": (
        "it claims a header of {claimed} bytes",
        "它声称文件头有 {claimed} 字节",
    ),
    "weights_overclaim": (
        "{file} claims weights of {claimed} bytes where it has {there}: it is damaged, or made to use up memory.",
        "{file} 声称权重有 {claimed} 字节，实际只有 {there} 字节：文件已损坏，或意在耗尽内存。",
    ),
    "weights_code": (
        "{file} asks for {name}, which is no part of weights and could run code; nothing was run. "
        "Ask its author for a .safetensors file, or for torch.save(network.state_dict(), FILE).",
        "{file} 要求使用 {name}，它不属于权重，可能执行代码；没有运行任何内容。"
        "请向作者索取 .safetensors 文件，或 torch.save(network.state_dict(), FILE) 保存的文件。",
    ),
    "weights_module": (
        "{file} holds a whole network ({name}), which would run code; nothing was run. "
        "Ask its author for a .safetensors file, or for torch.save(network.state_dict(), FILE).",
        "{file} 含有整个网络（{name}），会执行代码；没有运行任何内容。"
        "请向作者索取 .safetensors 文件，或 torch.save(network.state_dict(), FILE) 保存的文件。",
    ),
    "weights_index": (
        "{file} is no index of weights: it must name, under weight_map, files that lie beside it.",
        "{file} 不是权重索引：weight_map 必须列出与其位于同一文件夹的文件。",
    ),
    "weights_shard": (
        "{file} lacks {name}, which is there according to the index; copy or download it again.",
        "按照索引，{file} 应含有 {name}，实际缺失；请重新复制或下载。",
    ),
    # files of weights: not of a network that is built here
    "weights_none": (
        "{file} holds no weights: a table of names and tensors is expected, as network.state_dict() gives it.",
        "{file} 中没有权重：应为 network.state_dict() 给出的名称与张量的对照表。",
    ),
    "weights_foreign": (
        "{file} holds no residual network under the names of torchvision or timm; "
        "its {count} tensors begin with: {names}.",
        "{file} 中没有以 torchvision 或 timm 名称保存的残差网络；其 {count} 个张量的开头为：{names}。",
    ),
    "weights_several": (
        "{file} holds several networks: {names}; save the one that is meant on its own.",
        "{file} 含有多个网络：{names}；请单独保存所需的网络。",
    ),
    "weights_more": (
        "{file} holds {count} tensors beside a residual network and its classifier: {names}; "
        "save the network on its own.",
        "除残差网络及其分类器外，{file} 还含有 {count} 个张量：{names}；请单独保存该网络。",
    ),
    "weights_many": (
        "{file} holds more than {most} tensors, which no residual network has.",
        "{file} 含有超过 {most} 个张量，残差网络不会有这么多。",
    ),
    "weights_unlike": (
        "{file} is like none of the networks that this project builds; `python -m resnet models` lists them.",
        "{file} 与本项目支持的网络都不相符；`python -m resnet models` 会列出它们。",
    ),
    "weights_small_stem": (
        "{file} begins with a convolution of {size} × {size} pixels, as networks for very small pictures do; "
        "of those this project builds the ones of the first paper (resnet20_cifar and others), "
        "which have no weights in their shortcuts, and this file's names or shapes are others.",
        "{file} 的第一层卷积为 {size} × {size}，用于很小的图片；此类网络中，本项目只支持最初论文中的那些"
        "（resnet20_cifar 等），其捷径连接没有权重，而该文件的名称或形状与之不同。",
    ),
    "weights_headless": (
        "{file} holds {architecture} without a classifier: a model can be trained from it, but it cannot classify.",
        "{file} 中的 {architecture} 没有分类器：可用于训练模型，但不能分类。",
    ),
    "weights_transposed": (
        "The classifier in {file} is {shape}, transposed: it must have a row for each class.",
        "{file} 中的分类器为 {shape}，行列颠倒：每个类别应为一行。",
    ),
    "weights_classes": (
        "{file} tells {here} classes apart, but {config} beside it names {count}.",
        "{file} 可区分 {here} 个类别，而旁边的 {config} 列出 {count} 个。",
    ),
    "neighbours_damaged": (
        "{file} is damaged or belongs to another model; copy the model folder again, or delete this file: "
        "the model then works without it, and says “unknown” less well.",
        "{file} 已损坏或属于其他模型；请重新复制模型文件夹，或删除该文件：模型仍可使用，只是“不认识”的判断会变差。",
    ),
    "weights_absent": (
        "{folder} has no weights: one of {files} is missing.",
        "{folder} 中没有权重：缺少 {files} 之一。",
    ),
    "weights_kind": (
        "{name} in {file} is made of numbers of the kind {kind}; "
        "weights must be plain tensors of float16, bfloat16, float32 or float64.",
        "{file} 中的 {name} 的数值类型为 {kind}；权重必须是 float16、bfloat16、float32 或 float64 的普通张量。",
    ),
    "weights_not_finite": (
        "{name} in {file} is broken: {count} of its {total} numbers are infinite or none (NaN).",
        "{file} 中的 {name} 已损坏：{total} 个数值中有 {count} 个为无穷大或 NaN。",
    ),
    "weights_variance": (
        "{name} in {file} is broken: a variance cannot be negative.",
        "{file} 中的 {name} 已损坏：方差不能为负。",
    ),
    "weights_differ": (
        "The weights do not fit the network; {count} differ: {differences}",
        "权重与网络不符，共 {count} 处不同：{differences}",
    ),
    "weights_difference": (
        "{name} is {file} in the file, {network} in the network;",
        "{name} 在文件中为 {file}，在网络中为 {network}；",
    ),
    "weights_look_like": (
        "the file looks like {architecture}.",
        "该文件看起来是 {architecture}。",
    ),
    "absent": ("absent", "缺失"),
    "one_number": ("a single number", "单个数值"),
    # what was changed so that weights fit
    "weights_new_head": (
        "The classifier is new: {before} → {after} classes.",
        "分类器是新的：{before} → {after} 个类别。",
    ),
    "weights_stem": (
        "The first convolution was adapted from {before} to {after} channels.",
        "第一层卷积已从 {before} 通道调整为 {after} 通道。",
    ),
    # downloads
    "hub_name_wrong": (
        "“{name}” is no name of a model on the Hub; write hf-hub:OWNER/NAME, or hf-hub:OWNER/NAME@REVISION.",
        "“{name}” 不是 Hub 上的模型名称；请写作 hf-hub:OWNER/NAME 或 hf-hub:OWNER/NAME@REVISION。",
    ),
    "hub_offline": (
        "{model} is not in the cache ({cache}), and downloads are switched off (HF_HUB_OFFLINE); "
        "allow them once, or name a model folder.",
        "缓存（{cache}）中没有 {model}，且下载已关闭（HF_HUB_OFFLINE）；请允许下载一次，或指定模型文件夹。",
    ),
    "hub_unreachable": (
        "{model} is not in the cache ({cache}), and {endpoint} cannot be reached ({reason}); "
        "check the network, set HF_ENDPOINT to a mirror, or name a model folder.",
        "缓存（{cache}）中没有 {model}，且无法连接 {endpoint}（{reason}）；"
        "请检查网络、用 HF_ENDPOINT 指定镜像，或指定模型文件夹。",
    ),
    "hub_because_name": ("there is no such host, or no network", "没有这台主机，或没有网络"),
    "hub_because_tls": ("no secure connection can be made with it", "无法与其建立安全连接"),
    "hub_because_refused": ("it refuses the connection", "连接被拒绝"),
    "hub_because_timeout": ("it does not answer in time", "没有及时响应"),
    "hub_because_slow": ("next to nothing comes", "几乎没有数据传来"),
    "hub_because_broken": ("the connection breaks", "连接中断"),
    "hub_foreign": (
        "What answers at {endpoint} is no Hub, so {model} cannot be had there: it may be the login page of this "
        "network, to be opened in a browser, or HF_ENDPOINT is wrong.",
        "{endpoint} 的响应不是来自 Hub，"
        "因此无法获取 {model}：可能是本网络的登录页面（请用浏览器打开），或 HF_ENDPOINT 有误。",
    ),
    "hub_missing": (
        "{endpoint} has no model {model} for you: there is none, or it is private; "
        "check the name, or sign in with `hf auth login`.",
        "{endpoint} 没有可供您使用的模型 {model}：该模型不存在，或为私有；请检查名称，或用 `hf auth login` 登录。",
    ),
    "hub_no_revision": (
        "{endpoint} has {model}, but not its revision {revision}; name another, or leave it out.",
        "{endpoint} 有 {model}，但没有版本 {revision}；请指定其他版本，或省略。",
    ),
    "hub_no_file": (
        "{endpoint} has {model}, but without {file}, so it cannot be opened; name another model.",
        "{endpoint} 有 {model}，但缺少 {file}，因此无法打开；请指定其他模型。",
    ),
    "hub_gated": (
        "{model} is given at {endpoint} only to those who signed in and were granted access; "
        "ask for it on the model's page, then set HF_TOKEN or use `hf auth login`.",
        "{endpoint} 只向已登录并获准访问的用户提供 {model}；请在模型页面申请，"
        "然后设置 HF_TOKEN 或使用 `hf auth login`。",
    ),
    "hub_forbidden": (
        "{endpoint} does not give {model} to the owner of your token; ask for access on the model's page, "
        "or use another token (HF_TOKEN).",
        "{endpoint} 不向您的令牌所有者提供 {model}；请在模型页面申请访问权限，或使用其他令牌（HF_TOKEN）。",
    ),
    "hub_token": (
        "{endpoint} does not accept your token, so {model} cannot be had; set HF_TOKEN to a valid one, or to none.",
        "{endpoint} 不接受您的令牌，因此无法获取 {model}；请将 HF_TOKEN 设为有效的令牌，或不设置。",
    ),
    "hub_busy": (
        "{endpoint} hands out too much at the moment and asks to wait {seconds} s before {model} is fetched; "
        "try again then, or sign in with `hf auth login` for a larger share.",
        "{endpoint} 目前请求过多，要求等待 {seconds} 秒后再获取 {model}；请届时重试，"
        "或用 `hf auth login` 登录以获得更多配额。",
    ),
    "hub_busy_long": (
        "{endpoint} has had too many requests and does not hand out {model} now; try again in some minutes.",
        "{endpoint} 收到的请求过多，暂时不提供 {model}；请几分钟后重试。",
    ),
    "hub_down": (
        "{endpoint} is out of order (status {status}), so {model} cannot be had now; try again in some minutes, "
        "or set HF_ENDPOINT to a mirror.",
        "{endpoint} 出现故障（状态 {status}），暂时无法获取 {model}；请几分钟后重试，或用 HF_ENDPOINT 指定镜像。",
    ),
    "hub_refused": (
        "{endpoint} refuses to hand out {model} (status {status}); check the name and HF_ENDPOINT, or try again.",
        "{endpoint} 拒绝提供 {model}（状态 {status}）；请检查名称和 HF_ENDPOINT，或重试。",
    ),
    "hub_broken_off": (
        "The download of {model} from {endpoint} broke off at {done} of {size}, again and again ({reason}); "
        "what has come is kept: try again, and it goes on from there.",
        "从 {endpoint} 下载 {model} 多次在 {done} / {size} 处中断（{reason}）；"
        "已下载的部分已保留：请重试，将从该处继续。",
    ),
    "hub_wrong": (
        "What {endpoint} sent for {model} is not what it announced, so it was deleted; try again, "
        "or set HF_ENDPOINT to another mirror.",
        "{endpoint} 为 {model} 发送的内容与其声明不符，已删除；请重试，或用 HF_ENDPOINT 指定其他镜像。",
    ),
    "hub_disk": (
        "{model} from {endpoint} needs {size}, more than is free in the cache ({cache}); "
        "make room, or set HF_HOME to another disk.",
        "来自 {endpoint} 的 {model} 需要 {size}，超出缓存（{cache}）的可用空间；请腾出空间，"
        "或将 HF_HOME 设到其他磁盘。",
    ),
    "hub_full": (
        "{model} from {endpoint} does not fit into the cache ({cache}: {reason}); what had come was deleted; "
        "make room, or set HF_HOME to another disk.",
        "缓存（{cache}：{reason}）放不下来自 {endpoint} 的 {model}；已下载的部分已删除；"
        "请腾出空间，或将 HF_HOME 设到其他磁盘。",
    ),
    "hub_cache": (
        "{model} from {endpoint} cannot be kept in the cache: {path} ({reason}); "
        "set HF_HOME to a folder that you may write to.",
        "无法将来自 {endpoint} 的 {model} 存入缓存：{path}（{reason}）；请将 HF_HOME 设为可写入的文件夹。",
    ),
    "hub_damaged": (
        "The copy of {model} on this machine ({file}) is damaged, and could not be fetched anew. {reason}",
        "本机上的 {model}（{file}）已损坏，且无法重新获取。{reason}",
    ),
    "model_not_here": (
        "{model} is not on this machine yet; download it first.",
        "{model} 尚未在本机上；请先下载。",
    ),
    # the offer
    "hub_offer": (
        "{model} is not on this machine: {size} from {endpoint}, licence: {license}.",
        "{model} 不在本机上：{size}，来自 {endpoint}，许可证：{license}。",
    ),
    "hub_here": (
        "{model} is on this machine: {size}, licence: {license}.",
        "{model} 已在本机上：{size}，许可证：{license}。",
    ),
    "license_none": ("not stated", "未注明"),
    "license_noncommercial": ("{license} (not for commercial use)", "{license}（不可商用）"),
    "hub_progress": ("{done} of {size}", "{done} / {size}"),
    "hub_speed": ("{speed}/s", "每秒 {speed}"),
    "hub_fetching": ("Downloading {model}", "正在下载 {model}"),
    "hub_cancelled": (
        "Cancelled. What has come of {model} is kept; the next download goes on from there.",
        "已取消。{model} 已下载的部分已保留；下次下载将从该处继续。",
    ),
    "hub_download_size": ("Download {size}", "下载 {size}"),
    "hub_download": ("Download", "下载"),
    "hub_ask_again": ("Ask again", "再次查询"),
    "hub_cancel": ("Cancel", "取消"),
    # sending
    "push_name_wrong": (
        "“{name}” is no name for a model on the Hub; write OWNER/NAME: your user name or organisation, then a name of "
        "letters, digits, - _ and .",
        "“{name}” 不能作为 Hub 上的模型名称；请写作 OWNER/NAME：用户名或组织名，加上由字母、数字和 - _ . 组成的名称。",
    ),
    "push_no_token": (
        "Give an access token of yours that may write; {endpoint}/settings/tokens makes one.",
        "请填写您的访问令牌（须有写入权限）；可在 {endpoint}/settings/tokens 创建。",
    ),
    "push_no_folder": (
        "{model} is no model folder of this machine, so there is nothing to send; choose a run or a shipped model.",
        "{model} 不是本机上的模型文件夹，无可发送；请选择一个训练或随附的模型。",
    ),
    "push_token": (
        "{endpoint} does not accept the token, or there is none; give one that is valid and may write "
        "(on the page, in HF_TOKEN, or by `hf auth login`).",
        "{endpoint} 不接受该令牌，或未提供令牌；请提供有效且可写入的令牌"
        "（在页面填写、设置 HF_TOKEN，或用 `hf auth login`）。",
    ),
    "push_forbidden": (
        "{endpoint} does not let the owner of this token write to {name}; check the name, which begins with your user "
        "name or organisation, and that the token may write.",
        "{endpoint} 不允许此令牌的所有者写入 {name}；请检查名称（以您的用户名或组织名开头）以及令牌是否有写入权限。",
    ),
    "push_public": (
        "{name} is at {endpoint} already and everybody can see it, so nothing was sent; choose another name, "
        "or let it be public.",
        "{endpoint} 上已有 {name} 且为公开，因此没有发送任何内容；请换一个名称，或选择公开。",
    ),
    "push_busy": (
        "{endpoint} has had too many requests and takes nothing for {name} now; try again in some minutes.",
        "{endpoint} 收到的请求过多，暂不接收 {name}；请几分钟后重试。",
    ),
    "push_down": (
        "{endpoint} is out of order (status {status}), so {name} could not be sent; try again in some minutes.",
        "{endpoint} 出现故障（状态 {status}），无法发送 {name}；请几分钟后重试。",
    ),
    "push_refused": (
        "{endpoint} refuses to take {name} (status {status}); check the name and the token, or try again.",
        "{endpoint} 拒绝接收 {name}（状态 {status}）；请检查名称和令牌，或重试。",
    ),
    "push_unreachable": (
        "{endpoint} cannot be reached ({reason}), so {name} was not sent; check the network, then try again.",
        "无法连接 {endpoint}（{reason}），{name} 未发送；请检查网络后重试。",
    ),
    "push_offline": (
        "The network is switched off for the Hub (HF_HUB_OFFLINE), so {name} was not sent; start again without it.",
        "已关闭对 Hub 的网络访问（HF_HUB_OFFLINE），{name} 未发送；请取消该设置后重新启动。",
    ),
    "push_broken": (
        "The upload of {name} to {endpoint} broke off, or what answers there is no Hub; try again.",
        "向 {endpoint} 上传 {name} 时中断，或那里的响应不是来自 Hub；请重试。",
    ),
    "pushed": ("The model is at {address} now.", "模型现已位于 {address}。"),
    "hub_defect": (
        "The download of {model} ended because of a defect in this program; the app's terminal says more.",
        "由于本程序的缺陷，{model} 的下载已终止；详情见应用的终端。",
    ),
    "answer_after_download": (
        "The answer stands here once the model has been downloaded.",
        "模型下载完成后，答案会显示在这里。",
    ),
}
