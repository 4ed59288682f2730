/* SPDX-License-Identifier: MIT */
/*
 * fixture.h: a machine with three domains for unit tests, and short ways to make calls and judge
 * them.
 *
 * A test file has one `static struct xd_fixture f;` and names fixture_setup/fixture_teardown
 * through two functions of its own. The teardown audits the whole machine, so every test ends with
 * that question too.
 */
#ifndef XD_TESTS_FIXTURE_H
#define XD_TESTS_FIXTURE_H

#include "abi/errno.h"
#include "hv/hv.h"

#include <check.h>

#define DOMID_SELF 0x7ff0u

struct xd_fixture {
    struct xd_hv *hv;
    struct xd_domain *d0; /* the control domain, 1 vCPU */
    struct xd_domain *d1; /* 3 vCPUs, the last one down */
    struct xd_domain *d2; /* 1 vCPU */
    struct xd_vcpu *v0, *v1, *v1b, *v1down, *v2;
    uint64_t used;      /* bytes of every domain's padding handed out by fixture_place */
    char console[8192]; /* what was written to Xen's console */
    size_t console_nr;
    unsigned int console_writes;
};

void fixture_setup(struct xd_fixture *f);
/* ... with a machine of so many frames, where there are runs of them. */
void fixture_setup_large(struct xd_fixture *f, uint32_t frames);
void fixture_teardown(struct xd_fixture *f);

/*
 * Puts (n) bytes, or zeros if (data) is NULL, where (v)'s domain can reach them, 16-byte aligned;
 * the address.
 */
uint64_t fixture_place(struct xd_fixture *f, struct xd_vcpu *v, const void *data, size_t n);

/* Loads and stores through the guest's page tables; the test fails where the guest would fault. */
void fixture_store(struct xd_vcpu *v, uint64_t va, const void *data, size_t n);
void fixture_load(struct xd_vcpu *v, uint64_t va, void *data, size_t n);

/* An address that nothing maps, and the last mapped page before it. */
uint64_t fixture_hole(struct xd_vcpu *v);

/* A hypercall with up to six arguments: fixture_call(v, 32, cmd, va) */
#define fixture_call(v, nr, ...) xd_hypercall((v), (nr), (const uint64_t[7]){__VA_ARGS__})

/*
 * Sub-operation (cmd) of call (nr) on *(op), which is given to the guest and read back afterwards.
 */
long fixture_op(struct xd_fixture *f, struct xd_vcpu *v, uint64_t nr, uint64_t cmd, void *op,
                size_t n);
#define fixture_run(f, v, nr, cmd, op) fixture_op((f), (v), (nr), (cmd), (op), sizeof(*(op)))

/* Maps shared_info into (v)'s domain, writable; its address. The guest's way to its event bits. */
uint64_t fixture_map_shared_info(struct xd_vcpu *v);

/* shared_info and vcpu_info as the guest sees them. */
const struct xd_abi_shared_info *fixture_shared_info(struct xd_domain *d);
const struct xd_abi_vcpu_info *fixture_vcpu_info(struct xd_vcpu *v);

/*
 * Writes to a field of them as the guest would, given where fixture_map_shared_info put the page.
 */
#define fixture_set_shared(v, page, member, value)                                        \
    do {                                                                                  \
        __typeof__(((struct xd_abi_shared_info *)0)->member) value_ = (value);            \
        fixture_store((v), (page) + offsetof(struct xd_abi_shared_info, member), &value_, \
                      sizeof(value_));                                                    \
    } while (0)

/*
 * The call was refused: with this errno and for this reason. Reasons by their ids, to be found in
 * rejects.def.
 */
#define ck_refused(v, rc, errno_, why_)                                                \
    do {                                                                               \
        long rc_ = (rc);                                                               \
        ck_assert_msg(rc_ == -(long)XD_##errno_ && xd_why(v) == XD_WHY_##why_,         \
                      "got %ld for reason %s instead of -" #errno_ " for " #why_, rc_, \
                      fixture_why(v));                                                 \
    } while (0)

/* The same with values, for tables. */
#define ck_refused_as(v, rc, err, why)                                                    \
    do {                                                                                  \
        long rc_ = (rc);                                                                  \
        ck_assert_msg(rc_ == -(long)(err) && xd_why(v) == (unsigned int)(why),            \
                      "got %ld for reason %s instead of %ld for %s", rc_, fixture_why(v), \
                      -(long)(err), xd_why_row(why)->name);                               \
    } while (0)

/* The call was answered with (want), which is no refusal. */
#define ck_answered(v, rc, want)                                                                  \
    do {                                                                                          \
        long rc_ = (rc);                                                                          \
        ck_assert_msg(rc_ == (long)(want) && xd_why(v) == XD_WHY_NONE,                            \
                      "got %ld for reason %s instead of %ld", rc_, fixture_why(v), (long)(want)); \
    } while (0)

#define ck_ok(v, rc) ck_answered(v, rc, 0)

/* The name of the last reason. */
const char *fixture_why(const struct xd_vcpu *v);

/* Fails unless the machine's state is consistent. */
void fixture_audit(struct xd_hv *hv);

/* Runs (suite) and gives main its exit code. */
int fixture_main(Suite *suite);

#endif
