/* SPDX-License-Identifier: MIT */
/*
 * test-insn.c: the emulator of stores against the processor: each form, with each kind of memory operand,
 * is decoded and carried out on a copy, then run for real; registers, flags and memory must agree.
 */
#define _GNU_SOURCE
#include "encode.h"

#include "guest/tools.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void native_run(void);
extern const char native_back[];
extern struct xd_insn_regs native_regs;
struct xd_insn_regs native_regs;

static void setup(void)
{
    data = mmap(NULL, DATA + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    ck_assert_ptr_ne(data, MAP_FAILED);
    code = data + DATA;
    rng = 1;
}

static void teardown(void)
{
    munmap(data, DATA + 4096);
}

/* ---- Both ---- */

/* Interesting ends of numbers, and others. */
static uint64_t some(void)
{
    static const uint64_t ends[] = {0,          1,          0x7f,      0x80,
                                    0xff,       0x7fff,     0x8000,    0x7fffffff,
                                    0x80000000, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63};

    return below(3) ? xd_rng_next(&rng) : ends[below(XD_ARRAY_SIZE(ends))];
}

static void any_state(struct xd_insn_regs *r)
{
    for (unsigned int i = 0; i < 16; i++) {
        r->r[i] = some();
        r->xmm[i][0] = some();
        r->xmm[i][1] = some();
    }
    r->rip = (uintptr_t)code;
    r->rflags = SPARE | (xd_rng_next(&rng) & ARITH);
    for (unsigned int i = 0; i < DATA; i += 8) {
        uint64_t x = xd_rng_next(&rng);

        memcpy(data + i, &x, sizeof(x));
    }
}

static const char *hex(const struct made *m)
{
    static char text[3 * sizeof(m->at) + 1];

    for (size_t i = 0; i < m->n; i++)
        sprintf(text + 3 * i, "%02x ", m->at[i]);
    return text;
}

/* Carries (m) out on (r) and on (memory), which stands for the data, as a fault's handler does. */
static void emulate(const struct made *m, const char *name, struct xd_insn_regs *r,
                    unsigned char *memory)
{
    const uint64_t start = r->rip;

    do {
        struct xd_insn i;
        uint64_t old = 0, from = 0, new = 0, at;

        CK(xd_insn_decode(m->at, m->n, r, &i), "%s: %sis refused", name, hex(m));
        CK(i.length == m->n, "%s: %shas %u bytes", name, hex(m), i.length);
        at = i.ea - (uintptr_t)data;
        CK(at < DATA - 8, "%s: %sstores at data%+lld", name, hex(m), (long long)at);
        memcpy(&old, memory + at, i.size);
        if (i.op == XD_OP_MOVS)
            memcpy(&from, memory + (r->r[6] - (uintptr_t)data), i.size);
        if (xd_insn_run(&i, r, old, from, &new))
            memcpy(memory + at, &new, i.size);
    } while (r->rip == start);
}

static void run_native(const struct made *m, const struct xd_insn_regs *r)
{
    const uint64_t back = (uintptr_t)native_back;
    static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0}; /* to the address behind it */

    memcpy(code, m->at, m->n);
    memcpy(code + m->n, jump, sizeof(jump));
    memcpy(code + m->n + sizeof(jump), &back, sizeof(back));
    native_regs = *r;
    native_run();
}

/* (flags) need not differ. */
static void compare(const struct made *m, const char *name, const struct xd_insn_regs *before,
                    uint64_t flags)
{
    static unsigned char memory[DATA];
    struct xd_insn_regs r = *before;

    memcpy(memory, data, DATA);
    emulate(m, name, &r, memory);
    run_native(m, before);
    for (unsigned int i = 0; i < 16; i++)
        CK(r.r[i] == native_regs.r[i], "%s: %sregister %u: %#llx, and %#llx really", name, hex(m),
           i, (unsigned long long)r.r[i], (unsigned long long)native_regs.r[i]);
    CK(((r.rflags ^ native_regs.rflags) & flags) == 0, "%s: %sflags %#llx, and %#llx really", name,
       hex(m), (unsigned long long)(r.rflags & flags),
       (unsigned long long)(native_regs.rflags & flags));
    CK(r.rip == (uintptr_t)code + m->n, "%s: %sRIP %#llx", name, hex(m), (unsigned long long)r.rip);
    for (unsigned int i = 0; i < DATA && memcmp(memory, data, DATA); i++)
        CK(memory[i] == data[i], "%s: %sbyte %u: %#x, and %#x really", name, hex(m), i, memory[i],
           data[i]);
}

