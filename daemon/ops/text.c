/* text.c - what a terminal may be shown, and how wide it is. */
#include "followup/text.h"

#include <stdint.h>
#include <string.h>

#include "followup/csv.h"

struct span {
	uint32_t first, last;
};

/* Characters of two columns (Unicode 14, East_Asian_Width W and F; the few not assigned between them go with them). Ascending. */
static const struct span wide[] = {
	{0x1100, 0x115F},
	{0x231A, 0x231B},
	{0x2329, 0x232A},
	{0x23E9, 0x23EC},
	{0x23F0, 0x23F0},
	{0x23F3, 0x23F3},
	{0x25FD, 0x25FE},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267F, 0x267F},
	{0x2693, 0x2693},
	{0x26A1, 0x26A1},
	{0x26AA, 0x26AB},
	{0x26BD, 0x26BE},
	{0x26C4, 0x26C5},
	{0x26CE, 0x26CE},
	{0x26D4, 0x26D4},
	{0x26EA, 0x26EA},
	{0x26F2, 0x26F3},
	{0x26F5, 0x26F5},
	{0x26FA, 0x26FA},
	{0x26FD, 0x26FD},
	{0x2705, 0x2705},
	{0x270A, 0x270B},
	{0x2728, 0x2728},
	{0x274C, 0x274C},
	{0x274E, 0x274E},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27B0, 0x27B0},
	{0x27BF, 0x27BF},
	{0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50},
	{0x2B55, 0x2B55},
	{0x2E80, 0x303E},
	{0x3041, 0x3247},
	{0x3250, 0x4DBF},
	{0x4E00, 0xA4C6},
	{0xA960, 0xA97C},
	{0xAC00, 0xD7A3},
	{0xF900, 0xFAD9},
	{0xFE10, 0xFE19},
	{0xFE30, 0xFE6B},
	{0xFF01, 0xFF60},
	{0xFFE0, 0xFFE6},
	{0x16FE0, 0x18D08},
	{0x1AFF0, 0x1B2FB},
	{0x1F004, 0x1F004},
	{0x1F0CF, 0x1F0CF},
	{0x1F18E, 0x1F18E},
	{0x1F191, 0x1F19A},
	{0x1F200, 0x1F265},
	{0x1F300, 0x1F320},
	{0x1F32D, 0x1F335},
	{0x1F337, 0x1F37C},
	{0x1F37E, 0x1F393},
	{0x1F3A0, 0x1F3CA},
	{0x1F3CF, 0x1F3D3},
	{0x1F3E0, 0x1F3F0},
	{0x1F3F4, 0x1F3F4},
	{0x1F3F8, 0x1F43E},
	{0x1F440, 0x1F440},
	{0x1F442, 0x1F4FC},
	{0x1F4FF, 0x1F53D},
	{0x1F54B, 0x1F54E},
	{0x1F550, 0x1F567},
	{0x1F57A, 0x1F57A},
	{0x1F595, 0x1F596},
	{0x1F5A4, 0x1F5A4},
	{0x1F5FB, 0x1F64F},
	{0x1F680, 0x1F6C5},
	{0x1F6CC, 0x1F6CC},
	{0x1F6D0, 0x1F6D2},
	{0x1F6D5, 0x1F6DF},
	{0x1F6EB, 0x1F6EC},
	{0x1F6F4, 0x1F6FC},
	{0x1F7E0, 0x1F7F0},
	{0x1F90C, 0x1F93A},
	{0x1F93C, 0x1F945},
	{0x1F947, 0x1F9FF},
	{0x1FA70, 0x1FAF6},
	{0x20000, 0x3FFFD},
};

/* Characters of no column: they are drawn onto the one before. Ascending. */
static const struct span combining[] = {
	{0x0300, 0x036F},
	{0x0483, 0x0489},
	{0x0591, 0x05BD},
	{0x064B, 0x065F},
	{0x0E31, 0x0E31},
	{0x0E34, 0x0E3A},
	{0x0E47, 0x0E4E},
	{0x1AB0, 0x1AFF},
	{0x1DC0, 0x1DFF},
	{0x200B, 0x200D},
	{0x20D0, 0x20FF},
	{0x302A, 0x302D},
	{0x3099, 0x309A},
	{0xFE00, 0xFE0F},
	{0xFE20, 0xFE2F},
	{0xE0100, 0xE01EF},
};

