/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_table.h"

/* Of getopt: the letters themselves, and from KEY_LONG on an option's index in the table. */
enum { KEY_HELP = 'h', KEY_VERSION = 'V', KEY_LONG = 256 };

static bool is_stopping_at_operand;

#define CLI_OPTS struct cli_reports
const struct cli_option cli_report_options[] = {
    {'v', "verbose", NULL, "print figures on standard error", CLI_FLAG(is_verbose)},
    {0, "json", NULL, "print them as JSON on standard output", CLI_FLAG(is_json)},
    {0, "report", "FILE", "write them as JSON to FILE", CLI_TEXT(report)},
    {0, "metrics", "FILE", "write Prometheus metrics to FILE", CLI_TEXT(metrics)},
    {0, "progress", NULL, "show a progress bar even if not on a terminal",
     CLI_SWITCH(progress, CLI_ALWAYS)},
    {0, "no-progress", NULL, "never show one", CLI_SWITCH(progress, CLI_NEVER)},
    {0}};

/* ---- help ------------------------------------------------------------------------ */

/* The lines of help in their column, after what is width wide already. */
static void print_column(int width, const char *help)
{
    enum { HELP_COLUMN = 30 };
    for (const char *line = help; line;) {
        size_t len = strcspn(line, "\n");
        if (line != help || width + 2 > HELP_COLUMN) {
            putchar('\n');
            width = 0;
        }
        printf("%*s%.*s", HELP_COLUMN - width, "", (int)len, line);
        line = line[len] ? line + len + 1 : NULL;
    }
    putchar('\n');
}

static void print_option(const struct cli_option *option)
{
    if (!option->name) {
        printf("\n%s\n", option->help);
        return;
    }
    int width = option->letter ? printf("  -%c, --%s", option->letter, option->name)
                               : printf("      --%s", option->name);
    if (option->arg)
        width += printf(option->arg[0] == '[' ? "%s" : "=%s", option->arg);
    print_column(width, option->help);
}

static void print_commands(void)
{
    puts("\nCommands:");
    for (const struct cli_command *c = cli_table.tool->commands; c->name; c++)
        print_column(printf("  %s%s%s", c->name, c->operands[0] ? " " : "", c->operands), c->help);
}

static void print_help(void)
{
    static const struct cli_option common[] = {
        {.letter = KEY_HELP, .name = "help", .help = "show this help and exit"},
        {.letter = KEY_VERSION, .name = "version", .help = "show the version and exit"}};
    /* All of it is held until the end, where a failure to write it is seen, and why. */
    static char buffer[32 * 1024];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("Usage: %s %s\n%s\n", cli_table.tool->name, cli_table.tool->synopsis,
           cli_table.tool->about);
    if (cli_table.tool->commands)
        print_commands();
    if (cli_table.options[0].name)
        putchar('\n');
    for (size_t i = 0; i < cli_table.n; i++)
        print_option(&cli_table.options[i]);
    putchar('\n');
    print_option(&common[0]);
    print_option(&common[1]);
    if (cli_table.tool->notes)
        printf("\n%s\n", cli_table.tool->notes);
}

/* ---- values ---------------------------------------------------------------------- */

int cli_bad_value(const char *name, const char *wanted, const char *value)
{
    char shown[UMM_EXCERPT_MAX];
    return cli_usage("--%s takes %s, not \"%s\"", name, wanted,
                     umm_escape(shown, sizeof shown, value, strlen(value)));
}

/* "fail|skip|stop" as "fail, skip or stop". */
static void list_words(const char *words, char *out, size_t size)
{
    size_t at = 0;
    for (words += *words == '|'; *words && at + 5 < size; words++) {
        const char *text = strchr(words, '|') == strrchr(words, '|') ? " or " : ", ";
        if (*words != '|')
            out[at++] = *words;
        else
            at = (size_t)(stpcpy(out + at, text) - out);
    }
    out[at] = '\0';
}

