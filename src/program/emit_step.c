/* SPDX-License-Identifier: MIT */
/* emit_step.c: steps in C, one after the other; those about the machine's state become checks. */
#include "program/emit.h"

#include "abi/reject.h"
#include "abi/select.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct xd_item *item(const struct xd_emitter *em, const struct xd_step *s,
                                  const char *key)
{
    return xd_form_item(em->p, s, key);
}

/* Writes a line whose %s are the values of these expressions. */
static bool line(struct xd_emitter *em, const char *format, xd_ex a, xd_ex b)
{
    struct xd_str first = {0}, second = {0};
    bool ok = (!a || xd_emit_expr(em, a, &first)) && (!b || xd_emit_expr(em, b, &second));

    for (const char *at = format; *at; at++)
        if (*at == '@') {
            xd_str_add(em->out, xd_str_text(&first));
            xd_str_free(&first);
            first = second;
            second = (struct xd_str){0};
        } else {
            xd_str_addc(em->out, *at);
        }
    xd_str_free(&first);
    xd_str_free(&second);
    return ok;
}

static void why(struct xd_emitter *em, const struct xd_step *s)
{
    const struct xd_item *it = item(em, s, "why");
    char name[XD_WHY_NAME_MAX];

    if (it)
        xd_str_addf(em->out, "    sc_check_why_(&s, \"%s\", s.fault.why);\n",
                    xd_why_name((enum xd_why)xd_expr_at(em->p, it->value)->num, name));
}

static bool access_step(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const ways[] = {"XD_ACCESS_OK", "XD_ACCESS_EMULATED", "XD_ACCESS_FAULT",
                                       "XD_ACCESS_GP"};
    const struct xd_item *size = item(em, s, "size"), *error = item(em, s, "error");
    bool load = s->kind == XD_STEP_LOAD, ok;
    const struct xd_expr *x;

    ok = line(em, load ? "    sc_load(&s, @, " : "    sc_store(&s, @, @, ", s->subject[0],
              load ? 0 : s->subject[1]);
    ok = ok && (size ? line(em, "@);\n", size->value, 0) : (xd_str_add(em->out, "8);\n"), true));
    if (item(em, s, "deliver"))
        xd_str_add(em->out, "    sc_deliver_fault(&s);\n");
    x = xd_expr_at(em->p, s->result);
    if (s->result && x->op == XD_EX_WORD)
        xd_str_addf(em->out, "    sc_access(&s, %s);\n", ways[x->num & 3]);
    else if (s->result && x->op != XD_EX_ANY)
        xd_str_add(em->out, "    sc_access(&s, XD_ACCESS_OK);\n");
    if (ok && load && s->result && x->op != XD_EX_WORD && x->op != XD_EX_ANY) {
        xd_str_add(em->out, "    {\n");
        ok = xd_emit_check(em, "value", "s.size", s->result, "s.loaded");
        xd_str_add(em->out, "    }\n");
    }
    if (ok && error) {
        xd_str_add(em->out, "    if (s.access >= XD_ACCESS_FAULT) {\n");
        ok = xd_emit_check(em, "error", "4", error->value, "s.fault.error");
        xd_str_add(em->out, "    }\n");
    }
    why(em, s);
    return ok;
}

static bool inject(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const keys[] = {"nth", "times", "percent", "seed"};
    struct xd_str call = {0};
    const struct xd_item *error = item(em, s, "error");
    char set[64];
    bool ok = error != NULL || xd_emit_refuse(em, "error= is missing");

    xd_select_show(&call, &(struct xd_select){.nr = s->call->nr,
                                              .has_op = s->op != NULL,
                                              .op = s->op ? s->op->nr : 0});
    xd_str_addf(
        em->out,
        "    {\n        struct xd_lever_config lever = {.call = \"%s\", .vcpu = sc_self(&s)};\n\n",
        xd_str_text(&call));
    xd_str_free(&call);
    if (!item(em, s, "times") && !item(em, s, "percent"))
        xd_str_add(em->out, "        lever.times = 1;\n");
    for (size_t i = 0; i < XD_ARRAY_SIZE(keys) && ok; i++) {
        const struct xd_item *it = item(em, s, keys[i]);

        if (!it)
            continue;
        snprintf(set, sizeof(set), "        lever.%s = %s(@);\n", keys[i],
                 strcmp(keys[i], "percent") ? "" : "(uint32_t)");
        ok = line(em, set, it->value, 0);
    }
    ok = ok && line(em, "        lever.answer = (int64_t)(@);\n", error->value, 0);
    xd_str_add(em->out, "        if (xd_lever_set(s.hv, &lever) <= 0)\n"
                        "            sc_fail(&s, NULL, \"%s\", xd_hv_error(s.hv));\n    }\n");
    return ok;
}