/* Less of it is none of it. */
static void ck_whole_only(const struct made *m, const struct xd_insn_regs *r)
{
    for (size_t n = 0; n < m->n; n++) {
        struct xd_insn i;

        CK(!xd_insn_decode(m->at, n, r, &i), "%staken for one of %zu bytes", hex(m), n);
    }
}

static bool reg_moves_operand(const struct form *f)
{
    return f->op[0] == 0x0f && f->operand == REG &&
           (f->op[1] == 0xab || f->op[1] == 0xb3 || f->op[1] == 0xbb);
}

static void try(struct encoding *e)
{
    const unsigned int reg = e->reg | (e->rex & 4 ? 8 : 0);
    struct xd_insn_regs r;
    uint64_t disp;
    struct made m;

    any_state(&r);
    if (e->f->reg < 0 && reg_moves_operand(e->f))
        r.r[reg] = (uint64_t)(int64_t)(int32_t)below(60000) - 30000; /* bits */
    if (e->f->op[0] == 0x0f && (e->f->op[1] & 0xfe) == 0xb0 && below(2))
        memset(data, (int)below(2) ? 0 : 0xff, DATA); /* cmpxchg is to succeed at times */
    if (below(2))
        r.r[0] = data[0] ? UINT64_MAX : 0;
    aim(e, &r, &disp);
    if (reg_moves_operand(e->f) && (r.r[reg] + 32768 > 65535))
        return; /* it leads to the operand too, and its bits far from there */
    if (e->f->reg >= 0 && e->f->op[1] == 0xc7 && below(2)) { /* cmpxchg8b finds what it expects */
        uint64_t both = r.r[2] << 32 | (r.r[0] & UINT32_MAX);

        for (unsigned int i = 0; i + 8 <= DATA; i++)
            if (base_of(e) != 0 && base_of(e) != 2 && i % 8 == 0)
                memcpy(data + i, &both, 8);
    }
    encode(e, disp, some(), &m);
    ck_whole_only(&m, &r);
    compare(&m, e->f->name, &r, e->f->flags | DF);
}

/* Prefixes and sizes, by (i). False: there are no more. */
static bool choose_size(struct encoding *e, unsigned int i)
{
    static const uint8_t idle[] = {0, 0, 0x2e, 0x3e, 0xf0, 0xf0};

    e->opsize = i % 3 == 1 && e->f->wide;
    e->has_rex = i % 3 == 2 || i % 4 == 3;
    e->rex = e->has_rex ? (uint8_t)below(8) : 0;
    if (e->has_rex && (e->f->wide || e->f->rex_w) && i % 2)
        e->rex |= 8;
    e->before = idle[i % XD_ARRAY_SIZE(idle)];
    if (e->before == 0xf0 && !e->f->lock)
        e->before = 0x36;
    return i < 12;
}

START_TEST(each_form_by_each_operand)
{
    struct encoding e = {.f = &forms[_i]};
    unsigned int turn = 0;

    for (e.mod = 0; e.mod < 3; e.mod++)
        for (e.rm = 0; e.rm < 8; e.rm++)
            for (unsigned int i = 0; choose_size(&e, i); i++, turn++) {
                e.reg = e.f->reg >= 0 ? (unsigned int)e.f->reg : turn % 8;
                e.scale = below(4);
                e.index = below(8);
                e.base = below(8);
                try(&e);
            }
}
END_TEST

static const struct form *named(const char *name)
{
    const struct form *f = forms;

    while (strcmp(f->name, name) != 0)
        f++;
    return f;
}

