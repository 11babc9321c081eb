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
    "config_wrong": (
        "{file}: {field} is {value}, which this project cannot open.",
        "{file}：{field} 为 {value}，本项目无法打开。",
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
    "model_published": (
        "weights that timm publishes; downloaded when first used",
        "timm 发布的权重；首次使用时下载",
    ),
    "model_path_wrong": (
        "{path} is neither a model folder (with {file}) nor a file of weights ({suffixes}).",
        "{path} 既不是模型文件夹（含 {file}），也不是权重文件（{suffixes}）。",
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
    "in_chans_wrong": (
        "The weights of {name} take pictures of {here} channels, not of {asked}; train from scratch for those.",
        "{name} 的权重用于 {here} 通道的图片，而非 {asked} 通道；后者请从头训练。",
    ),
    # files of weights
    "weights_missing": (
        "There is no file {file}.",
        "文件 {file} 不存在。",
    ),
    "weights_suffix": (
        "{file} is not a file of weights; those end in: {suffixes}.",
        "{file} 不是权重文件；权重文件的后缀为：{suffixes}。",
    ),
    "weights_damaged": (
        "{file} cannot be read as weights: it is cut short, damaged, or something else. Copy or download it again.",
        "{file} 无法作为权重读取：文件不完整、已损坏或并非权重。请重新复制或下载。",
    ),
    "weights_code": (
        "{file} holds Python objects beside its weights, which could run code; nothing was run. "
        "Ask its author for a .safetensors file.",
        "{file} 除权重外还含有可能执行代码的 Python 对象；没有运行任何内容。请向作者索取 .safetensors 文件。",
    ),
    "weights_none": (
        "{file} holds no weights: a table of names and tensors is expected.",
        "{file} 中没有权重：应为名称与张量的对照表。",
    ),
    "weights_foreign": (
        "{file} holds the weights of no network that this project knows.",
        "{file} 中的权重不属于本项目已知的任何网络。",
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
    # downloads
    "hub_offline": (
        "{model} is not in the cache ({cache}), and downloads are switched off (HF_HUB_OFFLINE); "
        "allow them once, or name a model folder.",
        "缓存（{cache}）中没有 {model}，且下载已关闭（HF_HUB_OFFLINE）；请允许下载一次，或指定模型文件夹。",
    ),
    "hub_unreachable": (
        "{model} is not in the cache ({cache}), and {endpoint} cannot be reached; "
        "check the network, set HF_ENDPOINT to a mirror, or name a model folder.",
        "缓存（{cache}）中没有 {model}，且无法连接 {endpoint}；请检查网络、用 HF_ENDPOINT 指定镜像，或指定模型文件夹。",
    ),
    "hub_missing": (
        "{endpoint} has no {file} of {model} for you (absent, or closed without a login); "
        "check the name, or sign in with `hf auth login`.",
        "{endpoint} 未提供 {model} 的 {file}（不存在，或需要登录）；请检查名称，或用 `hf auth login` 登录。",
    ),
    "hub_failed": (
        "{model} could not be downloaded from {endpoint} to {cache}: {reason}. Try again.",
        "无法将 {model} 从 {endpoint} 下载到 {cache}：{reason}。请重试。",
    ),
    "hub_damaged": (
        "The download of {model} is damaged; delete {file} and try again.",
        "{model} 的下载文件已损坏；请删除 {file} 后重试。",
    ),
}