/* Marks that change the direction of writing, or that nobody sees: a name could pretend to be another with them. Ascending. */
static const struct span hidden[] = {
	{0x0080, 0x009F},
	{0x061C, 0x061C},
	{0x200E, 0x200F},
	{0x2028, 0x202E},
	{0x2060, 0x206F},
	{0xFEFF, 0xFEFF},
	{0xFFF9, 0xFFFB},
	{0xE0000, 0xE007F},
};

static bool in_spans(uint32_t character, const struct span *spans, size_t count)
{
	for (size_t i = 0; i < count && spans[i].first <= character; i++) {
		if (character <= spans[i].last)
			return true;
	}
	return false;
}

#define IN(character, spans) in_spans(character, spans, sizeof(spans) / sizeof((spans)[0]))

/* The character at the front and the bytes it takes; 0 bytes when what stands there is not UTF-8. */
static size_t take_character(const char *bytes, size_t length, uint32_t *character)
{
	unsigned char lead = (unsigned char)bytes[0];
	size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

	if (size > length || !csv_is_utf8(bytes, size))
		return 0;
	uint32_t value = size == 1 ? lead : (uint32_t)(lead & (0xFF >> (size + 1)));
	for (size_t i = 1; i < size; i++)
		value = value << 6 | ((unsigned char)bytes[i] & 0x3F);
	*character = value;
	return size;
}

void text_clean(struct buffer *out, const char *bytes, size_t length, bool lines)
{
	for (size_t at = 0; at < length;) {
		uint32_t character;
		size_t size = take_character(bytes + at, length - at, &character);

		if (size == 0) {
			buffer_printf(out, "\\x%02X", (unsigned char)bytes[at]);
			at++;
			continue;
		}
		if (lines && (character == '\n' || character == '\t'))
			buffer_append(out, bytes + at, 1);
		else if (lines && character == '\r')
			; /* the first half of a line end */
		else if (character < 0x20 || character == 0x7F)
			buffer_printf(out, "\\x%02X", (unsigned)character);
		else if (IN(character, hidden))
			buffer_printf(out, "\\u{%04X}", (unsigned)character);
		else
			buffer_append(out, bytes + at, size);
		at += size;
	}
}

const char *text_cleaned(const struct buffer *clean)
{
	if (clean->failed)
		return "(no memory to show it)";
	return clean->data != NULL ? clean->data : "";
}

bool text_is_seen(const char *bytes, size_t length)
{
	static const uint32_t soft_hyphen = 0x00AD;
	static const struct span joiners = {0x200B, 0x200D};

	for (size_t at = 0; at < length;) {
		uint32_t character;
		size_t size = take_character(bytes + at, length - at, &character);

		if (size == 0 || character < 0x20 || character == 0x7F || IN(character, hidden) || character == soft_hyphen ||
			(character >= joiners.first && character <= joiners.last))
			return false;
		at += size;
	}
	return true;
}

size_t text_width(const char *bytes, size_t length)
{
	size_t width = 0;

	for (size_t at = 0; at < length;) {
		uint32_t character;
		size_t size = take_character(bytes + at, length - at, &character);

		if (size == 0) {
			size = 1;
			width++;
		} else if (!IN(character, combining)) { /* asked first: marks of kana and of tones lie among the wide ones */
			width += IN(character, wide) ? 2 : 1;
		}
		at += size;
	}
	return width;
}

void text_pad(struct buffer *out, size_t blanks)
{
	static const char some[] = "                                ";

	while (blanks > 0) {
		size_t now = blanks < sizeof(some) - 1 ? blanks : sizeof(some) - 1;
		buffer_append(out, some, now);
		blanks -= now;
	}
}

void text_json(struct buffer *out, const char *text, size_t length)
{
	size_t kept = 0; /* bytes before here are written */

	buffer_text(out, "\"");
	for (size_t at = 0; at < length; at++) {
		unsigned char byte = (unsigned char)text[at];
		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buffer_append(out, text + kept, at - kept);
		kept = at + 1;
		if (byte >= 0x20)
			buffer_printf(out, "\\%c", byte);
		else
			buffer_printf(out, "\\u%04x", byte);
	}
	buffer_append(out, text + kept, length - kept);
	buffer_text(out, "\"");
}
