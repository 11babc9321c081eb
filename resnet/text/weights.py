"""Models and their files: names, folders, downloads, preprocessing."""

STRINGS: dict[str, tuple[str, str]] = {
    "architecture_unknown": (
        "There is no network called “{name}”; did you mean: {near}?",
        "没有名为 “{name}” 的网络；您是否想用：{near}？",
    ),
}
