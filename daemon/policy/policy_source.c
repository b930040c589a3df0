/* policy_source.c - libconfuse, and what it does not do: names every unknown setting instead of stopping at the first, keeps the lines, hears of a
 * setting that stands twice, notices a file that was cut off.
 *
 * libconfuse knows a line only while it parses, replaces a section whose title comes again, accepts a file that ends inside a section, and stops at the first name it
 * does not know. So values are copied out by its callbacks with their lines; a finished section is taken from it at once; a sentinel setting is added behind the text;
 * and after an unknown name the file is parsed again with that name allowed. */
#include "followup/policy_source.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "followup/policy_text.h"

enum { UNKNOWN_MAX = 100, MESSAGE_SIZE = 512 };

static const char sentinel[] = "end of file";

/* How a name that we do not know is used; found out by trying, in this order. */
enum shape { SHAPE_SETTING, SHAPE_SECTION, SHAPE_TITLED };

struct unknown {
	char *section; /* NULL: at top level */
	char *name;
	enum shape shape;
};

struct reader {
	struct source *source;
	struct complaints *complaints;
	const char *file;
	cfg_t *root;
	struct section current; /* being read; .file is NULL when none is */
	struct unknown unknowns[UNKNOWN_MAX];
	size_t unknown_count;
	size_t first; /* where this file's sections begin */
	bool again;   /* parse again: the unknowns have grown */
	bool ended;   /* the sentinel was reached */
	bool no_memory;
	char message[MESSAGE_SIZE]; /* the syntax error; empty: none */
	int message_line;
	bool at_end; /* it is about the end of the text */
};

/* libconfuse hands its callbacks nothing of ours, and its scanner is one for the whole process: so is this, and only set while a file is parsed. */
static struct reader *reading;

static void section_clear(struct section *section)
{
	for (size_t i = 0; i < section->setting_count; i++) {
		for (size_t j = 0; j < section->settings[i].count; j++)
			free(section->settings[i].values[j].text);
		free(section->settings[i].values);
	}
	free(section->settings);
	free(section->title);
	free(section->file);
	*section = (struct section){0};
}

static void source_cut(struct source *source, size_t count)
{
	while (source->count > count)
		section_clear(&source->sections[--source->count]);
}

void source_clear(struct source *source)
{
	if (source == NULL)
		return;
	source_cut(source, 0);
	free(source->sections);
	*source = (struct source){0};
}

const struct setting *section_setting(const struct section *section, const char *name)
{
	for (size_t i = 0; i < section->setting_count; i++) {
		if (strcmp(section->settings[i].option->name, name) == 0)
			return &section->settings[i];
	}
	return NULL;
}

/* The number of the section of that name, or -1. */
static int section_find(const char *name)
{
	for (int i = 0; i < SECTION_COUNT; i++) {
		if (strcmp(section_kinds[i].name, name) == 0)
			return i;
	}
	return -1;
}

