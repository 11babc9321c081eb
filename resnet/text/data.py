"""Pictures, archives, folders, data sets: what is wrong with them and what to do."""

STRINGS: dict[str, tuple[str, str]] = {
    # Pictures
    "image_unnamed": ("the picture", "该图片"),
    "image_missing": ("{file}: there is no such file; check the path.", "{file}：文件不存在，请检查路径。"),
    "image_no_file": (
        "{file} is a folder or a device, not a picture; give a picture file.",
        "{file} 是文件夹或设备，不是图片；请提供图片文件。",
    ),
    "image_no_access": (
        "{file} cannot be read ({reason}); check its permissions.",
        "无法读取 {file}（{reason}）；请检查文件权限。",
    ),
    "image_many_bytes": (
        "{file} is larger than {limit} MB, the most one picture may have; save it smaller, as JPEG.",
        "{file} 超过单张图片的上限 {limit} MB；请另存为较小的 JPEG。",
    ),
    "image_many_pixels": (
        "{file} is {width} x {height} pixels; at most {limit} megapixels are read. Save it smaller.",
        "{file} 的尺寸为 {width} x {height} 像素；最多支持 {limit} 百万像素，请缩小后再试。",
    ),
    "image_empty": (
        "{file} is empty (0 bytes); copy it again from where it came from.",
        "{file} 是空文件（0 字节）；请从来源重新复制。",
    ),
    "image_bomb": (
        "{file} holds a picture of more than {limit} megapixels inside; save it smaller.",
        "{file} 内含超过 {limit} 百万像素的图片；请缩小后再试。",
    ),
    "image_broken": (
        "{file} is damaged or incomplete, or of a kind that is not read here: it begins like a picture but cannot be "
        "decoded to its end; copy it again from where it came from, or save it anew as JPEG or PNG.",
        "{file} 已损坏、不完整或属于不支持的类型：开头是图片，但无法完整解码；请从来源重新复制，或另存为 JPEG 或 PNG。",
    ),
    "image_slow": (
        "{file} took longer than {seconds} s to decode and was given up; "
        "open it in a picture program and save it as JPEG, or leave it out.",
        "{file} 解码超过 {seconds} 秒，已放弃；请用图片软件打开并另存为 JPEG，或不使用它。",
    ),
    "image_memory": (
        "{file} needs more than {limit} MB of memory to decode; "
        "open it in a picture program and save it smaller, as JPEG.",
        "{file} 解码所需内存超过 {limit} MB；请用图片软件打开并另存为较小的 JPEG。",
    ),
    "image_crash": (
        "{file} ends the program that decodes it: it is damaged, or this machine is short of memory; "
        "open it in a picture program and save it as JPEG, or leave it out.",
        "{file} 使解码程序意外退出：文件已损坏，或本机内存不足；请用图片软件打开并另存为 JPEG，或不使用它。",
    ),
    "image_heic": (
        "{file} is a HEIC photo. To have such photos read, install one more package (pip install pillow-heif) and "
        "start again; or export it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible).",
        "{file} 是 HEIC 照片。如需读取，请安装一个附加包（pip install pillow-heif）后重新启动；"
        "或导出为 JPEG（iPhone：设置、相机、格式、兼容性最佳）。",
    ),
    "image_other": (
        "{file} is in the format {kind}, not a picture that we read; save it as JPEG or PNG.",
        "{file} 的格式是 {kind}，不是可读取的图片；请另存为 JPEG 或 PNG。",
    ),
    "image_text": (
        "{file} holds text, not a picture, whatever its name says; replace it with the picture itself.",
        "{file} 的内容是文本而不是图片（与其名称无关）；请换成真正的图片。",
    ),
    "image_unknown": (
        "{file} is not a picture that we read; save it as JPEG or PNG.",
        "{file} 不是可读取的图片；请另存为 JPEG 或 PNG。",
    ),
    # Folders and archives
    "source_missing": (
        "There is no folder or file {source}; check the path.",
        "文件夹或文件 {source} 不存在；请检查路径。",
    ),
    "source_no_access": (
        "{source} cannot be read ({reason}); check its permissions.",
        "无法读取 {source}（{reason}）；请检查权限。",
    ),
    "source_workspace": (
        "{source} is a part of this project's own workspace ({workspace}), or holds it; "
        "give the folder of your pictures.",
        "{source} 属于本项目自己的工作区（{workspace}），或包含它；请给出您的图片所在的文件夹。",
    ),
    "source_dataset": (
        "{source} is a data set that was imported before: its classes stand in its manifest, not in folders. "
        "Name it by its id (`python -m resnet data list`), or import the folder or archive that it was made of.",
        "{source} 是已导入过的数据集：类别写在清单里，而不在文件夹中。"
        "请用其 ID（`python -m resnet data list`），或重新导入原来的文件夹或压缩包。",
    ),
    "many_files": (
        "There are more than {limit} files and folders; import fewer at a time.",
        "文件和文件夹数超过 {limit}；请减少一次导入的数量。",
    ),
    "many_levels": (
        "{file} lies more than {limit} folders deep; put the class folders nearer to the top.",
        "{file} 的文件夹层级超过 {limit}；请减少层级。",
    ),
    "long_name": (
        "The name {file} has {length} characters, its folders included; at most {limit} are read. Shorten it.",
        "名称 {file} 连同文件夹共 {length} 个字符，最多 {limit} 个；请缩短。",
    ),
    "many_bytes": (
        "The pictures take more than {limit} altogether; make them smaller or import fewer.",
        "图片总大小超过 {limit}；请缩小图片或减少数量。",
    ),
    "disk_full": (
        "The import needs {needed} and 0.2 GB to spare, but the disk has {free} free; make room and try again.",
        "导入需要 {needed} 并另留 0.2 GB，但磁盘仅剩 {free}；请清理空间后重试。",
    ),
    "disk_ran_full": (
        "The disk ran full during the import, which was undone; make room and try again.",
        "导入过程中磁盘已满，导入已撤销；请清理空间后重试。",
    ),
    "archive_none": (
        "{archive} is neither a folder nor a zip or tar; put the class folders into one of these and import it.",
        "{archive} 既不是文件夹，也不是 zip 或 tar；请把类别文件夹打包成 zip 或 tar 后再导入。",
    ),
    "archive_other": (
        "{archive} is a {kind} archive, which is not read here (zip, tar, tar.gz, tar.bz2 are); "
        "unpack it, and import the folder.",
        "{archive} 是 {kind} 压缩包，此处无法读取（可读取 zip、tar、tar.gz、tar.bz2）；请先解压，再导入文件夹。",
    ),
    "archive_no_tar": (
        "{archive} is a file packed by {kind} with no tar in it; put the class folders into a zip or tar.gz.",
        "{archive} 是 {kind} 压缩的单个文件，其中没有 tar；请把类别文件夹打包成 zip 或 tar.gz。",
    ),
    "archive_truncated": (
        "{archive} is an archive of which a part is missing or damaged; copy or download it again.",
        "{archive} 这个压缩包不完整或已损坏；请重新复制或下载。",
    ),
    "archive_broken_at": (
        "{archive} is damaged or ends too early, at its member {file} or after it; copy or download it again.",
        "{archive} 在成员 {file} 处或之后已损坏或不完整；请重新复制或下载。",
    ),
    "archive_empty": (
        "{archive} holds no files; put the class folders into it.",
        "{archive} 中没有文件；请把类别文件夹放入其中。",
    ),
    "archive_climbs": (
        "The archive was refused: its member {file} points outside of it. Make a new one of the class folders.",
        "已拒绝该压缩包：成员 {file} 指向压缩包之外。请重新打包类别文件夹。",
    ),
    "upload_climbs": (
        "The upload was refused: {file} is not the name of a file in the folder that was chosen.",
        "已拒绝上传：{file} 不是所选文件夹内的文件名。",
    ),
    "upload_strange": (
        "The upload was refused: {file} was not sent by this page, or is there no more. Choose the pictures again.",
        "已拒绝上传：{file} 不是由本页面发送的，或已不存在。请重新选择图片。",
    ),
    "archive_link": (
        "The archive was refused: its member {file} is a link or a device, not a file. "
        "Make a new one of the files themselves.",
        "已拒绝该压缩包：成员 {file} 是链接或设备，不是文件。请用文件本身重新打包。",
    ),
    "archive_encrypted": (
        "The archive was refused: {file} is encrypted. Make one without a password.",
        "已拒绝该压缩包：{file} 已加密。请制作不带密码的 zip。",
    ),
    "archive_member_large": (
        "The archive was refused: {file} unpacks to {size}; one picture may have at most {limit}. Make it smaller.",
        "已拒绝该压缩包：{file} 解压后为 {size}；单张图片最多 {limit}。请缩小该图片。",
    ),
    "archive_ratio": (
        "The archive was refused: {packed} unpack to {unpacked}, more than {limit} times as much, "
        "which pictures never do. Make a new one of the class folders.",
        "已拒绝该压缩包：{packed} 会解压为 {unpacked}，超过 {limit} 倍，正常图片不会如此。请重新打包类别文件夹。",
    ),
    "archive_overlap": (
        "The archive was refused: its member {file} shares bytes with another. Make a new one of the class folders.",
        "已拒绝该压缩包：成员 {file} 与其他成员共用数据。请重新打包类别文件夹。",
    ),
    "archive_sparse": (
        "The archive was refused: its member {file} is a file with holes (sparse). Make a new one without --sparse.",
        "已拒绝该压缩包：成员 {file} 是带空洞的稀疏文件。请不带 --sparse 重新打包。",
    ),
    "archive_headers": (
        "The archive was refused: after {file} stand more than {limit} of headers, which should hold names alone. "
        "Make a new one of the class folders.",
        "已拒绝该压缩包：{file} 之后的文件头超过 {limit}，而文件头只应包含名称。请重新打包类别文件夹。",
    ),
    "archive_bytes": (
        "The archive was refused: it unpacks to more than {limit}. Make one of the pictures alone, or of fewer.",
        "已拒绝该压缩包：解压后超过 {limit}。请只打包图片，或减少数量。",
    ),
    "archive_slow": (
        "Unpacking took more than {limit} seconds and was ended; import fewer pictures at a time, or a folder.",
        "解压超过 {limit} 秒，已中止；请减少一次导入的数量，或直接导入文件夹。",
    ),
    "archive_broken_member": (
        "The archive is damaged at {file}; copy or download it again.",
        "压缩包在 {file} 处损坏；请重新复制或下载。",
    ),
    "archive_method": (
        "{file} is packed by a method that is not read here; make the zip with the usual one (deflate).",
        "{file} 使用了此处不支持的压缩方式；请用常规方式（deflate）重新打包。",
    ),
    # Layout
    "layout_no_pictures": (
        "There are no pictures in it. Expected: a folder for each class, with pictures ({formats}) in it; "
        "found instead: {others}.",
        "其中没有图片。应为：每个类别一个文件夹，内含图片（{formats}）；实际找到：{others}。",
    ),
    "layout_no_classes": (
        "There are {count} pictures ({files}) but no class folders. Put the pictures of each class into a folder "
        "that bears the class's name (cats/1.jpg, dogs/2.jpg), or a table beside them: labels.csv, with a line "
        "filename,label above the rows.",
        "有 {count} 张图片（{files}），但没有类别文件夹。请把每个类别的图片放进以类别命名的文件夹"
        "（cats/1.jpg、dogs/2.jpg），或在旁边放一个标签表：labels.csv，首行为 filename,label。",
    ),
    "layout_no_table": (
        "There are {count} pictures ({files}) but no class folders, and {tables} is no table of labels beside or above "
        "them: its first line must name the columns filename,label. Put such a line there, or the pictures of each "
        "class into a folder that bears the class's name.",
        "有 {count} 张图片（{files}），但没有类别文件夹；{tables} 也不是位于它们旁边或上层的标签表："
        "其首行须写明列名 filename,label。请补上这一行，或把每个类别的图片放进以类别命名的文件夹。",
    ),
    "layout_one_class": (
        "All pictures are in one class, “{label}”; a classifier needs at least two. "
        "Put the pictures of each class into a folder of its own: cats/1.jpg, dogs/2.jpg.",
        "所有图片都属于同一类别 “{label}”；分类器至少需要两个类别。"
        "请把每个类别的图片放进各自的文件夹：cats/1.jpg、dogs/2.jpg。",
    ),
    "layout_no_train": (
        "There are folders {parts} but no pictures in class folders under train/; add them: train/cats/1.jpg.",
        "有 {parts} 文件夹，但 train/ 下没有类别文件夹中的图片；请补上：train/cats/1.jpg。",
    ),
    "layout_loose": (
        "{count} pictures lie beside the class folders and were left out ({files}); "
        "move them into the folder of their class.",
        "{count} 张图片位于类别文件夹之外，未导入（{files}）；请移入所属类别的文件夹。",
    ),
    "layout_empty": (
        "No pictures in {folders}; fill or remove these folders.",
        "{folders} 中没有图片；请放入图片或删除这些文件夹。",
    ),
    "layout_nested": (
        "Archives inside were left out ({files}); unpack them and import again if they belong here.",
        "内含的压缩包未导入（{files}）；如需使用，请先解压再重新导入。",
    ),
    "layout_ignored": (
        "{count} files that are no pictures were left out: {kinds}.",
        "{count} 个非图片文件未导入：{kinds}。",
    ),
    "layout_case": (
        "Classes whose names differ in upper and lower case alone: {labels}. "
        "If they are one, give their folders one name.",
        "以下类别的名称仅大小写不同：{labels}。若属同一类别，请统一文件夹名称。",
    ),
    "layout_inner": (
        "Folders inside a class belong to it: {folders}. If these are the classes, move them up, beside one another.",
        "类别文件夹内的子文件夹归入该类别：{folders}。若它们才是类别，请把它们移到同一上层。",
    ),
    "layout_not_in_train": (
        "Classes without a picture in train: {labels}. Is a folder's name spelled differently there? "
        "Until it is mended no training starts.",
        "以下类别在 train 中没有图片：{labels}。是否文件夹名称拼写不同？修正之前无法开始训练。",
    ),
    "layout_not_in_val": (
        "Classes without a picture in val: {labels}. Nothing will be known about how well they are recognised.",
        "以下类别在 val 中没有图片：{labels}。将无法得知它们的识别效果。",
    ),
    # Tables of labels
    "table_head": (
        "{table} does not begin with a line that names its columns: filename,label and, where wanted, group,split, "
        "divided by commas, semicolons or tabs. Its first line is: {found}",
        "{table} 的首行没有写明列名：应为 filename,label，可另加 group,split，用逗号、分号或制表符分隔。"
        "其首行为：{found}",
    ),
    "table_encoding": (
        "{table} is not in UTF-8 or UTF-16; save it anew as “CSV UTF-8” (in Excel a type of file of that name).",
        "{table} 的编码不是 UTF-8 或 UTF-16；请另存为“CSV UTF-8”（Excel 中有同名的文件类型）。",
    ),
    "table_broken": (
        "{table} cannot be read at line {line}: a quotation mark may be missing, or it is no CSV.",
        "{table} 在第 {line} 行无法读取：可能缺少引号，或不是 CSV。",
    ),
    "table_split": (
        "{table}, line {line}: the split “{value}” is none of train, val, test; leave it empty or name one of them.",
        "{table} 第 {line} 行：划分“{value}”不是 train、val 或 test；请留空或改为其中之一。",
    ),
    "table_several": (
        "There are several tables of labels ({files}); leave only the one that holds.",
        "有多个标签表（{files}）；请只保留有效的那一个。",
    ),
    "table_no_pictures": (
        "No row of {table} names a picture that is there and its label; it names {files}. "
        "Names are relative to the table: pictures/1.jpg.",
        "{table} 中没有一行同时给出存在的图片及其标签；其中列出的是 {files}。文件名相对于该表：pictures/1.jpg。",
    ),
    "table_one_class": (
        "All pictures in {table} have one label, “{label}”; a classifier needs at least two.",
        "{table} 中的图片只有一个标签“{label}”；分类器至少需要两个类别。",
    ),
    # Import
    "import_few_classes": (
        "Fewer than two classes are left: {kept} pictures are usable, {unreadable} cannot be read, "
        "{conflicts} lie in several classes at once. {reason}",
        "剩余类别不足两个：可用图片 {kept} 张，无法读取 {unreadable} 张，同时属于多个类别 {conflicts} 张。{reason}",
    ),
    "import_unreadable": (
        "{count} pictures cannot be read and were left out ({files}); the report says why for each.",
        "{count} 张图片无法读取，未导入（{files}）；报告中列有各自的原因。",
    ),
    "import_duplicates": (
        "{count} pictures are exact copies of another of their class and were left out ({files}).",
        "{count} 张图片与同类别的另一张完全相同，未导入（{files}）。",
    ),
    "import_leaks": (
        "{count} pictures stand in two parts of the split ({files}): the accuracy on them is flattering. "
        "Remove them from one.",
        "{count} 张图片同时出现在两个划分中（{files}）：其准确率会偏高。请从其中一处删除。",
    ),
    "import_conflicts": (
        "{count} pictures stand in several classes at once and were left out of all ({files}); "
        "keep each in the right one and import again.",
        "{count} 张图片同时出现在多个类别中，已全部排除（{files}）；请各自只保留在正确的类别中并重新导入。",
    ),
    "import_near_duplicates": (
        "{count} pictures in {groups} groups look almost the same ({files}). All were kept; a split that is made here "
        "keeps each group on one side.",
        "{count} 张图片几乎相同，分为 {groups} 组（{files}）。全部保留；此处生成的划分会把每组放在同一侧。",
    ),
    "import_near_leaks": (
        "{count} pictures look almost the same as one in another part of the split ({files}): the accuracy on them is "
        "flattering. Remove them, or move them to that part.",
        "{count} 张图片与另一划分中的图片几乎相同（{files}）：其准确率会偏高。请删除它们，或移到同一划分。",
    ),
    "import_near_conflicts": (
        "{count} groups of pictures that look almost the same stand in several classes ({files}): one of the labels is "
        "likely wrong. Keep each in the right class and import again.",
        "有 {count} 组几乎相同的图片分属多个类别（{files}）：其中很可能有标签错误。"
        "请各自只保留在正确的类别中并重新导入。",
    ),
    "import_near_many": (
        "{count} pictures look almost the same as so many others that a split cannot keep them all on one side "
        "({files}): the accuracy may be flattering. Check it with pictures taken at another time.",
        "{count} 张图片与过多的其他图片几乎相同，划分时无法全部放在同一侧（{files}）：准确率可能偏高。"
        "请用另一时间拍摄的图片检验。",
    ),
    "import_missing": (
        "{count} rows of the table of labels name no picture that is there ({files}); mend the names or add the files.",
        "标签表中有 {count} 行所指的图片不存在（{files}）；请更正文件名或补上文件。",
    ),
    "import_unlabelled": (
        "{count} pictures have no label in the table and were left out ({files}); add rows for them.",
        "{count} 张图片在标签表中没有标签，未导入（{files}）；请为其添加行。",
    ),
    "import_contradicted": (
        "{count} pictures have several rows in the table that differ in label, group or split, and were left out "
        "({files}); keep one row for each.",
        "{count} 张图片在标签表中有多行，且标签、分组或划分不一致，未导入（{files}）；请各保留一行。",
    ),
    "import_one_sided": (
        "Groups keep all pictures of {labels} on one side of the split: they are either learnt from or checked with. "
        "Add pictures of further groups.",
        "由于分组，{labels} 的全部图片都在划分的同一侧：要么只用于学习，要么只用于检验。请补充其他组的图片。",
    ),
    "import_apart": (
        "{count} groups stand in several parts of the given split ({groups}): the accuracy on them is flattering. "
        "Move each to one part.",
        "有 {count} 个组同时出现在给定划分的多个部分（{groups}）：其准确率会偏高。请把每组移到同一部分。",
    ),
    "import_lost": (
        "Classes of which no picture is left, and which are not in the data set: {labels}.",
        "以下类别没有剩余图片，因此不在数据集中：{labels}。",
    ),
    "import_small": (
        "{count} pictures are smaller than {pixels} pixels ({files}); larger ones would be recognised better.",
        "{count} 张图片小于 {pixels} 像素（{files}）；更大的图片识别效果更好。",
    ),
    "import_imbalance": (
        "The classes are uneven: “{large}” has {most} pictures, “{small}” {fewest}. "
        "The rare ones will be recognised less well; add pictures to them, or let them count more "
        "(setting “class balance”: loss).",
        "类别不均衡：“{large}” 有 {most} 张，“{small}” 只有 {fewest} 张。样本少的类别识别效果较差，"
        "请补充图片，或提高其权重（设置“类别平衡”：loss）。",
    ),
    # Data sets
    "dataset_single": (
        "A single picture in: {labels}. A class needs at least two, one to learn from and one to check with; "
        "add pictures and import again.",
        "以下类别只有一张图片：{labels}。每个类别至少需要两张，一张用于学习，一张用于检验；请补充后重新导入。",
    ),
    "dataset_no_train": (
        "No picture to learn from in: {labels}. Add pictures of it to train/ and import again.",
        "以下类别没有可学习的图片：{labels}。请在 train/ 中补充后重新导入。",
    ),
    "dataset_no_val": (
        "There is no picture to check the model with. Put some of every class in val/, or let no group hold a whole "
        "class, and import again.",
        "没有可用于检查模型的图片。请在 val/ 中为各类别放入一些图片，或避免让一个组包含整个类别，然后重新导入。",
    ),
    "dataset_few_classes": (
        "The data set has {count} classes; a classifier needs at least two.",
        "该数据集有 {count} 个类别；分类器至少需要两个。",
    ),
    "dataset_damaged": (
        "The data set {folder} is damaged ({reason}); delete it and import its pictures again.",
        "数据集 {folder} 已损坏（{reason}）；请删除后重新导入图片。",
    ),
}
