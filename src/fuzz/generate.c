/* SPDX-License-Identifier: MIT */
/* generate.c: a program from rules: its head, whose turn it is, lists of calls around steps. */
#include "fuzz/generate.h"

#include "base/rng.h"
#include "fuzz/grammar.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_DEFAULT     16u
#define FRAMES            32768u
#define ENTRIES_MAX       24u
#define ENTRIES_LONG      200u /* now and then */
#define END_STEPS         11u
#define END_ONE_IN        200u /* programs that end a domain; where there is dom0 alone, */
#define END_ALONE         500u /* since it takes a boot of the real machine */
#define WAIT_STEPS        11u
#define WAIT_ONE_IN       25u /* programs of two domains: at the end a vCPU waits and others go on */
#define WAIT_BETWEEN      3u
#define TRAPS_ONE_IN      16u /* programs whose last steps enter a kernel */
#define TRAPS_STEPS       10u /* at least */
#define TRAPS_END_PERCENT 4u
#define IRET_STEPS        11u
#define IRET_ONE_IN       16u /* programs for the double: near the beginning an iret stands in a list */
#define DEBUG_ONE_IN      8u /* ... it is a debug build of Xen */
#define TABLE_GROUPS      (1u << XD_GENERATE_MM | 1u << XD_GENERATE_TABLES | 1u << XD_GENERATE_PTWR)

static const struct {
    const char *name; /* also of its rule */
    uint8_t weight, weight_in_calls;
} group[XD_GENERATE_GROUPS] = {
    [XD_GENERATE_MM] = {"mm", 40, 30},
    [XD_GENERATE_TABLES] = {"tables", 4, 3},
    [XD_GENERATE_PTWR] = {"ptwr", 3, 0},
    [XD_GENERATE_DESC] = {"desc", 10, 8},
    [XD_GENERATE_MEMORY] = {"memory", 13, 8},
    [XD_GENERATE_EVENTS] = {"events", 24, 20},
    [XD_GENERATE_MULTICALL] = {"multicall", 4, 0},
    [XD_GENERATE_MISC] = {"misc", 15, 14},
    [XD_GENERATE_TRAPS] = {"traps", 0, 0},
    [XD_GENERATE_HOST] = {"host", 6, 0},
};

const char *xd_generate_group_name(unsigned int i)
{
    return i < XD_GENERATE_GROUPS ? group[i].name : NULL;
}

int xd_generate_group_find(const char *name)
{
    for (unsigned int i = 0; i < XD_GENERATE_GROUPS; i++)
        if (strcmp(group[i].name, name) == 0)
            return (int)i;
    return -1;
}

static uint32_t wanted(const struct xd_gen *g)
{
    return g->ask->groups ? g->ask->groups : XD_GENERATE_GUEST;
}

/* Is this one of (n) programs? It takes no draw of the program's own: all steps are what they would be in any case. */
static bool is_one_in(const struct xd_generate *ask, uint32_t n)
{
    return xd_rng_mix(ask->seed + n) % n == 0;
}

/* Real Xen runs no program with steps of the host's, so these may be what it can't run. */
static bool is_for_double(const struct xd_generate *ask)
{
    return ask->groups >> XD_GENERATE_HOST & 1;
}

/* A group by weight among those of (mask); XD_GENERATE_GROUPS if none can be drawn. */
static unsigned int draw_group(struct xd_gen *g, uint32_t mask, bool in_calls)
{
    uint32_t sum = 0, draw;

    for (unsigned int i = 0; i < XD_GENERATE_GROUPS; i++)
        if (mask >> i & 1)
            sum += in_calls ? group[i].weight_in_calls : group[i].weight;
    if (!sum)
        return XD_GENERATE_GROUPS;
    draw = xd_gen_below(g, sum);
    for (unsigned int i = 0;; i++) {
        uint32_t weight = in_calls ? group[i].weight_in_calls : group[i].weight;

        if (!(mask >> i & 1))
            continue;
        if (draw < weight)
            return i;
        draw -= weight;
    }
}

/* ---- Lists of calls ---- */

static bool hands_out_frames(const char *line)
{
    static const char *const calls[] = {"memory_op exchange", "memory_op populate_physmap",
                                        "memory_op increase_reservation"};

    for (size_t i = 0; i < XD_ARRAY_SIZE(calls); i++)
        if (!strncmp(line, calls[i], strlen(calls[i])))
            return true;
    return false;
}

/* Who can't be followed there in the middle of a list (oracle/enter_apart.c). */
static bool registers_entries(const char *line)
{
    return !strncmp(line, "callback_op", 11) || !strncmp(line, "set_callbacks", 13);
}

