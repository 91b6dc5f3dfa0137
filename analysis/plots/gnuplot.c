/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/data_path.h"

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

static void __attribute__((noreturn)) exec_gnuplot(char **argv, const char *log)
{
	if (!freopen("/dev/null", "r", stdin) || !freopen(log, "w", stderr) ||
	    !freopen("/dev/null", "w", stdout))
		_exit(126);
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

static int run_gnuplot(char **argv, const char *log, char *err, size_t err_size)
{
	char line[256];
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		exec_gnuplot(argv, log);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		snprintf(err, err_size, "no gnuplot here; make deps installs it");
		return -ENOENT;
	}
	read_first_line(log, line, sizeof(line));
	snprintf(err, err_size, "gnuplot failed: %s", line);
	return -EIO;
}

int plot_begin(struct plot *plot)
{
	strcpy(plot->dir, "/tmp/balloonstat-XXXXXX");
	if (!mkdtemp(plot->dir))
		return -errno;
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

void plot_end(struct plot *plot)
{
	if (plot->data)
		fclose(plot->data);
	unlink(plot->data_path);
	unlink(plot->log_path);
	rmdir(plot->dir);
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
	char script_path[PATH_MAX], style_path[PATH_MAX], output_path[PATH_MAX], number[16];
	char program[] = "gnuplot", option[] = "-c";
	char *argv[] = { program,	  option,	 script_path,	style_path,
			 plot->data_path, output_path,	 (char *)title, (char *)unit,
			 number,	  (char *)names, plot->colours, NULL };
	int status = fclose(plot->data), i;

	plot->data = NULL;
	if (status)
		return -errno;
	plot_file(script, script_path, sizeof(script_path));
	plot_file("style.gp", style_path, sizeof(style_path));
	/* gnuplot takes an output that begins with | for a command to be run. */
	snprintf(output_path, sizeof(output_path), "%s%s", *output == '/' ? "" : "./", output);
	for (i = 0; !plot->colours[0] && i < count; i++)
		plot_colour(plot, i);
	snprintf(number, sizeof(number), "%d", count);
	return run_gnuplot(argv, plot->log_path, err, err_size);
}
