/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"

/* Of getopt: the letters themselves, and from KEY_LONG on an option's index in the table. */
enum { OPTIONS_MAX = 96, KEY_HELP = 'h', KEY_VERSION = 'V', KEY_LONG = 256 };

static const struct cli_tool *the_tool;
static struct cli_option table[OPTIONS_MAX]; /* the tool's, families' rows in their places */
static size_t n_options;
static bool is_given[OPTIONS_MAX]; /* by index in the table */
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

int cli_take_align(void *align_bytes, const char *value)
{
    uint64_t n;
    if (!cli_parse_count(value, 16, 4096, &n) || (n & (n - 1)))
        return CLI_BAD_VALUE;
    *(uint32_t *)align_bytes = (uint32_t)n;
    return CLI_OK;
}

/* ---- the table ------------------------------------------------------------------- */

/* Whether name is one of the words of list. */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void add_row(const struct cli_option *row, const struct cli_option *family)
{
    if (n_options + 1 >= OPTIONS_MAX)
        abort(); /* our bug: a table larger than planned */
    struct cli_option *option = &table[n_options++];
    *option = *row;
    if (!family)
        return;
    option->at += family->at;
    option->given += option->given ? family->at : 0;
    option->help = family->help ? family->help : row->help;
}

/* The rows that a family's entry in the tool's table asks for. */
static void add_family(const struct cli_option *entry)
{
    for (const struct cli_option *row = entry->family; row->help; row++)
        if (!entry->words || is_listed(entry->words, row->name))
            add_row(row, entry);
}

void cli_options_init(const struct cli_tool *tool)
{
    the_tool = tool;
    for (const struct cli_option *row = tool->options; row->help || row->family; row++)
        if (row->family)
            add_family(row);
        else
            add_row(row, NULL);
}

bool cli_has_option(const char *name, size_t len)
{
    for (size_t i = 0; i < n_options; i++)
        if (table[i].name && strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0)
            return true;
    return false;
}

/* The letter's index in the table; n_options if it is none. */
static size_t find_letter(char letter)
{
    size_t i = 0;
    while (i < n_options && !(table[i].name && table[i].letter == letter))
        i++;
    return i;
}

static bool needs_argument(const struct cli_option *option)
{
    return option->arg && option->arg[0] != '[';
}

bool cli_takes_next(const char *word)
{
    if (word[0] != '-' || !word[1] || strcmp(word, "--") == 0)
        return false;
    if (word[1] == '-') {
        for (size_t i = 0; i < n_options; i++)
            if (table[i].name && needs_argument(&table[i]) &&
                strncmp(table[i].name, word + 2, strlen(word + 2)) == 0)
                return true;
        return false;
    }
    /* Of letters in a row, the first that takes an argument has what is left of the word. */
    for (const char *letter = word + 1; *letter; letter++) {
        size_t i = find_letter(*letter);
        if (i < n_options && table[i].arg)
            return needs_argument(&table[i]) && !letter[1];
    }
    return false;
}

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
    for (const struct cli_command *c = the_tool->commands; c->name; c++)
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
    printf("Usage: %s %s\n%s\n", the_tool->name, the_tool->synopsis, the_tool->about);
    if (the_tool->commands)
        print_commands();
    if (table[0].name)
        putchar('\n');
    for (size_t i = 0; i < n_options; i++)
        print_option(&table[i]);
    putchar('\n');
    print_option(&common[0]);
    print_option(&common[1]);
    if (the_tool->notes)
        printf("\n%s\n", the_tool->notes);
}

/* ---- values ---------------------------------------------------------------------- */

bool cli_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

/* The power of two that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
    static const char letters[] = "KMGT";
    if (!*unit)
        return 0;
    const char *at = strchr(letters, *unit);
    bool is_whole = !unit[1] || strcmp(unit + 1, "i") == 0 || strcmp(unit + 1, "iB") == 0;
    return at && is_whole ? 10 * (int)(at - letters + 1) : -1;
}

bool cli_parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char digits[32];
    size_t len = strspn(text, "0123456789");
    int shift = unit_shift(text + len);
    uint64_t value;
    if (len >= sizeof digits || shift < 0)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (!cli_parse_count(digits, 0, UINT64_MAX >> shift, &value) || value << shift < min ||
        value << shift > max)
        return false;
    *out = value << shift;
    return true;
}

bool cli_parse_duration(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1},          {"us", 1000},         {"ms", 1000000},      {"s", 1000000000},
                 {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};
    char digits[32];
    size_t len = strspn(text, "0123456789");
    uint64_t value;
    if (len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + len, units[i].name) != 0)
            continue;
        if (!cli_parse_count(digits, 1, UINT64_MAX / units[i].ns, &value))
            return false;
        *out_ns = value * units[i].ns;
        return true;
    }
    return false;
}

bool cli_parse_number(const char *text, size_t len, double min, double max, double *out)
{
    return len > 0 && text[0] != '-' && umm_num_parse_f64(text, len, '.', out) == UMM_NUM_OK &&
           *out >= min && *out <= max;
}

int cli_parse_choice(const char *text, const char *words)
{
    const size_t n = strlen(text);
    for (int i = 0;; i++) {
        size_t len = strcspn(words, "|");
        if (len && len == n && strncmp(words, text, len) == 0)
            return i;
        if (!words[len])
            return -1;
        words += len + 1;
    }
}

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
    const struct cli_option *option = &table[index];
    is_given[index] = true;
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
    for (size_t i = 0; i < n_options; i++) {
        const struct cli_option *o = &table[i];
        if (!o->name)
            continue;
        int has_arg = !o->arg             ? no_argument
                      : needs_argument(o) ? required_argument
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
    struct option longs[OPTIONS_MAX + 3];
    char letters[2 * OPTIONS_MAX + 5];
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
            printf("%s (umm) %s\n", the_tool->name, umm_version());
            *exit_code = cli_finish(CLI_OK);
            return false;
        case ':':
        case '?': *exit_code = refuse_option(argv, key, longs, letters); break;
        default:
            *exit_code = take_option(
                key < KEY_LONG ? find_letter((char)key) : (size_t)(key - KEY_LONG), opts, optarg);
            break;
        }
    }
    return *exit_code == CLI_OK;
}

/* ---- commands -------------------------------------------------------------------- */

/* Whether n operands are as many as a command's "NAME KEY [FILE]" asks for. */
static bool is_enough(const char *operands, int n)
{
    int n_required = 0, n_words = 0;
    for (const char *at = operands; *at; at += strspn(at, " ")) {
        n_words++;
        n_required += *at != '[';
        at += strcspn(at, " ");
    }
    return n >= n_required && (n <= n_words || strstr(operands, "..."));
}

int cli_run_command(int argc, char **argv, void *opts)
{
    char shown[UMM_EXCERPT_MAX];
    const struct cli_command *command = the_tool->commands;
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
    for (size_t i = 0; i < n_options; i++)
        if (is_given[i] && !is_listed(command->options, table[i].name))
            return cli_usage("--%s does not go with %s", table[i].name, name);
    return command->run(opts, n, argv + optind + 1);
}
