/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/hosts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/units.h"
#include "lib/utf8.h"

static void write_ratio(struct writer *w, const struct comparison *c, const char *host)
{
	const struct host_ratio *h = c->hosts.items;
	size_t i;

	for (i = 0; i < c->hosts.count; i++) {
		if (strcmp(h[i].host, host))
			continue;
		write_number(w, "%.3f", h[i].ratio);
		if (h[i].odd)
			write_more(w, " (odd)");
		return;
	}
	write_cell(w, "-");
}

void hosts_write(struct writer *w, const struct table *table, struct comparison *const *rows,
		 size_t count, const char *titles)
{
	size_t i, h;

	write_table(w);
	write_columns(w, titles);
	for (h = 0; table->hosts[h]; h++)
		write_column(w, "%s", printable(table->hosts[h]));
	write_column(w, "over hosts, sd %%");
	write_column(w, "p of one ratio");
	for (i = 0; i < count; i++) {
		if (!rows[i]->hosts.count)
			continue;
		write_row_texts(w, rows[i]->scenario, rows[i]->metric, rows[i]->variant, NULL);
		for (h = 0; table->hosts[h]; h++)
			write_ratio(w, rows[i], table->hosts[h]);
		write_number(w, "%.2g", 100 * rows[i]->hosts_scatter);
		write_number(w, "%.3f", rows[i]->hosts_p);
	}
	write_table_end(w);
}

void hosts_write_fleet(struct writer *w, const struct table *table)
{
	const struct document *host;
	const char *name;
	char memory[32];
	size_t i;

	write_table(w);
	for (i = 0; (host = document_item(table->env, "fleet", i, &name)); i++)
		write_fact(w, name, "%s, %" PRId64 " CPUs, %s, Linux %s",
			   document_text(host, "cpu_model"), document_integer(host, "cpus"),
			   format_bytes(document_integer(host, "memory_bytes"), memory,
					sizeof(memory)),
			   document_text(host, "kernel_release"));
	write_table_end(w);
}

const char *hosts_cpus(const struct table *table, char *text, size_t size)
{
	const struct document *host;
	const char *model;
	size_t i, n = 0;

	*text = '\0';
	for (i = 0; n < size && (host = document_item(table->env, "fleet", i, NULL)); i++) {
		model = document_text(host, "cpu_model");
		if (!strstr(text, model))
			n += snprintf(text + n, size - n, "%s%s", n ? "; " : "", printable(model));
	}
	return text;
}
