/* SPDX-License-Identifier: MIT */
/* setting.c: see setting.h. How texts are understood, oddities and all, is as in Xen. */
#include "hv/setting.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t room;
} rows[XD_SETTINGS] = {
    [XD_SETTING_TIMESTAMPS] = {"console_timestamps", 7},
    [XD_SETTING_GRANT_FRAMES] = {"gnttab_max_frames", 12},
    [XD_SETTING_MAPTRACK_FRAMES] = {"gnttab_max_maptrack_frames", 12},
    [XD_SETTING_GUEST_LOGLVL] = {"guest_loglvl", 16},
    [XD_SETTING_LOGLVL] = {"loglvl", 16},
    [XD_SETTING_PCID] = {"pcid", 7},
    [XD_SETTING_EPT] = {"ept", 10},
    [XD_SETTING_GLOBAL_PAGES] = {"global-pages", 1},
    [XD_SETTING_CONSWITCH] = {"conswitch", 3},
    [XD_SETTING_CRASH_DEBUGKEY] = {"crash-debug-debugkey", 32},
    [XD_SETTING_CRASH_HWDOM] = {"crash-debug-hwdom", 32},
    [XD_SETTING_CRASH_KEXECCMD] = {"crash-debug-kexeccmd", 32},
    [XD_SETTING_CRASH_PANIC] = {"crash-debug-panic", 32},
    [XD_SETTING_CRASH_WATCHDOG] = {"crash-debug-watchdog", 32},
};
_Static_assert(XD_SETTINGS - XD_SETTING_CONSWITCH == XD_SETTING_TEXTS, "xd_settings.text");

static const char *const stamps[] = {"none", "date", "datems", "boot", "raw"};
static const char *const pcids[] = {"off", "on", "xpti", "noxpti"};
static const char *const levels[] = {"none", "error", "warning", "info", "all"};

const char *xd_setting_name(enum xd_setting which)
{
    return rows[which].name;
}

uint32_t xd_setting_room(enum xd_setting which)
{
    return rows[which].room;
}

/* 1, 0, or -1 for what says neither yes nor no. AS-XEN: parse_bool */
static int parse_bool(const char *s)
{
    static const char *const yes[] = {"1", "on", "yes", "true", "enable"};
    static const char *const no[] = {"0", "no", "off", "false", "disable"};

    for (size_t i = 0; i < XD_ARRAY_SIZE(yes); i++) {
        if (!strcmp(s, yes[i]))
            return 1;
        if (!strcmp(s, no[i]))
            return 0;
    }
    return -1;
}

