/* Calling hours: ascending spans of a day, and what is written from them reads the same. */
#include "fuzz.h"

#include "followup/policy.h"

static void write_hours(const struct hours *hours, char *out, size_t size)
{
	static const char names[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	size_t used = 0;

	out[0] = '\0';
	for (int day = 0; day < 7; day++) {
		for (size_t i = 0; i < hours->days[day].count; i++) {
			struct hours_span span = hours->days[day].spans[i];
			used += (size_t)snprintf(out + used, size - used, "%s%s %02d:%02d-%02d:%02d",
				i > 0      ? ","
				: used > 0 ? "; "
					   : "",
				i > 0 ? "" : names[day], span.from / 60, span.from % 60, span.to / 60, span.to % 60);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct hours hours, again;
	char *text = fuzz_text(bytes, length), written[1024];
	bool good = hours_parse(text, &hours), any = false;

	free(text);
	if (!good)
		return 0;
	for (int day = 0; day < 7; day++) {
		const struct hours_day *spans = &hours.days[day];
		FUZZ_CHECK(spans->count <= HOURS_SPANS_MAX);
		for (size_t i = 0; i < spans->count; i++) {
			FUZZ_CHECK(spans->spans[i].from >= (i > 0 ? spans->spans[i - 1].to : 0));
			FUZZ_CHECK(spans->spans[i].to > spans->spans[i].from && spans->spans[i].to <= 1440);
			any = true;
		}
	}
	FUZZ_CHECK(any && !hours.work_days_only);
	write_hours(&hours, written, sizeof(written));
	FUZZ_CHECK(hours_parse(written, &again));
	for (int day = 0; day < 7; day++) {
		FUZZ_CHECK(again.days[day].count == hours.days[day].count);
		for (size_t i = 0; i < hours.days[day].count; i++) {
			FUZZ_CHECK(again.days[day].spans[i].from == hours.days[day].spans[i].from);
			FUZZ_CHECK(again.days[day].spans[i].to == hours.days[day].spans[i].to);
		}
	}
	return 0;
}
