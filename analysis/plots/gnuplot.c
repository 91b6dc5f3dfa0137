/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/atomic_file.h"
#include "lib/confine.h"
#include "lib/data_path.h"
#include "lib/log.h"
#include "lib/private_directory.h"

#define FORMATS 2
/* Where the end of a file is looked for. */
#define END_BYTES 16

/* What every script draws, and how a file of it ends that is whole. */
static const struct {
	const char *extension;
	const char *end;
} formats[FORMATS] = { { "svg", "</svg>" }, { "png", "IEND" } };

static char plain(char c)
{
	return isalnum((unsigned char)c) || strchr("._-+", c) ? c : '_';
}

void plot_word(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(plain(*text), f);
}

/* As many() of style.gp. */
#define SIDE_BY_SIDE 4

void plot_label(FILE *f, const char *variant, size_t n, size_t variants)
{
	fputs("\"", f);
	plot_word(f, variant);
	fprintf(f, "%sn = %zu\"", variants > SIDE_BY_SIDE ? ", " : "\\n", n);
}

const char *plot_name(const char *scenario, const char *kind, char *name, size_t size)
{
	size_t i;

	snprintf(name, size, "%.64s-%s", scenario, kind);
	for (i = 0; name[i]; i++)
		name[i] = plain(name[i]);
	return name;
}

static void __attribute__((noreturn)) exec_gnuplot(char **argv, const struct plot *plot)
{
	if (!freopen("/dev/null", "r", stdin) || !freopen(plot->log_path, "w", stderr) ||
	    !freopen("/dev/null", "w", stdout))
		_exit(126);
	/* It reads what a tree says; it has no business outside of its directory. */
	confine((const char *[]){ plot->dir, NULL });
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

static int run_gnuplot(char **argv, const struct plot *plot, char *err, size_t err_size)
{
	char line[256];
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		exec_gnuplot(argv, plot);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		snprintf(err, err_size, "no gnuplot here; make deps installs it");
		return -ENOENT;
	}
	read_first_line(plot->log_path, line, sizeof(line));
	snprintf(err, err_size, "gnuplot failed: %s", line);
	return -EIO;
}

int plot_begin(struct plot *plot)
{
	int err = private_directory(plot->dir, sizeof(plot->dir), "balloonstat");

	if (err) {
		plot->dir[0] = '\0';
		log_error("cannot make a directory in $TMPDIR or /tmp: %s", strerror(-err));
		return -EIO; /* -ENOENT says that there is no gnuplot */
	}
	snprintf(plot->data_path, sizeof(plot->data_path), "%s/data", plot->dir);
	snprintf(plot->log_path, sizeof(plot->log_path), "%s/log", plot->dir);
	plot->data = fopen(plot->data_path, "we");
	return plot->data ? 0 : -errno;
}

void plot_colour(struct plot *plot, size_t place)
{
	size_t n = strlen(plot->colours);

	snprintf(plot->colours + n, sizeof(plot->colours) - n, "%s%zu", n ? " " : "", place + 1);
}

static const char *drawn_path(const struct plot *plot, size_t i, char path[PLOT_PATH_MAX])
{
	snprintf(path, PLOT_PATH_MAX, "%s/plot.%s", plot->dir, formats[i].extension);
	return path;
}

void plot_end(struct plot *plot)
{
	char path[PLOT_PATH_MAX];
	size_t i;

	if (plot->data)
		fclose(plot->data);
	if (!plot->dir[0])
		return;
	unlink(plot->data_path);
	unlink(plot->log_path);
	for (i = 0; i < FORMATS; i++)
		unlink(drawn_path(plot, i, path));
	rmdir(plot->dir);
}

/* gnuplot does not say that it could not write all of it. */
static bool is_whole(const char *content, size_t size, const char *end)
{
	size_t n = size < END_BYTES ? size : END_BYTES;

	return memmem(content + size - n, n, end, strlen(end)) != NULL;
}

/*
 * A copy at the place where it is wanted: gnuplot would write through a link that
 * somebody else's tree has there.
 */
static int take_over(const char *from, const char *to, const char *end)
{
	FILE *f = fopen(from, "re");
	char *content = NULL;
	struct stat st;
	int err = 0;

	if (!f)
		return -errno;
	if (fstat(fileno(f), &st) < 0)
		err = -errno;
	content = err ? NULL : malloc(st.st_size + 1);
	if (!content)
		err = err ? err : -ENOMEM;
	else if (fread(content, 1, st.st_size, f) != (size_t)st.st_size)
		err = -EIO;
	else if (!is_whole(content, st.st_size, end))
		err = -ENOSPC;
	if (!err)
		err = atomic_file_replace(to, content, st.st_size);
	free(content);
	fclose(f);
	return err;
}

static int take_over_all(const struct plot *plot, const char *output, char *err, size_t err_size)
{
	char from[PLOT_PATH_MAX], to[PATH_MAX];
	int status = 0;
	size_t i;

	for (i = 0; !status && i < FORMATS; i++) {
		snprintf(to, sizeof(to), "%s.%s", output, formats[i].extension);
		status = take_over(drawn_path(plot, i, from), to, formats[i].end);
		if (status)
			snprintf(err, err_size, "cannot write %s: %s", to, strerror(-status));
	}
	return status == -ENOENT ? -EIO : status;
}

static void plot_file(const char *name, char *path, size_t size)
{
	char relative[64];

	snprintf(relative, sizeof(relative), "plots/%s", name);
	data_path("analysis", relative, path, size);
}

int plot_draw(struct plot *plot, const char *script, const char *output, const char *title,
	      const char *unit, int count, const char *names, char *err, size_t err_size)
{
	char script_path[PATH_MAX], style_path[PATH_MAX], drawn[PLOT_PATH_MAX], number[16];
	char program[] = "gnuplot", option[] = "-c";
	char *argv[] = { program,	  option,	 script_path,	style_path,
			 plot->data_path, drawn,	 (char *)title, (char *)unit,
			 number,	  (char *)names, plot->colours, NULL };
	int status = fclose(plot->data), i;

	plot->data = NULL;
	if (status)
		return -errno;
	plot_file(script, script_path, sizeof(script_path));
	plot_file("style.gp", style_path, sizeof(style_path));
	snprintf(drawn, sizeof(drawn), "%s/plot", plot->dir);
	for (i = 0; !plot->colours[0] && i < count; i++)
		plot_colour(plot, i);
	snprintf(number, sizeof(number), "%d", count);
	status = run_gnuplot(argv, plot, err, err_size);
	return status ? status : take_over_all(plot, output, err, err_size);
}
