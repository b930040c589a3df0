#include "followup/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "followup/figures.h"
#include "followup/metric_table.h"
#include "followup/server.h"
#include "followup/turn.h"
#include "followup/worker.h"

/* On its way: the book is read and the file written on the thread for short reads; the text is made on the loop's. */
struct metrics_file {
	struct job job; /* first, so that the one is the other */
	struct server *server;
	struct policy *policy; /* held */
	struct tally *tally;
	struct figures figures;
	struct buffer text;
	day_t today;
	bool written, tried;
	char path[PATH_MAX], why[512];
};

/* Written whole beside its place and renamed: a reader sees the old one or the new one. */
static int write_part(const char *part, const struct buffer *text)
{
	int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	size_t done = 0;

	if (file < 0)
		return ERR_SYSTEM;
	/* Whoever reads it is somebody else; the umask is for the book. */
	bool good = fchmod(file, 0644) == 0;
	while (good && done < text->length) {
		ssize_t written = write(file, text->data + done, text->length - done);
		good = written > 0 || (written < 0 && errno == EINTR);
		done += written > 0 ? (size_t)written : 0;
	}
	int error = errno;
	if (close(file) != 0 && good) {
		error = errno;
		good = false;
	}
	errno = error;
	return good ? 0 : ERR_SYSTEM;
}

static void write_file(struct metrics_file *file)
{
	char part[PATH_MAX + 8];

	file->tried = true;
	(void)snprintf(part, sizeof part, "%s.part", file->path);
	if (file->text.failed) {
		(void)snprintf(file->why, sizeof file->why, "out of memory");
	} else if (write_part(part, &file->text) < 0 || rename(part, file->path) != 0) {
		(void)snprintf(file->why, sizeof file->why, "%.400s: %s", file->path, strerror(errno));
		(void)unlink(part);
	} else {
		file->written = true;
	}
}

static void end_file(struct metrics_file *file)
{
	struct metrics *metrics = &file->server->metrics;
	char quoted[LOG_QUOTED_SIZE];

	/* Said once, until something else comes of it. */
	if (file->tried && strcmp(metrics->file_why, file->why) != 0) {
		if (file->written)
			log_event(file->server->log, LOG_LEVEL_NOTICE, "metrics_file_works", "file=%s",
				log_quote(file->path, strlen(file->path), quoted));
		else
			log_event(file->server->log, LOG_LEVEL_ERROR, "metrics_file_failed", "reason=%s",
				log_quote(file->why, strlen(file->why), quoted));
		(void)snprintf(metrics->file_why, sizeof metrics->file_why, "%s", file->why);
	}
	metrics->file = NULL;
	figures_free(&file->figures);
	buffer_free(&file->text);
	policy_free(file->policy);
	free(file);
}

static int read_job(struct job *job, const struct worker_book *book)
{
	struct metrics_file *file = (struct metrics_file *)job;

	return figures_collect(book->store, file->policy, file->today, file->tally, &file->figures);
}

static int write_job(struct job *job, const struct worker_book *book)
{
	(void)book;
	write_file((struct metrics_file *)job);
	return 0;
}

static void written(struct job *job, void *context)
{
	struct metrics_file *file = (struct metrics_file *)job;

	(void)context;
	/* Its thread does nothing without a book that can be read; the file is all the more needed then. */
	if (!file->tried && job->stop != JOB_STOP_DRAIN)
		write_file(file);
	end_file(file);
}

static void make_text(struct metrics_file *file)
{
	metric_print_all(&(struct metric_view){file->server, &file->figures}, &file->text);
}

/* An open turn's end lets it begin, so that what others have asked of that thread in it finds what they have written. */
static int hand_over(struct metrics_file *file)
{
	struct server *server = file->server;
	int result = server->brief != NULL ? worker_submit(server->brief, &file->job, SIZE_MAX) : ERR_SYSTEM;

	if (result == 0 && !server->turn_open)
		worker_release(server->brief);
	return result;
}

static void was_read(struct job *job, void *context)
{
	struct metrics_file *file = (struct metrics_file *)job;
	struct server *server = context;

	if (job->stop == JOB_STOP_DRAIN || server->draining) {
		end_file(file);
		return;
	}
	turn_finish(server); /* nobody is told what a power cut may take back */
	make_text(file);
	job->run = write_job;
	job->finish = written;
	if (hand_over(file) < 0)
		written(job, context);
}

int64_t metrics_file_next(const struct server *server)
{
	if (server->policy->metrics_file[0] == '\0' || server->metrics.file != NULL || server->draining)
		return INT64_MAX;
	return server->metrics.file_at_ms;
}

void metrics_file_look(struct server *server)
{
	struct metrics *metrics = &server->metrics;
	int64_t now_ms = clock_monotonic_ms();

	if (metrics_file_next(server) > now_ms)
		return;
	metrics->file_at_ms = now_ms + (int64_t)server->policy->metrics_interval_seconds * 1000;
	struct metrics_file *file = calloc(1, sizeof *file);
	if (file == NULL)
		return; /* the next time */
	(void)snprintf(file->path, sizeof file->path, "%s", server->policy->metrics_file);
	file->server = server;
	file->policy = policy_hold(server->policy);
	file->tally = &metrics->tally;
	file->today = server->now.day;
	file->figures.database_bytes = file->figures.free_bytes = -1;
	file->job = (struct job){.run = read_job, .finish = was_read, .policy = file->policy};
	metrics->file = file;
	if (hand_over(file) == 0)
		return;
	/* Without a second thread the desk waits. A book that cannot be read is one of the figures. */
	turn_close(server);
	turn_finish(server);
	file->figures.known =
		figures_collect(server->store, file->policy, file->today, file->tally, &file->figures) >= 0 && file->figures.known;
	make_text(file);
	write_file(file);
	end_file(file);
}