/*
 * Xen goes on with these elsewhere, and what comes of it is not told in the list: sleep, and processors that come and go. Nor do
 * other processors take up their vCPUs again, which entries before had stopped for a moment: these would tell so.
 */
static bool goes_on_elsewhere(const char *line)
{
    static const char *const calls[] = {"platform_op ptr4(51, ", "sysctl ptr(0x150000000b, ",
                                        "domctl ptr4(5, 0x15, d1", "domctl ptr4(14, 0x15, d1"};

    for (size_t i = 0; i < XD_ARRAY_SIZE(calls); i++)
        if (!strncmp(line, calls[i], strlen(calls[i])))
            return true;
    return false;
}

/*
 * What may stand in a list: calls on one line that need no other's answer, and no lists. Nor calls that hand out frames: it
 * is up to the heap whether a frame that one entry gave back is what another one got.
 */
static bool is_entry(const struct xd_gen *g, const char *line)
{
    return !hands_out_frames(line) && !goes_on_elsewhere(line) && strncmp(line, "load ", 5) != 0 &&
           strncmp(line, "store ", 6) != 0 && strncmp(line, "multicall", 9) != 0 &&
           strncmp(line, "console_input", 13) != 0 && *line != '@' && *line != '}' &&
           !memchr(line, '$', strcspn(line, "\n")) && !(g->enters && registers_entries(line));
}

/* Adds the lines of (story) as entries, (room) at most; how many. */
static unsigned int add_entries(const struct xd_gen *g, const char *story, unsigned int room,
                                struct xd_str *out)
{
    unsigned int nr = 0;

    while (*story && nr < room) {
        size_t len = strcspn(story, "\n");

        if (is_entry(g, story)) {
            xd_str_add(out, "\n  ");
            xd_str_addn(out, story, len);
            nr++;
        }
        story += len + (story[len] == '\n');
    }
    return nr;
}

static void call_list(struct xd_gen *g, struct xd_str *out)
{
    uint32_t mask = wanted(g) & XD_GENERATE_GUEST;
    unsigned int room = xd_gen_percent(g, 10) ? xd_gen_percent(g, 5) ? ENTRIES_LONG : ENTRIES_MAX
                                              : 1 + xd_gen_below(g, 6);
    struct xd_str story = {0};

    if (xd_gen_percent(g, 30)) {
        xd_gen_rule(g, "call-list", out);
        return;
    }
    xd_str_add(out, "multicall {");
    while (room) {
        unsigned int of = draw_group(g, mask, true);

        xd_str_clear(&story);
        xd_gen_rule(g, of < XD_GENERATE_GROUPS ? group[of].name : "mm", &story);
        xd_gen_spoil(g, &story);
        room -= add_entries(g, xd_str_text(&story), room, out);
    }
    xd_str_add(out, "\n}");
    if (xd_gen_percent(g, 20))
        xd_gen_rule(g, "list-edge", out);
    xd_str_free(&story);
}

/* ---- Programs ---- */

uint64_t xd_generate_seed(uint64_t seed, uint64_t nr)
{
    return nr ? xd_rng_mix(xd_rng_mix(seed) + nr) : seed;
}

void xd_generate_shape(uint64_t nr, struct xd_generate *g)
{
    static const uint32_t groups[] = {
        XD_GENERATE_GUEST,
        1u << XD_GENERATE_TABLES,
        1u << XD_GENERATE_MM | 1u << XD_GENERATE_PTWR | 1u << XD_GENERATE_DESC,
        XD_GENERATE_GUEST,
        1u << XD_GENERATE_EVENTS | 1u << XD_GENERATE_MULTICALL,
        XD_GENERATE_GUEST | 1u << XD_GENERATE_HOST,
        1u << XD_GENERATE_TABLES | 1u << XD_GENERATE_MM,
        1u << XD_GENERATE_MEMORY | 1u << XD_GENERATE_MM,
        1u << XD_GENERATE_MISC | 1u << XD_GENERATE_EVENTS,
    };

    g->steps = nr % 3 ? 24 : 60;
    g->groups = groups[nr % XD_ARRAY_SIZE(groups)];
    g->two_domains = nr % 4 != 0;
}

