/* SPDX-License-Identifier: MIT */
/*
 * enter_code.c: instructions, and code that reports, at addresses where a program has mapped nothing.
 *
 * They stand in frames that no domain of the program has, below tables that are linked in where the program's have no
 * entry: Xen is not asked, and looks at neither, for the processor alone fetches from there. Nothing of it can be written.
 */
#include "enter.h"
#include "real.h"

#include <string.h>

#define HOLDER      0x5a5au /* the domain whose frames they are (toolstack.c) */
#define FRAMES      40u
#define PAGES       16u /* of code */
#define WORDS       64u
#define REPORT      15u                          /* bytes */
#define REPORT_32   (9u + REPORT)                /* of 32-bit code */
#define WINDOW      UINT64_C(0x0000640000000000) /* where the kernel writes the code */
#define MASK_PAGE   (WINDOW + PAGES * XD_PAGE_SIZE)
#define TABLE_ENTRY (XD_PTE_P | XD_PTE_RW | XD_PTE_US | XD_PTE_A | XD_PTE_D)
#define CODE_ENTRY  (XD_PTE_P | XD_PTE_US | XD_PTE_A | XD_PTE_D)
#define HC_MMUEXT   26u
#define FLUSH_LOCAL 6u
#define SELF        0x7ff0u

static struct xd_xen *const xen = &xd_real_machine.xen;

static struct {
    const struct xd_vcpu *v;
    unsigned int g;
    unsigned int by; /* who writes the code: itself or dom0, */
    uint64_t by_cr3; /* which has this root table */
    const char *why;
    struct {
        uint64_t va, rip;
        enum xd_code mode;
        uint8_t size, byte[XD_MAIL_CODE];
    } piece[XD_MAIL_CODE_MAX / 2];
    unsigned int pieces;
    uint64_t page[PAGES]; /* addresses */
    unsigned int pages;
    uint64_t frame[FRAMES];
    unsigned int frames, used; /* of them */
    struct {
        uint64_t *at, was;
    } word[WORDS];
    unsigned int words;
} lay;

static bool cant(const char *why)
{
    lay.why = why;
    return false;
}

void xd_lay_begin(struct xd_vcpu *v)
{
    memset(&lay, 0, sizeof(lay));
    lay.v = v;
    lay.g = lay.by = xd_xen_guest(v->domain->domid, v->id);
}

void xd_lay_begin_by_dom0(struct xd_vcpu *v)
{
    xd_lay_begin(v);
    lay.by = xd_xen_guest(0, 0);
    lay.by_cr3 = xen->guest[lay.by].mail->cr3 / XD_PAGE_SIZE;
}

const char *xd_lay_why(void)
{
    return lay.why;
}

static bool note_page(uint64_t va)
{
    va &= ~(uint64_t)(XD_PAGE_SIZE - 1);
    for (unsigned int i = 0; i < lay.pages; i++)
        if (lay.page[i] == va)
            return true;
    if (lay.pages == PAGES)
        return cant("its entries are on too many pages");
    lay.page[lay.pages++] = va;
    return true;
}

static uint32_t low_half(size_t offset)
{
    return (uint32_t)(xen->guest[lay.g].mail_va + offset);
}

uint64_t xd_lay_mark(void)
{
    return low_half(offsetof(struct xd_mailbox, enter.out.place));
}

/* movb $place, out.place; jmp *caught: both addresses are sign-extended, and no flag or register changes. */
static void report(uint8_t *to, uint8_t place)
{
    const uint32_t mark = (uint32_t)xd_lay_mark(),
                   caught = low_half(offsetof(struct xd_mailbox, enter.caught));

    memcpy(to, "\xc6\x04\x25", 3);
    memcpy(to + 3, &mark, 4);
    to[7] = place;
    memcpy(to + 8, "\xff\x24\x25", 3);
    memcpy(to + 11, &caught, 4);
}

/*
 * mov %cs, %edx; ljmp $CS64, $behind: 32-bit code goes over to the other kind, which reports. In 64-bit code ljmp is no
 * instruction.
 */
