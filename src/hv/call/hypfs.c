/* SPDX-License-Identifier: MIT */
/*
 * hypfs.c: hypfs_op: the tree of what Xen tells of itself, and lets be set.
 *
 * The nodes are rows; a pool of processors has a directory that is made when it is asked for.
 */
#include "hv/call/version.h"

#include "hv/pool.h"
#include "hv/setting.h"

#include <stdio.h>
#include <string.h>

#define HC_HYPFS_OP 42u

enum { GET_VERSION, READ, WRITE_CONTENTS };
#define VERSION  1
#define PATH_MAX 1024u

enum type { DIR, TEXT = 2, UINT = 3, BOOL = 5 };
enum { PLAIN, GZIP };

/* What a node holds. */
enum content {
    NOTHING,
    POOLS,
    CHANGESET,
    COMPILER,
    COMPILE_BY,
    COMPILE_DATE,
    COMPILE_DOMAIN,
    EXTRA,
    MAJOR,
    MINOR,
    CONFIG,
    GRANULARITY,
    SETTING
};

/* Directories, by their places among the nodes. */
enum {
    ROOT = 0,
    BUILDINFO = 1,
    COMPILEINFO = 3,
    BUILD_VERSION = 5,
    CPUPOOL = 6,
    PARAMS = 7,
    POOL = 8
};

/* Those of one directory in the order in which they are listed: by name. */
static const struct node {
    const char *name;
    uint8_t parent, type, encoding, content, setting;
} nodes[] = {
    [ROOT] = {"", ROOT, DIR, PLAIN, NOTHING, 0},
    [BUILDINFO] = {"buildinfo", ROOT, DIR, PLAIN, NOTHING, 0},
    {"changeset", BUILDINFO, TEXT, PLAIN, CHANGESET, 0},
    [COMPILEINFO] = {"compileinfo", BUILDINFO, DIR, PLAIN, NOTHING, 0},
    {"config", BUILDINFO, TEXT, GZIP, CONFIG, 0},
    [BUILD_VERSION] = {"version", BUILDINFO, DIR, PLAIN, NOTHING, 0},
    [CPUPOOL] = {"cpupool", ROOT, DIR, PLAIN, POOLS, 0},
    [PARAMS] = {"params", ROOT, DIR, PLAIN, NOTHING, 0},
    [POOL] = {"", POOL, DIR, PLAIN, NOTHING, 0}, /* below CPUPOOL, but not listed as others are */
    {"compile_by", COMPILEINFO, TEXT, PLAIN, COMPILE_BY, 0},
    {"compile_date", COMPILEINFO, TEXT, PLAIN, COMPILE_DATE, 0},
    {"compile_domain", COMPILEINFO, TEXT, PLAIN, COMPILE_DOMAIN, 0},
    {"compiler", COMPILEINFO, TEXT, PLAIN, COMPILER, 0},
    {"extra", BUILD_VERSION, TEXT, PLAIN, EXTRA, 0},
    {"major", BUILD_VERSION, UINT, PLAIN, MAJOR, 0},
    {"minor", BUILD_VERSION, UINT, PLAIN, MINOR, 0},
    {"sched-gran", POOL, TEXT, PLAIN, GRANULARITY, 0},
    {"console_timestamps", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_TIMESTAMPS},
    {"conswitch", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CONSWITCH},
    {"crash-debug-debugkey", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CRASH_DEBUGKEY},
    {"crash-debug-hwdom", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CRASH_HWDOM},
    {"crash-debug-kexeccmd", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CRASH_KEXECCMD},
    {"crash-debug-panic", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CRASH_PANIC},
    {"crash-debug-watchdog", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_CRASH_WATCHDOG},
    {"ept", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_EPT},
    {"global-pages", PARAMS, BOOL, PLAIN, SETTING, XD_SETTING_GLOBAL_PAGES},
    {"gnttab_max_frames", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_GRANT_FRAMES},
    {"gnttab_max_maptrack_frames", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_MAPTRACK_FRAMES},
    {"guest_loglvl", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_GUEST_LOGLVL},
    {"loglvl", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_LOGLVL},
    {"pcid", PARAMS, TEXT, PLAIN, SETTING, XD_SETTING_PCID},
};