static int refuse_value(const struct cli_option *option, const char *value)
{
    char wanted[256] = "a number of bytes, or one with K, M, G or T";
    if (option->type == CLI_TYPE_SPAN)
        snprintf(wanted, sizeof wanted, "a time such as 500ms, 5s or 2m");
    else if (option->type == CLI_TYPE_CHOICE)
        list_words(option->words, wanted, sizeof wanted);
    else if (option->type == CLI_TYPE_COUNT && option->max == UINT64_MAX)
        snprintf(wanted, sizeof wanted, "a number from %llu", (unsigned long long)option->min);
    else if (option->type == CLI_TYPE_COUNT)
        snprintf(wanted, sizeof wanted, "a number from %llu to %llu",
                 (unsigned long long)option->min, (unsigned long long)option->max);
    return cli_bad_value(option->name, option->wanted ? option->wanted : wanted, value);
}

static void set_integer(const struct cli_option *option, void *at, uint64_t value)
{
    const uint32_t low = (uint32_t)value;
    switch (option->member) {
    case CLI_BOOL: *(bool *)at = value != 0; break;
    case CLI_32_BITS: memcpy(at, &low, sizeof low); break; /* an int, an enum */
    case CLI_64_BITS: *(uint64_t *)at = value; break;
    case CLI_REAL:
    default: *(double *)at = (double)value; break;
    }
}

static void set_number(const struct cli_option *option, void *at, double value)
{
    if (option->member == CLI_REAL)
        *(double *)at = value * option->scale;
    else
        set_integer(option, at, (uint64_t)llround(value * option->scale));
}

/* CLI_OK, CLI_BAD_VALUE, or an exit code after a message. */
static int take_value(const struct cli_option *option, void *at, const char *value)
{
    uint64_t n = option->min;
    double number = 0;
    bool is_good = true;
    int choice = 0;
    if (option->type == CLI_TYPE_CALL)
        return option->take(at, value);
    if (option->type == CLI_TYPE_TEXT)
        *(const char **)at = value ? value : "";
    if (option->type == CLI_TYPE_TEXT || (!value && option->type != CLI_TYPE_SWITCH))
        return CLI_OK;
    switch (option->type) {
    case CLI_TYPE_COUNT: is_good = cli_parse_count(value, option->min, option->max, &n); break;
    case CLI_TYPE_SIZE: is_good = cli_parse_size(value, option->min, option->max, &n); break;
    case CLI_TYPE_SPAN: is_good = cli_parse_duration(value, &n); break;
    case CLI_TYPE_CHOICE:
        choice = cli_parse_choice(value, option->words);
        is_good = choice >= 0;
        n = (uint64_t)choice;
        break;
    case CLI_TYPE_NUMBER:
        is_good = cli_parse_number(value, strlen(value), option->low, option->high, &number);
        if (is_good)
            set_number(option, at, number);
        return is_good ? CLI_OK : CLI_BAD_VALUE;
    case CLI_TYPE_SWITCH:
    case CLI_TYPE_TEXT:
    case CLI_TYPE_CALL:
    default: break;
    }
    if (is_good)
        set_integer(option, at, n);
    return is_good ? CLI_OK : CLI_BAD_VALUE;
}

/* CLI_OK, or the exit code after a message. */
static int take_option(size_t index, char *opts, const char *value)
{
    const struct cli_option *option = &cli_table.options[index];
    cli_table.is_given[index] = true;
    int code = take_value(option, opts + option->at, value);
    if (option->given)
        *(bool *)(opts + option->given - 1) = true;
    return code == CLI_BAD_VALUE ? refuse_value(option, value) : code;
}

/* ---- parsing --------------------------------------------------------------------- */

void cli_stop_at_operand(void)
{
    is_stopping_at_operand = true;
}

/* getopt_long's two tables from ours. */
static void build_tables(struct option *longs, char *letters)
{
    if (is_stopping_at_operand)
        *letters++ = '+';
    *letters++ = ':';
    for (size_t i = 0; i < cli_table.n; i++) {
        const struct cli_option *o = &cli_table.options[i];
        if (!o->name)
            continue;
        int has_arg = !o->arg                 ? no_argument
                      : cli_needs_argument(o) ? required_argument
                                              : optional_argument;
        *longs++ = (struct option){o->name, has_arg, NULL, KEY_LONG + (int)i};
        if (o->letter)
            *letters++ = o->letter;
        if (o->letter && has_arg == required_argument)
            *letters++ = ':';
    }
    *longs++ = (struct option){"help", no_argument, NULL, KEY_HELP};
    *longs++ = (struct option){"version", no_argument, NULL, KEY_VERSION};
    *longs = (struct option){NULL, 0, NULL, 0};
    *letters++ = KEY_HELP;
    *letters++ = KEY_VERSION;
    *letters = '\0';
}

