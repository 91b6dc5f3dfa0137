/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/options.h"

enum colour { NONE, RED, GREEN, BLUE };

static const char *const colours[] = { "", "red", "green", "blue", NULL };

struct fruit {
	bool ripe;
	bool cold;
	const char *name;
	const char *taste;
	enum colour colour;
	uint64_t weight;
	unsigned int pieces;
	uint64_t size;
	uint64_t rate;
	uint64_t age;
	double water;
	struct names friends;
	struct names rivals;
	struct words with;
	int even;
	char **baskets;
	const char *tree;
};

static const char *parse_even(const char *text, void *field)
{
	*(int *)field = atoi(text);
	return *(int *)field % 2 ? "expected an even number" : NULL;
}

static const struct fruit defaults = { .pieces = 4, .water = 0.03, .name = "apple", .colour = RED };

#define OPTIONS struct fruit

static const struct option_row rows[] = {
	OPTION_TITLE("Fruit"),
	OPTION(FLAG, ripe, "ripe", 'r', NULL, "ready to eat"),
	OPTION(FLAG, cold, "cold", 'c', NULL, "from the cellar"),
	OPTION(STRING, name, "name", 'n', "NAME", "its name"),
	OPTION(STRING, taste, "taste", 0, NULL, "its taste", .choices = colours + 2),
	OPTION(CHOICE, colour, "colour", 0, NULL, "its colour", .choices = colours, .min = RED),
	OPTION(COUNT, weight, "weight", 'w', "N", "in grams", .min = 1, .max = INT64_MAX),
	OPTION(COUNT, pieces, "pieces", 'p', "N", "to cut it into", .min = 1, .max = 100),
	OPTION(SIZE, size, "size", 0, "SIZE", "of the photo", .min = 4096, .max = 1 << 30),
	OPTION(RATE, rate, "rate", 0, "SIZE/s", "of the juice"),
	OPTION(DURATION, age, "age", 0, "TIME", "since the harvest"),
	OPTION(PERCENT, water, "water", 0, "PERCENT", "what is no sugar"),
	OPTION(NAMES, friends, "friend", 'f', "NAME", "goes well with it"),
	OPTION(NAMES, rivals, "rival", 0, "NAME", "a better one",
	       .distinct = "given twice; --pieces says how many"),
	OPTION(PARSED, even, "even", 'e', "N", "an even number", .parse = parse_even),
	OPTION(STRING, tree, NULL, 'o', "FILE", "where it goes"),
	OPTION(OPERANDS, baskets, NULL, 0, "BASKET", "baskets, as in b1 b2"),
	{ 0 },
};

static const struct command eat = {
	.name = "eat",
	.purpose = "eat fruit",
	.description = "Eat fruit.\nThe second paragraph.\n  verbatim  text",
	.examples = "  fruit eat b1\n",
	.exits = "0 eaten\n2 usage",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct fruit),
};

static const struct option_row peel_rows[] = {
	OPTION(OPERAND, tree, NULL, 0, "FRUIT", "a fruit"),
	{ 0 },
};

static const struct option_row press_rows[] = {
	OPTION(FLAG, ripe, "ripe", 'r', NULL, "ready to eat"),
	OPTION(WORDS, with, "with", 0, "[TOOL]... --", "tools and their options"),
	OPTION(OPERANDS, baskets, NULL, 0, "BASKET", "baskets, as in b1 b2"),
	{ 0 },
};

static const struct command press = {
	.name = "press",
	.purpose = "press fruit",
	.description = "Press fruit.",
	.examples = "  fruit press --with sieve --fine -- b1\n",
	.exits = "0 pressed",
	.rows = press_rows,
	.size = sizeof(struct fruit),
};

static int peel_run(struct command_line *line)
{
	const struct fruit *f = line->options;

	printf("peeled %s\n", f->tree);
	return EXIT_INCONCLUSIVE;
}

static int buy_run(struct command_line *line)
{
	return line->argc == 1 && !strcmp(line->argv[0], "fruit buy") ? EXIT_FINE : EXIT_REGRESSION;
}

