// What holds for every page: hostile data, both languages, a phone, and WCAG AA.
import {Client, axe, picture, same, test, true_, until} from "./desk.mjs";

const HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=2>&amp;\"'";
const VIEWS = ["desk", "overview", "ahead", "report", "why/client/C1", "why/call/2", "why/queue/service", "held-back", "review"];

async function has(page, selector, words) {
	await page.locator(selector).filter({hasText: words}).first().waitFor();
}

// A desk with something on every page.
async function full(desk, name = "Wang Fang") {
	await desk.agent("all", "agent,supervisor,reviewer,auditor", ["service", "hq"]);
	await desk.agent("anna", "agent", ["service"]);
	await desk.agent("sara", "supervisor", []);
	for (const number of [1, 2, 3, 4, 5]) {
		await desk.client(`C${number}`, {name: `${name}`, tier: number % 2 ? "gold" : "diamond", branch: "SH01", manager: "M1", phone: `1391234567${number}`, birthday: "1980-10-03"});
		await desk.event(`E${number}`, `C${number}`, number % 2 ? "complaint" : "account_opened", `2025-03-0${number > 4 ? 4 : number}`);
	}
	const anna = new Client(desk.socket);
	await anna.call("AUTH", "anna", desk.tokens.anna);
	const said = {note: `note ${name}`, needs: name, satisfaction: 3, promise: {by: "2025-03-04", matter: name, dept: "ops"}};
	await anna.call("DONE", JSON.parse(await anna.call("NEXT")).lease, "disputed", said);
	await anna.call("DONE", JSON.parse(await anna.call("NEXT")).lease, "no-answer", {note: name});
	for (const day of ["2025-03-01", "2025-03-02"])
		await anna.call("RECORD", "C4", {done_at: day});
	await desk.event("E6", "C4", "permission_opened");
	await desk.call("PAUSE", "RULE", "birthday", "2025-03-05T10:00", `because ${name}`);
}

async function open(page, view) {
	await page.evaluate((to) => { location.hash = to; }, `#${view}`);
	await page.waitForSelector(`main.view-${view.split("/")[0]}`);
	await until(() => page.evaluate(() => !/Loading|载入中/.test(document.querySelector("main").innerText) && !document.querySelector("[aria-busy=true]") && document.querySelector("main").innerText.trim().length > 0), `${view} is there`);
}

test("a hostile client name is a name, on every page", async (desk) => {
	await full(desk, HOSTILE);
	await desk.event("EX", "C1", "feedback");
	const page = await desk.signIn("all");
	for (const view of VIEWS) {
		await open(page, view);
		if (view === "desk") {
			await page.click("[data-key=rang]");
			await page.locator("dialog input").first().fill(String((await desk.json("LIST", "calls", "CLIENT", "C1"))[0].call));
			await page.keyboard.press("Enter");
			await page.waitForSelector(".choice");
			same(await page.locator("#person").innerText(), HOSTILE);
			await has(page, ".beside", HOSTILE);
			await picture(page, "20-hostile");
		}
		if (view === "review") {
			await page.click("[data-key=next]");
			await has(page, "main", HOSTILE);
		}
		if (view === "overview") {
			await page.click("[data-key='queue service']");
			await has(page, "main", `because ${HOSTILE}`);
		}
		same(await page.evaluate(() => [window.hacked, document.querySelectorAll("main script, main img[src=x], main [onerror], [style]").length]), [undefined, 0], view);
	}
}, {change: (desk) => desk.rewrite("followupd.conf", (text) => text.replace(/share {5}= 5/, "share     = 100"))});

