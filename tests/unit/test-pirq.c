/* SPDX-License-Identifier: MIT */
/* test-pirq.c: lines of the I/O APIC, what domains call them, and interrupts on their way. */
#include "hv/ioapic.h"
#include "hv/pci.h"
#include "hv/pirq.h"
#include "mm.h"
#include "xendouble/levers.h"

#define EVTCHN  32
#define PHYSDEV 33

enum { BIND_PIRQ = 2, CLOSE = 3, EOI = 12, MAP = 13, UNMAP = 14, SETUP_GSI = 21 };

static struct xd_fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static long map(struct xd_vcpu *v, uint16_t domid, int32_t type, int32_t index, int32_t *pirq)
{
    struct xd_abi_physdev_map_pirq op = {
        .domid = domid, .type = type, .index = index, .pirq = *pirq};
    long rc = fixture_run(&f, v, PHYSDEV, MAP, &op);

    *pirq = op.pirq;
    return rc;
}

static long bind(struct xd_vcpu *v, uint32_t pirq, uint32_t flags, uint32_t *port)
{
    struct xd_abi_evtchn_bind_pirq op = {pirq, flags, 0};
    long rc = fixture_run(&f, v, EVTCHN, BIND_PIRQ, &op);

    *port = op.port;
    return rc;
}

static long eoi(struct xd_vcpu *v, uint32_t pirq)
{
    struct xd_abi_physdev_eoi op = {pirq};

    return fixture_run(&f, v, PHYSDEV, EOI, &op);
}

static void given(struct xd_vcpu *v, uint32_t gsi, uint32_t *port)
{
    int32_t pirq = (int32_t)gsi;

    ck_ok(f.v0, map(f.v0, v->domain->domid, 1, (int32_t)gsi, &pirq));
    ck_ok(v, bind(v, gsi, 1, port));
}

static const struct {
    int32_t type, index, pirq;
    int err;
    enum xd_why why;
} maps[] = {
    {1, 24, -1, XD_EINVAL, XD_WHY_PHYSDEV_MAP_GSI},
    {1, -1, -1, XD_EINVAL, XD_WHY_PHYSDEV_MAP_GSI},
    {1, 0, 5, XD_EPERM, XD_WHY_PHYSDEV_MAP_RIGHTS},
    {1, 0, -1, XD_EPERM, XD_WHY_PHYSDEV_MAP_RIGHTS},
    {1, 5, 208, XD_EINVAL, XD_WHY_PHYSDEV_PIRQ_RANGE},
    {1, 5, 207, 0, XD_WHY_NONE},
    {0, 23, -1, XD_EINVAL, XD_WHY_PHYSDEV_MSI_INDEX},
    {0, 208, -1, XD_EINVAL, XD_WHY_PHYSDEV_MSI_INDEX},
    {0, 207, -1, XD_EPERM, XD_WHY_PHYSDEV_MAP_RIGHTS},
    {0, -1, 300, XD_EINVAL, XD_WHY_PHYSDEV_PIRQ_RANGE},
    {0, -1, -1, XD_ENODEV, XD_WHY_PHYSDEV_NO_DEVICE},
    {4, -1, -1, XD_EDOM, XD_WHY_PHYSDEV_MSI_COUNT},
    {7, -1, -1, XD_EINVAL, XD_WHY_PHYSDEV_MAP_TYPE},
};

START_TEST(mapping_is_checked)
{
    int32_t pirq = maps[_i].pirq;

    ck_refused_as(f.v0, map(f.v0, DOMID_SELF, maps[_i].type, maps[_i].index, &pirq), maps[_i].err,
                  maps[_i].why);
    ck_assert_int_eq(pirq, maps[_i].pirq);
}
END_TEST

START_TEST(numbers_and_lines_belong_together)
{
    int32_t pirq = -1;

    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 20, &pirq));
    ck_assert_int_eq(pirq, 16);
    ck_assert_int_eq(xd_pirq_of_irq(f.d0, 20), 16);
    ck_assert_int_eq(xd_pirq_irq(f.d0, 16), 20);
    pirq = 17;
    ck_refused(f.v0, map(f.v0, DOMID_SELF, 1, 20, &pirq), EEXIST, PHYSDEV_MAP_EXISTS);
    pirq = 16;
    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 21, &pirq)); /* and nothing is done */
    ck_assert_int_eq(xd_pirq_irq(f.d0, 16), 20);
    ck_assert_int_eq(xd_pirq_of_irq(f.d0, 21), 0);
}
END_TEST