static const uint8_t config[] = {
#include "hv/call/hypfs_config.def"
};
static const char *const granularities[] = {
    [XD_GRAN_CPU] = "cpu", [XD_GRAN_CORE] = "core", [XD_GRAN_SOCKET] = "socket"};
#define GRANULARITY_ROOM 8u

/* Where a path leads: below POOL, which pool it is. */
struct place {
    const struct node *node;
    struct xd_pool *pool;
};

struct entry {
    uint8_t type, encoding;
    uint16_t pad;
    uint32_t content_len, max_write_len;
};
#define LISTED    14u /* bytes of an entry in a directory before its name */
#define CONTENT   1024u
#define POOL_NAME 12u
_Static_assert(sizeof(config) <= CONTENT, "room for what a node holds");

/* A name in a directory, with its 0, is made up to four bytes. */
static uint32_t listed_size(const char *name)
{
    return LISTED + (((uint32_t)strlen(name) + 1 + 3) & ~3u);
}

static const struct node *next_in(unsigned int dir, const struct node *after)
{
    for (const struct node *n = after + 1; n < nodes + XD_ARRAY_SIZE(nodes); n++)
        if (n->parent == dir && n != &nodes[dir])
            return n;
    return NULL;
}

/* AS-XEN: cpupool_dir_getsize: a pool counts as if its name were that of the directory it is in. */
static uint32_t dir_size(const struct xd_hv *hv, const struct node *dir)
{
    const unsigned int nr = (unsigned int)(dir - nodes);
    uint32_t size = 0;

    for (unsigned int i = 0; dir->content == POOLS && i < XD_POOLS; i++)
        size += hv->pool[i].used ? listed_size(dir->name) : 0;
    for (const struct node *n = next_in(nr, nodes); n; n = next_in(nr, n))
        size += listed_size(n->name);
    return size;
}

static uint32_t put(uint8_t out[CONTENT], const void *src, size_t n)
{
    memcpy(out, src, n);
    return (uint32_t)n;
}

static uint32_t put_text(uint8_t out[CONTENT], const char *text)
{
    return put(out, text, strlen(text) + 1);
}

/* What a node that is no directory holds; returns how much. */
static uint32_t content(const struct xd_hv *hv, struct place p, uint8_t out[CONTENT])
{
    const uint32_t major = XD_XEN_VERSION >> 16, minor = XD_XEN_VERSION & 0xffff;

    switch (p.node->content) {
    case COMPILER: return put_text(out, xd_xen_built.compiler);
    case COMPILE_BY: return put_text(out, xd_xen_built.compile_by);
    case COMPILE_DATE: return put_text(out, xd_xen_built.compile_date);
    case COMPILE_DOMAIN: return put_text(out, xd_xen_built.compile_domain);
    case EXTRA: return put_text(out, hv->config.extraversion);
    case MAJOR: return put(out, &major, sizeof(major));
    case MINOR: return put(out, &minor, sizeof(minor));
    case CONFIG: return put(out, config, sizeof(config));
    case GRANULARITY: return put_text(out, granularities[p.pool->gran]);
    case SETTING: return xd_setting_tell(hv, (enum xd_setting)p.node->setting, (char *)out);
    default: return put_text(out, ""); /* the changeset: Debian builds from an export */
    }
}

static uint32_t size_of(const struct xd_hv *hv, struct place p)
{
    uint8_t text[CONTENT];

    return p.node->type == DIR ? dir_size(hv, p.node) : content(hv, p, text);
}

static uint32_t room_of(struct place p)
{
    if (p.node->content == GRANULARITY)
        return GRANULARITY_ROOM;
    return p.node->content == SETTING ? xd_setting_room((enum xd_setting)p.node->setting) : 0;
}

static struct entry entry_of(const struct xd_hv *hv, struct place p)
{
    return (struct entry){.type = p.node->type,
                          .encoding = p.node->encoding,
                          .content_len = size_of(hv, p),
                          .max_write_len = room_of(p)};
}

/* ---- Paths ---- */

/* AS-XEN: cpupool_dir_findentry: the name is a number, and nothing is 0. */
static struct xd_pool *named_pool(struct xd_hv *hv, const char *name, size_t n)
{
    uint64_t id = 0;
    size_t i = 0;

