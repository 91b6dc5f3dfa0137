/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plot.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/data_path.h"
#include "lib/result.h"

#define GIB (1ULL << 30)

static char plain(char c)
{
	return isalnum((unsigned char)c) || strchr("._-", c) ? c : '_';
}

/* Whatever a tree calls its variants, in a plot they are plain words. */
static void print_word(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(plain(*text), f);
}

const char *plot_name(const char *scenario, const char *kind, char *name, size_t size)
{
	size_t i;

	snprintf(name, size, "%.64s-%s", scenario, kind);
	for (i = 0; name[i]; i++)
		name[i] = plain(name[i]);
	return name;
}

static int count_names(char *const *names)
{
	int n = 0;

	while (names[n])
		n++;
	return n;
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

/* A plot being made: a private directory with its data and gnuplot's log. */
struct plot {
	char dir[32];
	char data_path[64];
	char log_path[64];
	FILE *data;
};

static int begin(struct plot *plot)
{
	strcpy(plot->dir, "/tmp/balloonstat-XXXXXX");
	if (!mkdtemp(plot->dir))
		return -errno;
	snprintf(plot->data_path, sizeof(plot->data_path), "%s/data", plot->dir);
	snprintf(plot->log_path, sizeof(plot->log_path), "%s/log", plot->dir);
	plot->data = fopen(plot->data_path, "we");
	return plot->data ? 0 : -errno;
}

static void end(struct plot *plot)
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

static int draw(struct plot *plot, const char *script, const char *output, const char *title,
		const char *unit, int variants, const char *names, char *err, size_t err_size)
{
	char script_path[PATH_MAX], style_path[PATH_MAX], output_path[PATH_MAX], count[16];
	char program[] = "gnuplot", option[] = "-c";
	char *argv[] = { program,	  option,	 script_path,	style_path,
			 plot->data_path, output_path,	 (char *)title, (char *)unit,
			 count,		  (char *)names, NULL };
	int status = fclose(plot->data);

	plot->data = NULL;
	if (status)
		return -errno;
	plot_file(script, script_path, sizeof(script_path));
	plot_file("style.gp", style_path, sizeof(style_path));
	/* gnuplot takes an output that begins with | for a command to be run. */
	snprintf(output_path, sizeof(output_path), "%s%s", *output == '/' ? "" : "./", output);
	snprintf(count, sizeof(count), "%d", variants);
	return run_gnuplot(argv, plot->log_path, err, err_size);
}

/*
 * Points side by side in the order of their boots, so that none hides another
 * and a drift over the run can be seen.
 */
static void print_points(FILE *f, const struct comparison *c, int x)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		fprintf(f, "%.4f %.9g\n", x + (c->n > 1 ? 0.5 * i / (c->n - 1) - 0.25 : 0),
			c->values[i]);
	if (!c->n)
		fputs("NaN NaN\n", f);
	fputs("\n\n", f);
}

static void print_medians(FILE *f, const struct comparison *c, int variants)
{
	int v;

	for (v = 0; v < variants; v++) {
		if (c[v].n)
			fprintf(f, "%d %.9g %.9g %.9g \"", v + 1, c[v].median,
				c[v].median_interval.low, c[v].median_interval.high);
		else
			fprintf(f, "%d NaN NaN NaN \"", v + 1);
		print_word(f, c[v].variant);
		fprintf(f, "\\nn = %zu\"\n", c[v].n);
	}
	fputs("\n\n", f);
}

int plot_duration(const struct tree *tree, const struct comparison *inflate,
		  const struct comparison *deflate, const char *output, char *err, size_t err_size)
{
	const struct comparison *moves[] = { inflate, deflate };
	int variants = count_names(tree->variants), move, v, status;
	char title[256], unit[64];
	struct plot plot = { .data = NULL };

	status = begin(&plot);
	if (status)
		goto out;
	for (move = 0; move < 2; move++) {
		for (v = 0; v < variants; v++)
			print_points(plot.data, &moves[move][v], v + 1);
		print_medians(plot.data, moves[move], variants);
	}
	snprintf(title, sizeof(title),
		 "%s: duration of a move, by variant (%s; point: a boot, bar: median, box: 95 %% "
		 "interval)",
		 inflate->scenario, tree_accel(tree));
	snprintf(unit, sizeof(unit), "%s (axis not from 0)", inflate->metric->unit);
	status = draw(&plot, "duration.gp", output, title, unit, variants, "", err, err_size);
out:
	end(&plot);
	return status;
}

static const json_t *first_progress(const json_t *boot)
{
	const json_t *cycle = json_array_get(json_object_get(boot, "cycles"), 0);

	return json_object_get(json_object_get(cycle, "inflate"), "progress");
}

static void print_curve(FILE *f, const json_t *boot)
{
	const json_t *point;
	size_t i;

	json_array_foreach (first_progress(boot), i, point)
		fprintf(f, "%.6f %.6f\n", json_number_value(json_array_get(point, 0)) / 1e6,
			json_number_value(json_array_get(point, 1)) / GIB);
	fputs("\n", f);
}

/* The boot whose value is nearest the variant's median. */
static const json_t *typical_boot(const struct tree *tree, const struct comparison *c)
{
	const json_t *boot, *best = NULL;
	double value, distance = INFINITY;
	size_t i;

	json_array_foreach (tree->boots, i, boot) {
		if (strcmp(json_text(boot, "scenario"), c->scenario) ||
		    strcmp(json_text(boot, "variant"), c->variant) ||
		    strcmp(json_text(boot, "status"), RESULT_OK) ||
		    !metric_of_boot(c->metric, boot, &value) || fabs(value - c->median) >= distance)
			continue;
		distance = fabs(value - c->median);
		best = boot;
	}
	return best;
}

static void print_curves(FILE *f, const struct tree *tree, const struct comparison *c)
{
	const json_t *typical = typical_boot(tree, c), *boot;
	size_t i;

	if (typical)
		print_curve(f, typical);
	else
		fputs("NaN NaN\n\n", f);
	fputs("\nNaN NaN\n\n", f);
	json_array_foreach (tree->boots, i, boot)
		if (boot != typical && !strcmp(json_text(boot, "scenario"), c->scenario) &&
		    !strcmp(json_text(boot, "variant"), c->variant) &&
		    !strcmp(json_text(boot, "status"), RESULT_OK))
			print_curve(f, boot);
	fputs("\n", f);
}

int plot_progress(const struct tree *tree, const struct comparison *inflate, const char *output,
		  char *err, size_t err_size)
{
	int variants = count_names(tree->variants), v, status;
	const char *unit = strcmp(tree_accel(tree), "icount")
				   ? "ms since the start of the inflate"
				   : "M guest instructions since the start of the inflate";
	char title[256], *names = NULL;
	struct plot plot = { .data = NULL };
	size_t size;
	FILE *list;

	status = begin(&plot);
	if (status)
		goto out;
	list = open_memstream(&names, &size);
	if (!list) {
		status = -ENOMEM;
		goto out;
	}
	for (v = 0; v < variants; v++) {
		print_curves(plot.data, tree, &inflate[v]);
		fputs(v ? " " : "", list);
		print_word(list, inflate[v].variant);
	}
	fclose(list);
	snprintf(title, sizeof(title),
		 "%s: progress of the first inflate (%s; strong: the boot nearest the median)",
		 inflate->scenario, tree_accel(tree));
	status = draw(&plot, "progress.gp", output, title, unit, variants, names, err, err_size);
out:
	free(names);
	end(&plot);
	return status;
}