test("Chinese for a Chinese browser, English for any other; switched, kept, and nothing left in the other language", async (desk) => {
	await full(desk);
	const chinese = await desk.page({language: "zh-CN"});
	await has(chinese, "h1", "客户回访");
	same(await chinese.evaluate(() => document.documentElement.lang), "zh-CN");
	const page = await desk.signIn("all", {language: "de-DE"});
	same(await page.evaluate(() => document.documentElement.lang), "en");
	for (const view of VIEWS) {
		await open(page, view);
		const text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll("[aria-label], [title], [placeholder]")].map((one) => [one.getAttribute("aria-label"), one.getAttribute("title"), one.getAttribute("placeholder")].join(" ")).join(" "));
		same(text.replace("中文", "").match(/[\u4e00-\u9fff]+/g), null, `Chinese on the English page ${view}`);
		true_(!/undefined|\[object|NaN|\{\w+\}/.test(text), `${view}: ${(/.{20}(undefined|\[object|NaN|\{\w+\}).{0,20}/.exec(text) || [])[0]}`);
	}
	await page.click("[data-key=language]");
	await has(page, "nav", "现场");
	for (const view of VIEWS) {
		await open(page, view);
		const headings = await page.locator("main h1, main h2, main thead th, main label, main dt:not([lang])").allInnerTexts();
		const foreign = headings.map((one) => one.trim()).filter((one) => one && !/[\u4e00-\u9fff]/.test(one) && !/^[A-Z0-9/ .%-]+$/i.test(one.replace(/Wang Fang/, "")));
		same(foreign, [], view);
		same(headings.filter((one) => /^[a-z][a-z _-]+$/i.test(one.trim()) && !/Wang Fang/.test(one)), [], `English on the Chinese page ${view}`);
	}
	await page.reload();
	await has(page, "nav", "现场");
});

