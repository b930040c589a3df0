// The files of the page themselves: every text in both languages, and nothing that the Content-Security-Policy forbids.
import fs from "node:fs";
import path from "node:path";
import {ROOT, same, test, true_} from "./desk.mjs";
import {refusals, table} from "../../../console/www/strings.js";

const WWW = path.join(ROOT, "console/www");
const sources = Object.fromEntries(fs.readdirSync(WWW).map((name) => [name, fs.readFileSync(path.join(WWW, name), "utf8")]));
const scripts = Object.entries(sources).filter(([name]) => name.endsWith(".js"));
const VOCABULARY = new Set(["rule", "disposition", "break", "tier", "queue", "channel", "state", "call", "reason", "answer", "score", "task", "gate"]);

function places(text) {
	return [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
}

test("every text is there in Chinese and in English, with the same places to fill", () => {
	for (const [key, entry] of Object.entries(table)) {
		same(entry.length, 2, key);
		true_(entry.every((text) => text.trim() !== ""), `${key} is empty in one language`);
		same(places(entry[0]), places(entry[1]), key);
		true_(!/[\u4e00-\u9fff]/.test(entry[1]), `${key}: Chinese in the English text`);
	}
	for (const [, key] of refusals)
		true_(key in table, `${key} is no text`);
}, {plain: true});

test("every text that is asked for exists, and none is left over", () => {
	const asked = new Set(refusals.map(([, key]) => key));
	const patterns = [];
	for (const [name, text] of scripts) {
		if (name === "strings.js")
			continue;
		for (const found of text.matchAll(/"([a-z]+\.[a-z_]+(?:-[a-z]+)*)"/g))
			asked.add(found[1]);
		for (const found of text.matchAll(/\bt\(`([a-z]+\.[a-z_]*)\$\{/g))
			patterns.push(found[1]);
		for (const found of text.matchAll(/: `([a-z]+\.[a-z_]*)\$\{/g))
			patterns.push(found[1]);
	}
	asked.delete("followup.keys");
	same([...asked].filter((key) => !(key in table)), [], "no such text");
	const left = Object.keys(table).filter((key) => !asked.has(key) && !VOCABULARY.has(key.split(".")[0]) && !patterns.some((begin) => key.startsWith(begin)));
	same(left, [], "texts that nobody asks for");
	same([...new Set(patterns)].filter((begin) => !Object.keys(table).some((key) => key.startsWith(begin))), [], "no text begins like that");
}, {plain: true});

test("data becomes text and nothing else; no inline script or style; nothing from elsewhere", () => {
	for (const [name, text] of scripts)
		for (const forbidden of [/innerHTML/, /outerHTML/, /insertAdjacentHTML/, /document\.write/, /\beval\(/, /new Function/, /\.style\b/, /setAttribute\("style"/, /\bstyle:/])
			true_(!forbidden.test(text.replace(/\/\*[\s\S]*?\*\//g, "")), `${name}: ${forbidden}`);
	for (const [name, text] of Object.entries(sources))
		true_(!/(?:src|href|url|import|fetch)\s*[=(]?\s*["'(]?https?:/.test(text), `${name} asks another host`);
	true_(!/<style|style=|<script(?![^>]*src=)|\bon[a-z]+=/.test(sources["index.html"]), "index.html has inline script or style");
}, {plain: true});
