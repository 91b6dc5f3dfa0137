/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/plot.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/atomic_file.h"
#include "lib/privileges.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"

#define FORMATS 2
#define WORK_PATH_MAX 512
/* The part of a file that is searched for its end. */
#define END_BYTES 16

/* The formats that every script draws, and the end of a complete file. */
static const struct {
	const char *extension;
	const char *end;
} formats[FORMATS] = { { "svg", "</svg>" }, { "png", "IEND" } };

/* The private directory that gnuplot works in. */
struct workplace {
	char dir[WORK_PATH_MAX - 16];
	char data[WORK_PATH_MAX];
	char log[WORK_PATH_MAX];
	char drawn[WORK_PATH_MAX]; /* without ending */
};

void plot_open(struct plot *plot, const char *script)
{
	*plot = (struct plot){ .script = script };
	plot->data = xmemstream(&plot->data_text, &plot->data_size);
	plot->names = xmemstream(&plot->names_text, &plot->names_size);
}

void plot_close(struct plot *plot)
{
	fclose(plot->data);
	fclose(plot->names);
	free(plot->data_text);
	free(plot->names_text);
}

static char plain(char c)
{
	return isalnum((unsigned char)c) || strchr("._-+,=@", c) ? c : '_';
}

static void write_word(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(plain(*text), f);
}

void plot_word(struct plot *plot, const char *name)
{
	fputs(ftell(plot->names) ? " " : "", plot->names);
	write_word(plot->names, name);
}

void plot_variant(struct plot *plot, const char *variant, size_t place)
{
	size_t n = strlen(plot->colours);

	plot_word(plot, variant);
	snprintf(plot->colours + n, sizeof(plot->colours) - n, "%s%zu", n ? " " : "", place + 1);
	plot->count++;
}

/* As many() of style.gp. */
#define SIDE_BY_SIDE 4

void plot_label(struct plot *plot, const char *variant, size_t n, size_t variants)
{
	fputs("\"", plot->data);
	write_word(plot->data, variant);
	fprintf(plot->data, "%sn = %zu\"", variants > SIDE_BY_SIDE ? ", " : "\\n", n);
}

void plot_block_end(struct plot *plot)
{
	/* gnuplot does not count empty blocks. */
	fputs("NaN NaN NaN NaN NaN NaN NaN\n\n\n", plot->data);
}

void plot_estimate(struct plot *plot, double value, double low, double high)
{
	bool known = isfinite(low) && isfinite(high);

	fprintf(plot->data, " %.9g %.9g %.9g", value, known ? low : value, known ? high : value);
}

const char *plot_file_name(const char *scenario, const char *kind, char *name, size_t size)
{
	size_t i;

	snprintf(name, size, "%.64s%s%s", scenario ? scenario : "", scenario ? "-" : "", kind);
	for (i = 0; name[i]; i++)
		name[i] = plain(name[i]);
	return name;
}

static void __attribute__((noreturn)) exec_gnuplot(char **argv, const struct workplace *at)
{
	if (!freopen("/dev/null", "r", stdin) || !freopen(at->log, "w", stderr) ||
	    !freopen("/dev/null", "w", stdout))
		_exit(126);
	/* Its input is from a result tree, which is not trusted. */
	confine((const char *[]){ at->dir, NULL });
	execvp(argv[0], argv);
	_exit(127);
}

static void read_first_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	/* gnuplot begins with an empty line */
	while (f && fgets(line, size, f) && line[0] == '\n')
		;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
}

static int run_gnuplot(char **argv, const struct workplace *at, char *err, size_t err_size)
{
	char line[256];
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		exec_gnuplot(argv, at);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		snprintf(err, err_size, "no gnuplot here; install gnuplot-nox");
		return -ENOENT;
	}
	read_first_line(at->log, line, sizeof(line));
	snprintf(err, err_size, "gnuplot failed: %s", line);
	return -EIO;
}

/* 0 or -errno; the directory, unless it is "", is to be removed in any case. */
static int enter(struct workplace *at, const struct plot *plot)
{
	int err = private_directory(at->dir, sizeof(at->dir), "balloonstat");
	FILE *f;

	if (err) {
		at->dir[0] = '\0';
		log_error("cannot make a directory in $TMPDIR or /tmp: %s", strerror(-err));
		return -EIO; /* -ENOENT is that of gnuplot itself */
	}
	snprintf(at->data, sizeof(at->data), "%s/data", at->dir);
	snprintf(at->log, sizeof(at->log), "%s/log", at->dir);
	snprintf(at->drawn, sizeof(at->drawn), "%s/plot", at->dir);
	f = fopen(at->data, "we");
	if (!f)
		return -EIO;
	fwrite(plot->data_text, 1, plot->data_size, f);
	return fclose(f) ? -errno : 0;
}

/* Copy the files to their place: gnuplot itself would follow a symbolic link there. */
static int take_over(const struct workplace *at, const char *output, char *err, size_t err_size)
{
	char path[PATH_MAX], *content;
	int status = 0;
	size_t i, size, n;

	for (i = 0; !status && i < FORMATS; i++) {
		snprintf(path, sizeof(path), "%s.%s", at->drawn, formats[i].extension);
		content = regular_file_read(path, 0, &size);
		snprintf(path, sizeof(path), "%s.%s", output, formats[i].extension);
		if (!content)
			status = errno == ENOENT ? -EIO : -errno;
		n = content && size > END_BYTES ? END_BYTES : content ? size : 0;
		/* gnuplot does not report a full disk. */
		if (content &&
		    !memmem(content + size - n, n, formats[i].end, strlen(formats[i].end)))
			status = -ENOSPC;
		else if (content)
			status = atomic_file_replace(path, content, size);
		free(content);
		if (status)
			snprintf(err, err_size, "cannot write the plot %s: %s", basename(path),
				 strerror(-status));
	}
	return status == -ENOENT ? -EIO : status;
}

int plot_draw(struct plot *plot, const char *output, char *err, size_t err_size)
{
	char script[PATH_MAX], style[PATH_MAX], number[16];
	char program[] = "gnuplot", option[] = "-c";
	struct workplace at;
	char *argv[] = { program,     option,	  script, style, at.data,	at.drawn,
			 plot->title, plot->unit, number, NULL,	 plot->colours, NULL };
	int status;

	fflush(plot->data);
	fflush(plot->names);
	argv[9] = plot->names_text;
	data_path("analysis", plot->script, script, sizeof(script));
	data_path("analysis", "plots/style.gp", style, sizeof(style));
	snprintf(number, sizeof(number), "%d", plot->count);
	snprintf(err, err_size, "cannot draw %s", basename(output));
	status = enter(&at, plot);
	if (!status)
		status = run_gnuplot(argv, &at, err, err_size);
	if (!status)
		status = take_over(&at, output, err, err_size);
	if (at.dir[0])
		directory_remove(at.dir);
	return status;
}
