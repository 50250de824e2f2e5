/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli.h"

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

int cli_take_lock_limit(void *limit_ns, const char *value)
{
    if (strcmp(value, "none") == 0 || strcmp(value, "inf") == 0) {
        *(uint64_t *)limit_ns = UINT64_MAX;
        return CLI_OK;
    }
    return cli_parse_duration(value, limit_ns) ? CLI_OK : CLI_BAD_VALUE;
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

int cli_take_align(void *align_bytes, const char *value)
{
    uint64_t n;
    if (!cli_parse_count(value, 16, 4096, &n) || (n & (n - 1)))
        return CLI_BAD_VALUE;
    *(uint32_t *)align_bytes = (uint32_t)n;
    return CLI_OK;
}

int cli_take_mode(void *mode, const char *value)
{
    enum { DIGITS_MAX = 4, BITS_MAX = 0777 };
    const size_t len = strlen(value);
    uint32_t bits = 0;
    if (len == 0 || len > DIGITS_MAX || strspn(value, "01234567") != len)
        return CLI_BAD_VALUE;
    for (const char *p = value; *p; p++)
        bits = bits * 8 + (uint32_t)(*p - '0');
    *(uint32_t *)mode = bits;
    return bits <= BITS_MAX ? CLI_OK : CLI_BAD_VALUE;
}
