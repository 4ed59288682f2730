/* SPDX-License-Identifier: MIT */
/*
 * encode.h: instructions that store, put together from an opcode and a memory operand, with registers that
 * lead into (data).
 */
#ifndef XD_TESTS_ENCODE_H
#define XD_TESTS_ENCODE_H

#include "base/rng.h"
#include "guest/insn.h"
#include "guest.h"

#include <string.h>

#define DATA  16384u /* bytes; the code lies behind them */
#define ROOM  4096u  /* before and behind what is stored to: bit offsets reach so far */
#define ARITH 0x8d5u /* CF PF AF ZF SF OF */
#define DF    0x400u
#define CF    0x001u
#define ZF    0x040u
#define SPARE 0x202u /* IF and the bit that is always set */

static unsigned char *data, *code;
static uint64_t rng;

/* ck_assert_msg, which libcheck notes down each time, only when it fails. */
#define CK(cond, ...)                  \
    do {                               \
        if (!(cond))                   \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

static uint32_t below(uint32_t n)
{
    return (uint32_t)(xd_rng_next(&rng) % n);
}

/* ---- Forms ---- */

enum operand { NONE, REG, IMM, IMM8, BIT8, XMM };

/* An opcode, (reg) of its ModRM byte where that belongs to it, what is there besides memory. */
struct form {
    const char *name;
    uint8_t prefix, op[2]; /* (op): 0x0f or the opcode; then the rest */
    int reg;               /* -1: a register */
    enum operand operand;
    bool byte;
    bool lock;      /* may be locked */
    bool wide;      /* takes all operand sizes; else as encoded, with REX.W where (rex_w) */
    bool rex_w;     /* a size of its own by REX.W */
    uint64_t flags; /* that are defined behind it, or kept */
};

#define ALL_FLAGS ARITH
#define NO_AF     (ARITH & ~0x10u)
/* op r/m, r and its byte form; op r/m, imm likewise */
#define TWO(name, nr, flags)                                                    \
    {name "b r", 0, {(nr)*8}, -1, REG, true, true, false, false, flags},        \
        {name " r", 0, {(nr)*8 + 1}, -1, REG, false, true, true, false, flags}, \
        {name "b imm8", 0, {0x80}, nr, IMM8, true, true, false, false, flags},  \
        {name " imm", 0, {0x81}, nr, IMM, false, true, true, false, flags},     \
    {                                                                           \
        name " imm8", 0, {0x83}, nr, IMM8, false, true, true, false, flags      \
    }
#define ONE(name, b, nr, flags)                                       \
    {name "b", 0, {b}, nr, NONE, true, true, false, false, flags},    \
    {                                                                 \
        name, 0, {(b) + 1}, nr, NONE, false, true, true, false, flags \
    }
#define BITS(name, b, nr)                                                          \
    {name " r", 0, {0x0f, b}, -1, REG, false, true, true, false, CF | ZF},         \
    {                                                                              \
        name " imm8", 0, {0x0f, 0xba}, nr, BIT8, false, true, true, false, CF | ZF \
    }

static const struct form forms[] = {
    TWO("add", 0, ALL_FLAGS),
    TWO("or", 1, NO_AF),
    TWO("adc", 2, ALL_FLAGS),
    TWO("sbb", 3, ALL_FLAGS),
    TWO("and", 4, NO_AF),
    TWO("sub", 5, ALL_FLAGS),
    TWO("xor", 6, NO_AF),
    {"movb r", 0, {0x88}, -1, REG, true, false, false, false, ALL_FLAGS},
    {"mov r", 0, {0x89}, -1, REG, false, false, true, false, ALL_FLAGS},
    {"movb imm", 0, {0xc6}, 0, IMM8, true, false, false, false, ALL_FLAGS},
    {"mov imm", 0, {0xc7}, 0, IMM, false, false, true, false, ALL_FLAGS},
    {"xchgb", 0, {0x86}, -1, REG, true, true, false, false, ALL_FLAGS},
    {"xchg", 0, {0x87}, -1, REG, false, true, true, false, ALL_FLAGS},
    {"cmpxchgb", 0, {0x0f, 0xb0}, -1, REG, true, true, false, false, ALL_FLAGS},
    {"cmpxchg", 0, {0x0f, 0xb1}, -1, REG, false, true, true, false, ALL_FLAGS},
    {"xaddb", 0, {0x0f, 0xc0}, -1, REG, true, true, false, false, ALL_FLAGS},
    {"xadd", 0, {0x0f, 0xc1}, -1, REG, false, true, true, false, ALL_FLAGS},
    {"cmpxchg8b", 0, {0x0f, 0xc7}, 1, NONE, false, true, false, false, ALL_FLAGS},
    {"movnti", 0, {0x0f, 0xc3}, -1, REG, false, false, false, true, ALL_FLAGS},
    BITS("bts", 0xab, 5),
    BITS("btr", 0xb3, 6),
    BITS("btc", 0xbb, 7),
    ONE("inc", 0xfe, 0, ALL_FLAGS),
    ONE("dec", 0xfe, 1, ALL_FLAGS),
    ONE("not", 0xf6, 2, ALL_FLAGS),
    ONE("neg", 0xf6, 3, ALL_FLAGS),
    {"movss", 0xf3, {0x0f, 0x11}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movsd", 0xf2, {0x0f, 0x11}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movlps", 0, {0x0f, 0x13}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movlpd", 0x66, {0x0f, 0x13}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movhps", 0, {0x0f, 0x17}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movhpd", 0x66, {0x0f, 0x17}, -1, XMM, false, false, false, false, ALL_FLAGS},
    {"movd", 0x66, {0x0f, 0x7e}, -1, XMM, false, false, false, true, ALL_FLAGS},
    {"movq", 0x66, {0x0f, 0xd6}, -1, XMM, false, false, false, false, ALL_FLAGS},
};

/* ---- Encoding ---- */

/* The memory operand, and what is there besides it. */
struct encoding {
    const struct form *f;
    uint8_t before; /* a prefix that changes nothing, or lock; 0: none */
    bool opsize, has_rex;
    uint8_t rex; /* its four bits */
    unsigned int mod, rm, reg;
    unsigned int scale, index, base; /* of a SIB byte, where (rm) is 4 */
};

struct made {
    uint8_t at[XD_INSN_MAX + 1];
    size_t n;
};

static void add_byte(struct made *m, uint64_t b)
{
    XD_ALWAYS(m->n < sizeof(m->at));
    m->at[m->n++] = (uint8_t)b;
}

static void add_number(struct made *m, uint64_t x, unsigned int bytes)
{
    for (; bytes; bytes--, x >>= 8)
        add_byte(m, x);
}

static unsigned int size_of(const struct encoding *e)
{
    return e->f->byte ? 1 : e->rex & 8 ? 8 : e->opsize ? 2 : 4;
}

static bool has_sib(const struct encoding *e)
{
    return e->rm == 4;
}

/* -1: none. */
static int base_of(const struct encoding *e)
{
    unsigned int base = has_sib(e) ? e->base : e->rm;

    return base == 5 && e->mod == 0 ? -1 : (int)(base | (e->rex & 1 ? 8 : 0));
}

static int index_of(const struct encoding *e)
{
    unsigned int index = e->index | (e->rex & 2 ? 8 : 0);

    return has_sib(e) && index != 4 ? (int)index : -1;
}

static unsigned int disp_size(const struct encoding *e)
{
    return e->mod == 1 ? 1 : e->mod == 2 || base_of(e) < 0 ? 4 : 0;
}

/* A place to store to, and registers and a displacement that lead there. */
static uint64_t aim(const struct encoding *e, struct xd_insn_regs *r, uint64_t *disp)
{
    const int base = base_of(e), index = index_of(e);
    uint64_t to = (uintptr_t)data + ROOM + below(DATA - 2 * ROOM - 16), factor, rest;

    *disp = disp_size(e) == 1   ? (uint64_t)(int64_t)(int8_t)below(256)
            : disp_size(e) == 4 ? below(1u << 20)
                                : 0;
    if (base < 0 && index < 0) {
        *disp = to;
        return to;
    }
    if (index >= 0 && index != base && (base >= 0 || disp_size(e) == 4))
        r->r[index] = (uint64_t)(int64_t)(int32_t)below(4096) - 2048;
    if (base < 0) {
        *disp = to - (r->r[index] << e->scale);
        return to;
    }
    factor = 1 + (index == base ? UINT64_C(1) << e->scale : 0);
    rest = index >= 0 && index != base ? r->r[index] << e->scale : 0;
    to += (factor - (to - rest - *disp) % factor) % factor;
    r->r[base] = (to - rest - *disp) / factor;
    return to;
}

static void encode(const struct encoding *e, uint64_t disp, uint64_t imm, struct made *m)
{
    const unsigned int size = size_of(e);
    unsigned int imm_size = e->f->operand == IMM                             ? (size > 4 ? 4 : size)
                            : e->f->operand == IMM8 || e->f->operand == BIT8 ? 1
                                                                             : 0;

    m->n = 0;
    if (e->before)
        add_byte(m, e->before);
    if (e->opsize)
        add_byte(m, 0x66);
    if (e->f->prefix)
        add_byte(m, e->f->prefix);
    if (e->has_rex)
        add_byte(m, 0x40u | e->rex);
    add_byte(m, e->f->op[0]);
    if (e->f->op[0] == 0x0f)
        add_byte(m, e->f->op[1]);
    add_byte(m, e->mod << 6 | (e->reg & 7) << 3 | e->rm);
    if (has_sib(e))
        add_byte(m, e->scale << 6 | e->index << 3 | e->base);
    if (!has_sib(e) && base_of(e) < 0) /* from the next instruction on */
        disp -= (uintptr_t)code + m->n + 4 + imm_size;
    add_number(m, disp, disp_size(e));
    add_number(m, imm, imm_size);
}

#endif
