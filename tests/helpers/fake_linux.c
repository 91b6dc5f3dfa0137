/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/fake_linux.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"

static const char makefile[] =
	"test_dir := %s\n"
	"out := $(O)\n"
	"objects := $(out)/init/main.o $(out)/mm/balloon.o\n"
	"symbols = sed -n 's/^config //p' Kconfig\n"
	"\n"
	"tinyconfig:\n"
	"\t@mkdir -p $(out)\n"
	"\t@echo tinyconfig >>$(test_dir)/compiled\n"
	"\t@$(symbols) | sed 's/.*/# CONFIG_& is not set/' >$(out)/.config\n"
	"\n"
	"olddefconfig:\n"
	"\t@$(symbols) | while read -r s; do \\\n"
	"\t\tgrep -E \"^(# )?CONFIG_$$s[ =]\" $(out)/.config | tail -n 1; \\\n"
	"\tdone >$(out)/.config.new; mv $(out)/.config.new $(out)/.config\n"
	"\n"
	"vmlinux: $(objects) $(out)/.config\n"
	"\t@mkdir -p $(out)/include/config\n"
	"\t@echo '6.12.0$(LOCALVERSION)' >$(out)/include/config/kernel.release\n"
	"\t@gcc -g -Wl,--build-id -o $(out)/vmlinux $(objects)\n"
	"\n"
	"# Like kbuild's: other flags compile the object anew.\n"
	"flags = $(CFLAGS_$(notdir $*).o)\n"
	".PHONY: FORCE\n"
	"$(objects:.o=.flags): $(out)/%%.flags: FORCE\n"
	"\t@mkdir -p $(@D)\n"
	"\t@echo '$(flags)' | cmp -s - $@ || echo '$(flags)' >$@\n"
	"\n"
	"$(out)/mm/balloon.o: $(wildcard include/linux/*.h include/trace/events/*.h)\n"
	"$(objects): $(out)/%%.o: %%.c $(out)/%%.flags\n"
	"\t@mkdir -p $(@D)\n"
	"\t@if [ $* = mm/balloon ]; then while [ -e $(test_dir)/hold ]; do \\\n"
	"\t\ttouch $(test_dir)/holding; sleep 0.02; done; fi\n"
	"\t@echo '  CC      $*.o'\n"
	"\t@cd $(out) && gcc -g -I$(CURDIR)/include $(flags) -c -o $@ $(CURDIR)/$<\n"
	"\t@echo $* >>$(test_dir)/compiled\n";

static const char balloon[] = "#include <linux/balloon.h>\n"
			      "\n"
			      "int balloon(void)\n"
			      "{\n"
			      "\treturn BALLOON + %d;\n"
			      "}\n";

static const char trace_events[] =
	"diff --git a/include/trace/events/balloon.h b/include/trace/events/balloon.h\n"
	"new file mode 100644\n"
	"--- /dev/null\n"
	"+++ b/include/trace/events/balloon.h\n"
	"@@ -0,0 +1 @@\n"
	"+#define trace_balloon() 0\n"
	"diff --git a/MAINTAINERS b/MAINTAINERS\n"
	"--- a/MAINTAINERS\n"
	"+++ b/MAINTAINERS\n"
	"@@ -1 +1,2 @@\n"
	" of another version\n"
	"+F: include/trace/events/balloon.h\n"
	"diff --git a/mm/balloon.c b/mm/balloon.c\n"
	"--- a/mm/balloon.c\n"
	"+++ b/mm/balloon.c\n"
	"@@ -1,4 +1,5 @@\n"
	" #include <linux/balloon.h>\n"
	"+#include <trace/events/balloon.h>\n"
	" \n"
	" int balloon(void)\n"
	" {\n";

void git_in(const char *dir, const char *format, ...)
{
	struct outcome outcome;
	char *args;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&args, format, ap) < 0)
		abort();
	va_end(ap);
	outcome = run_shell("git -C '%s' -c user.name=Tester -c user.email=t@example.org "
			    "-c protocol.file.allow=always %s",
			    dir, args);
	if (outcome.status)
		fail_msg("git %s: %s", args, outcome.output);
	outcome_release(&outcome);
	free(args);
}

void fake_linux_write(const char *dir)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), makefile, test_dir);
	write_file(dir, "Makefile", text);
	snprintf(text, sizeof(text), balloon, 0);
	write_file(dir, "mm/balloon.c", text);
	write_file(dir, "Kbuild", "obj-y += mm/ init/\n");
	write_file(dir, "Kconfig", "config SMP\nconfig BALLOON_COMPACTION\n");
	write_file(dir, "MAINTAINERS", "nobody\n");
	write_file(dir, ".gitignore", "*.o\n/local\n");
	write_file(dir, "include/linux/balloon.h", "#define BALLOON 1\n");
	/* With the banner and the note by which a vmlinux is known. */
	write_file(dir, "init/main.c",
		   "int balloon(void);\n"
		   "const char banner[] = \"Linux version 6.12.0-balloonbench (a@b) #1\\n\";\n"
		   "asm(\".pushsection .note.Xen, \\\"a\\\", @note; .long 4, 8, 18; \"\n"
		   "    \".asciz \\\"Xen\\\"; .quad 0; .popsection\");\n"
		   "\nint main(void)\n{\n\treturn balloon();\n}\n");
}

void fake_linux_commit(const char *dir)
{
	fake_linux_write(dir);
	git_in(dir, "init -q -b main");
	git_in(dir, "add -A");
	git_in(dir, "commit -q -m 'Linux 6.12'");
	git_in(dir, "tag base");
}

void fake_linux_say(const char *dir, int value, const char *words, const char *subject)
{
	char text[1024];

	snprintf(text, sizeof(text), balloon, value);
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
		 "\nconst char what[] = \"%s\";\n", words);
	write_file(dir, "mm/balloon.c", text);
	git_in(dir, "commit -q -a -m '%s'", subject);
}

void fake_linux_change(const char *dir, int value, const char *subject)
{
	char text[1024];

	snprintf(text, sizeof(text), balloon, value);
	write_file(dir, "mm/balloon.c", text);
	if (subject)
		git_in(dir, "commit -q -a -m '%s'", subject);
}

void fake_linux_set_up(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/data", test_dir);
	write_file(path, "vm-images/config/base.config",
		   "# What it needs.\nCONFIG_SMP=y\n"
		   "CONFIG_BALLOON_COMPACTION=y | CONFIG_BALLOON_MIGRATION=y\n"
		   "CONFIG_NOVELTY=y ?\n");
	write_file(path, "vm-images/config/debug.config", "# CONFIG_SMP is not set\n");
	write_file(path, "kernel-patches/0001-balloon-trace-events.patch", trace_events);
	setenv("BALLOONBENCH_DATA", path, 1);
	snprintf(path, sizeof(path), "%s/cache", test_dir);
	setenv("BALLOONBENCH_CACHE", path, 1);
	setenv("JOBS", "1", 1);
}

size_t times_compiled(const char *object)
{
	char *text = read_file(in_test_dir("compiled")), *at = text;
	size_t n = 0;

	while (at && (at = strstr(at, object))) {
		at += strlen(object);
		n++;
	}
	free(text);
	return n;
}