/* The port of an unmapped pirq is a port until it is closed; then both are free. */
START_TEST(what_is_unmapped_is_bound_until_it_is_closed)
{
    struct xd_abi_physdev_unmap_pirq op = {.domid = 1, .pirq = 9};
    struct xd_abi_evtchn_port close;
    int32_t pirq = -1;
    uint32_t port;

    given(f.v1, 9, &port);
    ck_ok(f.v0, fixture_run(&f, f.v0, PHYSDEV, UNMAP, &op));
    ck_assert_int_eq(xd_pirq_of_irq(f.d1, 9), -9);
    ck_refused(f.v0, fixture_run(&f, f.v0, PHYSDEV, UNMAP, &op), EINVAL, PHYSDEV_PIRQ_UNMAPPED);
    ck_refused(f.v0, map(f.v0, 1, 1, 9, &pirq), EBUSY, PHYSDEV_MAP_BUSY);
    fixture_audit(f.hv);
    close.port = port;
    ck_ok(f.v1, fixture_run(&f, f.v1, EVTCHN, CLOSE, &close));
    ck_assert_int_eq(xd_pirq_of_irq(f.d1, 9), 0);
    ck_refused(f.v1, eoi(f.v1, 9), EINVAL, PHYSDEV_PIRQ_UNMAPPED);
}
END_TEST

START_TEST(pirq_0_does_not_hold_a_line)
{
    int32_t pirq = 0;
    uint32_t port0, port16;

    /* Nor is a pirq without a line that of IRQ 0. */
    ck_ok(f.v0, map(f.v0, 1, 1, 5, &pirq));
    pirq = 5;
    ck_refused(f.v0, map(f.v0, 1, 1, 0, &pirq), EPERM, PHYSDEV_MAP_RIGHTS);
    pirq = 0;
    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 4, &pirq));
    ck_assert_int_eq(pirq, 0);
    ck_ok(f.v0, bind(f.v0, 0, 1, &port0));
    pirq = -1;
    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 4, &pirq));
    ck_assert_int_eq(pirq, 16);
    ck_assert_int_eq(xd_pirq_irq(f.d0, 0), 4);
    ck_assert_int_eq(xd_pirq_irq(f.d0, 16), 4);
    ck_assert_int_eq(xd_pirq_of_irq(f.d0, 4), 16);
    ck_ok(f.v0, bind(f.v0, 16, 1, &port16));
    ck_assert_uint_eq(xd_irq_guests(f.hv, 4), 2);
    fixture_audit(f.hv);
}
END_TEST

static bool pending(struct xd_domain *d, uint32_t port)
{
    return fixture_shared_info(d)->evtchn_pending[port / 64] >> port % 64 & 1;
}

static void clear(struct xd_vcpu *v, uint64_t page)
{
    fixture_set_shared(v, page, evtchn_pending[0], 0);
}

START_TEST(a_level_waits_for_all_who_were_told)
{
    uint64_t page0 = fixture_map_shared_info(f.v0), page1 = fixture_map_shared_info(f.v1);
    uint32_t port0, port1;

    given(f.v0, 9, &port0);
    given(f.v1, 9, &port1);
    ck_assert_uint_eq(xd_irq_guests(f.hv, 9), 2);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert(pending(f.d0, port0) && pending(f.d1, port1));
    clear(f.v0, page0), clear(f.v1, page1);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_ok(f.v0, eoi(f.v0, 9));
    ck_assert(!pending(f.d0, port0) && !pending(f.d1, port1));
    ck_ok(f.v1, eoi(f.v1, 9));
    ck_assert(pending(f.d0, port0) && pending(f.d1, port1));
    /* Who ends has acknowledged it. */
    clear(f.v0, page0);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_ok(f.v0, eoi(f.v0, 9));
    ck_assert(!pending(f.d0, port0));
    xd_domain_destroy(f.d1);
    ck_assert(pending(f.d0, port0));
}
END_TEST