static void go_over(uint8_t *to, uint32_t rip)
{
    const uint32_t behind = rip + REPORT_32 - REPORT;
    const uint16_t cs = XD_FLAT_CS64;

    memcpy(to, "\x8c\xca\xea", 3);
    memcpy(to + 3, &behind, sizeof(behind));
    memcpy(to + 7, &cs, sizeof(cs));
}

bool xd_lay(uint64_t rip, enum xd_code mode, const void *instruction, size_t n)
{
    const unsigned int over = mode == XD_CODE_USER_32 ? REPORT_32 - REPORT : 0;
    const uint64_t va = rip - n;
    const uint8_t size = (uint8_t)(n + over + REPORT);

    for (unsigned int i = 0; i < lay.pieces; i++) {
        if (lay.piece[i].rip == rip && lay.piece[i].mode == mode && !n)
            return true;
        if (va < lay.piece[i].va + lay.piece[i].size && lay.piece[i].va < va + size)
            return cant("two places where it may go on are too near to each other");
    }
    if (lay.pieces == XD_ARRAY_SIZE(lay.piece))
        return cant("it may go on at too many places");
    if (!xd_va_canonical(va) || !xd_va_canonical(va + size) || va + size < va ||
        (va + size > XD_HYPERVISOR_START && va < XD_HYPERVISOR_END))
        return cant("it may go on where no guest's code can be");
    if (over && va + size > UINT32_MAX)
        return cant("it goes on in 32-bit code, whose limits QEMU does not look at");
    if (!note_page(va) || !note_page(va + size - 1))
        return false;
    lay.piece[lay.pieces].va = va;
    lay.piece[lay.pieces].rip = rip;
    lay.piece[lay.pieces].mode = mode;
    lay.piece[lay.pieces].size = size;
    if (n)
        memcpy(lay.piece[lay.pieces].byte, instruction, n);
    if (over)
        go_over(lay.piece[lay.pieces].byte + n, (uint32_t)rip);
    report(lay.piece[lay.pieces].byte + n + over,
           (uint8_t)((lay.pieces + 1) | (mode == XD_CODE_KERNEL ? 0 : XD_PLACE_USER)));
    lay.pieces++;
    return true;
}

bool xd_lay_touches(uint64_t va, uint64_t n)
{
    for (unsigned int i = 0; i < lay.pages; i++)
        if (va < lay.page[i] + XD_PAGE_SIZE && lay.page[i] < va + n)
            return true;
    return false;
}

uint64_t xd_laid_at(unsigned int place)
{
    place &= ~XD_PLACE_USER;
    return place && place <= lay.pieces ? lay.piece[place - 1].rip : 0;
}

enum xd_code xd_laid_mode(unsigned int place)
{
    place &= ~XD_PLACE_USER;
    return place && place <= lay.pieces ? lay.piece[place - 1].mode : XD_CODE_KERNEL;
}

/* ---- Frames and tables ---- */

static void find_frames(void)
{
    for (uint64_t mfn = 0; mfn < xd_real_machine.frames && lay.frames < FRAMES; mfn++) {
        struct xd_xen_frame f;

        xd_xen_frame_at(xen, mfn, &f);
        if (f.owner == HOLDER && f.allocated && !f.xen_heap)
            lay.frame[lay.frames++] = mfn;
    }
}

static bool take(uint64_t *mfn)
{
    if (lay.used == lay.frames)
        return cant("the machine has too few frames that nobody uses");
    *mfn = lay.frame[lay.used++];
    return true;
}

static bool set(uint64_t *at, uint64_t value)
{
    if (lay.words == WORDS)
        return cant("its entries are on too many pages");
    lay.word[lay.words].at = at;
    lay.word[lay.words++].was = *at;
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
    return true;
}

