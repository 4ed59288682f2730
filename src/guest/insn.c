/* SPDX-License-Identifier: MIT */
/* insn.c: see insn.h. */
#include "guest/insn.h"

#include <string.h>

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSP 4
#define RBP 5
#define RSI 6
#define RDI 7

#define CF 0x001u
#define PF 0x004u
#define AF 0x010u
#define ZF 0x040u
#define SF 0x080u
#define DF 0x400u
#define OF 0x800u

/* ---- Decoding ---- */

struct code {
    const uint8_t *at;
    size_t n, used;
    bool ran_out;
    uint8_t rex;
    bool opsize, repne, rep, segment, addr32;
};

static uint64_t take(struct code *c, unsigned int bytes)
{
    uint64_t x = 0;

    if (c->used + bytes > c->n) {
        c->ran_out = true;
        return 0;
    }
    memcpy(&x, c->at + c->used, bytes);
    c->used += bytes;
    return x;
}

static uint64_t sign_extended(uint64_t x, unsigned int bytes)
{
    const unsigned int shift = 64 - 8 * bytes;

    return (uint64_t)((int64_t)(x << shift) >> shift);
}

static uint8_t prefixes(struct code *c)
{
    for (;;) {
        uint8_t b = (uint8_t)take(c, 1);

        switch (b) {
        case 0x66: c->opsize = true; break;
        case 0x67: c->addr32 = true; break;
        case 0xf2: c->repne = true; break;
        case 0xf3: c->rep = true; break;
        case 0x64:
        case 0x65: c->segment = true; break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0xf0: break;
        default:
            if ((b & 0xf0) != 0x40)
                return b;
            c->rex = b;
            return (uint8_t)take(c, 1);
        }
        if (c->ran_out)
            return 0;
    }
}

static unsigned int operand_size(const struct code *c, bool byte)
{
    return byte ? 1 : c->rex & 8 ? 8 : c->opsize ? 2 : 4;
}

/* The memory operand of a ModRM byte; false: it is a register. RIP-relative ones lack RIP still. */
static bool modrm(struct code *c, const struct xd_insn_regs *r, struct xd_insn *i, bool *of_rip)
{
    const uint8_t m = (uint8_t)take(c, 1), mod = m >> 6;
    unsigned int base = m & 7;
    uint64_t ea = 0;

    *of_rip = false;
    i->reg = (m >> 3 & 7) | (c->rex & 4 ? 8 : 0);
    if (mod == 3)
        return false;
    if (base == 4) {
        const uint8_t sib = (uint8_t)take(c, 1);
        const unsigned int index = (sib >> 3 & 7) | (c->rex & 2 ? 8 : 0);

        base = sib & 7;
        if (index != 4)
            ea = r->r[index] << (sib >> 6);
        if (base == 5 && mod == 0)
            ea += sign_extended(take(c, 4), 4);
        else
            ea += r->r[base | (c->rex & 1 ? 8 : 0)];
    } else if (base == 5 && mod == 0) {
        ea = sign_extended(take(c, 4), 4);
        *of_rip = true;
    } else {
        ea = r->r[base | (c->rex & 1 ? 8 : 0)];
    }
    if (mod == 1)
        ea += sign_extended(take(c, 1), 1);
    else if (mod == 2)
        ea += sign_extended(take(c, 4), 4);
    i->ea = ea;
    return true;
}

static void immediate(struct code *c, struct xd_insn *i, unsigned int bytes)
{
    bytes = bytes > 4 ? 4 : bytes;
    i->is_imm = true;
    i->imm = sign_extended(take(c, bytes), bytes);
}

/* What the opcode alone says: the operation, and whether the operand is one byte. */
struct form {
    bool ok, byte;
    enum xd_insn_op op;
};

static struct form one_byte(uint8_t b)
{
    if (b < 0x40 && (b & 7) < 2 && b >> 3 != XD_OP_CMP)
        return (struct form){true, !(b & 1), (enum xd_insn_op)(b >> 3)};
    switch (b) {
    case 0x86:
    case 0x87: return (struct form){true, b == 0x86, XD_OP_XCHG};
    case 0x88:
    case 0x89: return (struct form){true, b == 0x88, XD_OP_MOV};
    default: return (struct form){0};
    }
}

