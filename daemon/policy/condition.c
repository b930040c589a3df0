/* condition.c - reads a condition from left to right; nothing is passed on that was not recognised. */
#include "followup/condition.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "followup/buffer.h"
#include "followup/date.h"

/* What may be asked, and how the store finds it. Text that is missing is empty, so that `not tier in (...)` holds for a client without a tier. */
static const struct {
	const char *name;
	const char *sql;
	enum field_type type;
} fields[] = {
	{"client_ref", "c.ref", FIELD_TEXT},
	{"name", "coalesce(c.name, '')", FIELD_TEXT},
	{"tier", "coalesce(c.tier, '')", FIELD_TEXT},
	{"branch", "coalesce(c.branch, '')", FIELD_TEXT},
	{"manager", "coalesce(c.manager, '')", FIELD_TEXT},
	{"introducer", "coalesce(c.introducer, '')", FIELD_TEXT},
	{"status", "coalesce(c.status, '')", FIELD_TEXT},
	{"birthday_calendar", "coalesce(c.birthday_calendar, '')", FIELD_TEXT},
	{"opened_on", "coalesce(c.opened_on, '')", FIELD_TEXT},
	{"last_trade_on", "coalesce(c.last_trade_on, '')", FIELD_TEXT},
	{"assets", "CAST(c.assets AS REAL)", FIELD_NUMBER},
	{"kind", "coalesce((SELECT n.text FROM name n WHERE n.id=e.kind), '')", FIELD_TEXT},
	{"detail", "coalesce(e.detail, '')", FIELD_TEXT},
	{"amount", "(coalesce(?3, e.amount) / 10000.0)", FIELD_NUMBER},
};
enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

enum word_kind { WORD_END, WORD_NAME, WORD_TEXT, WORD_NUMBER, WORD_COMPARISON, WORD_OPEN, WORD_CLOSE, WORD_COMMA, WORD_BAD };

struct reading {
	const char *at;
	enum word_kind kind;
	char word[CONDITION_TEXT_MAX + 1]; /* unquoted */
	struct buffer sql;
	struct condition *condition;
	const struct declared_field *declared;
	size_t declared_count;
	char *reason;
};

static int wrong(struct reading *r, const char *wanted)
{
	if (r->kind == WORD_END)
		snprintf(r->reason, CONDITION_REASON_SIZE, "it ends where %s is wanted", wanted);
	else
		snprintf(r->reason, CONDITION_REASON_SIZE, "'%.60s' where %s is wanted", r->word, wanted);
	return ERR_INVALID;
}

static void take_span(struct reading *r, size_t length, enum word_kind kind)
{
	memcpy(r->word, r->at, length);
	r->word[length] = '\0';
	r->at += length;
	r->kind = kind;
}

/* 'a text', with '' for a quote in it. */
static void take_text(struct reading *r)
{
	size_t length = 0;

	r->kind = WORD_BAD;
	for (r->at++; *r->at != '\0'; r->at++) {
		if (*r->at == '\'' && r->at[1] != '\'') {
			r->at++;
			r->kind = WORD_TEXT;
			break;
		}
		if (*r->at == '\'')
			r->at++;
		r->word[length++] = *r->at;
	}
	r->word[length] = '\0';
}

static void next_word(struct reading *r)
{
	r->at += strspn(r->at, " \t\r\n");
	const char *at = r->at;
	if (*at == '\0') {
		r->kind = WORD_END;
		r->word[0] = '\0';
	} else if (*at == '\'') {
		take_text(r);
	} else if (isalpha((unsigned char)*at) || *at == '_') {
		take_span(r, strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), WORD_NAME);
	} else if (isdigit((unsigned char)*at) || (*at == '-' && isdigit((unsigned char)at[1]))) {
		size_t length = 1 + strspn(at + 1, "0123456789");
		if (at[length] == '.' && isdigit((unsigned char)at[length + 1]))
			length += 1 + strspn(at + length + 1, "0123456789");
		take_span(r, length, WORD_NUMBER);
	} else if (strchr("<>=!", *at) != NULL) {
		size_t length = at[1] == '=' || (at[0] == '<' && at[1] == '>') ? 2 : 1;
		take_span(r, length, at[0] == '!' && length == 1 ? WORD_BAD : WORD_COMPARISON);
	} else {
		take_span(r, 1, *at == '(' ? WORD_OPEN : *at == ')' ? WORD_CLOSE : *at == ',' ? WORD_COMMA : WORD_BAD);
	}
}

