// An agent at work.
import {MORNING, picture, same, test, true_, until} from "./desk.mjs";

const next = "[data-key=next]";

async function text(page, selector) {
	return (await page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();
}

async function has(page, selector, words) {
	await page.locator(selector).filter({hasText: words}).first().waitFor();
}

async function attempts(desk) {
	return (await desk.json("LIST", "attempts")).map((one) => one.disposition);
}

function withForms(desk) {
	desk.rewrite("rules.d/account-closed.conf", (rule) => rule.replace("# form   =", "form   ="));
}

test("an agent's whole day: cards, outcomes, an appointment, a break, a call given back, and the tally", async (desk) => {
	await desk.agent("anna", "agent", ["service", "hq"]);
	await desk.client("C1", {name: "王小明", tier: "diamond", branch: "SH01", manager: "M1", phone: "13912345678"});
	await desk.event("E1", "C1", "account_closed", "2025-03-02");
	const page = await desk.page();

	// The wrong token is refused in place, and the name stays.
	await page.fill("#name", "anna");
	await page.fill("#token", "0".repeat(64));
	await page.click("button[type=submit]");
	await has(page, ".refusal", "工号或令牌不对");
	await picture(page, "01-signin");
	await page.fill("#token", desk.tokens.anna);
	await page.click("button[type=submit]");

	// The card: who, why with its due day, number, script, history.
	await page.click(next);
	await has(page, "#person", "王小明");
	same(await text(page, ".phone"), "139 1234 5678");
	same(await page.getAttribute(".phone", "href"), "tel:13912345678");
	await has(page, ".agenda li", "销户回访");
	await has(page, ".agenda .due", "今天到期");
	await has(page, ".script li", "Was it your own wish?");
	await has(page, "#facts", "0 / 2");
	await has(page, "#facts", "M1");
	await has(page, ".beside", "此前没有联系记录");
	await picture(page, "02-card");

	// A contact wants the answers of the form: the page asks for each, and sends nothing without them.
	await page.click("[data-key='outcome reached']");
	await page.waitForSelector(".outcome form");
	same(await page.locator(".outcome textarea:required").count(), 3);
	await page.click(".outcome button[type=submit]");
	same(await attempts(desk), []);
	for (const [label, value] of [["销户原因", "fees"], ["意见", "slow"], ["建议", "be faster"]])
		await page.locator(".outcome .field").filter({hasText: label}).first().locator("textarea").fill(value);
	await page.locator(".outcome .field").filter({hasText: "备注"}).first().locator("textarea").fill("own wish");
	await page.check(".outcome input[type=radio][value='4']", {force: true});
	await page.click("summary");
	await page.locator(".outcome .field").filter({hasText: "需求"}).first().locator("input").fill("a fund");
	await page.locator("fieldset .field.wide input").fill("send the form");
	await page.locator(".outcome input[type=date]").fill("2025-03-10");
	await picture(page, "03-outcome");
	await page.click(".outcome button[type=submit]");
	await has(page, ".notice.good", "已登记：已联系。 完成 1 件事项。");
	const [attempt] = (await desk.json("HISTORY", "C1")).filter((entry) => entry.kind === "attempt");
	same([attempt.said.said.note, attempt.said.said.answers, attempt.said.said.satisfaction, attempt.said.said.needs, attempt.said.said.promise],
		["own wish", {why: "fees", opinion: "slow", suggestion: "be faster"}, 4, "a fund", {by: "2025-03-10", matter: "send the form"}]);
	await has(page, ".figures", "100 %");

	// Nothing waits: the next call comes by itself when there is one.
	await page.click(next);
	await has(page, ".lead", "暂时没有可打的电话");
	await desk.client("C2", {name: "李娜", phone: "13912345679"});
	await desk.event("E2", "C2", "complaint");
	await has(page, "#person", "李娜");
	await page.click("text=无人接听");
	await page.click(".outcome button[type=submit]");
	await has(page, ".notice.good", "电话将在今天 12:00之后再来");

	// The client names a time. What the daemon refuses is said beside it, and nothing of what was written is lost.
	await desk.client("C3", {name: "张敏", phone: "13912345670"});
	await desk.event("E3", "C3", "complaint");
	await page.click(next);
	await has(page, "#person", "张敏");
	await page.click("text=不方便，另约");
	await has(page, ".appointment", "15:00–17:00");
	await page.locator(".outcome .field").filter({hasText: "备注"}).first().locator("textarea").fill("in a meeting");
	await page.locator(".outcome input[type=time]").fill("12:30");
	await page.click(".outcome button[type=submit]");
	await has(page, ".outcome .refusal", "那个时间不打电话");
	same(await page.locator(".outcome .field").filter({hasText: "备注"}).first().locator("textarea").inputValue(), "in a meeting");
	await picture(page, "04-appointment");
	await page.check(".times input[value='2025-03-04T15:30']", {force: true});
	await page.click(".outcome button[type=submit]");
	await has(page, ".notice.good", "已登记：不方便，另约");
	await has(page, "[aria-labelledby=myappointments]", "今天 15:30");

	// Given back, with a reason.
	await desk.client("C4", {name: "赵强", phone: "13912345671"});
	await desk.event("E4", "C4", "complaint");
	await page.click(next);
	await has(page, "#person", "赵强");
	await page.click("[data-key=release]");
	await page.fill("dialog input", "认识该客户");
	await page.click("dialog button[type=submit]");
	await has(page, ".notice.calm", "已退回队列");
	same((await desk.json("LIST", "calls", "CLIENT", "C4"))[0].state, "ready");

	// A break, through a reload.
	await page.click("[data-key='break lunch']");
	await has(page, ".lead", "午休中，自 09:30 起");
	await page.reload();
	await has(page, ".lead", "午休中，自 09:30 起");
	same((await desk.json("AGENT.LIST"))[0].state, "break");
	await page.click("[data-key=ready]");
	await page.waitForSelector(next);
	await has(page, ".tally", "不方便，另约");
	same(await page.locator(".figures dd").allInnerTexts(), ["3", "1", "33 %", "1"]);
	await picture(page, "05-tally");

	// At the time agreed it comes first of all, to her.
	await desk.setClock("2025-03-04T15:30:00");
	await page.click(next);
	await has(page, "#person", "张敏");
	await has(page, ".timeline", "in a meeting");
	await page.reload();
	await has(page, "#person", "张敏");
	same(await page.locator(".phone").count(), 1);
	await page.click("[data-key=signout]");
	await page.waitForSelector("#token");
	same((await page.context().cookies()).filter((one) => one.value !== ""), []);
	await desk.json("CHECK").then((check) => same(check.faults, []));
}, {change: withForms});

test("the day by the keyboard alone", async (desk) => {
	await desk.agent("anna");
	for (const number of [1, 2, 3]) {
		await desk.client(`C${number}`, {phone: `1391234567${number}`});
		await desk.event(`E${number}`, `C${number}`, "complaint");
	}
	const page = await desk.page({language: "en-GB"});
	const keys = page.keyboard;
	await page.waitForSelector("#name:focus");
	await keys.type("anna");
	await keys.press("Tab");
	await keys.type(desk.tokens.anna);
	await keys.press("Enter");
	await page.waitForSelector(next);
	true_(await page.evaluate(() => document.activeElement.dataset.key === "next"), "the big button has the focus");
	await keys.press("Enter");
	await page.waitForSelector(".choice");
	await keys.press("1");
	await until(() => page.evaluate(() => document.activeElement.tagName === "TEXTAREA"), "the note has the focus");
	await keys.type("1 press of n, r and 2 are words here");
	await keys.press("Escape");
	await until(() => page.evaluate(() => document.activeElement.dataset.key === "outcome reached"), "back at the outcome that was chosen");
	await keys.press("1");
	await until(() => page.evaluate(() => document.activeElement.value === "1 press of n, r and 2 are words here"), "what was written is kept");
	await keys.press("Control+Enter");
	await has(page, ".notice.good", "Recorded: Reached. 1 matter is closed.");
	await until(() => page.evaluate(() => document.activeElement.dataset.key === "next"), "the big button has the focus again");
	same(await attempts(desk), ["reached"]);

	await keys.press("n");
	await page.waitForSelector(".choice");
	await keys.press("9"); // busy
	await page.waitForSelector(".outcome form");
	await keys.press("Control+Enter");
	await has(page, ".notice.good", "Recorded: Busy");
	await keys.press("n");
	await page.waitForSelector(".choice");
	await keys.press("r");
	await page.waitForSelector("dialog[open]");
	await keys.type("lunch");
	await keys.press("Enter");
	await has(page, ".notice.calm", "back on its queue");
	same(await attempts(desk), ["reached", "busy", "released"]);

	await keys.press("n");
	await page.waitForSelector(".choice");
	await keys.press("3"); // not convenient: a day and a time without the mouse
	await page.waitForSelector(".appointment");
	await until(() => page.evaluate(() => document.activeElement.tagName === "SELECT"), "the day has the focus");
	await keys.press("ArrowDown");
	await keys.press("Tab");
	await until(() => page.evaluate(() => document.activeElement.type === "time"), "then the exact time");
	await keys.type("1030AM"); // of a 24-hour field the letters are nothing
	await keys.press("Control+Enter");
	await until(async () => (await attempts(desk)).length === 4 || /refus|Choose/.test(await page.locator(".outcome .refusal").innerText().catch(() => "")), "the appointment is told");
	same((await attempts(desk))[3], "not-convenient");
	await has(page, ".notice.good", "Not convenient");

	// Single keys can be switched off.
	await keys.press("?");
	await page.waitForSelector("dialog[open]");
	await page.locator("dialog input[type=checkbox]").focus();
	await keys.press("Space");
	await keys.press("Escape");
	await desk.client("C9", {phone: "13912345600"});
	await desk.event("E9", "C9", "complaint");
	await keys.press("n");
	same(await page.locator(".choice").count(), 0);
	await keys.press("?");
	await page.locator("dialog input[type=checkbox]").focus();
	await keys.press("Space");
	await keys.press("Escape");
	await keys.press("n");
	await page.waitForSelector(".choice");
});

test("a person's several matters on one call; a matter that joins while she speaks", async (desk) => {
	await desk.agent("anna");
	await desk.client("C1", {person_ref: "P1"});
	await desk.client("C2", {person_ref: "P1"});
	await desk.event("E1", "C1", "complaint");
	await desk.event("E2", "C2", "account_opened");
	const page = await desk.signIn("anna", {language: "en-GB"});
	await page.click(next);
	await page.waitForSelector(".choice");
	same(await page.locator(".agenda li").count(), 2);
	await page.keyboard.press("1");
	await page.locator(".outcome .check").filter({hasText: "Account opened"}).locator("input").uncheck();
	await page.locator(".outcome .field").filter({hasText: "Note"}).locator("textarea").fill("about the complaint");
	await desk.event("E3", "C1", "feedback");
	await page.click("[data-key=keep]");
	await has(page, ".notice.calm", "Has joined this call");
	same(await page.locator(".agenda li").count(), 3);
	same(await page.locator(".outcome .check input").evaluateAll((boxes) => boxes.map((box) => box.checked)), [true, true, false], "what was unticked stays so, what joined is ticked");
	same(await page.locator(".outcome .field").filter({hasText: "Note"}).locator("textarea").inputValue(), "about the complaint");
	await page.keyboard.press("Control+Enter");
	await has(page, ".notice.good", "2 matters are closed. The call comes back after");
	same((await desk.json("LIST", "followups", "STATE", "queued")).map((one) => one.rule), ["account-opened"]);
});

test("the lease extends while somebody is at work, ends when nobody is, and a contact can be told all the same", async (desk) => {
	await desk.agent("anna");
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	const page = await desk.page({language: "en-GB"});
	await page.clock.install();
	await page.fill("#name", "anna");
	await page.fill("#token", desk.tokens.anna);
	await page.press("#token", "Enter");
	await page.waitForSelector(next);
	await page.click(next);
	await page.waitForSelector(".choice");
	const touches = [];
	page.on("request", (request) => {
		if (request.url().endsWith("/api/command") && request.postData().includes('"TOUCH"'))
			touches.push(request.postData());
	});
	await page.mouse.click(5, 400);
	await page.clock.runFor(30000);
	same(touches.length, 0, "not with every click");
	await page.mouse.click(5, 400);
	await page.clock.runFor(40000);
	await until(() => touches.length === 1, "TOUCH after a minute of work");
	await page.clock.runFor(300000);
	same(touches.length, 1, "nobody touches the call of somebody who is away");
	await page.clock.runFor(480000);
	await until(async () => /soon/.test(await page.getAttribute(".leasebar", "class")), "the last minutes are marked");

	await desk.call("CLOCK", "ADVANCE", "1200");
	await page.clock.runFor(300000);
	await has(page, ".notice.bad", "The time has run out");
	same(await page.locator("a.phone").count(), 0, "the number is gone");
	same((await desk.json("LIST", "calls"))[0].state, "ready");
	// She has spoken with him: that is told, and nothing else is offered.
	same(await page.locator(".choice b").allInnerTexts(), ["Reached", "Attorney reached", "Refused", "Disputed"]);
	await page.keyboard.press("1");
	await page.keyboard.press("Control+Enter");
	await has(page, ".notice.good", "Recorded: Reached");
	same((await desk.json("LIST", "attempts"))[0].after_lease, true);
});

test("two agents at once: never the same call, and who waits gets the next", async (desk) => {
	await desk.agent("anna");
	await desk.agent("bert");
	for (const [ref, name] of [["C1", "甲"], ["C2", "乙"]]) {
		await desk.client(ref, {name});
		await desk.event(`E${ref}`, ref, "complaint");
	}
	const [anna, bert] = await Promise.all([desk.signIn("anna"), desk.signIn("bert")]);
	await Promise.all([anna.click(next), bert.click(next)]);
	const names = await Promise.all([text(anna, "#person"), text(bert, "#person")]);
	same(names.sort(), ["乙", "甲"]);
	await bert.keyboard.press("1");
	await bert.keyboard.press("Control+Enter");
	await bert.waitForSelector(next);
	await bert.click(next);
	await has(bert, ".lead", "暂时没有可打的电话");
	// What anna gives back is bert's in the same moment, without his asking again.
	const given = await text(anna, "#person");
	await anna.keyboard.press("r");
	await anna.fill("dialog input", "lunch");
	await anna.click("dialog button[type=submit]");
	await has(bert, "#person", given);
	same((await desk.json("LIST", "calls"))[0].held_by, "bert");
	// Waiting can be ended, and nothing is taken then.
	await anna.click(next);
	await has(anna, ".lead", "暂时没有可打的电话");
	await anna.click(next);
	await anna.waitForSelector(".primary.huge");
	await desk.client("C3", {name: "丙"});
	await desk.event("E3", "C3", "complaint");
	same((await desk.json("LIST", "calls", "CLIENT", "C3"))[0].state, "ready");
});

test("the daemon is restarted in the middle: the page says so, keeps what was written, and goes on", async (desk) => {
	await desk.agent("anna");
	await desk.client("C1", {name: "王小明"});
	await desk.event("E1", "C1", "complaint");
	const page = await desk.signIn("anna");
	await page.click(next);
	await page.waitForSelector(".choice");
	await page.keyboard.press("1");
	await page.keyboard.type("half a sentence");
	await desk.stopDaemon("SIGKILL");
	await page.keyboard.press("Control+Enter");
	await has(page, ".outcome .refusal", "没有得到答复");
	await has(page, "#banner", "暂时不在");
	await picture(page, "06-away");
	await desk.startDaemon();
	await page.waitForSelector("#banner", {state: "hidden"});
	await has(page, "#person", "王小明");
	await page.waitForSelector(".outcome textarea");
	same(await page.locator(".outcome textarea").first().inputValue(), "half a sentence");
	await page.locator(".outcome textarea").first().press("Control+Enter");
	await has(page, ".notice.good", "已登记");
	same(await attempts(desk), ["reached"]);
	const [entry] = (await desk.json("HISTORY", "C1")).filter((one) => one.kind === "attempt");
	same(entry.said.said.note, "half a sentence");
});

test("outside the hours the page says when the desk opens; a client who rings in is taken or recorded", async (desk) => {
	await desk.agent("anna");
	await desk.client("C1");
	await desk.event("E1", "C1", "complaint");
	await desk.setClock("2025-03-04T12:00:00");
	const page = await desk.signIn("anna", {language: "en-GB"});
	await has(page, "[aria-labelledby=myqueues]", "opens today 15:00");
	await page.click(next);
	await has(page, ".notice.calm", "it opens today 15:00");
	await page.click("[data-key=rang]");
	await page.locator("dialog form").nth(1).locator("input").fill("C9");
	await page.locator("dialog form").nth(1).locator("button").click();
	await has(page, "dialog .refusal", "no such client");
	await page.locator("dialog form").nth(1).locator("input").fill("C1");
	await page.locator("dialog form").nth(1).locator("textarea").fill("rang himself");
	await page.locator("dialog form").nth(1).locator("button").click();
	await has(page, ".notice.good", "matters closed: 1");
	same((await desk.json("LIST", "attempts"))[0].disposition, "reached");
	await desk.client("C2");
	await desk.event("E2", "C2", "complaint");
	await page.click("[data-key=rang]");
	await page.locator("dialog form").nth(0).locator("input").fill(String((await desk.json("LIST", "calls"))[0].call));
	await page.keyboard.press("Enter");
	await page.waitForSelector(".choice");
});
