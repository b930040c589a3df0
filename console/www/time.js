/* time.js - days and times as the daemon writes them: local to the business time zone, which need not be the browser's. So they are counted as if in UTC. */
import {language, t} from "./strings.js";

let offset = 0; /* the daemon's time minus this machine's, in milliseconds */

export function parse(text) {
	return Date.parse(text.length <= 10 ? `${text}T00:00:00Z` : `${text}${text.length === 16 ? ":00" : ""}Z`);
}

/* The daemon has said what time it is. */
export function setNow(text) {
	offset = parse(text) - Date.now();
}

export function now() {
	return Date.now() + offset;
}

export function text(milliseconds) {
	return new Date(milliseconds).toISOString().slice(0, 19);
}

export function today() {
	return text(now()).slice(0, 10);
}

export function addDays(day, count) {
	return text(parse(day) + count * 86400000).slice(0, 10);
}

function daysBetween(from, to) {
	return Math.round((parse(to) - parse(from)) / 86400000);
}

function format(value, how) {
	return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", {timeZone: "UTC", hourCycle: "h23", ...how}).format(new Date(parse(value)));
}

/* "3月4日 周二", with the year where it is another one. */
export function day(value) {
	if (!value)
		return "";
	const other = value.slice(0, 4) !== today().slice(0, 4);
	return format(value.slice(0, 10), {month: language() === "zh" ? "long" : "short", day: "numeric", weekday: "short", ...(other ? {year: "numeric"} : {})});
}

export function shortDay(value) {
	return format(value.slice(0, 10), {month: "numeric", day: "numeric"});
}

export function clock(value) {
	return value ? value.slice(11, 16) : "";
}

/* "今天 15:00", "3月5日 周三 09:30" */
export function moment(value) {
	if (!value)
		return "";
	const that = value.slice(0, 10);
	if (that === today())
		return t("time.today_at", {time: clock(value)});
	if (that === addDays(today(), 1))
		return t("time.tomorrow_at", {time: clock(value)});
	return `${day(that)} ${clock(value)}`;
}

/* "今天到期", "逾期 3 天" */
export function due(value) {
	const days = daysBetween(today(), value);
	if (days < 0)
		return t(days === -1 ? "time.overdue_one" : "time.overdue", {days: -days});
	if (days === 0)
		return t("time.due_today");
	return t(days === 1 ? "time.due_tomorrow" : "time.due_in", {days});
}

export function dueClass(value) {
	const days = daysBetween(today(), value);
	return days < 0 ? "late" : days === 0 ? "today" : "later";
}

export function span(seconds) {
	const left = Math.max(0, Math.floor(seconds));
	return `${String(Math.floor(left / 60)).padStart(2, "0")}:${String(left % 60).padStart(2, "0")}`;
}