static bool is_keyword(const struct reading *r, const char *keyword)
{
	return r->kind == WORD_NAME && strcasecmp(r->word, keyword) == 0;
}

static int literal(struct reading *r, enum field_type type)
{
	static const char *const wanted[] = {
		[FIELD_TEXT] = "a text in 'single quotes'", [FIELD_NUMBER] = "a number", [FIELD_DAY] = "a day like '2026-01-31'"};
	struct condition *c = r->condition;
	bool number = type == FIELD_NUMBER;

	if (r->kind != (number ? WORD_NUMBER : WORD_TEXT))
		return wrong(r, wanted[type]);
	if (type == FIELD_DAY && date_parse(r->word, strlen(r->word)) == NO_DAY)
		return wrong(r, wanted[type]);
	if (c->literal_count == CONDITION_LITERALS_MAX) {
		snprintf(r->reason, CONDITION_REASON_SIZE, "more than %d literals", CONDITION_LITERALS_MAX);
		return ERR_INVALID;
	}
	c->literals[c->literal_count] = strdup(r->word);
	if (c->literals[c->literal_count] == NULL)
		return ERR_MEMORY;
	c->literal_count++;
	buffer_printf(&r->sql, number ? "CAST(?%zu AS REAL)" : "?%zu", c->literal_count + 3);
	next_word(r);
	return 0;
}

static int literal_list(struct reading *r, enum field_type type)
{
	if (r->kind != WORD_OPEN)
		return wrong(r, "'('");
	buffer_text(&r->sql, "(");
	do {
		next_word(r);
		int result = literal(r, type);
		if (result < 0)
			return result;
		if (r->kind == WORD_COMMA)
			buffer_text(&r->sql, ", ");
	} while (r->kind == WORD_COMMA);
	if (r->kind != WORD_CLOSE)
		return wrong(r, "',' or ')'");
	buffer_text(&r->sql, ")");
	next_word(r);
	return 0;
}

static int between(struct reading *r, enum field_type type)
{
	buffer_text(&r->sql, " BETWEEN ");
	int result = literal(r, type);
	if (result < 0)
		return result;
	if (!is_keyword(r, "and"))
		return wrong(r, "'and'");
	buffer_text(&r->sql, " AND ");
	next_word(r);
	return literal(r, type);
}

/* The value of a declared field, of the type that it has now. The name is letters, digits and _: it needs no quoting. A day or a number that is missing compares with nothing. */
static void declared_sql(struct buffer *sql, const struct declared_field *field)
{
	static const char *const around[][2] = {
		[FIELD_TEXT] = {"coalesce(", ", '')"}, [FIELD_NUMBER] = {"CAST(", " AS REAL)"}, [FIELD_DAY] = {"", ""}};

	buffer_printf(sql,
		"%s(SELECT x.value FROM client_field x WHERE x.client_id=c.id AND x.field=(SELECT id FROM name WHERE text='%s') AND "
		"x.type=%d)%s",
		around[field->type][0], field->name, (int)field->type, around[field->type][1]);
}

/* The field that the word names: its value goes to sql. False: none. */
static bool field_value(struct reading *r, enum field_type *type)
{
	for (size_t i = 0; r->kind == WORD_NAME && i < FIELD_COUNT; i++) {
		if (strcmp(fields[i].name, r->word) == 0) {
			buffer_text(&r->sql, fields[i].sql);
			*type = fields[i].type;
			return true;
		}
	}
	for (size_t i = 0; r->kind == WORD_NAME && i < r->declared_count; i++) {
		if (strcmp(r->declared[i].name, r->word) == 0) {
			declared_sql(&r->sql, &r->declared[i]);
			*type = r->declared[i].type;
			return true;
		}
	}
	return false;
}

