/* SPDX-License-Identifier: MIT */
/* forms.c: the tables of forms.h. */
#include "program/forms.h"

#include "hv/pte.h"
#include "xendouble/xendouble.h"

#include <string.h>

const char *const xd_access_words[] = {"ok", "emulated", "pf", "gp", NULL};
const char *const xd_entered_words[] = {"handler", "gp", "ud", "crash", "none", NULL};

/* In the order of enum xd_order, xd_profile, xd_type, xd_port_state, xd_state, xd_resume. */
static const char *const orders[] = {"domU", "dom0", NULL};
static const char *const profiles[] = {"release", "debug", NULL};
static const char *const types[] = {"none",     "l1",     "l2",       "l3", "l4",
                                    "seg_desc", "shared", "writable", NULL};
static const char *const port_states[] = {"free", "reserved", "unbound", "interdomain",
                                          "pirq", "virq",     "ipi",     NULL};
static const char *const vcpu_states[] = {"running", "blocked", "down", "shutdown", "paused", NULL};
static const char *const resumes[] = {"cancelled", "anew", "restored", NULL};
static const char *const owners[] = {"xen", "io", "none", NULL};
static const char *const none[] = {"none", NULL};

#define NUM(name)                       \
    {                                   \
        name, XD_T_NUM, XD_K_NONE, NULL \
    }
#define OF(name, kind)                    \
    {                                     \
        name, XD_T_NUM, XD_K_##kind, NULL \
    }
#define FLAG(name)                       \
    {                                    \
        name, XD_T_FLAG, XD_K_NONE, NULL \
    }
#define STATE(name)                       \
    {                                     \
        name, XD_T_STATE, XD_K_NONE, NULL \
    }
#define END              \
    {                    \
        NULL, 0, 0, NULL \
    }

static const struct xd_form_key no_keys[] = {END};
static const struct xd_form_key machine_keys[] = {NUM("frames"),
                                                  NUM("seed"),
                                                  NUM("domains"),
                                                  NUM("khz"),
                                                  NUM("boot_ns"),
                                                  {"mmio_ro", XD_T_RANGE, XD_K_NONE, NULL},
                                                  {"extraversion", XD_T_TEXT, XD_K_NONE, NULL},
                                                  {"cmdline", XD_T_TEXT, XD_K_NONE, NULL},
                                                  {"profile", XD_T_WORD, XD_K_NONE, profiles},
                                                  FLAG("linked"),
                                                  END};
static const struct xd_form_key domain_keys[] = {NUM("id"),
                                                 NUM("pages"),
                                                 NUM("pages_max"),
                                                 NUM("total"),
                                                 NUM("vcpus"),
                                                 NUM("online"),
                                                 FLAG("privileged"),
                                                 FLAG("ioports"),
                                                 {"order", XD_T_WORD, XD_K_NONE, orders},
                                                 NUM("virt_base"),
                                                 NUM("kernel_pages"),
                                                 NUM("initrd"),
                                                 FLAG("initrd_unmapped"),
                                                 NUM("init_p2m"),
                                                 NUM("port_max"),
                                                 {"evtchn_remote", XD_T_DOMAIN, XD_K_DOMID, NULL},
                                                 {"iomem", XD_T_RANGE, XD_K_NONE, NULL},
                                                 {"cmdline", XD_T_TEXT, XD_K_NONE, NULL},
                                                 NUM("scratch"),
                                                 {"handle", XD_T_TEXT, XD_K_NONE, NULL},
                                                 END};
static const struct xd_form_key access_keys[] = {
    NUM("size"), NUM("error"), {"why", XD_T_WHY, XD_K_NONE, NULL}, FLAG("deliver"), END};
static const struct xd_form_key trap_keys[] = {
    NUM("error"), {"why", XD_T_WHY, XD_K_NONE, NULL}, OF("cr2", VA), NUM("dr6"), END};
static const struct xd_form_key entry_keys[] = {{"why", XD_T_WHY, XD_K_NONE, NULL}, END};
static const struct xd_form_key regs_keys[] = {
    OF("rip", VA), OF("rsp", VA), NUM("rflags"), NUM("rax"), NUM("rcx"), NUM("r11"), END};
static const struct xd_form_key stack_keys[] = {NUM("rcx"), NUM("r11"),  NUM("error"),  NUM("rip"),
                                                NUM("cs"),  NUM("mask"), NUM("rflags"), NUM("rsp"),
                                                NUM("ss"),  END};