/* How many long options begin with the len_bytes bytes at name. */
static size_t count_longs(const struct option *longs, const char *name, size_t len_bytes)
{
    size_t n = 0;
    for (; longs->name; longs++)
        n += strncmp(longs->name, name, len_bytes) == 0;
    return n;
}

/* The message for what getopt_long could not take. */
static int refuse_option(char **argv, int code, const struct option *longs, const char *letters)
{
    char shown[UMM_EXCERPT_MAX];
    /* Of letters in a row, argv[optind] is still the word while some are left. */
    bool is_known = optopt > 0 && optopt != ':' && strchr(letters, optopt);
    bool is_letter = optopt && optopt < KEY_LONG && !is_known;
    if (is_letter) {
        const char letter[] = {'-', (char)optopt};
        return cli_usage("unknown option '%s'", umm_escape(shown, sizeof shown, letter, 2));
    }
    const char *word = argv[optind - 1];
    size_t len = word[0] == '-' && word[1] == '-' ? strcspn(word, "=") : 2;
    umm_escape(shown, sizeof shown, word, len);
    if (code == ':')
        return cli_usage("option '%s' requires an argument", shown);
    if (optopt)
        return cli_usage("option '%s' takes no argument", shown);
    return cli_usage(count_longs(longs, word + 2, len - 2) ? "ambiguous option '%s'"
                                                           : "unknown option '%s'",
                     shown);
}

bool cli_parse(int argc, char **argv, void *opts, int *exit_code)
{
    struct option longs[CLI_OPTIONS_MAX + 3];
    char letters[2 * CLI_OPTIONS_MAX + 5];
    int key;
    build_tables(longs, letters);
    opterr = 0;
    *exit_code = CLI_OK;
    while (*exit_code == CLI_OK && (key = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        switch (key) {
        case KEY_HELP:
            print_help();
            *exit_code = cli_finish(CLI_OK);
            return false;
        case KEY_VERSION:
            printf("%s (umm) %s\n", cli_table.tool->name, umm_version());
            *exit_code = cli_finish(CLI_OK);
            return false;
        case ':':
        case '?': *exit_code = refuse_option(argv, key, longs, letters); break;
        default:
            *exit_code =
                take_option(key < KEY_LONG ? cli_find_letter((char)key) : (size_t)(key - KEY_LONG),
                            opts, optarg);
            break;
        }
    }
    return *exit_code == CLI_OK;
}

/* ---- commands -------------------------------------------------------------------- */

/* Whether n operands are as many as a command's "NAME [KEY FILE]" asks for. */
static bool is_enough(const char *operands, int n)
{
    int n_required = 0, n_words = 0;
    bool is_optional = false;
    for (const char *at = operands; *at; at += strspn(at, " ")) {
        n_words++;
        is_optional |= *at == '[';
        n_required += !is_optional;
        at += strcspn(at, " ");
        is_optional &= at[-1] != ']';
    }
    return n >= n_required && (n <= n_words || strstr(operands, "..."));
}

const char *cli_find_other(const char *list)
{
    for (size_t i = 0; i < cli_table.n; i++)
        if (cli_table.is_given[i] && !cli_is_listed(list, cli_table.options[i].name))
            return cli_table.options[i].name;
    return NULL;
}

int cli_run_command(int argc, char **argv, void *opts)
{
    char shown[UMM_EXCERPT_MAX];
    const struct cli_command *command = cli_table.tool->commands;
    if (optind >= argc)
        return cli_usage("no command");
    const char *name = argv[optind];
    while (command->name && strcmp(command->name, name) != 0)
        command++;
    if (!command->name)
        return cli_usage("unknown command \"%s\"",
                         umm_escape(shown, sizeof shown, name, strlen(name)));
    int n = argc - optind - 1;
    if (!is_enough(command->operands, n))
        return cli_usage("%s takes %s", name, command->operands[0] ? command->operands : "nothing");
    const char *other = cli_find_other(command->options);
    if (other)
        return cli_usage("--%s does not go with %s", other, name);
    return command->run(opts, n, argv + optind + 1);
}