/* field op literal, field [not] in (...), field [not] between a and b, field [not] like 'x%' */
static int comparison(struct reading *r)
{
	enum field_type type;

	buffer_text(&r->sql, "(");
	if (!field_value(r, &type))
		return wrong(r, "a field of the client or the fact");
	next_word(r);
	int result;
	if (r->kind == WORD_COMPARISON) {
		buffer_printf(&r->sql, " %s ", r->word);
		next_word(r);
		result = literal(r, type);
	} else {
		if (is_keyword(r, "not")) {
			buffer_text(&r->sql, " NOT");
			next_word(r);
		}
		bool in = is_keyword(r, "in"), like = is_keyword(r, "like") && type == FIELD_TEXT, range = is_keyword(r, "between");
		if (!in && !like && !range)
			return wrong(r, "a comparison, in, between or like");
		next_word(r);
		buffer_text(&r->sql, in ? " IN " : like ? " LIKE " : "");
		result = in ? literal_list(r, type) : like ? literal(r, type) : between(r, type);
	}
	buffer_text(&r->sql, ")");
	return result;
}

static int expression(struct reading *r)
{
	int depth = 0;

	for (;;) {
		while (is_keyword(r, "not") || r->kind == WORD_OPEN) {
			if (r->kind == WORD_OPEN && ++depth > CONDITION_DEPTH_MAX)
				return wrong(r, "less nesting");
			bool negates = r->kind != WORD_OPEN;
			buffer_text(&r->sql, negates ? "NOT " : "(");
			next_word(r);
			if (negates && is_keyword(r, "not"))
				return wrong(r, "a field or '(' after 'not'");
		}
		int result = comparison(r);
		if (result < 0)
			return result;
		for (; r->kind == WORD_CLOSE && depth > 0; depth--) {
			buffer_text(&r->sql, ")");
			next_word(r);
		}
		if (r->kind == WORD_END && depth == 0)
			return 0;
		if (!is_keyword(r, "and") && !is_keyword(r, "or"))
			return wrong(r, depth > 0 ? "and, or, or ')'" : "and, or, or the end");
		buffer_text(&r->sql, is_keyword(r, "and") ? " AND " : " OR ");
		next_word(r);
	}
}

bool condition_knows(const char *word)
{
	static const char *const keywords[] = {"and", "or", "not", "in", "between", "like"};

	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(fields[i].name, word) == 0)
			return true;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(keywords[i], word) == 0)
			return true;
	return false;
}

int condition_parse(const char *text, const struct declared_field *declared, size_t declared_count, struct condition **out,
	char reason[CONDITION_REASON_SIZE])
{
	if (strlen(text) > CONDITION_TEXT_MAX) {
		snprintf(reason, CONDITION_REASON_SIZE, "longer than %d bytes", CONDITION_TEXT_MAX);
		return ERR_INVALID;
	}
	struct reading *r = calloc(1, sizeof(*r));
	struct condition *condition = calloc(1, sizeof(*condition));
	int result = ERR_MEMORY;
	if (r != NULL && condition != NULL && (condition->literals = calloc(CONDITION_LITERALS_MAX, sizeof(char *))) != NULL) {
		*r = (struct reading){
			.at = text, .condition = condition, .declared = declared, .declared_count = declared_count, .reason = reason};
		next_word(r);
		result = expression(r);
		if (result == 0 && r->sql.failed)
			result = ERR_MEMORY;
	}
	if (result == 0) {
		condition->sql = r->sql.data;
		*out = condition;
	} else {
		if (r != NULL)
			buffer_free(&r->sql);
		condition_free(condition);
	}
	free(r);
	return result;
}

void condition_free(struct condition *condition)
{
	if (condition == NULL)
		return;
	for (size_t i = 0; condition->literals != NULL && i < condition->literal_count; i++)
		free(condition->literals[i]);
	free(condition->literals);
	free(condition->sql);
	free(condition);
}
