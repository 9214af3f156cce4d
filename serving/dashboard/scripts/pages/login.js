// Log in, then back to the page that asked for it: at once for who is logged in, say after the server could not tell.
import { logIn } from "../api.js";
import { h } from "../element.js";
import { duration } from "../format.js";
import { field } from "../parts.js";

/** Only a path of this site: `next` comes from the address, which anybody can write. */
export function destination(search) {
  const next = new URLSearchParams(search).get("next") ?? "";
  const address = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  const isOwn = next.startsWith("/") && address?.origin === location.origin;
  return isOwn ? address.pathname + address.search : "/live";
}

export function show(page, session) {
  if (session.role && new URLSearchParams(location.search).has("next")) return location.replace(destination(location.search));
  const account = h("input", { name: "account", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const refused = h("p", { class: "note bad", role: "alert", hidden: true });
  const enter = h("button", { class: "button main", type: "submit" }, "Log in");
  const submit = async (event) => {
    event.preventDefault();
    enter.disabled = true;
    try {
      await logIn(account.value, password.value);
      location.assign(destination(location.search));
    } catch (error) {
      refused.hidden = false;
      refused.textContent = why(error);
      enter.disabled = false;
      password.select();
    }
  };
  page.append(h("section", { class: "panel login" }, h("div", { class: "panel-head" }, h("h1", {}, "Log in")),
    h("div", { class: "panel-body" },
      session.account && h("p", { class: "soft" }, `You are ${session.account} (${session.role}). Another account:`),
      h("form", { onsubmit: submit }, refused, field("Account", account), field("Password", password), enter),
      h("p", { class: "soft small" }, "A viewer sees every page. An operator also judges anomalies and sets values."))));
  document.querySelector(".nav").hidden = !session.role;
  account.focus();
}

function why(error) {
  if (error.code === "login_refused") return "Account and password do not belong together.";
  if (error.code === "rate_limited") return `Too many tries. The next one counts in ${duration(error.retrySeconds ?? 60)}.`;
  return error.message;
}