static const struct command peel = {
	.name = "peel",
	.purpose = "peel fruit",
	.description = "Peel fruit.",
	.examples = "  fruit peel apple\n",
	.exits = "5 peeled",
	.rows = peel_rows,
	.size = sizeof(struct fruit),
	.run = peel_run,
};

static const struct command buy = {
	.name = "buy",
	.purpose = "buy fruit",
	.description = "Buy fruit.",
	.examples = "  fruit buy\n",
	.exits = "0 bought",
	.run = buy_run,
};

static const struct program fruit = {
	.name = "fruit",
	.purpose = "Everything about fruit.",
	.examples = "  fruit eat b1\n",
	.commands = (const struct command *const[]){ &eat, &peel, &buy, NULL },
};

#define ARGV_MAX 16

static struct fruit parsed;
static uint64_t given;
static char words[ARGV_MAX][128];
static char output[65536];

/* stdout and stderr of a call go to @output. */
static int saved[2];

static void capture(void)
{
	FILE *file = tmpfile();
	int i;

	assert_non_null(file);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		dup2(fileno(file), i + 1);
	}
	fclose(file);
}

static void release(void)
{
	ssize_t n;
	int i;

	fflush(stdout);
	n = pread(STDOUT_FILENO, output, sizeof(output) - 1, 0);
	for (i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	output[n > 0 ? n : 0] = '\0';
}

static char **make_argv(const char *name, const char *const *args, int *argc)
{
	static char *argv[ARGV_MAX + 1];
	int i;

	snprintf(words[0], sizeof(words[0]), "%s", name);
	argv[0] = words[0];
	for (i = 0; args[i]; i++) {
		snprintf(words[i + 1], sizeof(words[0]), "%s", args[i]);
		argv[i + 1] = words[i + 1];
	}
	argv[i + 1] = NULL;
	*argc = i + 1;
	return argv;
}

static int parse(const struct command *command, const char *const *args)
{
	struct command_line line = { .command = command, .options = &parsed };
	int status;

	memset(&parsed, 0, sizeof(parsed));
	line.argv = make_argv("fruit eat", args, &line.argc);
	capture();
	status = options_parse(&line);
	release();
	given = line.given;
	return status;
}

static int run(const char *const *args)
{
	char **argv;
	int argc, status;

	argv = make_argv("fruit", args, &argc);
	capture();
	status = program_run(&fruit, argc, argv);
	release();
	return status;
}

#define ARGS(...) ((const char *[]){ __VA_ARGS__, NULL })
#define EAT(...) parse(&eat, ARGS(__VA_ARGS__))
#define EXPECT(status, text, call)                                                                 \
	do {                                                                                       \
		int got = call;                                                                    \
		if (got != (status) || !strstr(output, text))                                      \
			fail_msg("status %d, output: %s", got, output);                            \
	} while (0)

static void defaults_stay(void **state)
{
	(void)state;
	EXPECT(0, "", EAT("b1"));
	assert_false(parsed.ripe);
	assert_int_equal(parsed.pieces, 4);
	assert_int_equal(parsed.colour, RED);
	assert_string_equal(parsed.name, "apple");
	assert_string_equal(parsed.baskets[0], "b1");
	assert_int_equal(given, 0);
	/* What another line has set is gone. */
	EXPECT(0, "", EAT("--pieces", "9", "b1"));
	EXPECT(0, "", EAT("b1"));
	assert_int_equal(parsed.pieces, 4);
}

static void every_type_is_stored(void **state)
{
	(void)state;
	EXPECT(0, "",
	       EAT("--ripe", "--name=pear", "--taste", "green", "--colour", "blue", "--weight", "7",
		   "-p", "100", "--size", "1MiB", "b1"));
	assert_true(parsed.ripe);
	assert_false(parsed.cold);
	assert_string_equal(parsed.name, "pear");
	assert_string_equal(parsed.taste, "green");
	assert_int_equal(parsed.colour, BLUE);
	assert_true(parsed.weight == 7);
	assert_int_equal(parsed.pieces, 100);
	assert_true(parsed.size == 1 << 20);
	EXPECT(0, "", EAT("--rate=2MiB/s", "--age", "1.5", "--water", "50%", "-e4", "-oX", "b1"));
	assert_true(parsed.rate == 2 << 20);
	assert_true(parsed.age == 1500000000);
	assert_true(parsed.water == 0.5);
	assert_int_equal(parsed.even, 4);
	assert_string_equal(parsed.tree, "X");
	EXPECT(0, "", EAT("--age", "20ms", "b1"));
	assert_true(parsed.age == 20000000);
}

static void getopt_s_forms_work(void **state)
{
	(void)state;
	/* An unambiguous beginning; keys together; an option after the operands; "--". */
	EXPECT(0, "", EAT("b1", "--pie", "3", "-rcp5", "b2", "--", "-x"));
	assert_true(parsed.ripe && parsed.cold);
	assert_int_equal(parsed.pieces, 5);
	assert_string_equal(parsed.baskets[0], "b1");
	assert_string_equal(parsed.baskets[1], "b2");
	assert_string_equal(parsed.baskets[2], "-x");
	assert_null(parsed.baskets[3]);
}

static void names_are_collected(void **state)
{
	(void)state;
	EXPECT(0, "", EAT("-f", "a", "--friend", "b", "-fa", "b1"));
	assert_int_equal(parsed.friends.count, 2);
	assert_string_equal(parsed.friends.list[1], "b");
	assert_null(parsed.friends.list[2]);
	EXPECT(EXIT_USAGE, "--rival a: given twice; --pieces",
	       EAT("--rival", "a", "--rival", "a", "b1"));
}

static void what_was_given_is_known(void **state)
{
	static const char *const none[] = { NULL }, *const cold[] = { "cold", NULL };
	struct command_line line = { .command = &eat };

	(void)state;
	EXPECT(0, "", EAT("--cold", "-oX", "b1"));
	line.given = given;
	assert_string_equal(options_beside(&line, none)->name, "cold");
	assert_int_equal(options_beside(&line, cold)->key, 'o');
	EXPECT(0, "", EAT("--cold", "b1"));
	line.given = given;
	assert_null(options_beside(&line, cold));
}

static void bad_values_are_explained(void **state)
{
	(void)state;
	EXPECT(EXIT_USAGE, "--pieces many: expected an integer in [1, 100]", EAT("-p", "many"));
	EXPECT(EXIT_USAGE, "--pieces 0: expected an integer in [1, 100]", EAT("--pieces", "0"));
	EXPECT(EXIT_USAGE, "--pieces 101", EAT("--pieces", "101"));
	EXPECT(EXIT_USAGE, "--size 1KiB: expected a power of two in [4 KiB, 1 GiB]",
	       EAT("--size", "1KiB"));
	EXPECT(EXIT_USAGE, "--size 5KiB: expected a power of two", EAT("--size", "5KiB"));
	EXPECT(EXIT_USAGE, "--size 7: expected a power of two", EAT("--size", "7"));
	EXPECT(EXIT_USAGE, "--rate 7MiB: expected a size per second", EAT("--rate", "7MiB"));
	EXPECT(EXIT_USAGE, "--age never: expected a time", EAT("--age", "never"));
	EXPECT(EXIT_USAGE, "--age 0: expected a time", EAT("--age", "0"));
	EXPECT(EXIT_USAGE, "--water 3: expected a percentage in (0%, 100%]", EAT("--water", "3"));
	EXPECT(EXIT_USAGE, "--colour pink: expected one of red, green, blue",
	       EAT("--colour", "pink"));
	EXPECT(EXIT_USAGE, "--taste red: expected one of green, blue", EAT("--taste", "red"));
	EXPECT(EXIT_USAGE, "--even 3: expected an even number", EAT("--even", "3"));
}

/* A number that wraps around 2^64 must not become a small one. */
static void numbers_do_not_overflow(void **state)
{
	(void)state;
	EXPECT(0, "", EAT("--weight", "9223372036854775807", "b1"));
	assert_true(parsed.weight == INT64_MAX);
	EXPECT(EXIT_USAGE, "--weight", EAT("--weight", "9223372036854775808", "b1"));
	EXPECT(EXIT_USAGE, "--weight", EAT("--weight", "18446744073709551617", "b1"));
	EXPECT(EXIT_USAGE, "--pieces", EAT("--pieces", "4294967297", "b1"));
	EXPECT(EXIT_USAGE, "--size", EAT("--size", "18446744073709551615B", "b1"));
	EXPECT(0, "", EAT("--rate", "9223372036854775807B/s", "b1"));
	EXPECT(EXIT_USAGE, "--rate", EAT("--rate", "9223372036854775808B/s", "b1"));
	EXPECT(EXIT_USAGE, "--rate", EAT("--rate", "18446744073709551615B/s", "b1"));
	EXPECT(0, "", EAT("--age", "999999999", "b1"));
	EXPECT(EXIT_USAGE, "--age", EAT("--age", "1000000000", "b1"));
	EXPECT(EXIT_USAGE, "--age", EAT("--age", "18446744073709551615ns", "b1"));
	EXPECT(EXIT_USAGE, "--age", EAT("--age", "5000000h", "b1"));
}

static void wrong_options_are_explained(void **state)
{
	(void)state;
	EXPECT(EXIT_USAGE, "unknown option: --peices; did you mean --pieces?",
	       EAT("--peices=3", "b1"));
	EXPECT(EXIT_USAGE, "unknown option: --velocity; see fruit eat --help",
	       EAT("--velocity", "b1"));
	EXPECT(EXIT_USAGE, "unknown option: -x; see fruit eat --help", EAT("-x", "b1"));
	EXPECT(EXIT_USAGE, "ambiguous option: --r: could be --ripe, --rate, --rival",
	       EAT("--r", "b1"));
	EXPECT(EXIT_USAGE, "missing argument: --pieces; see", EAT("b1", "--pieces"));
	EXPECT(EXIT_USAGE, "missing argument: -o; see", EAT("b1", "-o"));
	EXPECT(EXIT_USAGE, "missing argument: --colour; see", EAT("b1", "--colour"));
	EXPECT(EXIT_USAGE, "unexpected argument: --ripe=yes", EAT("--ripe=yes", "b1"));
	EXPECT(EXIT_USAGE, "missing argument: BASKET: baskets, as in b1 b2", EAT("--ripe"));
	EXPECT(EXIT_USAGE, "missing argument: FRUIT", parse(&peel, ARGS(NULL)));
	EXPECT(EXIT_USAGE, "unexpected argument: b: expected one FRUIT",
	       parse(&peel, ARGS("a", "b")));
	EXPECT(EXIT_USAGE, "unexpected argument: b; see", parse(&buy, ARGS("b")));
	EXPECT(EXIT_USAGE, "unknown option: --ripe; see", parse(&buy, ARGS("--ripe")));
}

static void help_comes_from_the_table(void **state)
{
	(void)state;
	EXPECT(-1, "Usage: fruit eat [OPTION...] BASKET...\n\nEat fruit.\n\nFruit\n",
	       EAT("--help"));
	assert_non_null(
		strstr(output, "\n  -p, --pieces N             to cut it into (default: 4)\n"));
	assert_non_null(strstr(output, "\n      --colour red|green|blue"));
	assert_non_null(strstr(output, "its colour (default: red)\n"));
	assert_non_null(strstr(output, "what is no sugar (default: 3%)\n"));
	assert_non_null(strstr(output, "goes well with it; may be repeated\n"));
	assert_non_null(strstr(output, "\n  -o FILE "));
	assert_non_null(strstr(output, "\nEXAMPLES\n  fruit eat b1\n"));
	assert_non_null(strstr(output, "\nEXIT STATUS\n  0    eaten\n  2    usage\n"));
	assert_null(strstr(output, "second"));
	EXPECT(-1, "Usage: fruit eat", EAT("-h"));
	EXPECT(-1, "EXAMPLES", EAT("-?"));
	EXPECT(-1, "EXAMPLES", EAT("--he"));
	EXPECT(-1, "Usage: fruit eat [OPTION...] BASKET...\n", EAT("--usage"));
	EXPECT(0, "\n\nThe second paragraph.\n\n  verbatim  text\n", run(ARGS("help", "eat")));
	EXPECT(EXIT_USAGE, "no command 'drink'", run(ARGS("help", "drink")));
}

static void lines_of_help_are_short(void **state)
{
	const char *line;

	(void)state;
	EXPECT(0, "EXAMPLES", run(ARGS("help", "eat")));
	for (line = output; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 80);
}

static void a_program_runs_its_commands(void **state)
{
	(void)state;
	EXPECT(EXIT_INCONCLUSIVE, "peeled apple\n", run(ARGS("peel", "apple")));
	EXPECT(0, "", run(ARGS("buy")));
	EXPECT(0, "Usage: fruit buy", run(ARGS("buy", "--help")));
	EXPECT(EXIT_USAGE, "fruit buy: error: unknown option: --all", run(ARGS("buy", "--all")));
	EXPECT(EXIT_USAGE, "no command 'pel'; did you mean peel?", run(ARGS("pel")));
	EXPECT(EXIT_USAGE, "no command 'drink'; fruit --help lists them", run(ARGS("drink")));
	EXPECT(EXIT_USAGE, "Usage: fruit COMMAND", run(ARGS(NULL)));
	EXPECT(0, "\n  peel          peel fruit\n", run(ARGS("--help")));
	EXPECT(0, "Usage: fruit COMMAND", run(ARGS("help")));
}

/* Words of another program are not options of this one. */
static void words_end_at_two_dashes(void **state)
{
	(void)state;
	EXPECT(0, "", parse(&press, ARGS("-r", "--with", "-x", "--ripe=3", "y", "--", "b1", "-q")));
	assert_true(parsed.ripe);
	assert_true(parsed.with.given);
	assert_int_equal(parsed.with.count, 3);
	assert_string_equal(parsed.with.list[0], "-x");
	assert_string_equal(parsed.with.list[1], "--ripe=3");
	assert_string_equal(parsed.with.list[2], "y");
	assert_string_equal(parsed.baskets[0], "b1");
	assert_string_equal(parsed.baskets[1], "-q");
	assert_null(parsed.baskets[2]);
	assert_int_equal(given, 3);
	EXPECT(0, "", parse(&press, ARGS("--with", "--", "b1")));
	assert_int_equal(parsed.with.count, 0);
	assert_true(parsed.with.given);
	EXPECT(0, "", parse(&press, ARGS("b1")));
	assert_false(parsed.with.given);
	EXPECT(EXIT_USAGE, "--with: '--' is missing after its words",
	       parse(&press, ARGS("--with", "sieve")));
	EXPECT(EXIT_USAGE, "missing argument: BASKET",
	       parse(&press, ARGS("--with", "sieve", "--")));
	EXPECT(-1, "--with [TOOL]... --", parse(&press, ARGS("--help")));
}

static void man_and_completion(void **state)
{
	(void)state;
	EXPECT(0, ".SH NAME\nfruit \\- Everything", run(ARGS("--man")));
	assert_non_null(strstr(output, "\\fB\\-p, \\-\\-pieces N\\fR\n"));
	assert_non_null(strstr(output, ".EX\n  verbatim  text\n.EE\n"));
	EXPECT(0, "complete -F _fruit fruit\n", run(ARGS("--bash-completion")));
	assert_non_null(strstr(output, "--colour) words='red green blue'"));
}

/* The last: stdout is in error from then on. */
static void lost_output_is_a_failure(void **state)
{
	char *argv[] = { "fruit", "peel", "apple", NULL };
	int status, out;

	(void)state;
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	if (!freopen("/dev/full", "w", stdout))
		fail();
	status = program_run(&fruit, 3, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	clearerr(stdout);
	close(out);
	assert_int_equal(status, EXIT_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_stay),
		cmocka_unit_test(every_type_is_stored),
		cmocka_unit_test(getopt_s_forms_work),
		cmocka_unit_test(names_are_collected),
		cmocka_unit_test(what_was_given_is_known),
		cmocka_unit_test(bad_values_are_explained),
		cmocka_unit_test(numbers_do_not_overflow),
		cmocka_unit_test(wrong_options_are_explained),
		cmocka_unit_test(help_comes_from_the_table),
		cmocka_unit_test(lines_of_help_are_short),
		cmocka_unit_test(a_program_runs_its_commands),
		cmocka_unit_test(words_end_at_two_dashes),
		cmocka_unit_test(man_and_completion),
		cmocka_unit_test(lost_output_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
