/* SPDX-License-Identifier: MIT */
/*
 * ring.h: rings of requests and responses between a front end and a back end.
 *
 * One shared page holds four indices and the slots; a response takes the slot of a request that
 * has been consumed.  Indices run freely and are compared modulo 2^32.  Each end works on private
 * copies (..._pvt, ..._cons) and publishes them; shared indices are read and written atomically,
 * and the other end's slots may change at any time: copy them (RING_COPY_*) before you look.
 *
 * A program may define xen_mb, xen_rmb and xen_wmb before it includes this header.
 */
#ifndef __XEN_PUBLIC_IO_RING_H__
#define __XEN_PUBLIC_IO_RING_H__

#ifndef __ASSEMBLY__

#include <stddef.h>
#include <stdint.h>

#ifndef xen_mb
#define xen_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#ifndef XEN_PAGE_SHIFT
#define XEN_PAGE_SHIFT 12
#endif

typedef unsigned int RING_IDX;

#define __RING_LOAD(word)       __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define __RING_STORE(word, val) __atomic_store_n(&(word), (val), __ATOMIC_RELEASE)

/* The largest power of two that is not above n, for n < 2^16; a constant if n is one. */
#define __RING_LOG2(n)                                                                            \
    (((n) >= 0x2) + ((n) >= 0x4) + ((n) >= 0x8) + ((n) >= 0x10) + ((n) >= 0x20) + ((n) >= 0x40) + \
     ((n) >= 0x80) + ((n) >= 0x100) + ((n) >= 0x200) + ((n) >= 0x400) + ((n) >= 0x800) +          \
     ((n) >= 0x1000) + ((n) >= 0x2000) + ((n) >= 0x4000) + ((n) >= 0x8000))
#define __RING_FLOOR(n) ((n) >= 1 ? 1U << __RING_LOG2(n) : 0U)

