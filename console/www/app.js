/* app.js - who is signed in, what he may see, and the frame around it. */
import {Away, Refusal, SignedOut, command, isAtWork, isAway, on, session, signIn, signOut} from "./api.js";
import {h, show, say, dialog} from "./dom.js";
import {language, refusal, setLanguage, t} from "./strings.js";
import {agentView, forgetDraft} from "./agent.js";
import {supervisorView} from "./supervisor.js";
import {lookAheadView, reportView} from "./figures.js";
import {whyView} from "./why.js";
import {heldBackView} from "./heldback.js";
import {reviewView} from "./review.js";
import {day, now, setNow, text} from "./time.js";

/* A view: {begin(place), end(), key(event)}; which role it is for, and its name in the address. */
const views = [
	{name: "desk", roles: ["agent"], make: agentView},
	{name: "overview", roles: ["supervisor"], make: supervisorView},
	{name: "ahead", roles: ["supervisor"], make: lookAheadView},
	{name: "report", roles: ["supervisor"], make: reportView},
	{name: "why", roles: ["supervisor", "auditor", "reviewer"], make: whyView},
	{name: "held-back", roles: ["supervisor"], make: heldBackView},
	{name: "review", roles: ["reviewer"], make: reviewView},
];

const place = document.getElementById("main");
const bar = document.getElementById("bar");
const banner = document.getElementById("banner");
let who = null;
let current = null;
let currentName = "";

function viewsOf(person) {
	return views.filter((view) => view.roles.some((role) => person.roles.includes(role)));
}

function drawBanner() {
	const away = isAway();
	banner.hidden = !away;
	if (away)
		show(banner, h("strong", null, t(away === "daemon" ? "away.daemon" : "away.network")), " ", t("away.trying"));
}

function languageButton() {
	const other = language() === "zh" ? "en" : "zh";
	return h("button", {class: "plain", type: "button", lang: other === "zh" ? "zh-CN" : "en", "data-key": "language", onclick: () => {
		setLanguage(other);
		draw();
	}}, other === "zh" ? "中文" : "English");
}

function drawBar() {
	bar.hidden = !who;
	if (!who)
		return;
	show(bar,
		h("div", {class: "brand"}, h("img", {src: "/static/icon.svg", alt: "", width: 26, height: 26}), h("span", null, t("app.name"))),
		h("nav", {"aria-label": t("app.views")}, viewsOf(who).map((view) => h("a", {href: `#${view.name}`, "data-key": `view ${view.name}`, "aria-current": view.name === currentName ? "page" : null}, t(`view.${view.name}`)))),
		h("div", {class: "who"},
			h("span", {class: "clock", id: "clock"}),
			h("span", {class: "name"}, who.name),
			languageButton(),
			h("button", {class: "plain", type: "button", "data-key": "signout", onclick: leave}, t("app.sign_out"))));
	tick();
}

function tick() {
	const clock = document.getElementById("clock");
	if (!clock)
		return;
	const value = text(now());
	const shown = `${day(value.slice(0, 10))} ${value.slice(11, 16)}`;
	if (clock.textContent !== shown)
		clock.textContent = shown;
}
setInterval(tick, 1000);

async function leave() {
	forgetDraft();
	try {
		await signOut();
	} catch (error) {
		if (!(error instanceof Away))
			throw error;
	}
	end();
	who = null;
	draw();
}

function end() {
	if (current)
		current.end();
	current = null;
}

function drawSignIn(message) {
	const name = h("input", {id: "name", name: "name", autocomplete: "username", required: true, maxlength: 64, autocapitalize: "none", spellcheck: "false"});
	const token = h("input", {id: "token", name: "token", type: "password", autocomplete: "current-password", required: true});
	const wrong = h("p", {class: "refusal", role: "alert"}, message || "");
	const button = h("button", {class: "primary big", type: "submit"}, t("signin.enter"));
	const form = h("form", {class: "signin", onsubmit: async (event) => {
		event.preventDefault();
		button.disabled = true;
		wrong.textContent = "";
		try {
			await enter(await signIn(name.value.trim(), token.value.trim()));
		} catch (error) {
			if (error instanceof SignedOut)
				return;
			wrong.textContent = error instanceof Away ? t("signin.away") : refusal(error);
			button.disabled = false;
			token.focus();
		}
	}},
	h("div", {class: "welcome"}, h("img", {src: "/static/icon.svg", alt: "", width: 56, height: 56}), h("h1", null, t("app.name")), h("p", null, t("signin.lead"))),
	h("div", {class: "field"}, h("label", {for: "name"}, t("signin.name")), name),
	h("div", {class: "field"}, h("label", {for: "token"}, t("signin.token")), token, h("span", {class: "hint"}, t("signin.hint"))),
	wrong, button, h("p", {class: "foot"}, languageButton()));
	show(place, form);
	name.focus();
}

