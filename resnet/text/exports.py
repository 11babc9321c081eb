"""Models taken away: formats, what is checked, what is refused."""

STRINGS: dict[str, tuple[str, str]] = {
    # networks in integers
    "int8_no_report": (
        "{model} has no report, so it is not known on which pictures a network in 8-bit integers could be measured; "
        "choose a model that was trained here, or train one from it on your pictures.",
        "{model} 没有评估报告，无法确定用哪些图片来校准 8 位整数网络；"
        "请选择在此训练的模型，或用您的图片以它为起点训练。",
    ),
    "int8_no_data": (
        "A network in 8-bit integers is measured on the pictures that {model} learned from, and its data set, "
        "“{data}”, is not in this workspace; import that again, or choose another engine or format.",
        "8 位整数网络需用 {model} 的训练图片来校准，而其数据集 “{data}” 不在此工作区；"
        "请重新导入该数据集，或选择其他引擎或格式。",
    ),
    "int8_ended": (
        "The process that makes the network in 8-bit integers ended with status {status}: {reason}. "
        "Where memory is short, close other programs and try again.",
        "生成 8 位整数网络的进程以状态 {status} 结束：{reason}。若内存不足，请关闭其他程序后重试。",
    ),
    "int8_data_damaged": (
        "A network in 8-bit integers is measured on the data set “{data}”, which is damaged: {reason} Import it again.",
        "8 位整数网络需用数据集 “{data}” 来校准，而该数据集已损坏：{reason}请重新导入。",
    ),
    "int8_loses": (
        "{model} is right on {float_accuracy} of its validation pictures, and in 8-bit integers on {accuracy} only, "
        "so that is not handed out; take it away in another format.",
        "{model} 对验证图片的准确率为 {float_accuracy}，而 8 位整数版仅为 {accuracy}，因此不予提供；请选择其他格式。",
    ),
    # exports
    "export_differs": (
        "{model} in the format {format} answers otherwise than the model does: logits differ by {difference}, "
        "where {most} is allowed. It was not handed out; choose another format.",
        "{format} 格式的 {model} 与原模型的结果不一致：logits 相差 {difference}，允许 {most}。"
        "未予提供；请选择其他格式。",
    ),
    "exported": (
        "{file}: {size}; on {pictures} pictures its logits differ from the model's by {difference} at most",
        "{file}：{size}；在 {pictures} 张图片上，logits 与原模型最多相差 {difference}",
    ),
    "exported_int8": (
        "right on {accuracy} of {n} pictures, the model itself on {float_accuracy}",
        "对 {n} 张图片的准确率为 {accuracy}，原模型为 {float_accuracy}",
    ),
    "exported_license": ("licence of the weights: {license}", "权重许可证：{license}"),
    "exporting_unit": ("pictures", "张图片"),
    "exporting_load": ("Opening the model", "正在打开模型"),
    "exporting_write": ("Writing", "正在写出"),
    "exporting_calibrate": ("Measuring the network's values", "正在校准网络"),
    "exporting_compare": ("Measuring its accuracy", "正在测量准确率"),
    "exporting_check": ("Comparing with the model", "正在与原模型比较"),
}