void xd_generate_head(const struct xd_generate *g, struct xd_str *out)
{
    xd_str_addf(out, "machine frames=%u%s\ndomain d0 pages=128 kernel_pages=%u\n",
                g->frames ? g->frames : FRAMES,
                is_for_double(g) && is_one_in(g, DEBUG_ONE_IN) ? " profile=debug" : "",
                XD_GENERATE_KERNEL_PAGES);
    for (unsigned int level = 1; level <= 4; level++)
        xd_str_addf(out, "let x%u = table(%u, va(0))\n", level, level);
    if (!g->two_domains)
        return;
    xd_str_addf(out,
                "domain d1 pages=64 pages_max=66 port_max=40 vcpus=3 online=2 kernel_pages=%u\n",
                XD_GENERATE_KERNEL_PAGES);
    for (unsigned int level = 1; level <= 4; level++)
        xd_str_addf(out, "let y%u = d1.table(%u, va(0))\n", level, level);
}

/* Adds the lines of (story), (room) steps at most; how many. A block of calls is one step. */
static uint32_t add_steps(struct xd_gen *g, const char *story, uint32_t room, struct xd_str *out)
{
    bool block = false;
    uint32_t nr = 0;

    while (*story) {
        size_t len = strcspn(story, "\n");

        if (!block && *story != '@' && nr++ == room)
            return room;
        block = (block && *story != '}') || (!block && len > 1 && story[len - 1] == '{');
        xd_gen_note(g, story, len);
        xd_str_addn(out, story, len);
        xd_str_addc(out, '\n');
        story += len + (story[len] == '\n');
    }
    return nr;
}

/* Has (story) more than (room) steps, so that it would be cut off, and a vCPU may be left asleep? Lines of a block count too. */
static bool is_too_long(const char *story, uint32_t room)
{
    uint32_t nr = 0;

    for (; *story; story += strcspn(story, "\n"), story += *story == '\n')
        nr += *story != '@';
    return nr > room;
}

static void next_domain(struct xd_gen *g, struct xd_str *story)
{
    unsigned int other = 1 - g->at;

    if (!g->ask->two_domains || g->domain[other].over ||
        !xd_gen_percent(g, g->domain[g->at].over ? 100 : 25))
        return;
    g->at = other;
    xd_str_addf(story, "@d%u.0\n", g->at);
}

/* Tables to begin with, which steps can then break their teeth on. */
static uint32_t start_world(struct xd_gen *g, uint32_t room, struct xd_str *out)
{
    struct xd_str story = {0};
    uint32_t nr;

    xd_gen_rule(g, "world", &story);
    nr = add_steps(g, xd_str_text(&story), room, out);
    xd_str_free(&story);
    return nr;
}

static bool ends(const struct xd_gen *g, uint32_t room)
{
    uint32_t one_in = g->ask->two_domains ? END_ONE_IN : END_ALONE;

    return room > END_STEPS && wanted(g) >> XD_GENERATE_MISC & 1 && is_one_in(g->ask, one_in);
}

/* Mostly it is the unprivileged domain that ends, by itself or by what the other one does. */
static void the_end(struct xd_gen *g, struct xd_str *out)
{
    struct xd_str story = {0};

    if (g->ask->two_domains && !g->domain[0].over && !g->domain[1].over) {
        g->at = xd_gen_percent(g, 40);
        xd_str_addf(&story, "@d%u.0\n", g->at);
    }
    xd_gen_rule(g, "end", &story);
    (void)add_steps(g, xd_str_text(&story), END_STEPS, out);
    xd_str_free(&story);
}

/* By what hosts do dom0 itself may be asleep in the end. */
static bool waits(const struct xd_gen *g, uint32_t room)
{
    return room > WAIT_STEPS && g->ask->two_domains && wanted(g) >> XD_GENERATE_EVENTS & 1 &&
           !is_for_double(g->ask) && is_one_in(g->ask, WAIT_ONE_IN);
}

/* d1's first vCPU goes to sleep; dom0 does something else; d1's second vCPU may wake it. */
static void a_wait(struct xd_gen *g, struct xd_str *out)
{
    struct xd_str story = {0};

    /* An upcall, which block lets in, must find the kernel's own entry. */
    if (g->domain[0].over || g->domain[1].over || strstr(xd_str_text(out), "callback"))
        return;
    g->at = 1;
    xd_str_add(&story, "@d1.0\n");
    xd_gen_rule(g, "sleep", &story);
    xd_str_add(&story, "\n@d0.0\n");
    (void)add_steps(g, xd_str_text(&story), WAIT_STEPS, out);
    xd_str_clear(&story);
    g->at = 0;
    xd_gen_rule(g, "event", &story);
    (void)add_steps(g, xd_str_text(&story), WAIT_BETWEEN, out);
    xd_str_clear(&story);
    g->at = 1;
    xd_str_add(&story, "@d1.1\n");
    xd_gen_rule(g, "wake", &story);
    (void)add_steps(g, xd_str_text(&story), WAIT_STEPS, out);
    xd_str_free(&story);
}

