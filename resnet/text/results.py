"""What is said of one result's pictures, of several results beside each other, and of how far scores can be trusted."""

STRINGS: dict[str, tuple[str, str]] = {
    # cards
    "no_such_pictures": ("There are none.", "没有这样的图片。"),
    "more_pictures": ("{count} more are not shown.", "另有 {count} 张未显示。"),
    "took_rightly": ("answered so, {percent} sure", "答对，把握 {percent}"),
    "part_doubtful": ("Least certain", "最没把握"),
    "doubtful_help": (
        "The checked pictures that it was least sure of. Choose one to see it large.",
        "检查的图片中模型最没把握的。点选可放大查看。",
    ),
    "mistakes_help": (
        "Its most confident mistakes first. Choose one to see it large, and to correct its label if that is wrong.",
        "把握最大的错误在前。点选可放大查看；若标签有误可更正。",
    ),
    "judged_by_folds": (
        "From {k} folds: each of the {n} pictures is judged by a model that has not seen it.",
        "依据 {k} 折交叉验证：{n} 张图片均由未见过它的模型判断。",
    ),
    "cell_help": (
        "Choose a number to see the pictures behind it.",
        "点选数字，查看对应的图片。",
    ),
    "cell_is": ("{shown} → {answered}: {count}", "{shown} → {answered}：{count}"),
    # the chosen picture
    "chosen_title": ("The chosen picture", "选中的图片"),
    "chosen_label": ("Filed under: {label}", "标签：{label}"),
    "chosen_answer": ("The answer: {answered}, {percent} sure", "答案：{answered}，把握 {percent}"),
    "chosen_answer_of_fold": (
        "The answer of a model that had not seen it: {answered}, {percent} sure",
        "未见过此图的模型的答案：{answered}，把握 {percent}",
    ),
    "chosen_own_score": ("It gave its own label {percent}.", "给该标签的得分为 {percent}。"),
    "chosen_out": ("To be left out.", "将被排除。"),
    "chosen_corrected": ("Corrected to: {label}", "更正为：{label}"),
    "chosen_none": (
        "Choose a picture under one of the headings above, and it stands here large: with what speaks for the answer, "
        "and a way to correct its label.",
        "在上方任一栏中点选图片，即可在此放大查看：答案的依据，以及更正标签的方法。",
    ),
    "chosen_gone": (
        "This picture is no longer among those of the result.",
        "该图片已不在此结果的图片中。",
    ),
    "true_label": ("What it really shows", "实际类别"),
    "relabel": ("Correct the label", "更正标签"),
    "leave_out": ("Leave it out", "排除此图"),
    "undo_last": ("Undo the last", "撤销上一步"),
    "make_corrected": ("Make the corrected data set", "生成更正后的数据集"),
    "corrections_title": ("Corrections", "更正"),
    "no_corrections": (
        "Nothing has been corrected. The data set stays as it is; corrections make a new version of it.",
        "尚无更正。原数据集保持不变；更正会生成新的版本。",
    ),
    "corrections_so_far": ("{count} corrected, the last first:", "已更正 {count} 处，最近的在前："),
    "correction_label": ("{file}: {old} → {new}", "{file}：{old} → {new}"),
    "correction_out": ("{file} ({old}): left out", "{file}（{old}）：排除"),
    "corrected_made": (
        "“{name}” is there, and chosen in Fine-tune with the settings of this run: start it to see what the "
        "corrections change.",
        "“{name}”已生成，并已在“微调”中选中，设置与此次训练相同：开始训练即可查看更正的效果。",
    ),
    "picture_unknown": (
        "This picture is not in “{data}”; choose another one.",
        "“{data}”中没有这张图片；请另选一张。",
    ),
    "picture_not_named": (
        "No picture of “{data}” is called {name}; give its name as it was imported, such as {example}.",
        "“{data}”中没有名为 {name} 的图片；请给出导入时的名称，例如 {example}。",
    ),
    "nothing_corrected": (
        "Nothing has been corrected in “{data}”: choose a picture and correct its label, or leave it out.",
        "“{data}”尚无更正：请选一张图片更正标签或排除。",
    ),
    "corrections_leave_few": (
        "After these corrections fewer than two classes would be left; undo some of them.",
        "更正后将不足两个类别；请撤销其中一些。",
    ),
    "data_corrected": (
        "Made of “{data}” by correction: {relabelled} pictures under other labels, {out} left out.",
        "由“{data}”更正而来：{relabelled} 张改了标签，{out} 张被排除。",
    ),
    # a run by its buttons
    "train_further": ("Train further", "继续微调"),
    "going_further": (
        "The next run starts from “{name}”. Choose how to learn, and start it.",
        "下一次训练将从“{name}”开始。请选择学习方式，然后开始。",
    ),
    "rename": ("Rename", "重命名"),
    "new_name": ("New name", "新名称"),
    "name_empty": ("The name is empty; type one.", "名称为空；请输入。"),
    # what steps see
    "preview": ("Show what it will see of a picture", "查看训练时会看到的图片"),
    "previewed": (
        "One of your pictures as different steps see it. What matters for telling the classes apart must stay visible.",
        "您的一张图片在不同步中看到的样子。区分类别所需的内容必须仍然可见。",
    ),
    # settings in a file
    "save_settings": ("Save these settings", "保存这些设置"),
    "load_settings": ("Load settings", "载入设置"),
    "no_settings_file": (
        "This is no file of settings: it must be JSON, an object of names and values, as “Save these settings” and "
        "a run's settings.json have it.",
        "这不是设置文件：必须是 JSON，由名称和值组成的对象，如“保存这些设置”或训练文件夹中的 settings.json。",
    ),
    # a run on its way, or failed
    "worst_so_far": ("Its most confident mistakes so far", "目前把握最大的错误"),
    "remedy_smaller_pictures": ("Try again with pictures of {size} px", "改用 {size} 像素的图片重试"),
    "remedy_head_only": ("Try again with the last layer only", "改为只训练末层重试"),
    "remedy_lower_rate": ("Try again with a learning rate of {rate}", "改用学习率 {rate} 重试"),
    "memory": ("{megabytes} MB", "内存 {megabytes} MB"),
    # several results
    "compare": ("Compare with other results", "与其他结果比较"),
    "compare_with": ("Results beside this one", "要比较的结果"),
    "compare_counts": (
        "On the {n} pictures that both were checked with, only “{one}” is right on {only_one}, only “{other}” on "
        "{only_other}.",
        "在两者都检查过的 {n} 张图片中，仅“{one}”答对 {only_one} 张，仅“{other}”答对 {only_other} 张。",
    ),
    "compare_chance": (
        "Chance alone sets them so far apart often enough: neither is shown to be better (McNemar's exact "
        "test, p {p}).",
        "这样的差距仅凭偶然也常出现：不能说明哪个更好（McNemar 精确检验，p {p}）。",
    ),
    "compare_real": (
        "That is hardly chance: “{better}” is better (McNemar's exact test, p {p}).",
        "这很难归于偶然：“{better}”更好（McNemar 精确检验，p {p}）。",
    ),
    "compare_apart": (
        "“{one}” and “{other}” were checked with different pictures: only their ranges can be compared.",
        "“{one}”与“{other}”用不同的图片检查：只能比较各自的范围。",
    ),
    "compare_unknown": (
        "The single answers of “{one}” and “{other}” are not both here: only their ranges can be compared.",
        "“{one}”与“{other}”的逐张答案不全：只能比较各自的范围。",
    ),
    "compare_same_settings": ("They were made with the same settings.", "两者设置相同。"),
    "compare_settings": ("Settings in which they differ", "不同的设置"),
    "column_checked": ("checked", "检查数"),
    # trust
    "part_trust": ("Trust", "可信度"),
    "reliability": ("As sure as it is right?", "把握与正确率是否相符？"),
    "axis_confidence": ("how sure it was", "把握"),
    "series_ideal": ("as sure as right", "完全相符"),
    "series_measured": ("measured", "实测"),
    "coverage": ("What a threshold would do", "设定门槛的效果"),
    "axis_threshold": ("threshold", "门槛"),
    "series_answered": ("answered", "作答比例"),
    "series_right": ("right, of what is answered", "作答中的正确率"),
    "calibration_error": (
        "Its scores and how often it is right lie {points} points apart on average (expected calibration error).",
        "得分与实际正确率平均相差 {points} 个百分点（预期校准误差）。",
    ),
    "temperature_is": (
        "They are at a temperature of {temperature}, fitted to these pictures and judged on those that it was not "
        "fitted to; without it they would lie {points} points apart.",
        "得分采用温度 {temperature}，由这些图片拟合，并在未参与拟合的部分上评估；不用温度则相差 {points} 个百分点。",
    ),
    "threshold": ("Below this score the answer is “unknown”", "得分低于此值时回答“未知”"),
    "threshold_use": ("Use this threshold", "采用此门槛"),
    "threshold_does": (
        "From {threshold} on it answers {answered} of the {n} checked pictures, and has {right} of those right: "
        "{percent}.",
        "门槛为 {threshold} 时，检查的 {n} 张中回答 {answered} 张，其中答对 {right} 张：{percent}。",
    ),
    "threshold_nothing": (
        "From {threshold} on it answers none of the {n} checked pictures.",
        "门槛为 {threshold} 时，检查的 {n} 张都不作答。",
    ),
    "threshold_kept": (
        "Kept with the model: below {threshold} it says “unknown”.",
        "已随模型保存：得分低于 {threshold} 时回答“未知”。",
    ),
    "no_predictions": (
        "The answers to the single pictures are not on this machine, so what stands behind these figures cannot be "
        "shown.",
        "本机没有逐张图片的答案，无法显示这些数字背后的图片。",
    ),
    # neighbours
    "part_neighbours": ("Neighbours", "近邻"),
    "neighbours_help": (
        "Each picture that it learned from or was checked with is a point; what the model sees as alike lies close "
        "together. Choose a point to see its picture. One amid another class may be a hard case, or filed wrongly.",
        "每张用于学习或检查的图片是一个点；模型认为相似的图片彼此靠近。点选一点即可查看图片。"
        "落在另一类之中的，可能较难分辨，也可能标签有误。",
    ),
    "map_draw": ("Draw the map", "绘制分布图"),
    "map_drawing": ("Looking at the pictures", "正在查看图片"),
    "map_empty": (
        "A map of the pictures will be here. “Draw the map” has the model look at each of them once.",
        "此处将显示图片的分布图。点击“绘制分布图”，模型会逐张查看图片。",
    ),
    "map_elsewhere": (
        "A map takes the model and the pictures that it was trained on, and these are not both here.",
        "绘制分布图需要模型及其训练图片，此处不全。",
    ),
    "map_key": (
        "Full colours: checked pictures; ringed: the model has them wrong. Pale: not checked. Two directions cannot "
        "tell all: “Pictures like it”, below a chosen picture, compares everything that the model sees.",
        "颜色鲜明：检查过的图片；带圈：模型答错。颜色较淡：未检查。平面图无法呈现全部差异："
        "选中图片下方的“相似图片”按模型所见的全部特征比较。",
    ),
    "map_bounded": (
        "{count:,} pictures are on the map, of each class its share; {out:,} more are left out.",
        "图中有 {count:,} 张图片，各类按比例选取；另有 {out:,} 张未列入。",
    ),
    "map_marks_shared": (
        "There are only {count} different marks, so some classes share theirs; the name stands at each point.",
        "标记只有 {count} 种，部分类别共用；将指针移到点上可看到名称。",
    ),
    "embeddings_damaged": (
        "The map that was kept of the run {run} cannot be read ({reason}). Draw it anew under “Neighbours”.",
        "训练 {run} 保存的分布图无法读取（{reason}）。请在“近邻”中重新绘制。",
    ),
    "like_title": ("Pictures like it", "相似图片"),
    "like_no_picture": ("Choose a picture first.", "请先选一张图片。"),
    "like_no_map": ("Draw the map first, under “Neighbours” above.", "请先在上方“近邻”中绘制分布图。"),
    "like_not_on_map": ("This picture is not on the map, so it was not compared.", "这张图片不在分布图中，未作比较。"),
    "like_same": (
        "The {count} pictures that the model sees as most like it, all filed under “{label}” too.",
        "模型认为最相似的 {count} 张图片，标签均为“{label}”。",
    ),
    "like_other": (
        "The {count} pictures that the model sees as most like it. Not filed under “{label}”: {other}. They are "
        "marked; look whether one of the labels is wrong.",
        "模型认为最相似的 {count} 张图片，其中 {other} 张的标签不是“{label}”，已标出；请看是否有标签错误。",
    ),
    "not_checked": ("not checked", "未检查"),
    "chosen_not_checked": (
        "The model was not checked with this picture, so there is no answer to judge.",
        "模型未用这张图片检查，因此没有可评判的答案。",
    ),
}