static struct form two_byte(uint8_t b)
{
    switch (b) {
    case 0xb0:
    case 0xb1: return (struct form){true, b == 0xb0, XD_OP_CMPXCHG};
    case 0xc0:
    case 0xc1: return (struct form){true, b == 0xc0, XD_OP_XADD};
    case 0xc3: return (struct form){true, false, XD_OP_MOV}; /* movnti */
    case 0xab: return (struct form){true, false, XD_OP_BTS};
    case 0xb3: return (struct form){true, false, XD_OP_BTR};
    case 0xbb: return (struct form){true, false, XD_OP_BTC};
    default: return (struct form){0};
    }
}

/* Opcodes whose operation stands in the ModRM byte. False: none of ours. */
static bool group(struct code *c, uint8_t b, bool two, struct xd_insn *i)
{
    const unsigned int op = i->reg & 7;

    i->size = operand_size(c, !two && !(b & 1));
    if (two && b == 0xba && op >= 5) {
        i->op = op == 5 ? XD_OP_BTS : op == 6 ? XD_OP_BTR : XD_OP_BTC;
        immediate(c, i, 1);
    } else if (two && b == 0xc7 && op == 1) {
        i->op = c->rex & 8 ? XD_OP_WIDE : XD_OP_CMPXCHG8B;
        i->size = 8;
    } else if (!two && (b == 0x80 || b == 0x81 || b == 0x83) && op != XD_OP_CMP) {
        i->op = (enum xd_insn_op)op;
        immediate(c, i, b == 0x81 ? i->size : 1);
    } else if (!two && (b == 0xc6 || b == 0xc7) && op == 0) {
        i->op = XD_OP_MOV;
        immediate(c, i, i->size);
    } else if (!two && (b == 0xf6 || b == 0xf7) && (op == 2 || op == 3)) {
        i->op = op == 2 ? XD_OP_NOT : XD_OP_NEG;
    } else if (!two && (b == 0xfe || b == 0xff) && op < 2) {
        i->op = op == 0 ? XD_OP_INC : XD_OP_DEC;
    } else {
        return false;
    }
    return true;
}

/* Stores of SSE registers: 0F (b). */
static bool sse(const struct code *c, uint8_t b, struct xd_insn *i)
{
    i->op = XD_OP_MOV_XMM;
    i->size = 8;
    switch (b) {
    case 0x11: i->size = c->rep ? 4 : c->repne ? 8 : 16; break;
    case 0x13:
    case 0x17: i->high = b == 0x17; break;
    case 0x29:
    case 0x2b:
    case 0xe7: i->size = c->opsize || b != 0xe7 ? 16 : 8; break;
    case 0x7e: i->size = c->rex & 8 ? 8 : 4; break;
    case 0x7f: i->size = 16; break;
    case 0xd6: break;
    default: return false;
    }
    if ((b == 0x7e || b == 0xd6) && !c->opsize)
        return false;
    if ((b == 0x7f && !c->opsize && !c->rep) || (b == 0xe7 && !c->opsize))
        return false; /* of an MMX register */
    if (i->size > 8)
        i->op = XD_OP_WIDE;
    return true;
}

static bool string_op(struct code *c, uint8_t b, const struct xd_insn_regs *r, struct xd_insn *i)
{
    i->op = b >= 0xaa ? XD_OP_STOS : XD_OP_MOVS;
    i->size = operand_size(c, !(b & 1));
    i->rep = c->rep || c->repne;
    i->ea = r->r[RDI];
    return true;
}

/* The bits that a register counts may lie far from the operand. */
static void go_to_bit(const struct xd_insn_regs *r, struct xd_insn *i)
{
    int64_t bit;

    if (i->op < XD_OP_BTS || i->op > XD_OP_BTC || i->is_imm)
        return;
    bit = (int64_t)sign_extended(r->r[i->reg], i->size);
    i->ea += (uint64_t)((bit >> (i->size == 8 ? 6 : i->size == 4 ? 5 : 4)) * (int64_t)i->size);
}

