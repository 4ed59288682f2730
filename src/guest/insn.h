/* SPDX-License-Identifier: MIT */
/*
 * insn.h: what an x86-64 instruction that stores to memory would store.
 *
 * The forms that compilers and guests write page tables with: mov, movnti, xchg, cmpxchg, cmpxchg8b, xadd,
 * bts, btr, btc, the two-operand and one-operand arithmetic, stos, movs, and moves of up to 8 bytes out of
 * an SSE register.
 */
#ifndef XD_GUEST_INSN_H
#define XD_GUEST_INSN_H

#include "guest/guest.h"

#define XD_INSN_MAX 15u /* bytes of an instruction */

/* General registers by the numbers that instructions call them; then what else is needed. */
struct xd_insn_regs {
    uint64_t r[16];
    uint64_t rip, rflags;
    uint64_t xmm[16][2];
};

enum xd_insn_op {
    XD_OP_ADD, /* as in the opcodes: 0 to 7 */
    XD_OP_OR,
    XD_OP_ADC,
    XD_OP_SBB,
    XD_OP_AND,
    XD_OP_SUB,
    XD_OP_XOR,
    XD_OP_CMP, /* stores nothing */
    XD_OP_MOV,
    XD_OP_XCHG,
    XD_OP_XADD,
    XD_OP_CMPXCHG,
    XD_OP_CMPXCHG8B,
    XD_OP_BTS,
    XD_OP_BTR,
    XD_OP_BTC,
    XD_OP_INC,
    XD_OP_DEC,
    XD_OP_NOT,
    XD_OP_NEG,
    XD_OP_STOS,
    XD_OP_MOVS,
    XD_OP_MOV_XMM,
    XD_OP_WIDE, /* stores more than 8 bytes; nothing else of it is known */
};

struct xd_insn {
    enum xd_insn_op op;
    unsigned int length, size; /* bytes of it; bytes it stores */
    unsigned int reg;          /* second operand, unless (is_imm) */
    bool is_imm, rex, rep, high;
    uint64_t imm;
    uint64_t ea; /* where it stores */
};

/* Decodes the instruction at (r->rip), of which (n) bytes are known. False: none of the forms above. */
bool xd_insn_decode(const uint8_t *code, size_t n, const struct xd_insn_regs *r,
                    struct xd_insn *insn);

/*
 * Carries it out on (r), (old) being in memory where it stores and (from) where movs reads. True: it
 * stores *new.
 */
bool xd_insn_run(const struct xd_insn *insn, struct xd_insn_regs *r, uint64_t old, uint64_t from,
                 uint64_t *new);

#endif