/* What comes on a line goes to the pirq that it was mapped to last, for as long as the domain has it at all. */
START_TEST(two_pirqs_on_a_line)
{
    uint64_t page = fixture_map_shared_info(f.v0);
    struct xd_abi_evtchn_port close;
    int32_t pirq = 0;
    uint32_t port;

    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 9, &pirq));
    ck_ok(f.v0, bind(f.v0, 0, 1, &port));
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert(pending(f.d0, port) && f.d0->pirq[0].masked);
    ck_ok(f.v0, eoi(f.v0, 0));
    clear(f.v0, page);
    pirq = -1;
    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 9, &pirq));
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert(!pending(f.d0, port) && !f.d0->pirq[0].masked && f.d0->pirq[16].masked);
    fixture_audit(f.hv);
    close.port = port;
    ck_ok(f.v0, fixture_run(&f, f.v0, EVTCHN, CLOSE, &close));
    ck_assert(!f.d0->pirq[16].masked && !f.hv->gsi[9].eoi_ns);
    fixture_audit(f.hv);
}
END_TEST

/* Unmapping takes the line from the port; another line does not come to it, and the first stays lost. */
START_TEST(another_line_does_not_come_to_an_old_port)
{
    struct xd_abi_physdev_unmap_pirq op = {.domid = DOMID_SELF, .pirq = 5};
    struct xd_abi_evtchn_port close;
    int32_t pirq = 5;
    uint32_t port;

    given(f.v0, 5, &port);
    ck_ok(f.v0, fixture_run(&f, f.v0, PHYSDEV, UNMAP, &op));
    ck_assert_uint_eq(xd_irq_guests(f.hv, 5), 0);
    ck_ok(f.v0, map(f.v0, DOMID_SELF, 1, 6, &pirq));
    ck_assert_uint_eq(xd_irq_guests(f.hv, 6), 0);
    ck_assert_int_eq(xd_irq_raise(f.hv, 6), 0);
    ck_assert(!pending(f.d0, port));
    ck_refused(f.v0, bind(f.v0, 5, 1, &port), EEXIST, EVTCHN_PIRQ_BOUND);
    fixture_audit(f.hv);
    close.port = f.d0->pirq[5].port;
    ck_ok(f.v0, fixture_run(&f, f.v0, EVTCHN, CLOSE, &close));
    ck_ok(f.v0, bind(f.v0, 5, 1, &port));
    ck_assert_int_eq(xd_irq_raise(f.hv, 6), 0);
    ck_assert(pending(f.d0, port));
    ck_assert_int_eq(xd_pirq_of_irq(f.d0, 5), -5);
    fixture_audit(f.hv);
}
END_TEST

START_TEST(xen_acknowledges_after_a_millisecond)
{
    uint64_t page = fixture_map_shared_info(f.v0), next;
    uint32_t port;

    given(f.v0, 9, &port);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert(xd_vtime_next(f.hv, &next));
    ck_assert_uint_eq(next, xd_now_ns(f.hv) + 1000000);
    clear(f.v0, page);
    xd_advance(f.hv, 999999);
    ck_assert(!pending(f.d0, port));
    xd_advance(f.hv, 1);
    ck_assert(pending(f.d0, port)); /* the second one */
    xd_advance(f.hv, 1000000);
    ck_assert(!f.d0->pirq[9].masked);
}
END_TEST

START_TEST(edges_come_as_they_come)
{
    uint64_t page = fixture_map_shared_info(f.v0);
    uint32_t port;

    given(f.v0, 7, &port);
    for (unsigned int i = 0; i < 2; i++) {
        clear(f.v0, page);
        ck_assert_int_eq(xd_irq_raise(f.hv, 7), 0);
        ck_assert(pending(f.d0, port));
    }
}
END_TEST

/* What level (gsi)'s entry shows: whether it is masked, and whether it waits for an EOI. */
static uint32_t entry_of(uint32_t gsi)
{
    return xd_ioapic_read(f.hv, 0x10 + 2 * gsi) & 0x14000;
}

