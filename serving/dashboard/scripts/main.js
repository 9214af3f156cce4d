// Which page this is, who looks at it, and the frame around it. A page is a module below pages/, loaded when wanted.
import { currentSession, logOut } from "./api.js";
import { h, icon } from "./element.js";
import { failure, skeleton } from "./parts.js";

const PAGES = { live: "Live", pipeline: "Pipeline", warehouse: "Warehouse", quality: "Quality", path: "Path", login: "Log in" };
const SUN = "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600M8 1.500v1.200M8 13.300v1.200M1.5 8h1.200M13.3 8h1.200M3.4 3.400l.8.8M11.8 11.800l.8.8M12.6 3.400l-.8.8M4.2 11.800l-.8.8";

const name = location.pathname.slice(1) in PAGES ? location.pathname.slice(1) : "live";
const page = document.getElementById("page");

document.title = `${PAGES[name]} · Millrace`;
document.querySelector(`.nav a[href="/${name}"]`)?.setAttribute("aria-current", "page");
document.getElementById("tools").append(
  h("button", { class: "button quiet icon", type: "button", title: "Light or dark", "aria-label": "Switch between light and dark", onclick: () => window.toggleTheme() }, icon(SUN)));

async function start() {
  page.replaceChildren(h("h1", {}, PAGES[name]), skeleton());
  try {
    const [session, module] = await Promise.all([currentSession(), import(`./pages/${name}.js`)]);
    if (!session.role && name !== "login") return location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (session.role) who(session);
    page.replaceChildren();
    await module.show(page, session);
  } catch (error) {
    page.replaceChildren(h("h1", {}, PAGES[name]), failure(error, start));
  }
}

function who(session) {
  const leave = async () => {
    await logOut();
    location.assign("/login");
  };
  document.getElementById("account")?.remove();
  document.getElementById("tools").append(
    h("button", { id: "account", class: "button quiet", type: "button", onclick: leave, title: `${session.account}, ${session.role}` }, "Log out"));
}

start();
