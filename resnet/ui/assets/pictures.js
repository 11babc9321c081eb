// Pictures on their way in: a folder with the names in it, which Gradio's own directory upload loses, or a box a class.
window.resnetPictures = (() => {
  const AT_ONCE = 3; // requests on their way; a browser has six connections, and the page needs its own
  const batches = { files: 40, bytes: 8e6 }; // of one request, at most; Gradio takes a thousand files
  const THUMBNAILS = 24; // in a box

  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const button = (className, onclick) => make("button", { type: "button", className: `plain ${className}`, onclick });
  const suffix = (name) => (name.match(/\.[A-Za-z0-9]{1,8}$/)?.[0] ?? "").toLowerCase();
  const token = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

  // What Python says: the page's words, and what is taken.
  function rules(props, watch, changed) {
    const read = () => JSON.parse(props.value);
    const said = { ...read() };
    said.say = (key, values = {}) => said.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString(said.language));
    watch("value", () => changed(Object.assign(said, read())));
    return said;
  }

  // The files of what was dropped, those in folders too: [{name, file}].
  async function walk(entries, limit, found = []) {
    for (const entry of entries) {
      if (entry.name.startsWith(".") || found.length > limit) continue;
      if (entry.isFile) {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        found.push({ name: entry.fullPath.slice(1), file });
        continue;
      }
      const reader = entry.createReader();
      for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length; )
        await walk(some, limit, found);
    }
    return found;
  }
  const dropped = (event) => [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);

  // Sends files, shows how far it is, and can be cancelled: then nothing of them stays.
  function sender(rules, trigger) {
    const fill = make("div", { className: "run-fill" });
    const [far, line] = ["", "status"].map((role) => make("p", { className: "quiet", role }));
    const cancel = button("", () => (ended = "cancelled"));
    const bar = make("div", {}, make("div", { className: "run-track" }, fill), far);
    const busy = make("div", { className: "sending", hidden: true }, bar, cancel);
    let ended = "";

    function refusal(entries) {
      const bytes = entries.reduce((sum, { file }) => sum + file.size, 0);
      const large = entries.find(({ file }) => file.size > rules.picture_bytes);
      if (!entries.some(({ name }) => rules.suffixes.includes(suffix(name)))) return rules.say("send_nothing");
      if (entries.length > rules.files) return rules.say("send_many", { limit: rules.files });
      if (bytes > rules.bytes) return rules.say("send_much", { limit: rules.bytes / 1e9 });
      return large ? rules.say("send_large", { file: large.name, limit: rules.picture_bytes / 1e6 }) : "";
    }

    // The places of some files among the server's uploads; Gradio's own function would take a request for each.
    async function upload(files) {
      if (!files.length) return [];
      const form = new FormData(), { root, api_prefix } = window.gradio_config;
      files.forEach((file) => form.append("files", file));
      const answer = await fetch(`${root}${api_prefix}/upload`, { method: "POST", body: form });
      if (!answer.ok) throw new Error(answer.status);
      return answer.json();
    }

    async function send(entries) {
      const visitor = token(), total = entries.reduce((sum, { file }) => sum + file.size, 0);
      const sent = entries.map(({ name, label }) => [name, "", label ?? ""]);
      let next = 0, done = 0, bytes = 0;
      const tell = (count, size) => {
        [done, bytes] = [done + count, bytes + size];
        fill.style.width = `${(100 * bytes) / (total || 1)}%`;
        far.textContent = rules.say("sending", { done, count: entries.length, megabytes: Math.round(bytes / 1e6) });
      };
      const work = async () => {
        while (next < entries.length && !ended) {
          const batch = [], first = next;
          for (let size = 0; next < entries.length && batch.length < batches.files && size < batches.bytes; next++) {
            if (rules.taken.includes(suffix(entries[next].name))) batch.push(next);
            size += entries[next].file.size;
          }
          const count = next - first, files = batch.map((number) => entries[number].file);
          const renamed = files.map((file, i) => new File([file], `${visitor}-${batch[i]}${suffix(entries[batch[i]].name)}`));
          (await upload(renamed)).forEach((place, i) => (sent[batch[i]][1] = place));
          tell(count, files.reduce((sum, { size }) => sum + size, 0));
        }
      };
      tell(0, 0);
      await Promise.all(Array.from({ length: AT_ONCE }, () => work().catch(() => (ended = "failed"))));
      return sent;
    }

    return {
      parts: [busy, line],
      relabel: () => (cancel.textContent = rules.say("cancel")),
      tell: (text) => (line.textContent = text),
      async start(found) {
        const shown = found.filter(({ name }) => !/(^|\/)\./.test(name));
        const entries = shown.map((entry) => (rules.taken.includes(suffix(entry.name)) ? entry : { ...entry, file: new File([], "") }));
        line.textContent = refusal(entries);
        if (line.textContent || !busy.hidden) return;
        [ended, busy.hidden, fill.style.width] = ["", false, "0"];
        const sent = await send(entries);
        busy.hidden = true;
        line.textContent = ended ? rules.say(`send_${ended}`) : "";
        trigger(ended ? "clear" : "submit", { files: sent });
      },
    };
  }

  // A button for a folder; and the box beside it takes folders that are dropped on it.
  function folder(element, props, watch, trigger) {
    const relabel = () => {
      choose.textContent = said.say("choose_folder");
      out.relabel();
    };
    const said = rules(props, watch, relabel), out = sender(said, trigger);
    const input = make("input", { type: "file", webkitdirectory: true, multiple: true, hidden: true });
    const choose = button("wide", () => input.click());
    input.addEventListener("change", () => {
      out.start([...input.files].map((file) => ({ name: file.webkitRelativePath, file })));
      input.value = "";
    });
    document.addEventListener("drop", (event) => {
      const entries = event.target.closest?.(said.onto) ? dropped(event) : [];
      if (!entries.some((entry) => entry.isDirectory)) return; // an archive is Gradio's
      event.preventDefault();
      event.stopImmediatePropagation();
      event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
      walk(entries, said.files).then(out.start, () => out.tell(said.say("send_failed")));
    }, true);
    element.querySelector(".bring").append(choose, input, ...out.parts);
    relabel();
  }

  // A box a class: a name, and pictures dropped, chosen, pasted, or taken by a camera.
  function boxes(element, props, watch, trigger) {
    const all = [];
    let active = null, camera = null;
    const said = rules(props, watch, () => relabel()), out = sender(said, trigger);
    const list = make("div", { className: "boxes" });
    const add = button("add", () => addBox().name.focus());
    const bring = button("filled", () => out.start(all.flatMap((box) => box.files.map((file) => ({ name: file.name, file, label: box.label() })))));
    const why = make("span", { className: "quiet" });

    function addBox() {
      const box = { files: [] };
      box.label = () => box.name.value.trim() || box.name.placeholder;
      box.name = make("input", { type: "text", maxLength: 80, oninput: judge });
      box.count = make("span", { className: "quiet" });
      box.input = make("input", { type: "file", multiple: true, hidden: true, accept: said.suffixes.join() });
      box.input.onchange = () => {
        take(box, [...box.input.files]);
        box.input.value = "";
      };
      box.choose = button("", () => box.input.click());
      box.film = button("", () => film(box));
      box.film.hidden = !navigator.mediaDevices;
      box.remove = button("remove", () => {
        if (camera?.box === box) unfilm();
        all.splice(all.indexOf(box), 1);
        box.element.remove();
        relabel();
      });
      box.thumbnails = make("div", { className: "thumbnails" });
      box.stage = make("div", { className: "stage" });
      const head = make("div", { className: "box-head" }, box.name, box.remove);
      const foot = make("div", { className: "box-foot" }, box.choose, box.film, box.count);
      box.element = make("section", { className: "box" }, head, box.thumbnails, box.stage, foot, box.input);
      for (const event of ["pointerenter", "focusin"]) box.element.addEventListener(event, () => (active = box));
      for (const [event, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
        box.element.addEventListener(event, (happened) => {
          happened.preventDefault();
          box.element.classList.toggle("over", over);
        });
      box.element.addEventListener("drop", async (event) => take(box, (await walk(dropped(event), said.files)).map(({ file }) => file)));
      all.push(box);
      list.append(box.element);
      relabel();
      return box;
    }

    function take(box, files) {
      const pictures = files.filter((file) => said.suffixes.includes(suffix(file.name)));
      const others = files.length - pictures.length;
      out.tell(others ? said.say("box_others", { count: others }) : "");
      box.files.push(...pictures);
      draw(box);
    }

    function draw(box) {
      for (const old of box.thumbnails.querySelectorAll("img")) URL.revokeObjectURL(old.src);
      box.thumbnails.replaceChildren(...box.files.slice(-THUMBNAILS).map((file) => {
        const label = said.say("box_drop_picture", { file: file.name });
        const image = make("img", { src: URL.createObjectURL(file), alt: "", onerror: () => image.replaceWith(suffix(file.name)) });
        const thumbnail = make("button", { type: "button", title: label, ariaLabel: label }, image);
        thumbnail.onclick = () => {
          box.files.splice(box.files.indexOf(file), 1);
          draw(box);
        };
        return thumbnail;
      }));
      box.count.textContent = said.say("box_count", { count: box.files.length });
      judge();
    }

    function judge() {
      const filled = all.filter((box) => box.files.length), names = filled.map((box) => box.label());
      const count = filled.reduce((sum, box) => sum + box.files.length, 0);
      const problem = filled.length < 2 ? "boxes_few" : new Set(names).size < names.length ? "boxes_same" : "";
      bring.disabled = Boolean(problem);
      bring.textContent = said.say("boxes_import", { count });
      why.textContent = problem && said.say(problem);
    }

    async function film(box) {
      unfilm();
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ video: true });
        const video = make("video", { srcObject: stream, muted: true, playsInline: true });
        const shoot = button("filled", () => {
          const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
          canvas.getContext("2d").drawImage(video, 0, 0);
          canvas.toBlob((blob) => take(box, [new File([blob], `camera-${box.files.length + 1}.jpg`, { type: blob.type })]), "image/jpeg", 0.92);
        });
        shoot.disabled = true; // until there is something to see
        unfilm(); // another box's, that was asked for meanwhile
        camera = { box, stream, shoot, close: button("", unfilm) };
        box.stage.replaceChildren(video, make("div", { className: "box-foot" }, shoot, camera.close));
        if (!all.includes(box)) return unfilm();
        relabel();
        await video.play();
        shoot.disabled = false;
      } catch (error) {
        out.tell(said.say("camera_none", { reason: error.name }));
      }
    }

    function unfilm() {
      camera?.stream.getTracks().forEach((track) => track.stop());
      camera?.box.stage.replaceChildren();
      camera = null;
    }

    function relabel() {
      add.textContent = said.say("box_add");
      all.forEach((box, number) => {
        box.name.placeholder = said.say("box_name", { number: number + 1 });
        box.name.ariaLabel = said.say("box_name_label");
        box.thumbnails.dataset.hint = said.say("box_hint");
        box.choose.textContent = said.say("box_choose");
        box.film.textContent = said.say("box_camera");
        [box.remove.textContent, box.remove.ariaLabel, box.remove.title] = ["×", said.say("box_remove"), said.say("box_remove")];
        draw(box);
      });
      if (camera) [camera.shoot.textContent, camera.close.textContent] = [said.say("camera_shoot"), said.say("camera_close")];
      out.relabel();
      judge();
    }

    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length || !list.offsetParent) return;
      event.preventDefault();
      take(all.includes(active) ? active : all[0] ?? addBox(), files);
    });
    element.querySelector(".bring").append(list, make("div", { className: "box-foot" }, add, bring, why), ...out.parts);
    addBox();
    addBox();
  }

  return { folder, boxes, batches };
})();
