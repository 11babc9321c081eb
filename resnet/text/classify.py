"""Many pictures at once, two models side by side, and the same from a script."""

STRINGS: dict[str, tuple[str, str]] = {
    # many pictures
    "many": ("Many pictures at once: files, a folder or a zip", "一次分类多张图片：文件、文件夹或 zip"),
    "many_drop": (
        "Drop pictures, a folder, a zip or a tar here, or click to choose",
        "把图片、文件夹、zip 或 tar 拖到这里，或点击选择",
    ),
    "many_help": (
        "Up to {limit} at once. Answers stand below as they come; you can stop at any time and keep them.",
        "一次最多 {limit} 张。答案会陆续显示在下方；可随时停止，已有的答案会保留。",
    ),
    "many_pictures": (
        "These are more than the {limit} pictures that are classified at once here; choose fewer.",
        "超过了此处一次可分类的 {limit} 张图片；请减少数量。",
    ),
    "many_first": ("{models}: looking at {count} pictures", "{models}：正在查看 {count} 张图片"),
    "many_of": ("{done} of {count}", "{done} / {count}"),
    "many_done": (
        "{models}: {count} pictures in {duration}, {speed}.",
        "{models}：{count} 张图片，用时 {duration}，{speed}。",
    ),
    "many_stopped": (
        "{models}: stopped after {done} of {count} pictures; their answers stay.",
        "{models}：已停止，{count} 张图片中完成 {done} 张；这些答案会保留。",
    ),
    "many_unreadable": (
        "{count} files could not be read; the table says why.",
        "{count} 个文件无法读取；原因见表格。",
    ),
    "many_unreadable_one": (
        "One file could not be read; the table says why.",
        "1 个文件无法读取；原因见表格。",
    ),
    "many_stop": ("Stop", "停止"),
    "group_more": ("and {count} more", "另有 {count} 张"),
    "groups_more": ("{count} more classes are in the table.", "另有 {count} 个类别，见表格。"),
    "many_table": ("All answers as a table, the doubtful first", "全部答案的表格，最不确定的在前"),
    "table_more": (
        "The first {shown} of {count} are shown; the CSV has all.",
        "仅显示 {count} 项中的前 {shown} 项；CSV 中包含全部。",
    ),
    "many_csv": ("Download as CSV", "下载 CSV"),
    # two models
    "beside": ("Compare with", "与之比较"),
    "beside_none": ("no other model", "不比较"),
    "beside_same": ("Both say {answer}.", "两个模型都回答：{answer}。"),
    "beside_neither": ("Neither knows it.", "两个模型都不认识。"),
    "beside_differ": (
        "They differ: {model} says {answer}; {other} says {second}.",
        "两者不同：{model} 回答{answer}；{other} 回答{second}。",
    ),
    "beside_agree": (
        "They agree on {agree} of {count}; those on which they differ stand first.",
        "{count} 张中有 {agree} 张一致；不一致的排在前面。",
    ),
    "beside_agree_all": ("They agree on all {count}.", "{count} 张全部一致。"),
    "column_beside": ("the other model", "另一模型"),
    "column_beside_score": ("its score", "其得分"),
    # from a script
    "calls": ("The same from a script", "在脚本中调用"),
    "calls_python": ("Python (pip install gradio_client)", "Python（pip install gradio_client）"),
    "calls_curl": ("curl: send the picture, ask, read the answer", "curl：上传图片、提问、读取答案"),
}