static const struct xd_form_key memory_keys[] = {FLAG("readonly"), END};
static const struct xd_form_key resume_keys[] = {{"how", XD_T_STATUS, XD_K_NONE, resumes}, END};
static const struct xd_form_key mem_keys[] = {NUM("size"), END};
static const struct xd_form_key inject_keys[] = {
    NUM("nth"), {"error", XD_T_ERRNO, XD_K_NONE, NULL}, NUM("times"), NUM("percent"), NUM("seed"),
    END};
static const struct xd_form_key frame_keys[] = {{"type", XD_T_WORD, XD_K_NONE, types},
                                                NUM("count"),
                                                NUM("refs"),
                                                {"owner", XD_T_OWNER, XD_K_NONE, owners},
                                                STATE("pinned"),
                                                STATE("validated"),
                                                STATE("allocated"),
                                                END};
static const struct xd_form_key port_keys[] = {{"state", XD_T_STATUS, XD_K_NONE, port_states},
                                               {"remote", XD_T_DOMAIN, XD_K_DOMID, NULL},
                                               NUM("remote_port"),
                                               OF("virq", VIRQ),
                                               NUM("vcpu"),
                                               STATE("pending"),
                                               STATE("masked"),
                                               END};
static const struct xd_form_key vcpu_keys[] = {{"state", XD_T_STATUS, XD_K_NONE, vcpu_states},
                                               STATE("upcall_pending"),
                                               STATE("upcall_mask"),
                                               NUM("sel"),
                                               NUM("cr3"),
                                               NUM("user_cr3"),
                                               NUM("event"),
                                               NUM("failsafe"),
                                               NUM("syscall"),
                                               NUM("flushes"),
                                               NUM("invlpgs"),
                                               STATE("due"),
                                               STATE("continuing"),
                                               STATE("user"),
                                               NUM("rip"),
                                               NUM("rsp"),
                                               NUM("rflags"),
                                               NUM("cs"),
                                               NUM("ss"),
                                               NUM("rax"),
                                               NUM("rcx"),
                                               NUM("r11"),
                                               NUM("cr2"),
                                               STATE("nmi_pending"),
                                               STATE("nmi_in_service"),
                                               END};
static const struct xd_form_key whole_domain_keys[] = {
    {"shutdown", XD_T_WORD_OR_NUM, XD_K_SHUTDOWN, none}, NUM("pages"), NUM("assist"), END};