/* ---- Expectations ---- */

static bool number(struct xd_emitter *em, const struct xd_step *s, const char *key,
                   const char *size, const char *got)
{
    const struct xd_item *it = item(em, s, key);

    return !it || xd_emit_check(em, key, size, it->value, got);
}

static void flag(struct xd_emitter *em, const struct xd_step *s, const char *key, const char *got)
{
    const struct xd_item *it = item(em, s, key);

    if (it)
        xd_str_addf(em->out, "        sc_flag(&s, \"%s\", %s, %s);\n", key,
                    it->negated ? "false" : "true", got);
}

static void word(struct xd_emitter *em, const struct xd_step *s, const char *key, const char *got)
{
    const struct xd_item *it = item(em, s, key);

    if (it)
        xd_str_addf(em->out, "        sc_word(&s, \"%s\", \"%s\", %s);\n", key,
                    xd_text_at(em->p, xd_expr_at(em->p, it->value)->a), got);
}

static bool frame(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const owners[] = {"0x7ff2 /* Xen */", "0x7ff1 /* I/O */",
                                         "0x7ff4 /* none */"};
    const struct xd_item *owner = item(em, s, "owner");
    const struct xd_expr *x = owner ? xd_expr_at(em->p, owner->value) : NULL;
    bool ok = line(em, "    {\n        struct xd_frame_info info = sc_frame(&s, @);\n\n",
                   s->subject[0], 0);

    word(em, s, "type", "info.type");
    ok = ok && number(em, s, "count", "4", "info.type_count") &&
         number(em, s, "refs", "4", "info.count");
    if (x && x->op == XD_EX_WORD)
        xd_str_addf(em->out, "        sc_equal(&s, \"owner\", 4, %s, info.owner);\n",
                    owners[x->num % 3]);
    else if (ok && x)
        ok = xd_emit_check(em, "owner", "2", owner->value, "info.owner");
    flag(em, s, "pinned", "info.pinned");
    flag(em, s, "validated", "info.validated");
    flag(em, s, "allocated", "info.allocated");
    xd_str_add(em->out, "        (void)info;\n    }\n");
    return ok;
}

static bool port(struct xd_emitter *em, const struct xd_step *s)
{
    struct xd_str nr = {0};
    bool ok = xd_emit_expr(em, s->subject[0], &nr);

    xd_str_addf(em->out, "    {\n        struct xd_port_info info = sc_port(&s, &%s, %s);\n\n",
                xd_emit_domain(em, s->domain), xd_str_text(&nr));
    xd_str_free(&nr);
    word(em, s, "state", "info.state");
    ok = ok && number(em, s, "remote", "8", "info.remote_dom") &&
         number(em, s, "remote_port", "8", "info.remote_port") &&
         number(em, s, "virq", "8", "info.virq") && number(em, s, "vcpu", "8", "info.vcpu");
    flag(em, s, "pending", "info.pending");
    flag(em, s, "masked", "info.masked");
    xd_str_add(em->out, "        (void)info;\n    }\n");
    return ok;
}

static bool vcpu(struct xd_emitter *em, const struct xd_step *s)
{
    bool ok;

    xd_str_addf(em->out, "    {\n        struct xd_vcpu_info info = sc_vcpu(&s, &%s, %u);\n\n",
                xd_emit_domain(em, s->domain), s->vcpu);
    word(em, s, "state", "info.state");
    flag(em, s, "upcall_pending", "info.upcall_pending");
    flag(em, s, "upcall_mask", "info.upcall_mask");
    ok = number(em, s, "sel", "8", "info.pending_sel") &&
         number(em, s, "cr3", "8", "info.cr3_mfn") &&
         number(em, s, "user_cr3", "8", "info.user_cr3_mfn") &&
         number(em, s, "event", "8", "info.event") &&
         number(em, s, "failsafe", "8", "info.failsafe") &&
         number(em, s, "syscall", "8", "info.syscall") &&
         number(em, s, "flushes", "8", "info.tlb_flushes") &&
         number(em, s, "invlpgs", "8", "info.tlb_invlpgs");
    flag(em, s, "due", "info.upcall_due");
    flag(em, s, "continuing", "info.continuing");
    ok = ok && number(em, s, "rip", "8", "info.registers.rip") &&
         number(em, s, "rsp", "8", "info.registers.rsp") &&
         number(em, s, "rflags", "8", "info.registers.rflags") &&
         number(em, s, "cs", "8", "info.registers.cs") &&
         number(em, s, "ss", "8", "info.registers.ss") &&
         number(em, s, "rax", "8", "info.registers.rax") &&
         number(em, s, "rcx", "8", "info.registers.rcx") &&
         number(em, s, "r11", "8", "info.registers.r11") &&
         number(em, s, "cr2", "8", "info.registers.cr2");
    flag(em, s, "user", "info.registers.user");
    flag(em, s, "nmi_pending", "info.registers.nmi_pending");
    flag(em, s, "nmi_in_service", "info.registers.nmi_in_service");
    xd_str_add(em->out, "        (void)info;\n    }\n");
    return ok;
}