/* How many of (room) steps; as ends(). What a host does has stories of its own. */
static uint32_t enters(const struct xd_gen *g, uint32_t room)
{
    const uint32_t steps = room * 2 / 3 > TRAPS_STEPS ? room * 2 / 3 : TRAPS_STEPS;

    if (wanted(g) == 1u << XD_GENERATE_TRAPS)
        return room;
    return wanted(g) >> XD_GENERATE_TRAPS & 1 && !is_for_double(g->ask) && room > steps &&
                   is_one_in(g->ask, TRAPS_ONE_IN)
               ? steps
               : 0;
}

/* A story of (rule) on some vCPU that is up. */
static void enter_kernel(struct xd_gen *g, const char *rule, struct xd_str *story)
{
    g->at = g->ask->two_domains && !g->domain[1].over && xd_gen_percent(g, 60);
    g->vcpu = g->at && xd_gen_percent(g, 20);
    if (g->ask->two_domains)
        xd_str_addf(story, "@d%u.%u\n", g->at, g->vcpu);
    xd_gen_rule(g, rule, story);
}

/* By the last of them the domain may end, and all with it if it is dom0. */
static void enter_kernels(struct xd_gen *g, uint32_t room, struct xd_str *out)
{
    struct xd_str story = {0}, end = {0}, unused = {0};

    if (room >= TRAPS_STEPS && xd_gen_percent(g, TRAPS_END_PERCENT)) {
        enter_kernel(g, "traps-end", &end);
        room -= add_steps(g, xd_str_text(&end), room, &unused);
    }
    while (room) {
        xd_str_clear(&story);
        enter_kernel(g, "traps", &story);
        xd_str_clear(&unused);
        if (end.len && add_steps(g, xd_str_text(&story), room + 1, &unused) > room) {
            xd_str_clear(&story); /* it would be cut off in user mode, perhaps */
            xd_gen_rule(g, "enter-at", &story);
        }
        room -= add_steps(g, xd_str_text(&story), room, out);
    }
    xd_str_add(out, xd_str_text(&end));
    xd_str_free(&story);
    xd_str_free(&end);
    xd_str_free(&unused);
}

/* Early, for later the vCPU may sleep. */
static uint32_t iret_in_list(struct xd_gen *g, uint32_t room, struct xd_str *out)
{
    struct xd_str story = {0};
    uint32_t nr = 0;

    if (room > IRET_STEPS && is_for_double(g->ask) && is_one_in(g->ask, IRET_ONE_IN)) {
        xd_gen_rule(g, "listed-iret", &story);
        nr = add_steps(g, xd_str_text(&story), IRET_STEPS, out);
        xd_str_free(&story);
    }
    return nr;
}

void xd_generate_text(const struct xd_generate *ask, struct xd_str *out)
{
    struct xd_gen *g = xd_zalloc(sizeof(*g));
    uint32_t room = ask->steps ? ask->steps : STEPS_DEFAULT, traps;
    struct xd_str story = {0};
    bool end, wait;

    g->ask = ask;
    g->chance = xd_rng_mix(ask->seed);
    xd_gen_names(g);
    xd_gen_ports_start(g);
    xd_generate_head(ask, out);
    end = ends(g, room);
    wait = !end && waits(g, room);
    traps = end || wait ? 0 : enters(g, room);
    g->enters = traps;
    room -= end ? END_STEPS : wait ? WAIT_STEPS : traps;
    if (wanted(g) & TABLE_GROUPS && xd_gen_percent(g, 60))
        room -= start_world(g, room, out);
    room -= iret_in_list(g, room, out);
    while (room) {
        unsigned int of = draw_group(g, wanted(g), false);

        XD_ALWAYS(of < XD_GENERATE_GROUPS);
        xd_str_clear(&story);
        g->whole = false;
        next_domain(g, &story);
        if (of == XD_GENERATE_MULTICALL)
            call_list(g, &story);
        else
            xd_gen_rule(g, group[of].name, &story);
        if (of != XD_GENERATE_MULTICALL && !g->whole)
            xd_gen_spoil(g, &story);
        if (end && is_for_double(ask) && is_too_long(xd_str_text(&story), room)) {
            xd_str_clear(&story);
            xd_gen_rule(g, "version", &story);
        }
        room -= add_steps(g, xd_str_text(&story), room, out);
    }
    if (end)
        the_end(g, out);
    if (wait)
        a_wait(g, out);
    enter_kernels(g, traps, out);
    xd_str_free(&story);
    free(g);
}
