/* SPDX-License-Identifier: MIT */
/*
 * shared.h: what the guest writes too, maybe at this moment: the bits and bytes by which events
 * travel.
 *
 * Each access is one access to a byte, whatever the other side does. Only where vCPUs really run at
 * once (host.concurrent) does changing a bit take a locked instruction, as it does in Xen: those cost
 * more than all else about an event.
 */
#ifndef XD_HV_SHARED_H
#define XD_HV_SHARED_H

#include "hv/frame.h"

/* xd_shared_info and xd_vcpu_info, without a call. */
static inline struct xd_abi_shared_info *xd_shared_page(const struct xd_domain *d)
{
    return (void *)xd_frame_words(d->hv, d->shared_info);
}
static inline struct xd_abi_vcpu_info *xd_info_place(const struct xd_vcpu *v)
{
    if (XD_UNLIKELY(!v->info_mfn.v))
        return (void *)v->hv->no_info;
    return (void *)((unsigned char *)xd_frame_words(v->hv, v->info_mfn) + v->info_off);
}

/* The byte of a guest's bitmap, which is little-endian, that holds (bit). */
static inline uint8_t *xd_shared_byte(void *bitmap, uint32_t bit)
{
    return (uint8_t *)bitmap + bit / 8;
}

static inline bool xd_shared_test(void *bitmap, uint32_t bit)
{
    return __atomic_load_n(xd_shared_byte(bitmap, bit), __ATOMIC_ACQUIRE) >> bit % 8 & 1;
}

/* Whoever reads on another thread sees what was written before this before what is written after it. */
static inline void xd_shared_order(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Nobody else changes these bytes now, and nobody records how they change: plain stores do. */
static inline bool xd_shared_quiet(struct xd_hv *hv)
{
    return !(hv->host->concurrent | hv->host->arena.journaling);
}

/* Sets the bits (mask) of a byte and tells what it held. */
static inline uint8_t xd_shared_or(struct xd_hv *hv, uint8_t *byte, uint8_t mask)
{
    uint8_t old;

    xd_arena_touch(xd_arena_of(hv), byte, 1);
    if (XD_UNLIKELY(hv->host->concurrent))
        return __atomic_fetch_or(byte, mask, __ATOMIC_SEQ_CST);
    old = *byte;
    *byte = old | mask;
    return old;
}

/* Sets (bit). True: it was set. */
static inline bool xd_shared_set(struct xd_hv *hv, void *bitmap, uint32_t bit)
{
    return xd_shared_or(hv, xd_shared_byte(bitmap, bit), (uint8_t)(1u << bit % 8)) >> bit % 8 & 1;
}

/* Clears (bit). True: it was set. */
static inline bool xd_shared_clear(struct xd_hv *hv, void *bitmap, uint32_t bit)
{
    uint8_t *byte = xd_shared_byte(bitmap, bit), mask = (uint8_t)(1u << bit % 8), old;

    xd_arena_touch(xd_arena_of(hv), byte, 1);
    if (XD_UNLIKELY(hv->host->concurrent))
        return __atomic_fetch_and(byte, (uint8_t)~mask, __ATOMIC_SEQ_CST) & mask;
    old = *byte;
    *byte = old & (uint8_t)~mask;
    return old & mask;
}

/* Sets a word to (new) if it holds *old; if not, *old is what it holds. */
static inline bool xd_shared_swap(struct xd_hv *hv, uint32_t *word, uint32_t *old, uint32_t new)
{
    xd_arena_touch(xd_arena_of(hv), word, sizeof(*word));
    return __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The bytes of vcpu_info. */
static inline bool xd_info_upcall_due(const struct xd_abi_vcpu_info *info)
{
    return __atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&info->evtchn_upcall_mask, __ATOMIC_ACQUIRE);
}

static inline void xd_info_set_mask(struct xd_hv *hv, struct xd_abi_vcpu_info *info, uint8_t mask)
{
    xd_arena_touch(xd_arena_of(hv), &info->evtchn_upcall_mask, 1);
    __atomic_store_n(&info->evtchn_upcall_mask, mask, __ATOMIC_RELEASE);
}

#endif