static bool stack(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const keys[] = {"rcx",  "r11",    "error", "rip", "cs",
                                       "mask", "rflags", "rsp",   "ss"};
    const bool error = item(em, s, "error") != NULL;
    unsigned int at = 0;
    bool ok = true;
    char got[64];

    xd_str_add(em->out, "    {\n");
    for (size_t i = 0; ok && i < XD_ARRAY_SIZE(keys); i++) {
        if (!error && !strcmp(keys[i], "error"))
            continue;
        snprintf(got, sizeof(got), "sc_stack(&s, %u)%s", at,
                 !strcmp(keys[i], "cs")     ? " & 0xffffffff"
                 : !strcmp(keys[i], "mask") ? " >> 32"
                                            : "");
        ok = number(em, s, keys[i], "8", got);
        at += strcmp(keys[i], "cs") != 0;
    }
    xd_str_add(em->out, "    }\n");
    return ok;
}

static bool regs(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const keys[] = {"rip", "rsp", "rflags", "rax", "rcx", "r11"};
    bool ok = true;
    char set[48];

    xd_str_add(em->out, "    {\n        struct xd_registers regs;\n\n"
                        "        xd_guest_registers(sc_self(&s), &regs);\n");
    for (size_t i = 0; ok && i < XD_ARRAY_SIZE(keys); i++) {
        const struct xd_item *it = item(em, s, keys[i]);

        snprintf(set, sizeof(set), "        regs.%s = @;\n", keys[i]);
        ok = !it || line(em, set, it->value, 0);
    }
    xd_str_add(em->out, "        if (xd_guest_registers_set(sc_self(&s), &regs))\n"
                        "            sc_fail(&s, NULL, \"%s\", xd_hv_error(s.hv));\n    }\n");
    return ok;
}

/* ---- What enters the guest's kernel ---- */

static bool trap(struct xd_emitter *em, const struct xd_step *s)
{
    const struct xd_item *error = item(em, s, "error"), *cr2 = item(em, s, "cr2"),
                         *dr6 = item(em, s, "dr6");
    bool ok =
        line(em, "    sc_entered_(&s, xd_guest_trap(sc_self(&s), sc_at_most_(@, 32), (uint32_t)(",
             s->subject[0], 0);

    cr2 = dr6 ? dr6 : cr2;
    ok = ok && (error ? line(em, "@), ", error->value, 0) : (xd_str_add(em->out, "0), "), true));
    return ok && (cr2 ? line(em, "@));\n", cr2->value, 0) : (xd_str_add(em->out, "0));\n"), true));
}

static bool enter(struct xd_emitter *em, const struct xd_step *s)
{
    static const char *const ways[] = {"HANDLER", "GP", "UD", "CRASH", "NONE"};
    const struct xd_item *it = item(em, s, "why");
    const struct xd_expr *x = xd_expr_at(em->p, s->result);
    char name[XD_WHY_NAME_MAX];
    bool ok = true;

    switch (s->kind) {
    case XD_STEP_TRAP: ok = trap(em, s); break;
    case XD_STEP_INT:
        ok = line(em, "    sc_entered_(&s, xd_guest_int(sc_self(&s), sc_at_most_(@, 256)));\n",
                  s->subject[0], 0);
        break;
    default:
        xd_str_addf(em->out, "    sc_entered_(&s, xd_guest_%s(sc_self(&s)));\n",
                    xd_form_of((enum xd_step_kind)s->kind)->name);
        break;
    }
    if (s->result && x->op == XD_EX_WORD)
        xd_str_addf(em->out, "    sc_enters(&s, XD_ENTERED_%s);\n", ways[x->num % 5]);
    if (it)
        xd_str_addf(em->out, "    sc_check_why_(&s, \"%s\", s.why);\n",
                    xd_why_name((enum xd_why)xd_expr_at(em->p, it->value)->num, name));
    return ok;
}