static const struct xd_form forms[] = {
    {"machine", NULL, XD_STEP_MACHINE, XD_S_NONE, 0, XD_V_NONE, machine_keys},
    {"domain", NULL, XD_STEP_DOMAIN, XD_S_NEW_DOMAIN, 0, XD_V_NONE, domain_keys},
    {"@", NULL, XD_STEP_AT, XD_S_VCPU, 0, XD_V_NONE, no_keys},
    {"let", NULL, XD_STEP_LET, XD_S_LET, 0, XD_V_EXPR, no_keys},
    {"store", NULL, XD_STEP_STORE, XD_S_TWO, 0, XD_V_ACCESS, access_keys},
    {"load", NULL, XD_STEP_LOAD, XD_S_EXPR, 0, XD_V_LOADED, access_keys},
    {"advance", NULL, XD_STEP_ADVANCE, XD_S_TIME, 0, XD_V_NONE, no_keys},
    {"inject", NULL, XD_STEP_INJECT, XD_S_CALL, 0, XD_V_NONE, inject_keys},
    {"console_input", NULL, XD_STEP_CONSOLE_INPUT, XD_S_TEXT, 0, XD_V_NONE, no_keys},
    {"virq", NULL, XD_STEP_VIRQ, XD_S_CONST, XD_K_VIRQ, XD_V_NONE, no_keys},
    {"event", NULL, XD_STEP_EVENT, XD_S_EXPR, XD_K_PORT, XD_V_NONE, no_keys},
    {"upcall", NULL, XD_STEP_UPCALL, XD_S_NONE, 0, XD_V_NONE, no_keys},
    {"scarce", NULL, XD_STEP_SCARCE, XD_S_EXPR, 0, XD_V_NONE, no_keys},
    {"destroy", NULL, XD_STEP_DESTROY, XD_S_DOMAIN, 0, XD_V_NONE, no_keys},
    {"crash", NULL, XD_STEP_CRASH, XD_S_DOMAIN, 0, XD_V_NONE, no_keys},
    {"poke", NULL, XD_STEP_POKE, XD_S_PUT, 0, XD_V_NONE, no_keys},
    {"memory", NULL, XD_STEP_MEMORY, XD_S_PUT, 0, XD_V_NONE, memory_keys},
    {"regs", NULL, XD_STEP_REGS, XD_S_NONE, 0, XD_V_NONE, regs_keys},
    {"trap", NULL, XD_STEP_TRAP, XD_S_EXPR, 0, XD_V_ENTERED, trap_keys},
    {"int", NULL, XD_STEP_INT, XD_S_EXPR, 0, XD_V_ENTERED, entry_keys},
    {"syscall", NULL, XD_STEP_SYSCALL, XD_S_NONE, 0, XD_V_ENTERED, entry_keys},
    {"failsafe", NULL, XD_STEP_FAILSAFE, XD_S_NONE, 0, XD_V_ENTERED, entry_keys},
    {"deliver", NULL, XD_STEP_DELIVER, XD_S_NONE, 0, XD_V_ENTERED, entry_keys},
    {"incomplete", NULL, XD_STEP_INCOMPLETE, XD_S_TEXT, 0, XD_V_NONE, no_keys},
    {"expect", "frame", XD_STEP_EXPECT_FRAME, XD_S_EXPR, 0, XD_V_NONE, frame_keys},
    {"expect", "entry", XD_STEP_EXPECT_ENTRY, XD_S_EXPR, 0, XD_V_EXPR, no_keys},
    {"expect", "mem", XD_STEP_EXPECT_MEM, XD_S_EXPR, 0, XD_V_EXPR, mem_keys},
    {"expect", "m2p", XD_STEP_EXPECT_M2P, XD_S_EXPR, 0, XD_V_EXPR, no_keys},
    {"expect", "stack", XD_STEP_EXPECT_STACK, XD_S_NONE, 0, XD_V_NONE, stack_keys},
    {"expect", "console", XD_STEP_EXPECT_CONSOLE, XD_S_TEXT, 0, XD_V_NONE, no_keys},
    {"expect", "audit", XD_STEP_EXPECT_AUDIT, XD_S_NONE, 0, XD_V_NONE, no_keys},
    {"expect", "dN port", XD_STEP_EXPECT_PORT, XD_S_PORT, 0, XD_V_NONE, port_keys},
    {"expect", "dN.V", XD_STEP_EXPECT_VCPU, XD_S_VCPU, 0, XD_V_NONE, vcpu_keys},
    {"expect", "dN", XD_STEP_EXPECT_DOMAIN, XD_S_DOMAIN, 0, XD_V_NONE, whole_domain_keys},
    {"irq", NULL, XD_STEP_IRQ, XD_S_EXPR, 0, XD_V_NONE, no_keys},
    {"resume", NULL, XD_STEP_RESUME, XD_S_DOMAIN, 0, XD_V_NONE, resume_keys},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

const struct xd_form *xd_forms(void)
{
    return forms;
}

const struct xd_form *xd_form_of(enum xd_step_kind kind)
{
    const struct xd_form *f = forms;

    while (f->name && f->step != kind)
        f++;
    XD_ALWAYS(f->name);
    return f;
}

const struct xd_item *xd_form_item(const struct xd_program *p, const struct xd_step *s,
                                   const char *name)
{
    const struct xd_form_key *keys = xd_form_of((enum xd_step_kind)s->kind)->keys;
    const struct xd_item *it;
    unsigned int k = 0;

    while (keys[k].name && strcmp(keys[k].name, name))
        k++;
    XD_ALWAYS(keys[k].name);
    it = xd_item_find(p, s->in, XD_KEY_FORM + k);
    return it ? it : xd_item_find(p, s->out, XD_KEY_FORM + k);
}

static const struct xd_fn_row fns[XD_FNS] = {
    [XD_FN_PAGE] = {"page", 1, 1, false, "page(K): frame of the domain's K-th free page"},
    [XD_FN_VA] = {"va", 1, 1, false, "va(K): address of the K-th page of the scratch window"},
    [XD_FN_PFN] = {"pfn", 1, 1, false, "pfn(K): pseudo-physical number of page(K)"},
    [XD_FN_TABLE] = {"table", 2, 2, false,
                     "table(LEVEL, VA): frame of the table of that level that maps VA now"},
    [XD_FN_CR3] = {"cr3", 0, 0, false, "cr3(): frame of the vCPU's L4"},
    [XD_FN_USER_CR3] = {"user_cr3", 0, 0, false,
                        "user_cr3(): frame of its user L4, 0 if there is none"},
    [XD_FN_SHARED_INFO] = {"shared_info", 0, 0, false,
                           "shared_info(): frame of the domain's shared_info"},
    [XD_FN_PTE] = {"pte", 2, 2, false, "pte(FRAME, FLAGS): a table entry"},
    [XD_FN_MACH] = {"mach", 1, 1, false, "mach(FRAME): its machine address"},
    [XD_FN_ENTRY] = {"entry", 1, 1, false, "entry(FRAME[SLOT]): the 8 bytes that stand there now"},
    [XD_FN_M2P] = {"m2p", 1, 1, false, "m2p(FRAME): its entry in the machine-to-physical table"},
    [XD_FN_FRAMES] = {"frames", 0, 0, false, "frames(): number of machine frames"},
    [XD_FN_PTR] = {"ptr", 0, 255, true, "ptr(VALUE, ...): address of these 64-bit values"},
    [XD_FN_PTR8] = {"ptr8", 0, 255, true, "ptr8(VALUE, ...): address of these 64-bit values"},
    [XD_FN_PTR4] = {"ptr4", 0, 255, true, "ptr4(VALUE, ...): address of these 32-bit values"},
    [XD_FN_TEXT] = {"text", 1, 1, true, "text(\"...\"): address of the text, ended by a NUL"},
    [XD_FN_BUF] = {"buf", 1, 1, true, "buf(N): address of N zero bytes"},
};

const struct xd_fn_row *xd_fn_row(unsigned int fn)
{
    return fns[fn].name ? &fns[fn] : NULL;
}

int xd_fn_named(const char *name, size_t len)
{
    for (int i = 0; i < XD_FNS; i++)
        if (fns[i].name && strlen(fns[i].name) == len && !memcmp(fns[i].name, name, len))
            return i;
    return -1;
}

#define ROW(member)                                                                        \
    {                                                                                      \
#member, offsetof(struct xd_start, member), sizeof(((struct xd_start *)0)->member) \
    }
static const struct xd_start_row start_rows[] = {
    ROW(virt_base),      ROW(virt_end),   ROW(kernel_va),       ROW(hypercall_page_va),
    ROW(mod_start),      ROW(mod_len),    ROW(p2m_va),          ROW(start_info_va),
    ROW(store_va),       ROW(console_va), ROW(pt_va),           ROW(pt_frames),
    ROW(stack_va),       ROW(padding_va), ROW(pages),           ROW(mapped_pages),
    ROW(first_free_pfn), ROW(cr3_mfn),    ROW(shared_info_mfn), ROW(store_port),
    ROW(console_port),   {NULL, 0, 0}};

const struct xd_start_row *xd_start_rows(void)
{
    return start_rows;
}

const struct xd_unit_row *xd_unit_rows(void)
{
    static const struct xd_unit_row rows[] = {
        {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {NULL, 0}};

    return rows;
}

static const struct xd_flag_row flag_rows[] = {{"P", XD_PTE_P},
                                               {"RW", XD_PTE_RW},
                                               {"US", XD_PTE_US},
                                               {"PWT", XD_PTE_PWT},
                                               {"PCD", XD_PTE_PCD},
                                               {"A", XD_PTE_A},
                                               {"D", XD_PTE_D},
                                               {"PAT", XD_PTE_PAT},
                                               {"PSE", XD_PTE_PSE},
                                               {"G", XD_PTE_G},
                                               {"AV0", UINT64_C(1) << 9},
                                               {"AV1", UINT64_C(1) << 10},
                                               {"AV2", UINT64_C(1) << 11},
                                               {"GK", XD_PTE_GK},
                                               {"NX", XD_PTE_NX},
                                               {NULL, 0}};

const struct xd_flag_row *xd_flag_rows(void)
{
    return flag_rows;
}

const char *xd_key_name(const struct xd_call *call, unsigned int key)
{
    switch (key) {
    case XD_KEY_OP: return "op";
    case XD_KEY_ARG: return "arg";
    case XD_KEY_START: return "start";
    case XD_KEY_FD: return "fd";
    case XD_KEY_PFD: return "pfd";
    case XD_KEY_COUNT: return call && call->shape == XD_SHAPE_MULTI ? "nr_calls" : "count";
    case XD_KEY_LIST: return call && call->shape != XD_SHAPE_MULTI ? call->arg[0].name : "calls";
    case XD_KEY_PDONE: return "pdone";
    case XD_KEY_CMD: return "cmd";
    case XD_KEY_ARG1: return "arg1";
    case XD_KEY_ARG2: return "arg2";
    case XD_KEY_WHY: return "why";
    case XD_KEY_DONE: return "done";
    case XD_KEY_BLOCKED: return "blocked";
    default: return "";
    }
}
