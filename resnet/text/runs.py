"""Settings, runs, jobs: what is wrong with them, how they are going, how they ended."""

STRINGS: dict[str, tuple[str, str]] = {
    "problems": ("{problems}", "{problems}"),
    "not_one_of": (
        "{field} is {value}; choose one of: {allowed}.",
        "{field} 的值是 {value}；请选择其中之一：{allowed}。",
    ),
    "out_of_range": (
        "{field} is {value}; it must be between {low} and {high}.",
        "{field} 的值是 {value}；必须在 {low} 与 {high} 之间。",
    ),
    "out_of_range_whole": (
        "{field} is {value}; it must be a whole number between {low} and {high}.",
        "{field} 的值是 {value}；必须是 {low} 与 {high} 之间的整数。",
    ),
    "not_text": (
        "{field} is {value}; it must be text.",
        "{field} 的值是 {value}；必须是文本。",
    ),
    "minutes_or_epochs": (
        "minutes is {minutes} and epochs is {epochs}; give one of the two, or neither.",
        "minutes 的值是 {minutes}，epochs 的值是 {epochs}；两者只能给出一个，或都不给。",
    ),
    "ambiguous": (
        "“{reference}” fits more than one: {ids}. Give more of the name or id.",
        "“{reference}” 对应多个项目：{ids}。请给出更完整的名称或编号。",
    ),
    "run_unknown": (
        "There is no run “{reference}” here; `python -m resnet runs` lists those there are.",
        "没有名为 “{reference}” 的训练；`python -m resnet runs` 可列出全部。",
    ),
    "dataset_unknown": (
        "There is no data set “{reference}” here; import a folder, zip or tar first, "
        "or see `python -m resnet data list`.",
        "没有名为 “{reference}” 的数据集；请先导入文件夹、zip 或 tar，或查看 `python -m resnet data list`。",
    ),
    "device_unknown": (
        "There is no device “{device}” here; this machine has: {available}.",
        "没有设备 “{device}”；本机可用的有：{available}。",
    ),
    "engine_cpu_only": (
        "The engine {engine} computes on a CPU alone, and the device is {device}; choose the device cpu, "
        "or the engine torch.",
        "引擎 {engine} 仅在 CPU 上计算，而所选设备是 {device}；请改选设备 cpu，或引擎 torch。",
    ),
    "engine_not_built": (
        "The engine onnx could not be built ({reason}). Free some space in the workspace, or choose the engine torch.",
        "无法生成引擎 onnx（{reason}）。请在工作区腾出空间，或改选引擎 torch。",
    ),
    "picture_lost": (
        "The data set's file {file} can no longer be read ({reason}). Delete the data set and import it again.",
        "数据集中的文件 {file} 已无法读取（{reason}）。请删除该数据集后重新导入。",
    ),
    "part_empty": (
        "The data set “{data}” has no pictures in its part “{split}”.",
        "数据集 “{data}” 的 “{split}” 部分没有图片。",
    ),
    "label_unknown": (
        "The model knows nothing called {label}. It knows: {known}.",
        "模型不认识“{label}”。它认识的有：{known}。",
    ),
    "classes_unknown": (
        "The model {model} does not know these classes of the data: {missing}. It knows: {known}.",
        "模型 {model} 不认识数据中的这些类别：{missing}。它认识的有：{known}。",
    ),
    "logits_not_finite": (
        "The model has no number for an answer to {n} of {total} pictures: its weights are damaged, or too large for "
        "the device's precision.",
        "对 {total} 张图片中的 {n} 张，模型给不出有限的数值：其权重已损坏，或超出了设备的数值精度。",
    ),
    "data_damaged": (
        "{n} pictures of the data set “{data}” can no longer be read, {file} among them. Delete it and import "
        "it again.",
        "数据集 “{data}” 中有 {n} 张图片已无法读取，例如 {file}。请删除后重新导入。",
    ),
    "loss_not_finite": (
        "The loss is no longer a number: the learning rate of {rate} is too high. Start again with a tenth of it. "
        "Where something had been saved before, that is kept as the run's model.",
        "损失已不是有限数值：学习率 {rate} 过高。请用它的十分之一重新开始。若此前已有保存，则保留为该训练的模型。",
    ),
    "devices_of_one": (
        "devices is {devices} and device is {device}: several devices are all called cuda, or processes on the cpu.",
        "devices 的值是 {devices}，而 device 是 {device}：多个设备只能是全部 cuda，或 cpu 上的多个进程。",
    ),
    "devices_too_few": (
        "devices is {devices}, and this machine has {n} called {device}. A run of several machines is resumed as it "
        "was started, with accelerate launch.",
        "devices 的值是 {devices}，而本机只有 {n} 个 {device}。多机训练须以启动时的方式（accelerate launch）继续。",
    ),
    "devices_too_many": (
        "A step has as few as {images} pictures, which is less than two for each of {devices} devices. Give a larger "
        "batch_size, or fewer devices.",
        "每步最少只有 {images} 张图片，{devices} 个设备每个不足两张。请增大 batch_size，或减少设备。",
    ),
    "accelerate_missing": (
        "Several devices need one more package: python -m pip install accelerate",
        "使用多个设备需再安装一个软件包：python -m pip install accelerate",
    ),
    "rank_lost": (
        "Another process of this run has ended, and so has this one. The run's log.txt may tell why; what was saved "
        "is safe: resume goes on.",
        "该训练的另一个进程已终止，本进程随之结束。原因可能见于 log.txt；已保存的内容完好，可选择继续。",
    ),
    "device_busy": (
        "The device {device} is in use by a run, or by a search for a learning rate; try again once that has ended.",
        "设备 {device} 正被训练或学习率搜索占用；请待其结束后再试。",
    ),
    "rates_failed": (
        "The search for a learning rate came upon a fault of the program ({reason}).",
        "搜索学习率时程序出现故障（{reason}）。",
    ),
    "rate_none": (
        "The loss is not a number from the first step on, so there is no learning rate to suggest. Start from another "
        "model.",
        "损失从第一步起就不是有限数值，因此无法建议学习率。请换一个起始模型。",
    ),
    "rate_suggested": (
        "Suggested: --lr {rate}, a tenth of the rate at which the loss was lowest.",
        "建议：--lr {rate}，即损失最低处学习率的十分之一。",
    ),
    "settings_unread": ("Not read in mode {mode}: {names}.", "{mode} 模式不读取：{names}。"),
    "run_usual": (
        "Too few pictures per class, or too many classes, to try values on folds; the usual one is taken: {setting} "
        "{value}.",
        "每类图片太少或类别太多，无法通过交叉验证选定，采用常用值：{setting} {value}。",
    ),
    "run_chosen": (
        "Chosen on folds of the training part: {setting} {value}.",
        "在训练部分的折上选定：{setting} {value}。",
    ),
    "run_divided": (
        "A step of {batch} pictures did not fit into memory, so steps are computed in parts of about {images} and "
        "added up. Batch normalisation sees one part at a time: results may differ a little.",
        "一步 {batch} 张图片超出内存，因此改为每次约 {images} 张，分批计算再累加。"
        "批归一化每次只看到其中一批，结果可能略有不同。",
    ),
    "run_memory_full": (
        "The memory is full. Close other programs that use it, then resume: what was saved is safe. Or start again "
        "with a smaller picture size or a smaller network.",
        "内存已满。请关闭占用它的其他程序后选择继续（已保存的内容完好），或改用更小的图片尺寸或更小的网络重新开始。",
    ),
    "run_out_of_memory": (
        "The memory of the device {device} does not hold even {images} pictures of {size} px while the network learns. "
        "Close other programs that use it, then resume: what was saved is safe. Or start again with a smaller picture "
        "size or a smaller network.",
        "设备 {device} 的内存连 {images} 张 {size} 像素的图片都无法用于训练。"
        "请关闭占用它的其他程序后选择继续（已保存的内容完好），或改用更小的图片尺寸或更小的网络重新开始。",
    ),
    "run_failed": (
        "The run came upon a fault of the program ({reason}); log.txt in the run's folder has the details. "
        "What was saved is safe: resume goes on from there.",
        "训练因程序故障中断（{reason}）；详情见该训练文件夹中的 log.txt。已保存的内容完好，可从那里继续。",
    ),
    "run_lost": (
        "The run's process is gone: it was killed, the machine went down, or the disk took no more words from it. "
        "Resume goes on from the last save.",
        "训练进程已消失：可能被终止、机器曾关机，或磁盘已无法写入。“继续”会从上次保存处接着训练。",
    ),
    "run_disk_full": (
        "The disk is full. Make room, then resume: what was saved is safe. The run's folder, {folder}, "
        "takes {megabytes} MB in all.",
        "磁盘已满。请腾出空间后选择继续：已保存的内容完好。该训练的文件夹 {folder} 共需 {megabytes} MB。",
    ),
    "run_machine_refuses": (
        "The machine refused to read or write in the run's folder, {folder}: {reason}. Mend that, then resume: "
        "what was saved is safe.",
        "系统拒绝读写该训练的文件夹 {folder}：{reason}。请排除后选择继续：已保存的内容完好。",
    ),
    "run_damaged": (
        "The run {run} is damaged: its {file} cannot be relied upon ({reason}). Resume it, which writes anew all but "
        "its settings, or delete it.",
        "训练 {run} 已损坏：其 {file} 不可用（{reason}）。可选择继续（除设置外都会重新写出），或将其删除。",
    ),
    "run_save_damaged": (
        "The last save had changed on the disk and was thrown away; the run went on from the one before.",
        "最近一次保存在磁盘上已损坏，已弃用；训练从再前一次保存处继续。",
    ),
    "run_saves_damaged": (
        "All saves had changed on the disk and were thrown away; the run began anew.",
        "所有保存在磁盘上都已损坏，已弃用；训练重新开始。",
    ),
    "picture_gone": (
        "The data set's file {file} is gone. Delete the data set and import it again, then resume.",
        "数据集中的文件 {file} 已不存在。请删除该数据集并重新导入，然后继续。",
    ),
    "picture_changed": (
        "The data set's file {file} is no longer the one that was imported. Delete the data set and import it again, "
        "then resume.",
        "数据集中的文件 {file} 已不是导入时的文件。请删除该数据集并重新导入，然后继续。",
    ),
    "workspace_busy": (
        "Another process has been changing the workspace for half a minute ({path}). Try again in a moment.",
        "另一个进程已在修改工作区半分钟（{path}）。请稍后再试。",
    ),
    "state_damaged": ("damaged", "已损坏"),
    "mode_unknown": ("–", "–"),
    "run_stopped_unlearned": (
        "Stopped before the first step of learning, so there is no model yet. Resume goes on.",
        "在学习的第一步之前就已停止，因此还没有模型。可选择继续。",
    ),
    "run_stopped_in_folds": (
        "Stopped while the folds were being tried, before the model itself began to learn, so there is no model yet. "
        "Resume goes on.",
        "在交叉验证期间停止，模型本身尚未开始学习，因此还没有模型。可选择继续。",
    ),
    "frozen_random": (
        "frozen_stages is {stages} in mode scratch, where nothing is learned yet that should be kept; it must be 0.",
        "scratch 模式下 frozen_stages 的值是 {stages}，但此时还没有需要保留的已学内容；必须是 0。",
    ),
    "no_shortcuts": (
        "drop_path is {value}, but {model} has no shortcuts that a picture could take instead; it must be 0.",
        "drop_path 的值是 {value}，但 {model} 没有可供图片绕行的捷径连接；必须是 0。",
    ),
    "start_channels": (
        "{model} takes pictures of {channels} channel(s); training here takes three. Start from another model.",
        "{model} 处理的是 {channels} 通道的图片，而这里的训练使用三通道图片。请换一个起始模型。",
    ),
    "checked_seen": (
        "{model} has learned from {n} of the {of} pictures that the new model is checked or tested with: its figures "
        "may look better than they are.",
        "{model} 学过用于检查或测试新模型的 {of} 张图片中的 {n} 张：结果可能偏高。",
    ),
    "minutes_before": (
        "Of {minutes} minutes about {before} go by before all layers learn, in which each picture is looked at once. "
        "More minutes leave more time to learn.",
        "{minutes} 分钟中约有 {before} 分钟要先用来逐张处理图片，之后所有层才开始学习。给更多分钟，学习时间就更多。",
    ),
    "folds_with_patience": (
        "folds and patience do not go together: the fold that a model is tried on must not choose its epoch. "
        "Leave one of them out.",
        "folds 与 patience 不能同时使用：用于检查的一折不能再用来选定轮次。请去掉其中之一。",
    ),
    "folds_seen": (
        "{model} has learned from pictures of “{data}”, so no fold would be judged by a model that has not seen it. "
        "Start from another model, or leave folds out.",
        "{model} 已学过“{data}”中的图片，各折便无法由未见过它的模型判断。请换一个起始模型，或不使用折。",
    ),
    "folds_many": (
        "{folds} folds are more than these pictures can be divided into: {units} at most, for groups stay together.",
        "{folds} 折超出了这些图片可划分的数量：同组图片须在一起，最多 {units} 折。",
    ),
    "folds_one_sided": (
        "A model learns nothing of a class whose pictures are all in the fold that it is tried on: {labels}. "
        "Add pictures or groups to these classes, or leave folds out.",
        "若某类图片全部落在用于检查的那一折，模型就学不到它：{labels}。请为这些类别增加图片或分组，或不使用折。",
    ),
    "run_not_resumable": (
        "The run {run} is {state}; only one that was stopped, failed or was lost can be resumed.",
        "训练 {run} 的状态是 {state}；只有已停止、失败或丢失的训练才能继续。",
    ),
    "run_diverged": (
        "The run {run} would fail again for the same reason: its learning rate is too high. "
        "Start a new run with a tenth of it.",
        "训练 {run} 会因同样的原因再次失败：学习率过高。请用它的十分之一开始新的训练。",
    ),
    "run_started_twice": (
        "The same run was started a moment ago (it is {run}), so this second start is left out.",
        "同样的训练刚刚已开始（编号 {run}），因此忽略这第二次启动。",
    ),
    "data_in_use": (
        "The data set “{data}” is used by the run {run}, which is {state}. Stop that run first.",
        "数据集 “{data}” 正被训练 {run}（状态 {state}）使用。请先停止该训练。",
    ),
    "run_without_report": (
        "The run {run} has no report yet; it is {state}. A report is written at its end or when it is stopped.",
        "训练 {run} 还没有报告；它的状态是 {state}。训练结束或被停止时会写出报告。",
    ),
    "run_not_taken": (
        "The run {run} is {state}. Stop it, or wait for its end, then take it away.",
        "训练 {run} 的状态是 {state}。请先停止或等它结束，再带走。",
    ),
    "bring_none": (
        "{source} holds no run: {files} must be in it. Take it from “The whole run”, or with "
        "`python -m resnet export-run`.",
        "{source} 中没有训练：其中须有 {files}。请用“整个训练”或 `python -m resnet export-run` 生成。",
    ),
    "bring_no_zip": (
        "{source} is neither a zip nor a folder; a run comes as a zip of its folder.",
        "{source} 既不是 zip 也不是文件夹；训练应以其文件夹的 zip 形式导入。",
    ),
    "bring_damaged": (
        "{source} was not brought in: its {file} cannot be relied upon ({reason}). Ask for it anew.",
        "未导入 {source}：其 {file} 不可用（{reason}）。请重新索取。",
    ),
    "bring_refused": (
        "{source} was not brought in. {reason}",
        "未导入 {source}。{reason}",
    ),
    "brought_in": (
        "{name} is here as {run}.",
        "{name} 已导入，编号 {run}。",
    ),
    "taken_out": ("{file}: {size}", "{file}：{size}"),
    "path_missing": (
        "There is no file or folder {path}; check how it is written.",
        "没有名为 {path} 的文件或文件夹；请检查写法。",
    ),
    "no_pictures_named": (
        "There are no pictures in {path}.",
        "{path} 中没有图片。",
    ),
    "models_none": (
        "No model's name fits “{pattern}”; `python -m resnet models` lists all.",
        "没有与 “{pattern}” 匹配的模型名称；`python -m resnet models` 可列出全部。",
    ),
    "nothing_so_called": (
        "There is neither a run nor a data set “{reference}” here; see `python -m resnet runs` and "
        "`python -m resnet data list`.",
        "没有名为 “{reference}” 的训练或数据集；请查看 `python -m resnet runs` 与 `python -m resnet data list`。",
    ),
    "machine_refuses": (
        "The machine refuses: {reason} ({path}). Check permissions and free space.",
        "系统拒绝操作：{reason}（{path}）。请检查权限与剩余空间。",
    ),
    "not_written": (
        "{path} cannot be written ({reason}). Choose another place.",
        "无法写入 {path}（{reason}）。请选择其他位置。",
    ),
}