static bool whole_domain(struct xd_emitter *em, const struct xd_step *s)
{
    const struct xd_item *shutdown = item(em, s, "shutdown");
    const struct xd_expr *x = shutdown ? xd_expr_at(em->p, shutdown->value) : NULL;
    bool ok = true;

    xd_str_addf(em->out, "    {\n        struct xd_domain_info info = sc_domain_info(&s, &%s);\n\n",
                xd_emit_domain(em, s->domain));
    if (x && x->op == XD_EX_WORD)
        xd_str_add(em->out, "        sc_equal(&s, \"shutdown\", 8, ~UINT64_C(0), "
                            "(uint64_t)(int64_t)info.shutdown_code);\n");
    else if (x)
        ok = xd_emit_check(em, "shutdown", "8", shutdown->value,
                           "(uint64_t)(int64_t)info.shutdown_code");
    ok = ok && number(em, s, "pages", "4", "info.pages") &&
         number(em, s, "assist", "8", "info.vm_assist");
    xd_str_add(em->out, "        (void)info;\n    }\n");
    return ok;
}

static bool look(struct xd_emitter *em, const struct xd_step *s, const char *what, const char *got)
{
    const struct xd_item *it = s->kind == XD_STEP_EXPECT_MEM ? item(em, s, "size") : NULL;
    struct xd_str at = {0}, size = {0}, call = {0};
    bool ok = xd_emit_expr(em, s->subject[0], &at);

    if (it)
        ok = ok && xd_emit_expr(em, it->value, &size);
    else
        xd_str_add(&size, "8");
    xd_str_addf(&call, "%s%s", got, xd_str_text(&at));
    if (s->kind == XD_STEP_EXPECT_MEM)
        xd_str_addf(&call, ", %s", xd_str_text(&size));
    xd_str_addc(&call, ')');
    xd_str_add(em->out, "    {\n");
    ok = ok && xd_emit_check(em, what, xd_str_text(&size), s->result, xd_str_text(&call));
    xd_str_add(em->out, "    }\n");
    xd_str_free(&at);
    xd_str_free(&size);
    xd_str_free(&call);
    return ok;
}

static bool text_step(struct xd_emitter *em, const struct xd_step *s, const char *before)
{
    const struct xd_expr *x = xd_expr_at(em->p, s->subject[0]);

    xd_str_add(em->out, before);
    xd_emit_text(em->out, xd_text_at(em->p, x->a), x->num);
    xd_str_addf(em->out, ", %" PRIu64 ");\n", x->num);
    return true;
}

/* The bytes of a text, or values of eight bytes, somewhere. */
static bool bytes(struct xd_emitter *em, const struct xd_step *s, const char *verb, const char *end)
{
    const struct xd_expr *x = xd_expr_at(em->p, s->subject[1]);
    const bool list = x->op == XD_EX_LIST;
    struct xd_str values = {0}, call = {0};
    bool ok = true;

    xd_str_addf(&call, "    sc_%s(&s, ", verb);
    ok = xd_emit_expr(em, s->subject[0], &call);
    xd_str_add(&call, ", ");
    if (x->op == XD_EX_TEXT) {
        xd_emit_text(&call, xd_text_at(em->p, x->a), x->num);
        xd_str_addf(&call, ", %" PRIu64, x->num);
    } else if (list && !x->num) {
        xd_str_add(&call, "NULL, 0");
    } else {
        for (xd_ex e = list ? x->a : s->subject[1]; ok && e;
             e = list ? xd_expr_at(em->p, e)->next : 0) {
            ok = xd_emit_expr(em, e, &values);
            xd_str_add(&values, ", ");
        }
        xd_str_addf(&call, "(const uint64_t[]){%s}, %" PRIu64, xd_str_text(&values),
                    list ? x->num * 8 : 8);
    }
    xd_str_addf(em->out, "%s%s", xd_str_text(&call), end);
    xd_str_free(&values);
    xd_str_free(&call);
    return ok;
}

static bool let(struct xd_emitter *em, const struct xd_step *s)
{
    struct xd_str value = {0};
    bool ok = xd_emit_expr(em, s->result, &value);

    xd_str_addf(em->out, "    %s = %s;\n", em->name[xd_expr_at(em->p, s->subject[0])->num],
                xd_str_text(&value));
    xd_str_free(&value);
    return ok;
}