static const struct option *option_find(int section, const char *name)
{
	for (const struct option *option = section_kinds[section].options; option->name != NULL; option++) {
		if (strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

/* The setting of the section being read, made when it is new; NULL without memory. */
static struct setting *reader_setting(struct reader *reader, const struct option *option, int line)
{
	struct section *section = &reader->current;
	for (size_t i = 0; i < section->setting_count; i++) {
		if (section->settings[i].option == option)
			return &section->settings[i];
	}
	struct setting *grown = realloc(section->settings, (section->setting_count + 1) * sizeof *grown);
	if (grown == NULL)
		return NULL;
	section->settings = grown;
	grown[section->setting_count] = (struct setting){.option = option, .line = line};
	return &grown[section->setting_count++];
}

/* Begins the section when its first setting, or its end, is seen. While a section is parsed its parent's line stays that of the opening brace. */
static int reader_begin(struct reader *reader, int name, int line)
{
	if (reader->current.file != NULL)
		return 0;
	char *file = strdup(reader->file);
	if (file == NULL)
		return -1;
	reader->current = (struct section){.name = (enum section_name)name, .file = file, .line = line};
	return 0;
}

/* Called by libconfuse after each value, and again after a list's closing brace (then without CFGF_MODIFIED, which we take away each time). */
static int reader_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reader *reader = reading;
	if (cfg == reader->root) {
		if (strcmp(opt->name, sentinel) == 0)
			reader->ended = true;
		return 0;
	}
	int name = section_find(cfg_name(cfg));
	const struct option *option = name < 0 ? NULL : option_find(name, opt->name);
	if (option == NULL || (opt->flags & CFGF_MODIFIED) == 0)
		return 0;
	opt->flags &= ~CFGF_MODIFIED;
	if (reader_begin(reader, name, reader->root->line) < 0)
		goto no_memory;
	struct setting *setting = reader_setting(reader, option, cfg->line);
	if (setting == NULL)
		goto no_memory;
	unsigned int count = cfg_opt_size(opt);
	if (count == 1 && setting->count > 0 && setting->again == 0)
		setting->again = cfg->line;
	struct setting_value *grown = realloc(setting->values, (setting->count + 1) * sizeof *grown);
	if (grown == NULL)
		goto no_memory;
	setting->values = grown;
	char *text = strdup(cfg_opt_getnstr(opt, count - 1));
	if (text == NULL)
		goto no_memory;
	setting->values[setting->count++] = (struct setting_value){.text = text, .line = cfg->line};
	return 0;
no_memory:
	reader->no_memory = true;
	return -1;
}

/* Called by libconfuse after a section's closing brace, with the section as the option's last value. */
static int reader_section(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reader *reader = reading;
	int name = section_find(opt->name);
	if (cfg != reader->root || name < 0)
		return 0;
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	if (reader_begin(reader, name, cfg->line) < 0)
		goto no_memory;
	/* A list without a value is heard of in no other way. */
	for (const struct option *option = section_kinds[name].options; option->name != NULL; option++) {
		const cfg_opt_t *empty = cfg_getopt(section, option->name);
		if ((empty->flags & CFGF_MODIFIED) == 0)
			continue;
		struct setting *setting = reader_setting(reader, option, reader->current.line);
		if (setting == NULL)
			goto no_memory;
		if (setting->count > 0)
			setting->again = setting->line;
	}
	if (cfg_title(section) != NULL && (reader->current.title = strdup(cfg_title(section))) == NULL)
		goto no_memory;
	struct section *grown = realloc(reader->source->sections, (reader->source->count + 1) * sizeof *grown);
	if (grown == NULL)
		goto no_memory;
	reader->source->sections = grown;
	grown[reader->source->count++] = reader->current;
	reader->current = (struct section){0};
	cfg_free_value(opt);
	return 0;
no_memory:
	reader->no_memory = true;
	return -1;
}

static void reader_stop(struct reader *reader, int line, const char *format, const char *name)
{
	if (reader->message[0] != '\0')
		return;
	snprintf(reader->message, sizeof reader->message, format, name);
	reader->message_line = line;
}

static struct unknown *unknown_find(struct reader *reader, const char *section, const char *name)
{
	for (size_t i = 0; i < reader->unknown_count; i++) {
		struct unknown *unknown = &reader->unknowns[i];
		bool same_section =
			section == NULL ? unknown->section == NULL : unknown->section != NULL && strcmp(unknown->section, section) == 0;
		if (same_section && strcmp(unknown->name, name) == 0)
			return unknown;
	}
	return NULL;
}

/* libconfuse has met a name that is not among the options it was given. */
static void reader_unknown(struct reader *reader, cfg_t *cfg, const char *name)
{
	bool top = cfg == reader->root;
	const char *section = top ? NULL : cfg_name(cfg);
	if (strcmp(name, sentinel) == 0 && !top) {
		reader_stop(reader, reader->root->line, "the file ends inside the section '%s' that begins here", section);
		reader->at_end = true;
		return;
	}
	/* cfg_free() takes any section called root for the outermost one and ends the scanner under our feet. */
	bool hopeless = top && strcmp(name, "root") == 0;
	if (hopeless || reader->unknown_count == UNKNOWN_MAX) {
		reader_stop(reader, cfg->line,
			hopeless ? "unknown section '%s'; nothing after it was read"
				 : "too many unknown names, the last is '%s'; nothing after it was read",
			name);
		return;
	}
	struct unknown *unknown = &reader->unknowns[reader->unknown_count];
	*unknown = (struct unknown){.section = top ? NULL : strdup(section), .name = strdup(name)};
	if (unknown->name == NULL || (!top && unknown->section == NULL)) {
		free(unknown->name);
		free(unknown->section);
		reader->no_memory = true;
		return;
	}
	reader->unknown_count++;
	reader->again = true;
	if (top)
		complaints_error(reader->complaints, reader->file, cfg->line, "unknown name '%s'; there is no such section", name);
	else if (section_find(section) >= 0)
		complaints_error(reader->complaints, reader->file, cfg->line, "unknown setting '%s' in a section '%s'", name, section);
}

/* Whether a message is one of libconfuse's, by its format. */
static bool message_is(const char *format, const char *what)
{
	return strncmp(format, what, strlen(what)) == 0;
}

static void reader_message(cfg_t *cfg, const char *format, va_list arguments)
{
	struct reader *reader = reading;
	va_list first;
	va_copy(first, arguments);
	/* Every message that is looked into below has a name as its first argument. */
	const char *name = strstr(format, "%s") == NULL ? "" : va_arg(first, const char *);
	va_end(first);
	struct unknown *unknown = unknown_find(reader, NULL, name);
	if (message_is(format, "no such option")) {
		reader_unknown(reader, cfg, name);
	} else if (message_is(format, "missing equal sign") && cfg == reader->root && unknown != NULL && unknown->shape == SHAPE_SETTING) {
		unknown->shape = SHAPE_SECTION;
		reader->again = true;
	} else if (message_is(format, "missing opening brace") && unknown != NULL && unknown->shape == SHAPE_SECTION) {
		unknown->shape = SHAPE_TITLED;
		reader->again = true;
	} else if (reader->message[0] == '\0') {
		vsnprintf(reader->message, sizeof reader->message, format, arguments);
		reader->message_line = cfg->line;
	}
}

/* A row of libconfuse's for one setting. All are lists of text: what a value means is not libconfuse's business, so that no meaning stops it. */
static cfg_opt_t row_of_setting(const char *name)
{
	cfg_opt_t row = CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);
	row.validcb = reader_value;
	return row;
}

/* Rows for the settings of a section, known or not; NULL without memory. */
static cfg_opt_t *rows_of_section(struct reader *reader, const char *section, const struct option *options)
{
	size_t count = 0;
	for (const struct option *option = options; option != NULL && option->name != NULL; option++)
		count++;
	cfg_opt_t *rows = calloc(count + reader->unknown_count + 1, sizeof *rows);
	if (rows == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		rows[i] = row_of_setting(options[i].name);
	for (size_t i = 0; i < reader->unknown_count; i++) {
		const struct unknown *unknown = &reader->unknowns[i];
		if (unknown->section != NULL && strcmp(unknown->section, section) == 0)
			rows[count++] = row_of_setting(unknown->name);
	}
	rows[count] = (cfg_opt_t)CFG_END();
	return rows;
}

static cfg_opt_t row_of_section(const char *name, cfg_opt_t *rows, bool titled)
{
	cfg_opt_t row = CFG_SEC(name, rows, titled ? CFGF_MULTI | CFGF_TITLE : CFGF_MULTI);
	row.validcb = reader_section;
	return row;
}

/* libconfuse's root with rows for everything known, and for what this file taught us; NULL without memory. */
static cfg_t *reader_root(struct reader *reader)
{
	enum { ROWS_MAX = SECTION_COUNT + UNKNOWN_MAX + 2 };
	cfg_opt_t rows[ROWS_MAX];
	size_t count = 0;
	cfg_t *root = NULL;
	for (int i = 0; i < SECTION_COUNT; i++) {
		cfg_opt_t *inner = rows_of_section(reader, section_kinds[i].name, section_kinds[i].options);
		if (inner == NULL)
			goto done;
		rows[count++] = row_of_section(section_kinds[i].name, inner, section_kinds[i].titled);
	}
	for (size_t i = 0; i < reader->unknown_count; i++) {
		const struct unknown *unknown = &reader->unknowns[i];
		if (unknown->section != NULL)
			continue;
		if (unknown->shape == SHAPE_SETTING) {
			rows[count++] = row_of_setting(unknown->name);
			continue;
		}
		cfg_opt_t *inner = rows_of_section(reader, unknown->name, NULL);
		if (inner == NULL)
			goto done;
		rows[count++] = row_of_section(unknown->name, inner, unknown->shape == SHAPE_TITLED);
	}
	rows[count++] = row_of_setting(sentinel);
	rows[count] = (cfg_opt_t)CFG_END();
	root = cfg_init(rows, CFGF_NONE); /* copies the rows */
	if (root != NULL)
		cfg_set_error_function(root, reader_message);
done:
	for (size_t i = 0; i < count; i++)
		free(rows[i].subopts);
	return root;
}

/* Parses until no new unknown name turns up. ERR_MEMORY, or 0. */
static int reader_parse(struct reader *reader, const char *text)
{
	do {
		source_cut(reader->source, reader->first);
		section_clear(&reader->current);
		reader->again = false;
		reader->ended = false;
		reader->root = reader_root(reader);
		if (reader->root == NULL)
			return ERR_MEMORY;
		reading = reader;
		int result = cfg_parse_buf(reader->root, text);
		reading = NULL;
		int line = reader->root->line;
		cfg_free(reader->root); /* also puts the scanner back to its first state, whatever quotation the text left open */
		if (reader->no_memory)
			return ERR_MEMORY;
		if (result != CFG_SUCCESS && !reader->again)
			reader_stop(reader, line, "this cannot be understood%s", "");
		else if (result == CFG_SUCCESS && !reader->ended)
			reader_stop(reader, line, "the file ends in the middle of something%s", "");
	} while (reader->again && reader->message[0] == '\0');
	return 0;
}

/* Parses the text with the sentinel behind it, and settles which syntax error counts. 0 or ERR_MEMORY. */
static int reader_read(struct reader *reader, const struct policy_text *text)
{
	char *whole;
	if (asprintf(&whole, "%s\"%s\" = 1\n", text->bytes, sentinel) < 0)
		return ERR_MEMORY;
	int result = reader_parse(reader, whole);
	free(whole);
	/* A text that was cut off ends in the middle of something, of course. */
	bool follows = reader->message[0] == '\0' || reader->at_end || reader->message_line >= text->cut_line;
	if (text->cut_line != 0 && follows) {
		snprintf(reader->message, sizeof reader->message, "%s", text->cut_why);
		reader->message_line = text->cut_line;
	}
	return result;
}

static const char *const homes[] = {
	[HOME_MAIN] = "the main file", [HOME_RULES] = "a file of the rules folder", [HOME_CONSOLE] = "followup-console.conf"};

int source_read(struct source *source, const char *file, enum section_home home, struct complaints *complaints)
{
	struct policy_text text = policy_text_read(file, complaints);
	if (text.bytes == NULL) {
		source->incomplete = true;
		return complaints->out_of_memory ? ERR_MEMORY : 0;
	}
	struct reader reader = {.source = source, .complaints = complaints, .file = file, .first = source->count};
	int result = reader_read(&reader, &text);
	free(text.bytes);
	section_clear(&reader.current);
	for (size_t i = 0; i < reader.unknown_count; i++) {
		free(reader.unknowns[i].section);
		free(reader.unknowns[i].name);
	}
	if (result < 0)
		return result;
	if (reader.message[0] != '\0') {
		complaints_error(complaints, file, reader.message_line, "%s", reader.message);
		source->incomplete = true;
	}
	for (size_t i = reader.first; i < source->count; i++) {
		const struct section *section = &source->sections[i];
		const struct section_kind *kind = &section_kinds[section->name];
		if (kind->home != home)
			complaints_error(complaints, file, section->line, "a section '%s' does not belong in this file; it belongs in %s",
				kind->name, homes[kind->home]);
		for (size_t j = 0; j < section->setting_count; j++) {
			const struct setting *setting = &section->settings[j];
			if (setting->again != 0)
				complaints_error(complaints, file, setting->again, "'%s' was already set on line %d", setting->option->name,
					setting->line);
		}
	}
	return 0;
}
