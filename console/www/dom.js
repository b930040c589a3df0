/* dom.js - elements by functions. Data becomes text nodes and nothing else: there is no innerHTML in this folder. */

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden" || name === "open" || name === "selected")
			element[name] = value;
		else
			element.setAttribute(name, value === true ? "" : String(value));
	}
	add(element, children);
	return element;
}

function add(element, children) {
	for (const child of children.flat(Infinity)) {
		if (child === undefined || child === null || child === false || child === "")
			continue;
		element.append(child instanceof Node ? child : document.createTextNode(String(child)));
	}
}

/* h("p", {class: "quiet", onclick: f}, "text", [more]) */
export function h(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

/* Puts new children in place of the old. Who had the focus keeps it, found again by data-key; so does what is open or scrolled. */
export function show(element, ...children) {
	const focused = element.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
	const key = focused && focused.dataset.key;
	const caret = key && focused.selectionStart !== undefined ? [focused.selectionStart, focused.selectionEnd] : null;
	const open = new Set([...element.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
	const scrolled = new Map([...element.querySelectorAll("[data-scroll]")].map((one) => [one.dataset.scroll, one.scrollLeft]));
	element.replaceChildren();
	add(element, children);
	for (const one of element.querySelectorAll("details[data-key]"))
		if (open.has(one.dataset.key))
			one.open = true;
	for (const one of element.querySelectorAll("[data-scroll]"))
		one.scrollLeft = scrolled.get(one.dataset.scroll) || 0;
	if (key)
		for (const one of element.querySelectorAll("[data-key]"))
			if (one.dataset.key === key) {
				one.focus({preventScroll: true});
				if (caret && caret[0] !== null)
					one.setSelectionRange(...caret);
				break;
			}
	return element;
}

/* Said aloud by a screen reader, seen by nobody. */
export function say(text) {
	const place = document.getElementById("said");
	place.textContent = "";
	setTimeout(() => { place.textContent = text; }, 50);
}

let numbers = 0;
export function unique(name) {
	numbers += 1;
	return `${name}-${numbers}`;
}

/* A labelled field: what it is, the control, and a hint below it. */
export function field(label, control, {required = false, hint = "", wide = false} = {}) {
	const id = control.id || unique("field");
	control.id = id;
	if (!control.dataset.key)
		control.dataset.key = `field ${label}`;
	const below = hint ? h("span", {class: "hint", id: `${id}-hint`}, hint) : null;
	if (below)
		control.setAttribute("aria-describedby", below.id);
	if (required)
		control.required = true;
	return h("div", {class: wide ? "field wide" : "field"}, h("label", {for: id}, label, required ? h("span", {class: "must", "aria-hidden": "true"}, " *") : null), control, below);
}

export function options(list, chosen) {
	return list.map(([value, text]) => h("option", {value, selected: value === chosen}, text));
}

/* A table from columns [heading, cell(row), {number, class}] and rows. On a phone its rows become cards, unless it is one of figures (wide), which is scrolled; the
 * roles are said because a browser forgets them when a table is laid out as something else. */
export function table(caption, columns, rows, {empty = "", key, wide = false} = {}) {
	if (rows.length === 0)
		return h("p", {class: "empty"}, empty);
	return h("div", {class: "scroll", role: "group", tabindex: "0", "aria-label": caption, "data-scroll": caption, "data-key": `table ${caption}`},
		h("table", {class: wide ? null : "cards", role: "table"}, h("caption", {class: "unseen"}, caption),
			h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, columns.map(([heading, , how]) => h("th", {scope: "col", role: "columnheader", class: how && how.number ? "number" : null}, heading)))),
			h("tbody", {role: "rowgroup"}, rows.map((row) => h("tr", {role: "row", "data-row": key ? key(row) : null},
				columns.map(([heading, cell, how], index) => h(index === 0 ? "th" : "td",
					{scope: index === 0 ? "row" : null, role: index === 0 ? "rowheader" : "cell", class: how && how.number ? "number" : how && how.class, "data-label": heading}, h("span", null, cell(row)))))))));
}

/* A window over the page. build(close) gives its content; the promise ends when it is closed. */
export function dialog(title, build, {wide = false} = {}) {
	return new Promise((resolve) => {
		const id = unique("dialog");
		const box = h("dialog", {class: wide ? "dialog wide" : "dialog", "aria-labelledby": id});
		const close = (value) => {
			box.close();
			box.remove();
			resolve(value);
		};
		box.addEventListener("cancel", (event) => {
			event.preventDefault();
			close(undefined);
		});
		add(box, [h("h2", {id}, title), build(close)]);
		document.body.append(box);
		box.showModal();
	});
}