/* The same of an option (name), alone, behind "no-" or with a value. AS-XEN: parse_boolean */
static int parse_boolean(const char *name, const char *s)
{
    const bool not = !strncmp(s, "no-", 3);
    const size_t n = strlen(name);

    s += not ? 3 : 0;
    if (strncmp(s, name, n))
        return -1;
    if (!s[n])
        return !not ;
    return s[n] == '=' && !not ? parse_bool(s + n + 1) : -1;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* In base 16, 8 or 10, as in C; what lies above 64 bits is lost. AS-XEN: simple_strtoul */
static uint64_t number(const char *s, const char **end)
{
    int base = 10;
    uint64_t n = 0;

    if (*s == '0') {
        base = 8;
        s++;
        if ((*s == 'x' || *s == 'X') && digit(s[1]) < 16) {
            base = 16;
            s++;
        }
    }
    for (; digit(*s) < base; s++)
        n = n * (uint64_t)base + (uint64_t)digit(*s);
    *end = s;
    return n;
}

static enum xd_setting_rc parse_limit(struct xd_hv *hv, uint32_t *limit, const char *s)
{
    const char *end;
    uint64_t n = number(s, &end);

    if (*end)
        return XD_SETTING_BAD;
    if (n > INT32_MAX)
        return XD_SETTING_RANGE;
    XD_PUT(hv, *limit, (uint32_t)n);
    return XD_SETTING_DONE;
}

static enum xd_setting_rc parse_timestamps(struct xd_hv *hv, const char *s)
{
    const int yes = parse_bool(s);
    unsigned int mode = yes == 1 || !*s ? XD_STAMP_DATE : XD_STAMP_NONE;

    if (yes < 0 && *s)
        while (mode < XD_ARRAY_SIZE(stamps) && strcmp(s, stamps[mode]))
            mode++;
    if (mode == XD_ARRAY_SIZE(stamps))
        return XD_SETTING_BAD;
    XD_PUT(hv, hv->setting.timestamps, (uint8_t)mode);
    return XD_SETTING_DONE;
}

static enum xd_setting_rc parse_pcid(struct xd_hv *hv, const char *s)
{
    int mode = parse_bool(s);

    if (mode < 0) {
        mode = parse_boolean("xpti", s);
        if (mode < 0)
            return XD_SETTING_BAD;
        mode = mode ? XD_PCID_XPTI : XD_PCID_NOXPTI;
    }
    XD_PUT(hv, hv->setting.pcid, (uint8_t)mode);
    return XD_SETTING_DONE;
}

/* What is no level is taken for "warning", and nothing of it is passed over. AS-XEN: __parse_loglvl */
static uint8_t parse_level(const char **s)
{
    if (!strncmp(*s, "debug", 5)) {
        *s += 5;
        return XD_LOG_ALL;
    }
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(levels); i++)
        if (!strncmp(*s, levels[i], strlen(levels[i]))) {
            *s += strlen(levels[i]);
            return (uint8_t)i;
        }
    return XD_LOG_WARNING;
}

/* AS-XEN: _parse_loglvl: set even if it is refused. */
static enum xd_setting_rc parse_levels(struct xd_hv *hv, uint8_t level[2], const char *s)
{
    const uint8_t lower = parse_level(&s);
    uint8_t upper = lower;

    if (*s == '/') {
        const char *rest = s + 1;

        upper = parse_level(&rest);
        s = rest == s + 1 ? s : rest;
    }
    XD_PUT(hv, level[0], lower);
    XD_PUT(hv, level[1], upper < lower ? lower : upper);
    return *s ? XD_SETTING_BAD : XD_SETTING_DONE;
}

enum xd_setting_rc xd_setting_parse(struct xd_hv *hv, enum xd_setting which, const char *text)
{
    switch (which) {
    case XD_SETTING_TIMESTAMPS: return parse_timestamps(hv, text);
    case XD_SETTING_GRANT_FRAMES: return parse_limit(hv, &hv->setting.grant_frames, text);
    case XD_SETTING_MAPTRACK_FRAMES: return parse_limit(hv, &hv->setting.maptrack_frames, text);
    case XD_SETTING_GUEST_LOGLVL: return parse_levels(hv, hv->setting.guest_loglvl, text);
    case XD_SETTING_LOGLVL: return parse_levels(hv, hv->setting.loglvl, text);
    case XD_SETTING_PCID: return parse_pcid(hv, text);
    default:
        return XD_SETTING_DONE; /* EPT is not for the processors of this vendor: whatever it is */
    }
}

static uint32_t tell_text(char out[XD_SETTING_SIZE], const char *text)
{
    return (uint32_t)snprintf(out, XD_SETTING_SIZE, "%s", text) + 1;
}

static uint32_t tell_levels(char out[XD_SETTING_SIZE], const uint8_t level[2])
{
    return (uint32_t)snprintf(out, XD_SETTING_SIZE, "%s/%s", levels[level[0]], levels[level[1]]) +
           1;
}