async function enter(person) {
	try {
		setNow((await command("DESK")).now);
	} catch (error) {
		if (!(error instanceof Away) && !(error instanceof Refusal)) /* of a feeder or an operator: there is no page for him either */
			throw error;
	}
	who = person;
	const mine = viewsOf(person);
	if (!mine.some((view) => `#${view.name}` === location.hash))
		history.replaceState(null, "", mine.length > 0 ? `#${mine[0].name}` : "#");
	draw();
}

function openView() {
	const mine = viewsOf(who);
	const view = mine.find((one) => `#${one.name}` === location.hash.split("/")[0]) || mine[0];
	end();
	currentName = view ? view.name : "";
	drawBar();
	if (!view) {
		show(place, h("p", {class: "lone"}, t("app.no_view")));
		return;
	}
	document.title = `${t(`view.${view.name}`)} · ${t("app.name")}`;
	place.className = `view-${view.name}`;
	show(place);
	current = view.make({place, who, setNow: (text_) => { setNow(text_); tick(); }, openWhy: (kind, name) => { location.hash = `#why/${kind}/${encodeURIComponent(name)}`; }});
	current.begin();
}

function draw(message) {
	document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
	document.getElementById("skip").textContent = t("app.skip");
	drawBanner();
	drawBar();
	if (who) {
		openView();
		return;
	}
	end();
	document.title = t("app.name");
	place.className = "view-signin";
	drawSignIn(message);
}

/* Whoever reads or writes for long is not signed out meanwhile. */
setInterval(() => {
	if (who && isAtWork() && !isAway())
		command("PING").catch(() => {});
}, 60000);

/* --- Keys: a single one works only where nothing is being written, and may be switched off (WCAG 2.1.4). --------------------------------------------------------- */

const KEYS = "followup.keys";
function keysAreOn() {
	return localStorage.getItem(KEYS) !== "off";
}

function isWriting(target) {
	return target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, dialog") !== null;
}

document.addEventListener("keydown", (event) => {
	if (!current || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]"))
		return;
	const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
	if (plain && event.key === "?" && !isWriting(event.target)) {
		event.preventDefault();
		help();
		return;
	}
	if (plain && event.key.length === 1 && (isWriting(event.target) || !keysAreOn()))
		return;
	if (current.key)
		current.key(event);
});

function help() {
	const rows = [["N", "keys.next"], ["1 – 9, 0", "keys.outcome"], ["Ctrl + Enter", "keys.save"], ["Esc", "keys.back"], ["R", "keys.release"], ["B", "keys.break"], ["?", "keys.help"]];
	dialog(t("keys.title"), (close) => [
		h("dl", {class: "keys"}, rows.map(([key, what]) => [h("dt", null, h("kbd", null, key)), h("dd", null, t(what))])),
		h("label", {class: "check"}, h("input", {type: "checkbox", checked: keysAreOn(), onchange: (event) => localStorage.setItem(KEYS, event.target.checked ? "on" : "off")}), " ", t("keys.on")),
		h("div", {class: "actions"}, h("button", {class: "primary", type: "button", autofocus: true, onclick: () => close()}, t("app.close")))]);
}

window.addEventListener("hashchange", () => {
	if (!who)
		return;
	openView();
	place.focus({preventScroll: true});
	say(document.title);
});

on("away", (away) => {
	drawBanner();
	if (!away) {
		say(t("away.back"));
		if (current && current.again)
			current.again();
	}
});
on("signedOut", () => {
	if (!who)
		return;
	who = null;
	document.querySelectorAll("dialog").forEach((one) => one.remove());
	draw(t("signin.ended"));
});

async function start() {
	document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
	try {
		const found = await session();
		if (found)
			await enter(found);
		else
			draw();
	} catch (error) {
		if (!(error instanceof Away))
			throw error;
		drawBanner();
		setTimeout(start, 2000);
	}
}

start();
