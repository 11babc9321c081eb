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
    "ambiguous": (
        "“{reference}” fits more than one: {ids}. Give more of the name or id.",
        "“{reference}” 对应多个项目：{ids}。请给出更完整的名称或编号。",
    ),
    "run_unknown": (
        "There is no run “{reference}” here; `python -m resnet runs` lists those there are.",
        "没有名为 “{reference}” 的训练；`python -m resnet runs` 可列出全部。",
    ),
    "dataset_unknown": (
        "There is no data set “{reference}” here; import a folder or a zip first, or see `python -m resnet data list`.",
        "没有名为 “{reference}” 的数据集；请先导入文件夹或 zip，或查看 `python -m resnet data list`。",
    ),
}