    for (; name[i] >= '0' && name[i] <= '9'; i++)
        id = id * 10 + (uint64_t)(name[i] - '0');
    return i == n && id <= UINT32_MAX ? xd_pool_find(hv, (uint32_t)id) : NULL;
}

static bool step(struct xd_hv *hv, struct place *p, const char *name, size_t n)
{
    const unsigned int nr = (unsigned int)(p->node - nodes);

    if (p->node->content == POOLS) {
        p->pool = named_pool(hv, name, n);
        p->node = &nodes[POOL];
        return p->pool != NULL;
    }
    p->node = nodes;
    do
        p->node = next_in(nr, p->node);
    while (p->node && (strlen(p->node->name) != n || memcmp(p->node->name, name, n)));
    return p->node != NULL;
}

/* A slash at the end of a directory's path does no harm. */
static bool find(struct xd_hv *hv, const char *path, struct place *p)
{
    *p = (struct place){.node = &nodes[ROOT]};
    for (;;) {
        size_t n = strcspn(path, "/");

        if (p->node->type != DIR)
            return false;
        if (!*path)
            return true;
        if (!step(hv, p, path, n))
            return false;
        if (!path[n])
            return true;
        path += n + 1;
    }
}

/* ---- Reading ---- */

static int64_t give(struct xd_vcpu *v, uint64_t at, const void *src, size_t n)
{
    return xd_copy_out(v, at, src, n) ? 0 : xd_reject(v, XD_WHY_COPY_OUT, at, n);
}

/* One entry of a directory, and where the next one is. */
static int64_t list_one(struct xd_vcpu *v, uint64_t *at, struct place p, const char *name,
                        bool last)
{
    const struct entry e = entry_of(v->hv, p);
    const uint32_t size = listed_size(name);
    const uint16_t next = last ? 0 : (uint16_t)size;
    uint8_t head[LISTED];

    memcpy(head, &e, sizeof(e));
    memcpy(head + sizeof(e), &next, sizeof(next));
    if (give(v, *at, head, sizeof(head)) || give(v, *at + LISTED, name, strlen(name) + 1))
        return xd_reject(v, XD_WHY_COPY_OUT, *at, size);
    *at += size;
    return 0;
}

static const char *pool_name(const struct xd_pool *p, char name[POOL_NAME])
{
    snprintf(name, POOL_NAME, "%u", p->id);
    return name;
}

/* The second pool's number is the higher one. */
static int64_t list_pools(struct xd_vcpu *v, uint64_t at)
{
    struct xd_pool *pool = v->hv->pool;
    char name[POOL_NAME];
    int64_t rc = 0;

    for (unsigned int i = 0; i < XD_POOLS && pool[i].used && rc == 0; i++)
        rc = list_one(v, &at, (struct place){&nodes[POOL], &pool[i]}, pool_name(&pool[i], name),
                      i + 1 == XD_POOLS || !pool[i + 1].used);
    return rc;
}

static int64_t list(struct xd_vcpu *v, uint64_t at, struct place dir)
{
    const unsigned int nr = (unsigned int)(dir.node - nodes);
    const struct node *next;
    int64_t rc = 0;

    if (dir.node->content == POOLS)
        return list_pools(v, at);
    for (const struct node *n = next_in(nr, nodes); n && rc == 0; n = next) {
        next = next_in(nr, n);
        rc = list_one(v, &at, (struct place){n, dir.pool}, n->name, !next);
    }
    return rc;
}

static int64_t read_node(struct xd_vcpu *v, struct place p, uint64_t at, uint64_t room)
{
    const struct entry e = entry_of(v->hv, p);
    uint8_t text[CONTENT];
    int64_t rc;

    if (room < sizeof(e))
        return xd_reject(v, XD_WHY_HYPFS_ROOM, room);
    rc = give(v, at, &e, sizeof(e));
    if (rc)
        return rc;
    if (room < (uint64_t)e.content_len + sizeof(e))
        return xd_reject(v, XD_WHY_HYPFS_SHORT, room, e.content_len + sizeof(e));
    at += sizeof(e);
    if (p.node->type == DIR)
        return list(v, at, p);
    return give(v, at, text, content(v->hv, p, text));
}

/* ---- Writing ---- */

static bool terminated(const char *text, uint32_t n)
{
    return n && memchr(text, 0, n) == text + n - 1;
}