static void resume(struct xd_emitter *em, const struct xd_step *s, const char *name)
{
    static const char *const ways[] = {"CANCELLED", "ANEW", "RESTORED"};
    const struct xd_item *how = item(em, s, "how");

    xd_str_addf(em->out, "    sc_resume(&s, &%s, XD_RESUME_%s);\n", name,
                ways[how ? xd_expr_at(em->p, how->value)->num : XD_RESUME_ANEW]);
}

bool xd_emit_step(struct xd_emitter *em)
{
    const struct xd_step *s = &em->p->step[em->at];
    const char *name =
        em->p->domains && s->domain < em->p->domains ? xd_emit_domain(em, s->domain) : "";

    switch ((enum xd_step_kind)s->kind) {
    case XD_STEP_CALL: return xd_emit_call(em, em->at);
    case XD_STEP_AT: xd_str_addf(em->out, "    sc_at(&s, &%s, %u);\n", name, s->vcpu); return true;
    case XD_STEP_LET: return let(em, s);
    case XD_STEP_STORE:
    case XD_STEP_LOAD: return access_step(em, s);
    case XD_STEP_ADVANCE:
        xd_str_addf(em->out, "    xd_advance(s.hv, UINT64_C(%" PRIu64 "));\n",
                    xd_expr_at(em->p, s->subject[0])->num);
        return true;
    case XD_STEP_INJECT: return inject(em, s);
    case XD_STEP_CONSOLE_INPUT: return text_step(em, s, "    (void)xd_console_input(s.hv, ");
    case XD_STEP_VIRQ: return line(em, "    sc_virq(&s, @);\n", s->subject[0], 0);
    case XD_STEP_IRQ:
        return line(em,
                    "    if (xd_irq_raise(s.hv, sc_at_most_(@, UINT32_MAX)))\n"
                    "        sc_fail(&s, NULL, \"%s\", xd_hv_error(s.hv));\n",
                    s->subject[0], 0);
    case XD_STEP_EVENT:
        return line(
            em,
            "    if (xd_event_raise(xd_vcpu_domain(sc_self(&s)), sc_at_most_(@, UINT32_MAX)))\n"
            "        sc_fail(&s, NULL, \"%s\", xd_hv_error(s.hv));\n",
            s->subject[0], 0);
    case XD_STEP_UPCALL: xd_str_add(em->out, "    xd_upcall_spurious(sc_self(&s));\n"); return true;
    case XD_STEP_SCARCE: return line(em, "    xd_frames_scarce(s.hv, @);\n", s->subject[0], 0);
    case XD_STEP_REGS: return regs(em, s);
    case XD_STEP_TRAP:
    case XD_STEP_INT:
    case XD_STEP_SYSCALL:
    case XD_STEP_FAILSAFE:
    case XD_STEP_DELIVER: return enter(em, s);
    case XD_STEP_EXPECT_STACK: return stack(em, s);
    case XD_STEP_DESTROY: xd_str_addf(em->out, "    sc_destroy(&s, &%s);\n", name); return true;
    case XD_STEP_EXPECT_FRAME: return frame(em, s);
    case XD_STEP_EXPECT_ENTRY: return look(em, s, "entry", "sc_entry_at(&s, ");
    case XD_STEP_EXPECT_MEM: return look(em, s, "memory", "sc_read(&s, \"memory\", ");
    case XD_STEP_EXPECT_M2P: return look(em, s, "m2p entry", "xd_m2p(s.hv, ");
    case XD_STEP_EXPECT_PORT: return port(em, s);
    case XD_STEP_EXPECT_VCPU: return vcpu(em, s);
    case XD_STEP_EXPECT_DOMAIN: return whole_domain(em, s);
    case XD_STEP_EXPECT_CONSOLE: return text_step(em, s, "    sc_console(&s, ");
    case XD_STEP_EXPECT_AUDIT: xd_str_add(em->out, "    sc_audit(&s);\n"); return true;
    case XD_STEP_CRASH: xd_str_addf(em->out, "    sc_crash(&s, &%s);\n", name); return true;
    case XD_STEP_RESUME: resume(em, s, name); return true;
    case XD_STEP_POKE: return bytes(em, s, "poke", ");\n");
    case XD_STEP_MEMORY:
        return bytes(em, s, "memory", item(em, s, "readonly") ? ", true);\n" : ", false);\n");
    default: return xd_emit_refuse(em, "a step that does nothing");
    }
}