uint32_t xd_setting_tell(const struct xd_hv *hv, enum xd_setting which, char out[XD_SETTING_SIZE])
{
    const struct xd_settings *s = &hv->setting;

    switch (which) {
    case XD_SETTING_TIMESTAMPS: return tell_text(out, stamps[s->timestamps]);
    case XD_SETTING_GRANT_FRAMES:
        return (uint32_t)snprintf(out, XD_SETTING_SIZE, "%u", s->grant_frames) + 1;
    case XD_SETTING_MAPTRACK_FRAMES:
        return (uint32_t)snprintf(out, XD_SETTING_SIZE, "%u", s->maptrack_frames) + 1;
    case XD_SETTING_GUEST_LOGLVL: return tell_levels(out, s->guest_loglvl);
    case XD_SETTING_LOGLVL: return tell_levels(out, s->loglvl);
    case XD_SETTING_PCID: return tell_text(out, pcids[s->pcid]);
    case XD_SETTING_EPT: return tell_text(out, "");
    case XD_SETTING_GLOBAL_PAGES: out[0] = (char)s->global_pages; return 1;
    default:
        memcpy(out, s->text + (which - XD_SETTING_CONSWITCH) * XD_SETTING_TEXT,
               s->text_size[which - XD_SETTING_CONSWITCH]);
        return s->text_size[which - XD_SETTING_CONSWITCH];
    }
}

void xd_setting_text(struct xd_hv *hv, enum xd_setting which, const char *text, uint32_t size)
{
    const unsigned int i = which - XD_SETTING_CONSWITCH;

    XD_PUT(hv, hv->setting.text_size[i], (uint8_t)size);
    xd_arena_write(xd_arena_of(hv), hv->setting.text + i * XD_SETTING_TEXT, text, size);
}

/* Texts are cut to their room. */
static void set_text(struct xd_hv *hv, unsigned int which, const char *text)
{
    const unsigned int i = which - XD_SETTING_CONSWITCH;
    char *at = hv->setting.text + i * XD_SETTING_TEXT;

    snprintf(at, rows[which].room, "%s", text);
    hv->setting.text_size[i] = (uint8_t)(strlen(at) + 1);
}

/* AS-XEN: parse_params: a word alone is an option without a value, and what "no-" stands before is off, or has none. */
static void option(struct xd_hv *hv, const char *name, const char *value)
{
    const bool not = !strncmp(name, "no-", 3);
    const int yes = *value ? parse_bool(value) : 1;

    name += not ? 3 : 0;
    for (unsigned int i = 0; i < XD_SETTINGS; i++) {
        if (strcmp(rows[i].name, name))
            continue;
        if (i >= XD_SETTING_CONSWITCH)
            set_text(hv, i, value);
        else if (i >= XD_SETTINGS_PARSED)
            hv->setting.global_pages = yes < 0 ? hv->setting.global_pages : (yes == 1) != not ;
        else if (!not || !*value)
            (void)xd_setting_parse(hv, (enum xd_setting)i, not ? "no" : value);
    }
}

void xd_settings_init(struct xd_hv *hv)
{
    char line[sizeof(hv->config.command_line)], *word = line;

    hv->setting = (struct xd_settings){
        .grant_frames = 64,
        .maptrack_frames = 1024,
        .pcid = XD_PCID_XPTI,
        .loglvl = {XD_LOG_WARNING, XD_LOG_WARNING},
        .guest_loglvl = {XD_LOG_NONE, XD_LOG_WARNING},
    };
    for (unsigned int i = XD_SETTING_CONSWITCH; i < XD_SETTINGS; i++)
        set_text(hv, i, i == XD_SETTING_CONSWITCH ? "a" : "");
    snprintf(line, sizeof(line), "%s", hv->config.command_line);
    while (*word) {
        char *end = word + strcspn(word, " "), *value;
        const bool last = !*end;

        *end = '\0';
        if (end - word >= (int)XD_SETTING_SIZE)
            word[XD_SETTING_SIZE - 1] = '\0';
        value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        option(hv, word, value ? value : "");
        word = last ? end : end + 1;
    }
}
