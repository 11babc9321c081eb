// Small things that only the browser knows: light or dark, the address, the title. No network, no cookies.
window.resnetLab = {
  dark() {
    const kept = localStorage.getItem("resnet-lab-shade");
    return kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  shade() {
    document.body.classList.toggle("dark", this.dark());
    document.documentElement.classList.toggle("dark", this.dark());
  },
  switchShade() {
    localStorage.setItem("resnet-lab-shade", this.dark() ? "light" : "dark");
    this.shade();
  },
  // The language stands in the address, so that a reload and a shared link keep it.
  speak(language) {
    document.documentElement.lang = language;
    const address = new URL(location);
    if ((address.searchParams.get("lang") || "en") === language) return;
    address.searchParams.set("lang", language);
    history.replaceState(null, "", address);
  },
  show(id) {
    setTimeout(() => document.getElementById(id)?.scrollIntoView({ behavior: "smooth" }), 1200);
  },
  // A view's parts that say what they stand for can be chosen; the chosen one is marked.
  choose(element, trigger) {
    element.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-choice]");
      if (!chosen) return;
      element.querySelectorAll(".chosen-one").forEach((other) => other.classList.remove("chosen-one"));
      chosen.classList.add("chosen-one");
      trigger("select", { choice: chosen.dataset.choice });
      if (chosen.matches(".card, .point-map *")) this.show("results-looking");
    });
  },
  // Asks for news of the run: each second while it is looked at, at once when that begins again, and each tenth second
  // otherwise. What is to be seen is shown right here; a tick is for what a visitor can do, and tells where the news is:
  // at first, and when another app has taken the place of the one that told it.
  percent: "",
  pulse(trigger) {
    let last = 0;
    const beat = async () => {
      const tab = document.getElementById("tab-finetune");
      const looked = document.visibilityState === "visible" && tab?.offsetParent;
      if (Date.now() - last < (looked ? 900 : 9900)) return; // an interval is not kept to the millisecond
      last = Date.now();
      const shown = document.querySelector("#run-shown [data-news]")?.dataset;
      if (!shown) return trigger("tick");
      const asked = new URLSearchParams({ run: shown.run, lang: document.documentElement.lang || "en" });
      const answer = await fetch(`${shown.news}?${asked}`).catch(() => null);
      if (!answer) return; // the app is away
      if (!answer.ok) return trigger("tick");
      const news = await answer.json();
      this.percent = news.percent;
      for (const [id, html] of Object.entries(news.views)) {
        const place = document.getElementById(id);
        if (place && place.shown !== html) place.innerHTML = place.shown = html;
      }
      if (news.version !== shown.version) trigger("tick");
    };
    setInterval(beat, 1000);
    document.addEventListener("visibilitychange", beat);
  },
  press(id) {
    setTimeout(() => {
      const element = document.getElementById(id);
      (element?.querySelector("a, button") || element)?.click();
    }, 300);
  },
  // While a run is going, its percent stands in the title and a dot beside the tab's name. Examples get their files'
  // names, for those who hear the page.
  ready() {
    this.shade();
    const follow = () => {
      const title = this.percent ? `${Math.round(this.percent)} % · ResNet Lab` : "ResNet Lab";
      if (document.title !== title) document.title = title;
      document.body.classList.toggle("run-going", Boolean(this.percent));
      for (const image of document.querySelectorAll("#classify-examples button:not([aria-label]) img"))
        image.closest("button").ariaLabel = decodeURI(image.src).match(/([^/]*?)\.\w+$/)?.[1] ?? "";
    };
    setInterval(follow, 1000);
  },
};
document.documentElement.classList.toggle("dark", window.resnetLab.dark());
