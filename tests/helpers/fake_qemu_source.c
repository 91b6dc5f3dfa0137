/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/fake_qemu_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/helpers/fake_linux.h"
#include "tests/helpers/files.h"

/* The value is that of the last line of keycodemapdb's file, plus that of the balloon. */
static const char configure[] =
	"#!/bin/sh\n"
	"# knows: --disable-download\n"
	"echo \"configure $*\" >>%1$s/compiled\n"
	"if ! [ -e ../src/subprojects/keycodemapdb/meson.build ]; then\n"
	"\techo 'ERROR: Neither a subproject directory nor a keycodemapdb.wrap file was found.'\n"
	"\texit 1\n"
	"fi\n"
	"cat >build.ninja <<'END'\n"
	"rule cc\n"
	"  command = if [ $in = ../src/hw/virtio/virtio-balloon.c ]; then while [ -e %1$s/hold ]; "
	"do touch %1$s/holding; sleep 0.02; done; fi; echo $in >>%1$s/compiled; gcc -c -o $out "
	"$in\n"
	"rule link\n"
	"  command = gcc -o $out $in\n"
	"build balloon.o: cc ../src/hw/virtio/virtio-balloon.c\n"
	"build keys.o: cc ../src/subprojects/keycodemapdb/keys.c\n"
	"build main.o: cc ../src/main.c\n"
	"build qemu-system-x86_64: link balloon.o keys.o main.o\n"
	"END\n";

static const char main_source[] = "#include <stdio.h>\n"
				  "#include <string.h>\n"
				  "int balloon(void);\n"
				  "int keys(void);\n"
				  "int main(int argc, char **argv)\n"
				  "{\n"
				  "\tif (argc > 1 && !strcmp(argv[1], \"--version\"))\n"
				  "\t\treturn !puts(\"QEMU emulator version 10.0.99\");\n"
				  "\treturn balloon() + keys();\n"
				  "}\n";

/* The subproject, in a repository of its own; the revision, to be freed. */
static char *commit_subproject(void)
{
	struct outcome outcome;
	char *dir = strdup(in_test_dir("keycodemapdb"));

	write_file(dir, "meson.build", "");
	write_file(dir, "keys.c", "int keys(void)\n{\n\treturn 40;\n}\n");
	git_in(dir, "init -q -b main");
	git_in(dir, "add -A");
	git_in(dir, "commit -q -m keys");
	outcome = run_shell("git -C %s rev-parse HEAD", dir);
	outcome.output[strcspn(outcome.output, "\n")] = '\0';
	free(dir);
	return outcome.output;
}

static void write_balloon(const char *dir, int value)
{
	char text[128];

	snprintf(text, sizeof(text), "int balloon(void)\n{\n\treturn %d;\n}\n", value);
	write_file(dir, "hw/virtio/virtio-balloon.c", text);
}

void fake_qemu_commit(const char *dir)
{
	char text[2048], *revision = commit_subproject(), path[512];

	snprintf(text, sizeof(text), configure, test_dir);
	chmod(write_file(dir, "configure", text), 0755);
	snprintf(text, sizeof(text),
		 "[wrap-git]\nurl = %s/keycodemapdb\nrevision = %s\ndepth = 1\n", test_dir,
		 revision);
	write_file(dir, "subprojects/keycodemapdb.wrap", text);
	/* A meson, so that none is downloaded. */
	write_file(dir, "python/wheels/meson.whl", "");
	write_file(dir, "main.c", main_source);
	write_file(dir, ".gitignore", "/subprojects/keycodemapdb\n");
	write_balloon(dir, 0);
	snprintf(path, sizeof(path), "%s/data", test_dir);
	write_file(path, "firmware.bin", "firmware");
	snprintf(text, sizeof(text),
		 "# options\n--enable-tcg\n--disable-download\n%s/firmware.bin\n", path);
	write_file(path, "vm-images/config/qemu.build", text);
	git_in(dir, "init -q -b main");
	git_in(dir, "add -A");
	/* Sources of firmware, which nobody compiles. */
	git_in(dir, "update-index --add --cacheinfo 160000,%s,roms/seabios", revision);
	git_in(dir, "commit -q -m 'QEMU 10.0.99'");
	git_in(dir, "tag base");
	free(revision);
}

void fake_qemu_change(const char *dir, int value, const char *subject)
{
	write_balloon(dir, value);
	git_in(dir, "commit -q -a -m '%s'", subject);
}
