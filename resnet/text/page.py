"""The page's own words: tabs, fields and their help, buttons, empty states, what is off on a hosted app."""

STRINGS: dict[str, tuple[str, str]] = {
    # frame
    "tagline": (
        "A folder of photographs becomes an image classifier of your own.",
        "一文件夹照片，变成您自己的图像分类器。",
    ),
    "switch_shade": ("Light / dark", "明 / 暗"),
    "tab_classify": ("Classify", "分类"),
    "tab_finetune": ("Fine-tune", "微调"),
    "tab_results": ("Results", "结果"),
    "please_note": ("Please note", "请注意"),
    "privacy_local": (
        "Your pictures stay on this machine: nothing is sent anywhere. Uploads are deleted after a day; "
        "what you import is kept in the workspace until you delete it.",
        "您的图片只留在这台机器上，不会发送到任何地方。上传的文件一天后删除；导入的内容保存在工作区，直到您删除。",
    ),
    "privacy_remote": (
        "Your pictures go to the machine that runs this app (through Gradio's tunnel where it is shared) and stay "
        "there. Uploads are deleted after a day; what you import is kept in that machine's workspace until you "
        "delete it.",
        "您的图片会发送到运行此应用的机器（若为共享链接，则经由 Gradio 的隧道），并只留在那里。"
        "上传的文件一天后删除；导入的内容保存在那台机器的工作区，直到您删除。",
    ),
    "privacy_hosted": (
        "Pictures that you upload lie in this server's temporary folder for at most a day and are used for nothing but "
        "your answer. Whoever has a picture's address, which is made from its content and name, can see it.",
        "您上传的图片最多在本服务器的临时文件夹中保留一天，除给出答案外不作他用。"
        "图片地址由其内容和文件名生成，知道地址的人可以看到图片。",
    ),
    # classify
    "picture": ("Picture", "图片"),
    "picture_drop": (
        "Drop a picture here\n or click to choose, or paste one",
        "把图片拖到这里\n或点击选择，也可粘贴",
    ),
    "examples": ("Try one of these", "试试这些"),
    "model": ("Model", "模型"),
    "model_help": (
        "Choose one, or type a name: of timm's (resnet50.a1_in1k), or hf-hub:OWNER/NAME. "
        "Nothing is downloaded before you say so.",
        "选择一个，或输入名称：timm 的名称（如 resnet50.a1_in1k）或 hf-hub:OWNER/NAME。经您确认后才会下载。",
    ),
    "model_help_hosted": ("What the answer can be depends on it.", "能给出哪些答案取决于它。"),
    "classify_empty": (
        "Choose a picture, and the answer stands here.",
        "选择一张图片，答案会显示在这里。",
    ),
    "knows_later": (
        "What it knows is told once it has been downloaded.",
        "下载之后即可知道它认识什么。",
    ),
    "computed_by": ("Computed by", "计算引擎"),
    "computed_by_help": (
        "Automatic takes the fastest here that changes no answer. int8 computes in whole numbers of 8 bits: several "
        "times as fast on a CPU, a little less exact; making it ready takes up to a minute.",
        "“自动”选用本机上最快且不改变答案的引擎。"
        "int8 用 8 位整数计算：在 CPU 上快数倍，略欠精确；首次准备最多需一分钟。",
    ),
    "engine_building": ("Getting it ready; the answer above stays until then", "正在准备；此前的答案保持不变"),
    "no_pictures_given": ("There is no picture to classify; choose one first.", "没有可分类的图片；请先选择一张。"),
    # fine-tune
    "finetune_lead": (
        "Bring pictures in folders named after what they show; a model learns to tell them apart.",
        "提供图片，按所含内容命名文件夹；模型会学会区分它们。",
    ),
    "finetune_hosted": (
        "This app is open to everybody, so it classifies but does not train.",
        "这个应用对所有人开放，因此只能分类，不能训练。",
    ),
    "finetune_hosted_how": (
        "On a machine of your own the same app fine-tunes on your pictures. Download its files, then:",
        "在您自己的机器上，同一个应用可以用您的图片微调。下载项目文件，然后运行：",
    ),
    "hosted_off": (
        "This app is open to everybody, so it only classifies with the models that ship with it. "
        "Run it on your own machine to import pictures and train.",
        "这个应用对所有人开放，因此只用随附的模型分类。请在您自己的机器上运行，以便导入图片和训练。",
    ),
    "step_pictures": ("1  Pictures", "1  图片"),
    "step_model": ("2  Model", "2  模型"),
    "step_plan": ("3  Plan", "3  方案"),
    "way_files": ("Folder or zip", "文件夹或 zip"),
    "way_boxes": ("A box per class", "每类一个框"),
    "zip_of_classes": (
        "Drop a folder, zip or tar with one folder per class, or click for a zip",
        "拖入每类一个子文件夹的文件夹、zip 或 tar，或点击选择 zip",
    ),
    "choose_folder": ("Choose a folder", "选择文件夹"),
    "cancel": ("Cancel", "取消"),
    "sending": ("{done} of {count} files sent, {megabytes} MB", "已发送 {done} / {count} 个文件，{megabytes} MB"),
    "send_cancelled": ("Cancelled; nothing was kept.", "已取消，未保留任何内容。"),
    "send_failed": (
        "The upload broke off, and nothing was kept. Is the app still running? Then try again.",
        "上传中断，未保留任何内容。请确认应用仍在运行，然后重试。",
    ),
    "send_nothing": ("There are no pictures in it.", "其中没有图片。"),
    "send_many": (
        "There are more than {limit} files; choose fewer at a time.",
        "文件超过 {limit} 个；请减少一次选择的数量。",
    ),
    "send_much": (
        "The pictures take more than {limit} GB; choose fewer at a time.",
        "图片总大小超过 {limit} GB；请减少一次选择的数量。",
    ),
    "send_large": (
        "{file} is larger than {limit} MB, the most one picture may have; save it smaller, or leave it out.",
        "{file} 超过单张图片的上限 {limit} MB；请缩小或移除。",
    ),
    "box_add": ("Add a class", "添加类别"),
    "box_name": ("Class {number}", "类别 {number}"),
    "box_name_label": ("Name of the class", "类别名称"),
    "box_choose": ("Choose", "选择"),
    "box_camera": ("Camera", "摄像头"),
    "box_remove": ("Remove this class", "移除此类别"),
    "box_hint": ("Drop pictures here, or paste them", "把图片拖到这里，或粘贴"),
    "box_count": ("{count} pictures", "{count} 张图片"),
    "box_others": ("{count} files are no pictures and were left out.", "{count} 个文件不是图片，未加入。"),
    "box_drop_picture": ("Take out {file}", "移除 {file}"),
    "boxes_import": ("Import {count} pictures", "导入 {count} 张图片"),
    "boxes_few": ("Two classes need pictures.", "至少两个类别要有图片。"),
    "boxes_same": ("Two classes bear the same name.", "有两个类别重名。"),
    "camera_shoot": ("Take a picture", "拍照"),
    "camera_close": ("Close the camera", "关闭摄像头"),
    "camera_none": ("No camera can be used ({reason}).", "无法使用摄像头（{reason}）。"),
    "try_samples": ("Try with sample pictures", "用示例图片试试"),
    "layout_help": (
        "Inside: ants/, bees/, … with the pictures of each, or a CSV beside them (filename,label and, where wanted, "
        "group,split). If you have divided them already, train/ and val/ above the folders are respected. "
        "A zip up to 4 GB.",
        "内容：ants/、bees/ 等文件夹，各放一类图片；或在图片旁放一个 CSV（filename,label，可另加 group,split）。"
        "若已划分，上层的 train/ 和 val/ 会被采用。zip 最大 4 GB。",
    ),
    "server_folder": ("Or a folder on this machine", "或本机上的文件夹"),
    "server_folder_like": ("/home/me/pictures", "/home/me/pictures"),
    "import_folder": ("Import", "导入"),
    "no_folder_given": ("Give the path of a folder, a zip or a tar.", "请给出文件夹、zip 或 tar 的路径。"),
    "imported": ("Pictures to learn from", "用来学习的图片"),
    "pictures_empty": (
        "No pictures chosen yet. Drop a folder or a zip above, or try the sample pictures.",
        "还没有选择图片。请在上方放入文件夹或 zip，或试试示例图片。",
    ),
    "importing_unpack": ("Unpacking", "正在解压"),
    "importing_check": ("Checking every picture", "正在检查每张图片"),
    "drawing_samples": ("Drawing the sample pictures", "正在绘制示例图片"),
    "per_class_counts": ("Per class, and what could not be read", "各类数量，以及无法读取的文件"),
    "start_from": ("Start from", "起始模型"),
    "start_from_help": (
        "A model that has seen many pictures learns yours from few. Choose one, or type a name: of timm's "
        "(resnet50.a1_in1k), or hf-hub:OWNER/NAME.",
        "见过大量图片的模型，用少量图片就能学会您的类别。选择一个，或输入名称：timm 的名称（如 resnet50.a1_in1k）"
        "或 hf-hub:OWNER/NAME。",
    ),
    "how_to_learn": ("How to learn", "学习方式"),
    "help_mode": (
        "Head only: quick, and enough where your pictures resemble what the model knows. Head, then all: more exact. "
        "All layers: the head learns along with the rest. From scratch: forgets all it knew; for thousands of "
        "pictures.",
        "只训练末层：快，适合与模型已知内容相近的图片。先末层，再全部：更准确。"
        "全部各层：末层与其余各层一起学习。从零开始：忘掉已学的一切，适合数千张图片。",
    ),
    "more_settings": ("More settings", "更多设置"),
    "automatic": ("automatic", "自动"),
    "help_name": ("What the run is called in lists.", "训练在列表中的名称。"),
    "help_epochs": ("Passes over all pictures. More takes longer.", "遍历全部图片的次数。越多越久。"),
    "help_minutes": (
        "How long it may take in all, folds included, instead of a number of epochs. Head only ends as soon as it is "
        "done.",
        "总共可用的分钟数（含各折），代替轮数。只训练末层时，完成即结束。",
    ),
    "help_image_size": (
        "Side of the square that the network sees. Larger shows finer detail, and is slower.",
        "网络所见正方形的边长。越大越细致，也越慢。",
    ),
    "help_batch_size": (
        "Fewer need less memory.",
        "越少，占用内存越小。",
    ),
    "help_learning_rate": (
        "Size of the steps in which it learns. Lower it if the loss jumps about.",
        "学习的步长。若损失上下跳动，请调小。",
    ),
    "help_folds": (
        "Cross-validation first: so many models, each tried on another part of the pictures. Shows how far the "
        "accuracy varies and which labels are in doubt; takes so many times as long.",
        "先做交叉验证：训练这么多个模型，各用另一部分图片检查。可看出准确率的波动和可疑标签；用时也相应成倍增加。",
    ),
    "help_head_epochs": (
        "Passes over the features while the last layer alone learns: they take moments.",
        "只训练末层时遍历特征的次数：很快。",
    ),
    "help_train_size": (
        "Side of the random crops it learns from. Smaller than the picture size is faster, and no less exact, as crops "
        "show things larger.",
        "学习所用随机裁剪的边长。小于图片尺寸更快且不损精度，因为裁剪中的物体看起来更大。",
    ),
    "help_start_size": (
        "Side of the crops in the first epoch, from which it grows. Smaller is faster; check that no accuracy is lost.",
        "第一轮裁剪的边长，此后逐渐变大。较小可节省开始阶段的时间；请确认不损失准确率。",
    ),
    "help_head_learning_rate": (
        "Of the last layer, while it learns alone. One value suits nearly all, as features are brought to one scale.",
        "只训练末层时的学习率。特征已统一尺度，同一数值几乎总是合适。",
    ),
    "help_optimizer": (
        "Muon learns most in few epochs from random weights, at up to a third more time a step on a CPU; SGD suits "
        "weights that know something.",
        "从随机权重出发，Muon 用很少的轮数就能学到更多，但在 CPU 上每步耗时最多约多三分之一；微调已有权重时宜用 SGD。",
    ),
    "help_momentum": (
        "How much of the last step is in the next one. More smooths, and calls for a lower learning rate.",
        "下一步保留上一步的比例。越大越平滑，学习率应相应调低。",
    ),
    "help_weight_decay": (
        "Keeps weights small (L2), against learning pictures by heart. Raise it where pictures are few.",
        "使权重保持较小（L2），避免死记图片。图片少时可调大。",
    ),
    "help_head_weight_decay": (
        "Of the last layer, while it learns alone. Automatic tries seven values on parts of the training pictures held "
        "out in turn, unless pictures are few or classes many.",
        "只训练末层时的权重衰减。除非图片太少或类别很多，“自动”会轮流留出部分训练图片，从七个值中挑选。",
    ),
    "help_head_views": (
        "2: the last layer learns from mirrored pictures too. Takes longer, and gains little.",
        "2：末层也从镜像图片学习。耗时更长，收益很小。",
    ),
    "help_l1": (
        "Draws weights to exactly zero. 0, none, is right but for studying which weights matter.",
        "把权重拉向恰好为零。除研究哪些权重重要外，0（不使用）即可。",
    ),
    "help_layer_decay": (
        "Learning rate of a stage as a share of the next one's. Below 1 early layers, which suit all pictures, change "
        "little.",
        "前一阶段学习率与后一阶段之比。小于 1 时，通用的浅层改变较少。",
    ),
    "help_frozen_stages": (
        "So many stages from the front stay as they are (0 to 4). Faster and with less memory; for few pictures that "
        "resemble what the model knows.",
        "从前往后保持不变的阶段数（0 到 4）。更快、更省内存；适合图片少且与模型已知内容相近时。",
    ),
    "help_dropout": (
        "Share of the last layer's features left out of each step. Against learning by heart in long runs; slows "
        "short ones.",
        "每一步随机忽略的末层特征比例。长训练中可避免死记；短训练会变慢。",
    ),
    "help_drop_path": (
        "Share of pictures that skip the last block, fewer before it. Helps deep networks in long runs.",
        "跳过最后一个残差块的图片比例，越靠前越少。对深网络的长训练有益。",
    ),
    "help_clip": (
        "A longer gradient is shortened to this: one odd batch then cannot spoil the run. 0: off.",
        "更长的梯度会缩短到此值，避免个别批次毁掉训练。0 表示关闭。",
    ),
    "help_label_smoothing": (
        "Share of certainty that it is taught not to have. Makes its percentages more honest.",
        "教模型保留的不确定比例。使其给出的百分比更可信。",
    ),
    "help_warmup": (
        "Share of the steps in which the learning rate rises to its full height; a start at full height may diverge.",
        "学习率升到最高所占的步数比例；一开始就用最高值可能发散。",
    ),
    "help_ema_decay": (
        "The model delivered is an average of those of many steps, this much of it old at each. 0 takes the last one.",
        "交付的模型是多步权重的平均，每步保留这么多旧值。0 表示只取最后一步。",
    ),
    "help_crop_scale": (
        "Least share of a picture that a random crop shows. Raise it where what counts is small or at the edge.",
        "随机裁剪至少包含的画面比例。若关键内容较小或靠边，请调大。",
    ),
    "help_augment": (
        "Each time a picture is seen it is cut out and mirrored anew (light), its colours change too (colour), or it "
        "is turned, bent or recoloured (strong). More helps where pictures are learned by heart: few of them, many "
        "epochs.",
        "每次看到图片都会重新裁剪并镜像（light），还可改变颜色（colour），或旋转、变形、重新着色（strong）。"
        "图片少、轮数多、容易死记硬背时，更强的变换有帮助。",
    ),
    "help_mixup": (
        "Above 0, two pictures shine through each other, and so do their classes: 0.2 is usual. For long runs.",
        "大于 0 时，两张图片及其类别相互叠加；常用 0.2。适合长时间训练。",
    ),
    "help_cutmix": (
        "Above 0, a rectangle comes from another picture, and its class with it: 1 is usual. For long runs.",
        "大于 0 时，一块矩形区域取自另一张图片，类别按面积混合；常用 1。适合长时间训练。",
    ),
    "help_erasing": (
        "By this chance a rectangle of the picture is blanked out, so that no single part is relied upon.",
        "按此概率遮去图片中的一块矩形，避免只依赖某一局部。",
    ),
    "help_balance": (
        "Where classes are uneven: let pictures of rare ones count more (loss), or come more often (sampling).",
        "类别不均衡时：提高稀有类图片的权重（loss），或让其更常出现（sampling）。",
    ),
    "help_patience": (
        "Ends after so many epochs without a lower validation loss, and takes the best epoch. That choice flatters "
        "the accuracy a little, so 0, never, is the default.",
        "验证损失连续这么多轮没有下降就结束，并采用最好的一轮。这样会使准确率略偏高，因此默认 0（从不）。",
    ),
    "help_device": ("What computes: cpu, cuda, cuda:1 or mps.", "计算设备：cpu、cuda、cuda:1 或 mps。"),
    "help_precision": (
        "bfloat16 is up to twice as fast where the device computes with it; automatic takes it there.",
        "设备支持时，bfloat16 最多快一倍；“自动”会在此时选用。",
    ),
    "help_devices": (
        "How many of this machine's devices (GPUs, or processes on a CPU) learn together. The pictures of a step are "
        "shared out, and none is left out.",
        "本机多少个设备（GPU，或 CPU 上的进程）一起训练。每步的图片由它们分担，不会遗漏。",
    ),
    "help_seed": ("The same seed repeats the same run.", "相同的种子会重复同样的训练。"),
    "help_crop_mode": (
        "Cut the middle out, squash it whole, or add a border.",
        "裁取中间、整张压缩，或加边框。",
    ),
    "choice_crop_mode_center": ("cut out the middle", "裁取中间"),
    "choice_crop_mode_squash": ("squash it whole", "整张压缩"),
    "choice_crop_mode_border": ("whole, with a border", "完整保留并加边框"),
    "choice_balance_none": ("none (each picture counts alike)", "无（每张图片同等计数）"),
    "choice_balance_loss": ("loss (rare classes count more)", "损失（稀少类别权重更高）"),
    "choice_balance_sampling": ("sampling (rare classes come more often)", "采样（更常展示稀少类别）"),
    "choice_optimizer_sgd": ("SGD", "SGD"),
    "choice_optimizer_muon": ("Muon", "Muon"),
    "choice_augment_light": ("light (crop and mirror)", "轻（裁剪与镜像）"),
    "choice_augment_colour": ("colour (brightness and colours too)", "颜色（另加明暗与色彩）"),
    "choice_augment_strong": ("strong (TrivialAugment)", "强（TrivialAugment）"),
    "choice_precision_float32": ("float32", "float32"),
    "choice_precision_bfloat16": ("bfloat16", "bfloat16"),
    "automatic_is": ("automatic: {value}", "自动：{value}"),
    "open_folds": ("none", "不做"),
    "open_devices": ("1", "1"),
    "open_minutes": ("no limit", "不限"),
    "open_head_weight_decay": ("automatic: chosen on folds", "自动：在折上选定"),
    "settings_learning": ("Learning", "学习"),
    "settings_pictures": ("Pictures", "图片"),
    "settings_regularisation": ("Regularisation", "正则化"),
    "settings_evaluation": ("Evaluation", "评估"),
    "settings_run": ("Run", "运行"),
    "balance_classes": ("Let rare classes count more", "提高稀少类别的权重"),
    "rates_find": ("Find a learning rate", "寻找学习率"),
    "rates_stop": ("Stop the search", "停止搜索"),
    "rates_use": ("Use {rate}", "使用 {rate}"),
    "rates_running": (
        "Getting ready to try learning rates on {data} with {model}: the network and the pictures are loaded first.",
        "正在准备在 {data} 上用 {model} 试学习率：先载入网络和图片。",
    ),
    "rates_trying": (
        "Trying learning rates on {data} with {model}: step {step} of {steps} at most.",
        "正在 {data} 上用 {model} 试学习率：第 {step} 步，最多 {steps} 步。",
    ),
    "rates_done": (
        "On {data} with {model}: {rate} is suggested, a tenth of the rate at which the loss was lowest. "
        "Nothing of what was learned is kept.",
        "在 {data} 上用 {model}：建议 {rate}，即损失最低处学习率的十分之一。试验中学到的内容不保留。",
    ),
    "rates_stopped": ("The search on {data} with {model} was stopped.", "在 {data} 上用 {model} 的搜索已停止。"),
    "rates_plot": ("The loss at each learning rate that was tried", "所试各学习率下的损失"),
    "rates_axis_loss": ("loss", "损失"),
    "start": ("Fine-tune for about {duration}", "微调，约需 {duration}"),
    "start_on_several": ("Fine-tune (about {duration} on one device)", "微调（单个设备约需 {duration}）"),
    "start_waiting": ("Fine-tune", "微调"),
    "start_needs_pictures": ("Choose pictures first (step 1).", "请先选择图片（第 1 步）。"),
    "same_on_command_line": ("The same on the command line", "等效的命令行"),
    "stop": ("Stop and keep the model", "停止并保留模型"),
    "delete_run": ("Delete the run", "删除此训练"),
    "resume": ("Resume", "继续训练"),
    "see_result": ("See the result", "查看结果"),
    "curve_loss": ("Loss: how wrong it is", "损失：错得有多远"),
    "curve_accuracy": ("Accuracy on pictures it never learned from", "在未学过的图片上的准确率"),
    "curve_learning_rate": ("Learning rate", "学习率"),
    "axis_epoch": ("epoch", "轮"),
    # results
    "result": ("Result", "结果"),
    "results_empty": (
        "Nothing here yet. Fine-tune a model, and what came of it stands here.",
        "这里还没有内容。微调一个模型后，结果会显示在这里。",
    ),
    "all_results": ("All results", "全部结果"),
    "use_in_classify": ("Use in Classify", "用于分类"),
    "take_away": ("Take it away", "带走结果"),
    "take_report": ("The report", "报告"),
    "take_html": ("Report (HTML)", "报告（HTML）"),
    "take_csv": ("Predictions (CSV)", "预测表（CSV）"),
    "take_run": ("The whole run (zip)", "整个训练（zip）"),
    "take_model": ("The model", "模型"),
    "take_away_as": ("As", "格式"),
    "format_safetensors": (
        "Model folder: for this app, for timm, and to fine-tune further",
        "模型文件夹：用于本应用和 timm，也可继续微调",
    ),
    "format_onnx": (
        "ONNX: runs with ONNX Runtime alone, without PyTorch, in many languages",
        "ONNX：只需 ONNX Runtime，无需 PyTorch，支持多种编程语言",
    ),
    "format_onnx-int8": (
        "ONNX int8: a quarter of the size and faster on a CPU, a little less exact",
        "ONNX int8：大小约为四分之一，在 CPU 上更快，略欠精确",
    ),
    "format_torch-export": (
        "PyTorch program: for PyTorch alone, without this app or timm",
        "PyTorch 程序：只需 PyTorch，无需本应用或 timm",
    ),
    "download": ("Download", "下载"),
    "push": ("Send it to the Hugging Face Hub", "发送到 Hugging Face Hub"),
    "push_help": (
        "Model, card and report go there: the names of classes and of mistaken files with them, but no pictures.",
        "将发送模型、模型卡和报告：包含类别名称和答错的文件名，但不含图片。",
    ),
    "push_name": ("Repository", "仓库"),
    "push_name_hint": ("OWNER/NAME", "OWNER/NAME"),
    "push_token_field": ("Access token", "访问令牌"),
    "push_token_help": (
        "One that may write. It is used once and kept nowhere.",
        "须有写入权限。仅使用一次，不会保存。",
    ),
    "push_private": ("Private: only you see it", "私有：只有您能看到"),
    "push_now": ("Send", "发送"),
    "bring": ("Bring in a run", "导入一个训练"),
    "bring_help": (
        "A run that somebody took away as “The whole run (zip)” stands here among your own, with its report and model.",
        "他人以“整个训练（zip）”带走的训练，可导入到这里，连同报告和模型。",
    ),
    "bring_choose": ("Choose a run's zip", "选择训练的 zip"),
    "brought": ("“{name}” is here now.", "“{name}”已导入。"),
    "delete": ("Delete", "删除"),
    "delete_for_good": ("Delete for good", "彻底删除"),
    "keep": ("Keep", "保留"),
    "delete_question": (
        "Delete “{name}”, its model and its report? This cannot be undone.",
        "删除“{name}”及其模型和报告？此操作无法撤销。",
    ),
    "delete_live_question": (
        "Delete “{name}”? It has not ended: it is stopped now, and what it has learned is lost. This cannot be undone.",
        "删除“{name}”？它尚未结束：将立即停止，已学到的内容会丢失。此操作无法撤销。",
    ),
    "delete_data_question": (
        "Delete “{name}” with its copies of the pictures? Models that learned from it stay. This cannot be undone.",
        "删除“{name}”及其图片副本？用它训练的模型会保留。此操作无法撤销。",
    ),
    "part_curves": ("Curves", "曲线"),
    "part_confusion": ("What was taken for what", "混淆矩阵"),
    "part_classes": ("Per class", "各类别"),
    "part_mistakes": ("Mistakes", "错误"),
    "part_suspects": ("Labels in doubt", "可疑标签"),
    "suspects_help": (
        "Pictures that look like another class than the one they were filed under, to a model that had not learned "
        "from them, the least likely label first. Some are hard cases, some are filed wrongly.",
        "在未学过它们的模型看来，这些图片更像另一个类别，标签可能性最低的在前。有些只是难例，有些可能标错了。",
    ),
    "part_settings": ("Settings", "设置"),
    "part_versions": ("Versions", "版本"),
    "no_report_yet": (
        "“{name}” has no report yet: it is written when the run ends.",
        "“{name}”还没有报告：训练结束时才会生成。",
    ),
    # about
    "about": ("What is a residual network?", "什么是残差网络？"),
    "about_problem": (
        "A deep network is a stack of layers. Piling on more of them ought to help, yet beyond some twenty layers "
        "plain stacks became worse, even on the pictures they learned from: the signal was lost on the way.",
        "深度网络由许多层堆叠而成。层数越多本应越好，但普通网络超过约二十层后反而变差，连学过的图片也是如此：信号在途中丢失了。",
    ),
    "about_idea": (
        "A residual block gives its input a way around: the layers compute only a change F(x), and the input x is "
        "added back. A block that has nothing to add can stay out of the way, and the error signal flows back "
        "unhindered.",
        "残差块为输入提供一条捷径：各层只计算变化量 F(x)，再加回输入 x。"
        "无须改变时，块可以不起作用，误差信号也能畅通地传回。",
    ),
    "about_stack": (
        "A ResNet is a stem, four stages of such blocks, each stage half as large and twice as rich in channels, and "
        "one linear layer that names the classes. The number in its name counts the layers with weights.",
        "ResNet 由一个主干、四个阶段的残差块和一个给出类别的线性层组成；"
        "每进入下一阶段，尺寸减半、通道加倍。名称中的数字是含权重的层数。",
    ),
    "about_here": (
        "Here it was written from the papers; its parameters carry timm's names, so models go both ways.",
        "这里的网络依照论文编写；参数名与 timm 相同，模型可以互通。",
    ),
    # the endpoints
    "not_settings": (
        'settings is {value}; it must be an object of names and values, such as {{"epochs": 5}}.',
        'settings 的值是 {value}；必须是由名称和值组成的对象，例如 {{"epochs": 5}}。',
    ),
    "settings_unknown": (
        "There is no setting called {unknown}; choose among: {allowed}.",
        "没有名为 {unknown} 的设置；可用的有：{allowed}。",
    ),
    # the server
    "foreign_host": (
        "This app answers on its own machine only, at localhost or 127.0.0.1.",
        "此应用只在本机通过 localhost 或 127.0.0.1 访问。",
    ),
    "foreign_origin": ("This request came from another web site.", "此请求来自其他网站。"),
    "port_taken": (
        "Port {port} is in use by another program; choose another with --port, or leave it out.",
        "端口 {port} 已被其他程序占用；请用 --port 选择其他端口，或不指定。",
    ),
    "ports_taken": (
        "Ports {first} to {last} are all in use; choose another with --port.",
        "端口 {first} 至 {last} 均被占用；请用 --port 选择其他端口。",
    ),
    "host_refused": (
        "This machine cannot listen at {host}, port {port} ({reason}); choose another --host or --port.",
        "本机无法在 {host} 的端口 {port} 上监听（{reason}）；请选择其他 --host 或 --port。",
    ),
    "home_refused": (
        "The workspace {path} cannot be made or written to ({reason}); choose another place with --home.",
        "无法创建或写入工作区 {path}（{reason}）；请用 --home 选择其他位置。",
    ),
    "auth_form": (
        "--auth takes a name and a password joined by a colon, as in --auth me:secret.",
        "--auth 需要用冒号连接的用户名和密码，例如 --auth me:secret。",
    ),
}