static bool decode(struct code *c, const struct xd_insn_regs *r, struct xd_insn *i)
{
    uint8_t b = prefixes(c);
    bool two = b == 0x0f, of_rip;
    struct form f;

    if (c->segment || c->addr32)
        return false;
    if (b == 0x62 || b == 0xc4 || b == 0xc5) { /* AVX, whose short moves are rare */
        i->op = XD_OP_WIDE;
        return true;
    }
    if (two)
        b = (uint8_t)take(c, 1);
    else if (b == 0xa4 || b == 0xa5 || b == 0xaa || b == 0xab)
        return string_op(c, b, r, i);
    if (!modrm(c, r, i, &of_rip))
        return false;
    f = two ? two_byte(b) : one_byte(b);
    if (f.ok) {
        i->op = f.op;
        i->size = operand_size(c, f.byte);
    } else if (!(two && sse(c, b, i)) && !group(c, b, two, i)) {
        return false;
    }
    if (of_rip)
        i->ea += r->rip + c->used;
    go_to_bit(r, i);
    return true;
}

bool xd_insn_decode(const uint8_t *code, size_t n, const struct xd_insn_regs *r,
                    struct xd_insn *insn)
{
    struct code c = {.at = code, .n = n};

    *insn = (struct xd_insn){0};
    if (!decode(&c, r, insn) || c.ran_out)
        return false;
    insn->length = (unsigned int)c.used;
    insn->rex = c.rex != 0;
    return true;
}

/* ---- Carrying out ---- */

static uint64_t mask_of(unsigned int size)
{
    return ~UINT64_C(0) >> (64 - 8 * size);
}

/* ah, ch, dh and bh, where there is no REX prefix. */
static bool is_high_byte(const struct xd_insn *i, unsigned int reg)
{
    return i->size == 1 && !i->rex && reg >= 4 && reg < 8;
}

static uint64_t get(const struct xd_insn *i, const struct xd_insn_regs *r, unsigned int reg)
{
    return (is_high_byte(i, reg) ? r->r[reg - 4] >> 8 : r->r[reg]) & mask_of(i->size);
}

/* Half registers clear the rest, smaller ones keep it. */
static void put(const struct xd_insn *i, struct xd_insn_regs *r, unsigned int reg, uint64_t val)
{
    uint64_t mask = mask_of(i->size);

    if (is_high_byte(i, reg))
        r->r[reg - 4] = (r->r[reg - 4] & ~UINT64_C(0xff00)) | (val & 0xff) << 8;
    else if (i->size >= 4)
        r->r[reg] = val & mask;
    else
        r->r[reg] = (r->r[reg] & ~mask) | (val & mask);
}

static void set_flag(struct xd_insn_regs *r, uint64_t flag, bool on)
{
    r->rflags = on ? r->rflags | flag : r->rflags & ~flag;
}

static bool top(const struct xd_insn *i, uint64_t x)
{
    return x >> (8 * i->size - 1) & 1;
}

static void set_result_flags(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t res)
{
    set_flag(r, ZF, (res & mask_of(i->size)) == 0);
    set_flag(r, SF, top(i, res));
    set_flag(r, PF, !__builtin_parity((unsigned int)(res & 0xff)));
}

/* a + b + carry, with all flags. */
static uint64_t add(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t a, uint64_t b,
                    bool carry)
{
    uint64_t res = (a + b + carry) & mask_of(i->size);

    set_flag(r, CF, carry ? res <= a : res < a);
    set_flag(r, OF, top(i, (a ^ res) & (b ^ res)));
    set_flag(r, AF, (a ^ b ^ res) & 0x10);
    set_result_flags(i, r, res);
    return res;
}

static uint64_t sub(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t a, uint64_t b,
                    bool borrow)
{
    uint64_t res = (a - b - borrow) & mask_of(i->size);

    set_flag(r, CF, borrow ? a <= b : a < b);
    set_flag(r, OF, top(i, (a ^ b) & (a ^ res)));
    set_flag(r, AF, (a ^ b ^ res) & 0x10);
    set_result_flags(i, r, res);
    return res;
}

static uint64_t logic(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t res)
{
    r->rflags &= ~(uint64_t)(CF | OF | AF);
    set_result_flags(i, r, res);
    return res & mask_of(i->size);
}