START_TEST(an_entry_shows_what_its_line_does)
{
    uint32_t port;

    ck_assert_uint_eq(entry_of(9), 0x10000);
    given(f.v0, 9, &port);
    ck_assert_uint_eq(entry_of(9), 0);
    ck_assert_int_eq(xd_irq_raise(f.hv, 9), 0);
    ck_assert_uint_eq(entry_of(9), 0x4000);
    ck_ok(f.v0, eoi(f.v0, 9));
    ck_assert_uint_eq(entry_of(9), 0);
    xd_pirq_unmap(f.d0, 9);
    ck_assert_uint_eq(entry_of(9), 0x10000);
}
END_TEST

START_TEST(vectors_go_round)
{
    uint8_t first = f.hv->vector_last, last = 0;

    for (unsigned int i = 0; i < 8; i++)
        last = xd_vector_take(f.hv);
    ck_assert_uint_eq(last, first + 64);
    while (!f.hv->vector_offset)
        last = xd_vector_take(f.hv);
    ck_assert_uint_eq(last, 0x31); /* 0x21 and 0x29 are the old PC's */
}
END_TEST

START_TEST(devices_are_told_once)
{
    for (unsigned int i = 0; i < XD_PCI_DEVICES; i++)
        ck_assert(xd_pci_add(f.hv, (uint16_t)i, 1, 2));
    ck_assert(xd_pci_add(f.hv, 7, 1, 2));
    ck_assert(!xd_pci_add(f.hv, 7, 1, 3));
    ck_assert(xd_pci_remove(f.hv, 7, 1, 2));
    ck_assert(!xd_pci_remove(f.hv, 7, 1, 2));
    ck_assert(xd_pci_known(f.hv, XD_PCI_DEVICES - 1, 1, 2));
    ck_assert(xd_pci_add(f.hv, 7, 1, 3));
}
END_TEST

START_TEST(lines_that_are_not_there)
{
    ck_assert_int_eq(xd_irq_raise(f.hv, 0), -22);
    ck_assert_int_eq(xd_irq_raise(f.hv, 24), -22);
    ck_assert_str_eq(xd_hv_error(f.hv), "there is no line 24 of a device: the I/O APIC has 1 to "
                                        "23, and 0 is Xen's timer");
    ck_assert_int_eq(xd_irq_raise(f.hv, 20), 0); /* nobody has set it up */
}
END_TEST

static const struct {
    int32_t gsi;
    long rc;
    enum xd_why why;
} setups[] = {
    {0, -XD_EEXIST, XD_WHY_PHYSDEV_GSI_IN_USE},
    {9, 0, XD_WHY_NONE},
    {23, 0, XD_WHY_NONE},
    {24, -XD_EINVAL, XD_WHY_PHYSDEV_GSI},
};

START_TEST(lines_are_set_up_once)
{
    struct xd_abi_physdev_setup_gsi op = {.gsi = setups[_i].gsi, .triggering = 1};

    ck_assert_int_eq(fixture_run(&f, f.v0, PHYSDEV, SETUP_GSI, &op), setups[_i].rc);
    ck_assert_uint_eq(xd_why(f.v0), setups[_i].why);
    if (setups[_i].rc == 0)
        ck_refused(f.v0, fixture_run(&f, f.v0, PHYSDEV, SETUP_GSI, &op), EEXIST, PHYSDEV_GSI_TWICE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pirq");
    TCase *t = tcase_create("lines and pirqs");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, mapping_is_checked, 0, (int)XD_ARRAY_SIZE(maps));
    tcase_add_test(t, numbers_and_lines_belong_together);
    tcase_add_test(t, what_is_unmapped_is_bound_until_it_is_closed);
    tcase_add_test(t, pirq_0_does_not_hold_a_line);
    tcase_add_test(t, two_pirqs_on_a_line);
    tcase_add_test(t, another_line_does_not_come_to_an_old_port);
    tcase_add_test(t, a_level_waits_for_all_who_were_told);
    tcase_add_test(t, xen_acknowledges_after_a_millisecond);
    tcase_add_test(t, edges_come_as_they_come);
    tcase_add_test(t, an_entry_shows_what_its_line_does);
    tcase_add_test(t, vectors_go_round);
    tcase_add_test(t, devices_are_told_once);
    tcase_add_test(t, lines_that_are_not_there);
    tcase_add_loop_test(t, lines_are_set_up_once, 0, (int)XD_ARRAY_SIZE(setups));
    suite_add_tcase(suite, t);
    return fixture_main(suite);
}
