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
}