/* Every SIB byte by every REX and mod. */
START_TEST(each_sib_byte)
{
    struct encoding e = {.f = named("mov r"), .rm = 4, .has_rex = true};

    for (unsigned int sib = 0; sib < 256; sib++)
        for (unsigned int rex = 0; rex < 16; rex++) {
            e.scale = sib >> 6;
            e.index = sib >> 3 & 7;
            e.base = sib & 7;
            e.rex = (uint8_t)rex;
            e.mod = (unsigned int)_i;
            e.reg = below(8);
            try(&e);
        }
}
END_TEST

/* Every register, high bytes too, of a byte's size and of others. */
START_TEST(each_register)
{
    for (const struct form *f = forms; f < forms + XD_ARRAY_SIZE(forms); f++)
        for (unsigned int i = 0; i < 32 && f->reg < 0; i++) {
            struct encoding e = {.f = f, .mod = 1, .rm = 6, .reg = i & 7, .has_rex = i >= 8};

            e.rex = (uint8_t)(i >= 24 ? 4 : i >= 16 ? 4 | 1 : 0);
            try(&e);
        }
}
END_TEST

/* stos and movs, forwards and backwards, one and several. */
START_TEST(string_instructions)
{
    for (unsigned int i = 0; i < 400; i++) {
        static const uint8_t op[] = {0xa4, 0xa5, 0xaa, 0xab};
        const uint8_t rep = (uint8_t)(i % 3 == 0 ? 0 : i % 3 == 1 ? 0xf3 : 0xf2);
        struct xd_insn_regs r;
        struct made m = {.n = 0};

        any_state(&r);
        r.rflags |= below(2) ? DF : 0;
        r.r[1] = 1 + below(20);
        r.r[6] = (uintptr_t)data + 2048 + below(1024);
        r.r[7] = (uintptr_t)data + 8192 + below(1024);
        if (rep)
            add_byte(&m, rep);
        if (i % 5 == 1)
            add_byte(&m, 0x66);
        if (i % 7 > 4)
            add_byte(&m, i % 7 == 5 ? 0x48 : 0x40);
        add_byte(&m, op[i / 3 % 4]);
        ck_whole_only(&m, &r);
        compare(&m, "string", &r, ARITH | DF);
    }
}
END_TEST

/* ---- What is refused, and what is only known to be large ---- */

static const struct {
    const char *what;
    uint8_t n, at[12];
} refused[] = {
    {"add to a register", 2, {0x01, 0xc0}},
    {"mov to a register", 2, {0x89, 0xd8}},
    {"xchg of registers", 2, {0x87, 0xd8}},
    {"bts of a register", 3, {0x0f, 0xab, 0xc8}},
    {"movss to a register", 4, {0xf3, 0x0f, 0x11, 0xc1}},
    {"cmpb r", 2, {0x38, 0x07}},
    {"cmp r", 2, {0x39, 0x07}},
    {"cmpb imm8", 3, {0x80, 0x3f, 1}},
    {"cmp imm", 6, {0x81, 0x3f, 1, 0, 0, 0}},
    {"cmp imm8", 3, {0x83, 0x3f, 1}},
    {"test r", 2, {0x85, 0x07}},
    {"test imm", 6, {0xf7, 0x07, 1, 0, 0, 0}},
    {"mul", 2, {0xf7, 0x27}},
    {"div", 2, {0xf7, 0x37}},
    {"bt r", 3, {0x0f, 0xa3, 0x07}},
    {"bt imm8", 4, {0x0f, 0xba, 0x27, 1}},
    {"a load", 2, {0x8b, 0x07}},
    {"a load and add", 2, {0x03, 0x07}},
    {"lea", 2, {0x8d, 0x07}},
    {"rol", 3, {0xc1, 0x07, 1}},
    {"shl", 2, {0xd1, 0x27}},
    {"shr by cl", 2, {0xd3, 0x2f}},
    {"shld", 4, {0x0f, 0xa4, 0x07, 1}},
    {"setz", 3, {0x0f, 0x94, 0x07}},
    {"pop to memory", 2, {0x8f, 0x07}},
    {"call through memory", 2, {0xff, 0x17}},
    {"jmp through memory", 2, {0xff, 0x27}},
    {"push of memory", 2, {0xff, 0x37}},
    {"push", 1, {0x50}},
    {"mov of a segment register", 2, {0x8c, 0x07}},
    {"moffs", 9, {0xa3, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"mov imm, reg field 1", 6, {0xc7, 0x0f, 0, 0, 0, 0}},
    {"group 9, reg field 2", 3, {0x0f, 0xc7, 0x17}},
    {"by fs", 3, {0x64, 0x89, 0x07}},
    {"by gs", 3, {0x65, 0x89, 0x07}},
    {"by an address of 32 bits", 3, {0x67, 0x89, 0x07}},
    {"stos by an address of 32 bits", 2, {0x67, 0xab}},
    {"movq of an MMX register", 3, {0x0f, 0x7f, 0x07}},
    {"movntq of an MMX register", 3, {0x0f, 0xe7, 0x07}},
    {"movd of an MMX register", 3, {0x0f, 0x7e, 0x07}},
    {"x87", 2, {0xdd, 0x1f}},
    {"fxsave", 3, {0x0f, 0xae, 0x07}},
    {"nothing but prefixes",
     12,
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}},
    {"two REX", 4, {0x48, 0x48, 0x89, 0x07}},
    {"a prefix behind REX", 4, {0x48, 0x66, 0x89, 0x07}},
    {"lods", 1, {0xad}},
    {"cmps", 1, {0xa7}},
    {"scas", 1, {0xaf}},
};