/* Lets (va), which must not be mapped, lead to what (leaf) says. */
static bool link_page(uint64_t cr3, uint64_t va, uint64_t leaf)
{
    uint64_t table = cr3;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *e = xd_machine_words(&xd_real_machine, table) +
                      (va >> (12 + 9 * (level - 1)) & (XD_PT_SLOTS - 1)),
                 mfn;

        if (!(*e & XD_PTE_P)) {
            if (!take(&mfn))
                return false;
            memset(xd_machine_words(&xd_real_machine, mfn), 0, XD_PAGE_SIZE);
            if (!set(e, mfn * XD_PAGE_SIZE | TABLE_ENTRY))
                return false;
        }
        if ((*e & (XD_PTE_P | XD_PTE_US)) != (XD_PTE_P | XD_PTE_US) ||
            (level < 4 && *e & XD_PTE_PSE) ||
            (*e & XD_PTE_MFN) / XD_PAGE_SIZE >= xd_real_machine.frames)
            return cant("there can be no code where it may go on");
        table = (*e & XD_PTE_MFN) / XD_PAGE_SIZE;
    }
    {
        uint64_t *e =
            xd_machine_words(&xd_real_machine, table) + (va / XD_PAGE_SIZE & (XD_PT_SLOTS - 1));

        return *e & XD_PTE_P ? cant("it may go on where something is mapped") : set(e, leaf);
    }
}

/* QEMU must see the bytes change, so they are written by the kernel. */
static bool write_code(void)
{
    volatile struct xd_mailbox *m = xen->guest[lay.by].mail;
    struct xd_mail_code *c = (struct xd_mail_code *)(uintptr_t)m->code;

    m->op = XD_MAIL_CODE_OUT;
    m->va = WINDOW;
    m->nr = lay.pages;
    m->size = 0;
    for (unsigned int i = 0; i < lay.pieces; i++) {
        uint64_t last = 0;

        for (unsigned int k = 0; k < lay.piece[i].size; k++) {
            uint64_t va = lay.piece[i].va + k, page = va & ~(uint64_t)(XD_PAGE_SIZE - 1);
            unsigned int nr = 0;

            while (lay.page[nr] != page)
                nr++;
            if (!k || page != last)
                c[m->size++] =
                    (struct xd_mail_code){.va = WINDOW + nr * XD_PAGE_SIZE + va % XD_PAGE_SIZE};
            last = page;
            c[m->size - 1].byte[c[m->size - 1].size++] = lay.piece[i].byte[k];
        }
    }
    return xd_xen_ask(xen, lay.by) && (!m->trapped || cant("its code can't be written"));
}

bool xd_lay_show(uint64_t cr3, uint64_t user_cr3)
{
    const uint64_t by_cr3 = lay.by == lay.g ? cr3 : lay.by_cr3;
    uint64_t mfn[PAGES];

    xd_xen_flush(xen, lay.by);
    find_frames();
    for (unsigned int i = 0; i < lay.pages; i++)
        if (!take(&mfn[i]) ||
            !link_page(by_cr3, WINDOW + i * XD_PAGE_SIZE, mfn[i] * XD_PAGE_SIZE | TABLE_ENTRY))
            return false;
    for (unsigned int i = 0; i < lay.pages; i++)
        if (!link_page(cr3, lay.page[i], mfn[i] * XD_PAGE_SIZE | CODE_ENTRY) ||
            (user_cr3 && user_cr3 != cr3 &&
             !link_page(user_cr3, lay.page[i], mfn[i] * XD_PAGE_SIZE | CODE_ENTRY)))
            return false;
    return (lay.by != lay.g ||
            link_page(cr3, MASK_PAGE, lay.v->info_mfn.v * XD_PAGE_SIZE | TABLE_ENTRY)) &&
           write_code();
}

uint64_t xd_lay_mask(void)
{
    return MASK_PAGE + lay.v->info_off + offsetof(struct xd_abi_vcpu_info, evtchn_upcall_mask);
}

static bool flush(unsigned int g)
{
    uint64_t op[3] = {FLUSH_LOCAL};
    const struct xd_xen_guest *guest = &xen->guest[g];

    if (!guest->mail || guest->dead || guest->down || guest->waits)
        return true;
    xd_xen_queue(xen, g, HC_MMUEXT, (uint64_t[6]){0, 1, 0, SELF}, 0, op, sizeof(op));
    xd_xen_expect(xen, g, 0);
    xd_xen_flush(xen, g);
    return !guest->surprised || cant("its translations can't be flushed");
}

bool xd_lay_hide(void)
{
    if (!lay.words)
        return true;
    while (lay.words) {
        lay.words--;
        *lay.word[lay.words].at = lay.word[lay.words].was;
    }
    return xen->dead || (flush(lay.g) && (lay.by == lay.g || flush(lay.by)));
}