/* inc and dec leave CF alone. */
static uint64_t step(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t old)
{
    bool carry = r->rflags & CF;
    uint64_t res = i->op == XD_OP_INC ? add(i, r, old, 1, false) : sub(i, r, old, 1, false);

    set_flag(r, CF, carry);
    return res;
}

static uint64_t bit(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t old)
{
    uint64_t nr = i->is_imm ? i->imm : r->r[i->reg], one = UINT64_C(1) << (nr & (8 * i->size - 1));

    set_flag(r, CF, old & one);
    return i->op == XD_OP_BTS ? old | one : i->op == XD_OP_BTR ? old & ~one : old ^ one;
}

static bool cmpxchg(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t old, uint64_t *new)
{
    uint64_t expected = get(i, r, RAX);

    sub(i, r, expected, old, false);
    if (expected != old) {
        put(i, r, RAX, old);
        return false;
    }
    *new = get(i, r, i->reg);
    return true;
}

static bool cmpxchg8b(struct xd_insn_regs *r, uint64_t old, uint64_t *new)
{
    const uint64_t low = UINT32_MAX;
    bool equal = old == (r->r[RDX] << 32 | (r->r[RAX] & low));

    set_flag(r, ZF, equal);
    *new = r->r[RCX] << 32 | (r->r[RBX] & low);
    if (!equal) {
        r->r[RAX] = old & low;
        r->r[RDX] = old >> 32;
    }
    return equal;
}

/* One round of it; it runs again until rcx is 0. */
static void advance(const struct xd_insn *i, struct xd_insn_regs *r)
{
    uint64_t by = r->rflags & DF ? -(uint64_t)i->size : i->size;

    r->r[RDI] += by;
    if (i->op == XD_OP_MOVS)
        r->r[RSI] += by;
    if (i->rep && --r->r[RCX] != 0)
        r->rip -= i->length;
}

bool xd_insn_run(const struct xd_insn *i, struct xd_insn_regs *r, uint64_t old, uint64_t from,
                 uint64_t *new)
{
    uint64_t b = i->op > XD_OP_CMPXCHG ? 0
                 : i->is_imm           ? i->imm & mask_of(i->size)
                                       : get(i, r, i->reg);

    r->rip += i->length;
    switch (i->op) {
    case XD_OP_ADD: *new = add(i, r, old, b, false); return true;
    case XD_OP_ADC: *new = add(i, r, old, b, r->rflags & CF); return true;
    case XD_OP_SUB: *new = sub(i, r, old, b, false); return true;
    case XD_OP_SBB: *new = sub(i, r, old, b, r->rflags & CF); return true;
    case XD_OP_OR: *new = logic(i, r, old | b); return true;
    case XD_OP_AND: *new = logic(i, r, old & b); return true;
    case XD_OP_XOR: *new = logic(i, r, old ^ b); return true;
    case XD_OP_MOV: *new = b; return true;
    case XD_OP_XCHG:
        *new = b;
        put(i, r, i->reg, old);
        return true;
    case XD_OP_XADD:
        *new = add(i, r, old, b, false);
        put(i, r, i->reg, old);
        return true;
    case XD_OP_CMPXCHG: return cmpxchg(i, r, old, new);
    case XD_OP_CMPXCHG8B: return cmpxchg8b(r, old, new);
    case XD_OP_BTS:
    case XD_OP_BTR:
    case XD_OP_BTC: *new = bit(i, r, old); return true;
    case XD_OP_INC:
    case XD_OP_DEC: *new = step(i, r, old); return true;
    case XD_OP_NOT: *new = ~old &mask_of(i->size); return true;
    case XD_OP_NEG: *new = sub(i, r, 0, old, false); return true;
    case XD_OP_STOS:
        *new = r->r[RAX] & mask_of(i->size);
        advance(i, r);
        return true;
    case XD_OP_MOVS:
        *new = from &mask_of(i->size);
        advance(i, r);
        return true;
    case XD_OP_MOV_XMM: *new = r->xmm[i->reg][i->high] & mask_of(i->size); return true;
    case XD_OP_CMP:
    case XD_OP_WIDE: break;
    }
    return false;
}