/* Slots in sz bytes of shared memory, by the ring's name and by a pointer to its struct. */
#define __CONST_RING_SIZE(name, sz)                                   \
    __RING_FLOOR(((size_t)(sz)-offsetof(struct name##_sring, ring)) / \
                 sizeof(((struct name##_sring *)0)->ring[0]))
#define __RING_SIZE(s, sz) \
    __RING_FLOOR(((size_t)(sz) - (size_t)((char *)(s)->ring - (char *)(s))) / sizeof((s)->ring[0]))

/*
 * The shared struct (name_sring) and each end's own (name_front_ring, name_back_ring).  An end is
 * notified when the index it waits for, req_event or rsp_event, is passed.
 */
#define DEFINE_RING_TYPES(name, request, response)             \
    union name##_sring_entry {                                 \
        request req;                                           \
        response rsp;                                          \
    };                                                         \
    struct name##_sring {                                      \
        RING_IDX req_prod, req_event;                          \
        RING_IDX rsp_prod, rsp_event;                          \
        uint8_t __pad[48];                                     \
        union name##_sring_entry ring[1]; /* as many as fit */ \
    };                                                         \
    struct name##_front_ring {                                 \
        RING_IDX req_prod_pvt;                                 \
        RING_IDX rsp_cons;                                     \
        unsigned int nr_ents;                                  \
        struct name##_sring *sring;                            \
    };                                                         \
    struct name##_back_ring {                                  \
        RING_IDX rsp_prod_pvt;                                 \
        RING_IDX req_cons;                                     \
        unsigned int nr_ents;                                  \
        struct name##_sring *sring;                            \
    }

/* The front end prepares the shared page, then each end its own struct. */
#define SHARED_RING_INIT(s)                                  \
    do {                                                     \
        (s)->req_prod = (s)->rsp_prod = 0;                   \
        (s)->req_event = (s)->rsp_event = 1;                 \
        __builtin_memset((s)->__pad, 0, sizeof((s)->__pad)); \
    } while (0)

/* ATTACH goes on from index i, where INIT starts from 0. */
#define FRONT_RING_ATTACH(r, s, i, size)     \
    do {                                     \
        (r)->req_prod_pvt = (i);             \
        (r)->rsp_cons = (i);                 \
        (r)->nr_ents = __RING_SIZE(s, size); \
        (r)->sring = (s);                    \
    } while (0)
#define FRONT_RING_INIT(r, s, size) FRONT_RING_ATTACH(r, s, 0, size)

#define XEN_FRONT_RING_INIT(r, s, size) \
    do {                                \
        SHARED_RING_INIT(s);            \
        FRONT_RING_INIT(r, s, size);    \
    } while (0)

#define BACK_RING_ATTACH(r, s, i, size)      \
    do {                                     \
        (r)->rsp_prod_pvt = (i);             \
        (r)->req_cons = (i);                 \
        (r)->nr_ents = __RING_SIZE(s, size); \
        (r)->sring = (s);                    \
    } while (0)
#define BACK_RING_INIT(r, s, size) BACK_RING_ATTACH(r, s, 0, size)

#define RING_SIZE(r) ((r)->nr_ents)

/* Front end: requests that may still be put, counting those whose answers are unread. */
#define RING_FREE_REQUESTS(r) (RING_SIZE(r) - ((r)->req_prod_pvt - (r)->rsp_cons))
#define RING_FULL(r)          (RING_FREE_REQUESTS(r) == 0)

/* Back end: what is new, but never more than the slots that have no unread response. */
static inline unsigned int __ring_nr_unconsumed_requests(RING_IDX req_prod, RING_IDX req_cons,
                                                         RING_IDX rsp_prod, unsigned int size)
{
    unsigned int waiting = req_prod - req_cons;
    unsigned int room = size - (req_cons - rsp_prod);

    return waiting < room ? waiting : room;
}

#define XEN_RING_NR_UNCONSUMED_RESPONSES(r) (__RING_LOAD((r)->sring->rsp_prod) - (r)->rsp_cons)
#define XEN_RING_NR_UNCONSUMED_REQUESTS(r)                                          \
    __ring_nr_unconsumed_requests(__RING_LOAD((r)->sring->req_prod), (r)->req_cons, \
                                  (r)->rsp_prod_pvt, RING_SIZE(r))
#define RING_HAS_UNCONSUMED_RESPONSES(r) (!!XEN_RING_NR_UNCONSUMED_RESPONSES(r))
#define RING_HAS_UNCONSUMED_REQUESTS(r)  (!!XEN_RING_NR_UNCONSUMED_REQUESTS(r))

#define __RING_SLOT(r, idx)       (&(r)->sring->ring[(idx) & (RING_SIZE(r) - 1)])
#define RING_GET_REQUEST(r, idx)  (&__RING_SLOT(r, idx)->req)
#define RING_GET_RESPONSE(r, idx) (&__RING_SLOT(r, idx)->rsp)

/* One read of the slot, whatever the compiler might like. */
#define RING_COPY_REQUEST(r, idx, dest) \
    ((void)(*(dest) = *(volatile __typeof__(*(dest)) *)RING_GET_REQUEST(r, idx)))
#define RING_COPY_RESPONSE(r, idx, dest) \
    ((void)(*(dest) = *(volatile __typeof__(*(dest)) *)RING_GET_RESPONSE(r, idx)))

/* Has the other end claimed more than it can have?  Then it is not to be trusted. */
#define RING_REQUEST_CONS_OVERFLOW(r, cons)  (((cons) - (r)->rsp_prod_pvt) >= RING_SIZE(r))
#define RING_REQUEST_PROD_OVERFLOW(r, prod)  (((prod) - (r)->rsp_prod_pvt) > RING_SIZE(r))
#define RING_RESPONSE_PROD_OVERFLOW(r, prod) (((prod) - (r)->rsp_cons) > RING_SIZE(r))

/* Publish; the slots must be visible before the index is. */
#define RING_PUSH_REQUESTS(r)                                  \
    do {                                                       \
        xen_wmb();                                             \
        __RING_STORE((r)->sring->req_prod, (r)->req_prod_pvt); \
    } while (0)
#define RING_PUSH_RESPONSES(r)                                 \
    do {                                                       \
        xen_wmb();                                             \
        __RING_STORE((r)->sring->rsp_prod, (r)->rsp_prod_pvt); \
    } while (0)

/* Publish, and say whether the other end waits for an index among those just passed. */
#define __RING_PUSH_AND_CHECK(shared, prod, event, pvt, notify)           \
    do {                                                                  \
        RING_IDX ring_old_ = (shared)->prod, ring_new_ = (pvt);           \
        xen_wmb();                                                        \
        __RING_STORE((shared)->prod, ring_new_);                          \
        xen_mb(); /* the index is out before the event index is read */   \
        (notify) = (RING_IDX)(ring_new_ - __RING_LOAD((shared)->event)) < \
                   (RING_IDX)(ring_new_ - ring_old_);                     \
    } while (0)
#define RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(r, notify) \
    __RING_PUSH_AND_CHECK((r)->sring, req_prod, req_event, (r)->req_prod_pvt, notify)
#define RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(r, notify) \
    __RING_PUSH_AND_CHECK((r)->sring, rsp_prod, rsp_event, (r)->rsp_prod_pvt, notify)

/* Before sleep: ask to be notified of the next one, then look once more for what came meanwhile. */
#define __RING_FINAL_CHECK(r, unconsumed, event, cons, work) \
    do {                                                     \
        (work) = unconsumed(r);                              \
        if (work)                                            \
            break;                                           \
        __RING_STORE((r)->sring->event, (r)->cons + 1);      \
        xen_mb();                                            \
        (work) = unconsumed(r);                              \
    } while (0)
#define RING_FINAL_CHECK_FOR_REQUESTS(r, work) \
    __RING_FINAL_CHECK(r, RING_HAS_UNCONSUMED_REQUESTS, req_event, req_cons, work)
#define RING_FINAL_CHECK_FOR_RESPONSES(r, work) \
    __RING_FINAL_CHECK(r, RING_HAS_UNCONSUMED_RESPONSES, rsp_event, rsp_cons, work)

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_IO_RING_H__ */