START_TEST(what_does_not_store_or_is_not_known_is_refused)
{
    struct xd_insn_regs r = {.rip = 0x1000};
    struct xd_insn i;

    ck_assert_msg(!xd_insn_decode(refused[_i].at, refused[_i].n, &r, &i), "%s", refused[_i].what);
}
END_TEST

static const struct {
    const char *what;
    uint8_t n, at[8];
} large[] = {
    {"movups", 3, {0x0f, 0x11, 0x07}},           {"movupd", 4, {0x66, 0x0f, 0x11, 0x07}},
    {"movaps", 3, {0x0f, 0x29, 0x07}},           {"movapd", 4, {0x66, 0x0f, 0x29, 0x07}},
    {"movntps", 3, {0x0f, 0x2b, 0x07}},          {"movntdq", 4, {0x66, 0x0f, 0xe7, 0x07}},
    {"movdqa", 4, {0x66, 0x0f, 0x7f, 0x07}},     {"movdqu", 4, {0xf3, 0x0f, 0x7f, 0x07}},
    {"vmovdqu", 4, {0xc5, 0xfe, 0x7f, 0x07}},    {"evex", 6, {0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x07}},
    {"cmpxchg16b", 4, {0x48, 0x0f, 0xc7, 0x0f}},
};

START_TEST(stores_of_more_than_8_bytes_are_known_as_such)
{
    struct xd_insn_regs r = {.rip = 0x1000};
    struct xd_insn i;

    ck_assert_msg(xd_insn_decode(large[_i].at, large[_i].n, &r, &i), "%s", large[_i].what);
    ck_assert_msg(i.op == XD_OP_WIDE, "%s", large[_i].what);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("insn");
    TCase *tc = tcase_create("native"), *words = tcase_create("words");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, each_form_by_each_operand, 0, XD_ARRAY_SIZE(forms));
    tcase_add_loop_test(tc, each_sib_byte, 0, 3);
    tcase_add_test(tc, each_register);
    tcase_add_test(tc, string_instructions);
    tcase_add_loop_test(words, what_does_not_store_or_is_not_known_is_refused, 0,
                        XD_ARRAY_SIZE(refused));
    tcase_add_loop_test(words, stores_of_more_than_8_bytes_are_known_as_such, 0,
                        XD_ARRAY_SIZE(large));
    if (!xd_under_valgrind()) /* which emulates a processor itself, and some of it otherwise */
        suite_add_tcase(s, tc);
    suite_add_tcase(s, words);
    return run_suite(s);
}
