// <script src="https://API/tracker.js" data-key="mrp_..." defer></script>; then, once the visitor agrees,
// millrace.consent(true). Before that nothing is stored or sent; consent(false) forgets who it was.
(() => {
  const script = document.currentScript, home = new URL(script.src).origin, name = "millrace";
  const agreed = () => localStorage.getItem(name + ".consent") === "yes";
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join("");
  const kept = (store, key) => store.getItem(name + key) || (store.setItem(name + key, random()), store.getItem(name + key));
  const who = () => ({ user_id: kept(localStorage, ".user"), timestamp: new Date().toISOString() });
  // Without query and fragment, which may tell of a person.
  const plain = url => { const u = new URL(url, location); return u.origin + u.pathname; };
  const send = (feed, event) => {
    if (!agreed()) return;
    const url = `${home}/api/beacon/${feed}?key=${script.dataset.key}`, body = JSON.stringify({ ...event, ...who() });
    // A text needs no question of the browser beforehand, and outlives the page.
    navigator.sendBeacon(url, body) || fetch(url, { method: "POST", body, mode: "no-cors", keepalive: true });
  };
  const view = (action = "view") =>
    send("user_clickstream", { session_id: agreed() && kept(sessionStorage, ".session"), page: location.pathname, action });
  addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]");
    if (link && /^http/.test(link.href)) send("click-events", {
      click_id: random(), page_url: plain(link.href), referrer: plain(location), user_agent: navigator.userAgent });
  }, true);
  window[name] = { view, consent(yes) {
    if (yes) { localStorage.setItem(name + ".consent", "yes"); view(); }
    else [".consent", ".user"].forEach(key => localStorage.removeItem(name + key)), sessionStorage.removeItem(name + ".session");
  } };
  view();
})();