test("on a phone of 375 px nothing has to be scrolled sideways and everything can be hit", async (desk) => {
	await full(desk);
	const page = await desk.signIn("all", {width: 375, height: 740, mobile: true});
	for (const view of VIEWS) {
		await open(page, view);
		same(await page.evaluate(() => document.documentElement.scrollWidth), 375, view);
		const small = await page.evaluate(() => [...document.querySelectorAll("button, select, input:not([type=checkbox]):not([type=radio]), summary, nav a")].filter((one) => one.offsetParent).map((one) => [one.textContent || one.id, one.getBoundingClientRect()]).filter(([, box]) => box.height < 24 || box.width < 12).map(([name, box]) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`));
		same(small, [], `${view}: too small for a finger`);
		await picture(page, `30-phone-${view.split("/").slice(0, 2).join("-")}`);
	}
	await open(page, "desk");
	await page.tap("[data-key=next]");
	await page.waitForSelector(".choice");
	same(await page.evaluate(() => document.documentElement.scrollWidth), 375);
	await picture(page, "31-phone-card");
	await page.locator(".choice.contact").first().tap();
	await page.waitForSelector(".outcome form");
	same(await page.evaluate(() => document.documentElement.scrollWidth), 375);
	await picture(page, "32-phone-outcome");
});

test("WCAG AA: contrast, labels, roles and names of every page, measured in the browser", async (desk) => {
	await full(desk);
	const page = await desk.signIn("all", {language: "en-GB"});
	const look = async (what) => {
		await page.evaluate(axe);
		const found = await page.evaluate(() => window.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
		same(found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.any.map((check) => check.message).join(" ")}`).join(" | ")}`), [], what);
		true_(found.passes.some((one) => one.id === "color-contrast"), `${what}: contrast was measured`);
	};
	for (const view of VIEWS) {
		await open(page, view);
		await look(view);
	}
	await open(page, "desk");
	await page.click("[data-key=next]");
	await page.waitForSelector(".choice");
	await look("card");
	await page.keyboard.press("1");
	await page.click("summary");
	await look("outcome");
	await page.keyboard.press("Escape");
	await page.keyboard.press("3");
	await page.waitForSelector(".appointment");
	await look("appointment");
	await page.keyboard.press("Escape");
	await page.keyboard.press("r");
	await page.waitForSelector("dialog[open]");
	await look("dialog");
	await page.keyboard.press("Escape");
	await page.click("[data-key=signout]");
	await page.waitForSelector("#token");
	await look("sign-in");
});

test("where the focus is can be seen on everything that takes it, and it goes in the order of the page", async (desk) => {
	await full(desk);
	const page = await desk.signIn("all", {language: "en-GB"});
	for (const view of ["desk", "overview", "report"]) {
		await open(page, view);
		await page.evaluate(() => document.activeElement.blur());
		let before = null;
		for (let step = 0; step < 25; step++) {
			await page.keyboard.press("Tab");
			const now = await page.evaluate(() => {
				const one = document.activeElement;
				if (one === document.body)
					return null;
				const shown = one.matches("[type=radio], [type=checkbox]") && one.nextElementSibling ? one.nextElementSibling : one;
				const style = getComputedStyle(shown);
				const box = shown.getBoundingClientRect();
				return {name: one.textContent.slice(0, 30) || one.id, /* the little button within a date field has a ring of the browser's own */
					outline: !one.matches(":focus") || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, top: box.top + scrollY, inside: box.width > 0};
			});
			if (now === null)
				break;
			true_(now.outline && now.inside, `${view}: the focus on "${now.name}" cannot be seen`);
			if (before !== null && step > 10)
				true_(now.top > before.top - 700, `${view}: the focus jumps up from "${before.name}" to "${now.name}"`);
			before = now;
		}
	}
});

test("what the page asks by itself is no use of the session; what somebody does is", async (desk) => {
	await desk.agent("sven", "supervisor", []);
	const page = await desk.page({language: "en-GB"});
	await page.clock.install();
	await page.fill("#name", "sven");
	await page.fill("#token", desk.tokens.sven);
	await page.press("#token", "Enter");
	await has(page, ".live.on", "live");
	const marks = [];
	page.on("request", (request) => {
		if (request.url().endsWith("/api/command"))
			marks.push(request.headers()["x-followup-background"] || "used");
	});
	await page.clock.runFor(120000);
	marks.length = 0;
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	await page.clock.runFor(1000);
	await until(() => marks.length >= 5, "an event makes it look");
	same([...new Set(marks)], ["yes"], "nobody is there");
	marks.length = 0;
	await until(async () => {
		await page.keyboard.press("ArrowDown");
		await page.clock.runFor(10000);
		return marks.includes("used");
	}, "somebody reads: the session is used");
});

test("who asks for less motion gets none", async (desk) => {
	await desk.agent("anna");
	const page = await desk.signIn("anna");
	await page.emulateMedia({reducedMotion: "reduce"});
	await page.click("[data-key=next]");
	await page.waitForSelector(".pulse");
	same(await page.evaluate(() => getComputedStyle(document.querySelector(".pulse")).animationName), "none");
});

test("who guesses at a token hears at last that he has to wait", async (desk) => {
	await desk.agent("anna");
	const page = await desk.page({language: "en-GB"});
	await page.fill("#name", "anna");
	await until(async () => {
		await page.fill("#token", "0".repeat(64));
		await page.press("#token", "Enter");
		await page.waitForSelector(".refusal:not(:empty)");
		await page.waitForSelector("button[type=submit]:enabled");
		return /Too many tries/.test(await page.locator(".refusal").innerText());
	}, "guessing is slowed down");
});

test("the page is served with a policy that allows its own files only, and a session that ends says so", async (desk) => {
	await desk.agent("anna");
	const page = await desk.page();
	const headers = await (await page.request.get(desk.address)).headers();
	const policy = headers["content-security-policy"];
	true_(/default-src 'none'/.test(policy) && /script-src 'self'/.test(policy) && /style-src 'self'/.test(policy) && !/unsafe/.test(policy), policy);
	await page.fill("#name", "anna");
	await page.fill("#token", desk.tokens.anna);
	await page.press("#token", "Enter");
	await page.waitForSelector("[data-key=next]");
	const cookie = (await page.context().cookies())[0];
	same([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	await page.click("[data-key=next]");
	await page.waitForSelector(".choice");
	await page.keyboard.press("1");
	await page.keyboard.type("half a sentence");
	// What was written survives another language, and a sign-in that has become necessary.
	await page.click("[data-key=language]");
	await until(() => page.locator(".outcome textarea").first().inputValue().then((value) => value === "half a sentence", () => false), "kept in English");
	await page.context().clearCookies();
	await page.click("[data-key=keep]");
	await has(page, ".refusal", "You have been signed out");
	await page.fill("#name", "anna");
	await page.fill("#token", desk.tokens.anna);
	await page.press("#token", "Enter");
	await until(() => page.locator(".outcome textarea").first().inputValue().then((value) => value === "half a sentence", () => false), "kept through the sign-in");
});