/* While a pool has processors they stay as they are. */
static int64_t write_granularity(struct xd_vcpu *v, struct xd_pool *p, const char *text, uint32_t n)
{
    for (unsigned int i = 0; i < XD_ARRAY_SIZE(granularities); i++) {
        if (!terminated(text, n) || strcmp(text, granularities[i]))
            continue;
        if (p == &v->hv->pool[0])
            return xd_reject(v, XD_WHY_HYPFS_BUSY);
        XD_PUT(v->hv, p->gran, (uint8_t)i);
        return 0;
    }
    return xd_reject(v, XD_WHY_HYPFS_VALUE);
}

static int64_t write_parsed(struct xd_vcpu *v, enum xd_setting which, const char *text, uint32_t n)
{
    if (!terminated(text, n))
        return xd_reject(v, XD_WHY_HYPFS_DOMAIN, n);
    switch (xd_setting_parse(v->hv, which, text)) {
    case XD_SETTING_BAD: return xd_reject(v, XD_WHY_HYPFS_VALUE);
    case XD_SETTING_RANGE: return xd_reject(v, XD_WHY_HYPFS_RANGE);
    case XD_SETTING_DONE: break;
    }
    return 0;
}

/* AS-XEN: hypfs_write: of the length 32 bits count. */
static int64_t write_node(struct xd_vcpu *v, struct place p, uint64_t at, uint32_t n)
{
    const enum xd_setting which = (enum xd_setting)p.node->setting;
    const bool parsed = p.node->content == SETTING && which < XD_SETTINGS_PARSED;
    const uint32_t room = parsed ? XD_SETTING_SIZE : room_of(p);
    char text[XD_SETTING_SIZE];

    if (!room)
        return xd_reject(v, XD_WHY_HYPFS_READ_ONLY);
    if (p.node->type == BOOL && n != room)
        return xd_reject(v, XD_WHY_HYPFS_DOMAIN, n);
    if (n > room)
        return xd_reject(v, XD_WHY_HYPFS_LONG, n, room);
    if (!xd_copy_in(v, text, at, n))
        return xd_reject(v, XD_WHY_COPY_IN, at, n);
    if (p.node->content == GRANULARITY)
        return write_granularity(v, p.pool, text, n);
    if (parsed)
        return write_parsed(v, which, text, n);
    if (p.node->type == BOOL) {
        XD_PUT(v->hv, v->hv->setting.global_pages, (uint8_t)text[0]);
        return 0;
    }
    if (!terminated(text, n))
        return xd_reject(v, XD_WHY_HYPFS_VALUE);
    xd_setting_text(v->hv, which, text, n);
    return 0;
}

/* ---- The call ---- */

int64_t xd_hc_hypfs_op(struct xd_vcpu *v, const struct xd_args_hypfs_op *arg)
{
    char path[PATH_MAX];
    struct place p;

    if (!v->domain->privileged)
        return xd_reject(v, XD_WHY_CONTROL_ONLY, HC_HYPFS_OP, v->domain->domid);
    if (arg->cmd == GET_VERSION)
        return arg->arg1 || arg->arg2 || arg->arg3 || arg->arg4 ? xd_reject(v, XD_WHY_HYPFS_ARGS)
                                                                : VERSION;
    if (arg->arg2 > sizeof(path))
        return xd_reject(v, XD_WHY_HYPFS_PATH_LENGTH, arg->arg2);
    if (!xd_copy_in(v, path, arg->arg1, (size_t)arg->arg2))
        return xd_reject(v, XD_WHY_COPY_IN, arg->arg1, arg->arg2);
    if (!terminated(path, (uint32_t)arg->arg2))
        return xd_reject(v, XD_WHY_HYPFS_PATH_END, arg->arg2);
    if (path[0] != '/')
        return xd_reject(v, XD_WHY_HYPFS_PATH_ROOT);
    if (!find(v->hv, path + 1, &p))
        return xd_reject(v, XD_WHY_HYPFS_NO_ENTRY);
    switch (arg->cmd) {
    case READ: return read_node(v, p, arg->arg3, arg->arg4);
    case WRITE_CONTENTS: return write_node(v, p, arg->arg3, (uint32_t)arg->arg4);
    default: return xd_reject(v, XD_WHY_HYPFS_CMD, arg->cmd);
    }
}
